//! The tabs of the Alerts screen: each keeps what one did in it, and asks only while it is shown.

use std::time::Duration;

use crate::app::effect::Effect;
use crate::app::model::{Model, needs};
use crate::app::need::{Data, Source};
use crate::app::screens::alerts::Tab;
use crate::app::tests::fixtures::{START, alert, answer, at, members, model, press, report, rules, target, wait, write};
use crate::domain::alert::{Alert, AlertState, MatchOp, Matcher, Silence, Union};
use crate::domain::rule::{Rule, RuleGroup};
use crate::domain::target::{Target, TargetHealth};

fn asks(model: &Model, source: &Source) -> bool {
    needs(model).iter().any(|need| need.source == *source)
}

/// On the Alerts screen, with three rules.
fn console() -> Model {
    let mut model = model(&["production"]);
    rules(&mut model, &[("Firing", true), ("Pending", false), ("Also", true)]);
    press(&mut model, "3");
    model
}

fn groups(model: &Model) -> Vec<RuleGroup> {
    match model.shared.store.data(&Source::Rules) {
        Some(Data::Rules(groups)) => groups.clone(),
        _ => panic!("no rules"),
    }
}

/// The rules as they were, changed.
fn change(model: &mut Model, name: &str, how: impl Fn(&mut Rule)) {
    let mut changed = groups(model);
    changed.iter_mut().flat_map(|group| &mut group.rules).filter(|rule| &*rule.name == name).for_each(how);
    answer(model, Source::Rules, Data::Rules(changed));
}

fn listed(model: &Model) -> Vec<String> {
    model.screens.alerts.rules.listed(&model.shared).iter().map(|line| line.rule.name.to_string()).collect()
}

fn targets(model: &mut Model, targets: &[(&str, TargetHealth)]) {
    let targets = targets.iter().map(|(job, health)| target(job, *health, "")).collect();
    answer(model, Source::Targets, Data::Targets(targets));
}

#[test]
fn a_tab_asks_only_while_it_is_shown() {
    let mut model = console();
    let asked = |model: &Model| (asks(model, &Source::Silences), asks(model, &Source::Targets));
    for (keys, expected) in [("[", (false, true)), ("[", (false, false)), ("[", (true, false)), ("[", (false, false))] {
        press(&mut model, keys);
        assert_eq!(asked(&model), expected, "{:?}", model.screens.alerts.tab);
    }
    press(&mut model, "]");
    assert!(asks(&model, &Source::Silences));
    press(&mut model, "1");
    assert!(!asks(&model, &Source::Silences));
}

#[test]
fn a_tab_keeps_its_cursor_its_filter_and_its_page_while_another_is_shown() {
    let mut model = console();
    press(&mut model, "] ] /");
    write(&mut model, "also");
    press(&mut model, "enter enter");
    let open = |model: &Model| model.screens.alerts.rules.detail.as_ref().map(|detail| detail.rule.name.to_string());
    assert_eq!(open(&model), Some("Also".into()));
    press(&mut model, "] tab");
    assert_eq!(model.screens.alerts.tab, Tab::Rules, "an open page has no tabs beside it");
    press(&mut model, "1 3");
    assert_eq!(open(&model), Some("Also".into()));
    press(&mut model, "esc tab backtab");
    assert_eq!((model.screens.alerts.tab, listed(&model)), (Tab::Rules, vec!["Also".to_owned()]));
    press(&mut model, "esc");
    assert_eq!(listed(&model).len(), 3);
}

#[test]
fn the_worst_rules_come_first() {
    let mut model = console();
    rules(
        &mut model,
        &[("Ok", false), ("Pending", false), ("Firing", true), ("Slow", false), ("Fails", false), ("Watchdog", true)],
    );
    for name in ["Ok", "Slow", "Fails"] {
        change(&mut model, name, |rule| rule.alerting.as_mut().unwrap().alerts.clear());
    }
    change(&mut model, "Slow", |rule| rule.took = Duration::from_secs(9));
    change(&mut model, "Fails", |rule| rule.last_error = "many-to-many".into());
    assert_eq!(listed(&model), ["Fails", "Firing", "Pending", "Slow", "Ok", "Watchdog"]);
}

#[test]
fn of_pending_rules_the_next_to_fire_comes_first_and_the_cursor_stays_on_its_rule() {
    let mut model = console();
    rules(&mut model, &[("Later", false), ("Sooner", false)]);
    press(&mut model, "] ] j");
    let selected = |model: &Model| match press(&mut model.clone(), "enter y").as_slice() {
        [Effect::Copy(expr)] => expr.clone(),
        other => panic!("{other:?}"),
    };
    change(&mut model, "Sooner", |rule| rule.expr = "soon".into());
    press(&mut model, "G");
    assert_eq!(selected(&model), "soon");
    change(&mut model, "Sooner", |rule| rule.alerting.as_mut().unwrap().hold = Duration::from_secs(10));
    assert_eq!(listed(&model), ["Sooner", "Later"]);
    assert_eq!(selected(&model), "soon");
}

#[test]
fn rule_02_a_rule_that_is_not_evaluated_any_more_is_late_but_not_while_prometheus_is_not_heard_of() {
    let mut model = console();
    let words = |model: &Model| model.screens.alerts.rules.listed(&model.shared)[0].standing.word();
    wait(&mut model, 300);
    assert_eq!(words(&model), "firing", "it is the answer that is old");
    let same = groups(&model);
    answer(&mut model, Source::Rules, Data::Rules(same));
    assert_eq!(words(&model), "late");
}

#[test]
fn a_rule_is_opened_by_its_name() {
    let mut model = console();
    press(&mut model, "1 :");
    write(&mut model, "rule Pending");
    press(&mut model, "enter");
    let detail = model.screens.alerts.rules.detail.as_ref().unwrap();
    assert_eq!((model.screens.alerts.tab, &*detail.rule.name), (Tab::Rules, "Pending"));
    let graphs = needs(&model).iter().filter(|need| matches!(need.source, Source::Range(_))).count();
    assert_eq!(graphs, 1);
}

#[test]
fn targets_that_are_down_come_first_and_the_cursor_stays_on_its_target() {
    let mut model = console();
    press(&mut model, "[");
    targets(&mut model, &[("a", TargetHealth::Up), ("b", TargetHealth::Up), ("c", TargetHealth::Unknown)]);
    press(&mut model, "G j");
    targets(&mut model, &[("a", TargetHealth::Down), ("b", TargetHealth::Down), ("c", TargetHealth::Up)]);
    let listed: Vec<_> =
        model.screens.alerts.targets.listed(&model.shared).iter().map(|(target, _)| target.pool.clone()).collect();
    assert_eq!(listed, ["a", "b", "c"]);
    assert_eq!(press(&mut model, "y"), [Effect::Copy("http://b:9100/metrics".into())]);
    press(&mut model, "enter");
    targets(&mut model, &[]);
    assert_eq!(press(&mut model, "y"), [Effect::Copy("http://b:9100/metrics".into())], "an open target does not vanish");
}

#[test]
fn rule_01_a_target_that_is_scraped_no_more_is_late() {
    let mut model = console();
    press(&mut model, "[");
    let late = Target { last_scrape: Some(START), ..target("a", TargetHealth::Up, "") };
    model.shared.now = at(120);
    answer(&mut model, Source::Targets, Data::Targets(vec![late]));
    assert_eq!(model.screens.alerts.targets.listed(&model.shared)[0].1.word(), "late");
}

fn silence(id: &str, state: &str, ends_in: u64) -> Silence {
    Silence {
        id: id.into(),
        state: state.into(),
        matchers: vec![Matcher { name: "job".into(), op: MatchOp::Regex, value: "app|db".into() }],
        starts_at: START,
        ends_at: START.after(Duration::from_secs(ends_in)),
        updated_at: START,
        created_by: "ada".into(),
        comment: "known".into(),
        members: vec![0],
        dissent: vec![],
    }
}

#[test]
fn silences_tell_what_they_hide_and_expired_ones_are_left_out() {
    let mut model = console();
    let hidden = Alert { state: AlertState::Suppressed, silenced_by: vec!["two".into()], ..alert("x") };
    report(&mut model, vec![hidden]);
    press(&mut model, "]");
    let silences = vec![silence("gone", "expired", 0), silence("to come", "pending", 10), silence("two", "active", 900)];
    answer(&mut model, Source::Silences, Data::Silences(Union { known: silences, members: members(&[true]) }));
    let screen = &model.screens.alerts.silences;
    let listed: Vec<_> = screen.listed(&model.shared).into_iter().map(|s| s.id.clone()).collect();
    assert_eq!(listed, ["two", "to come"]);
    let hides = crate::app::screens::alerts::silences::hides(&model.shared, screen.listed(&model.shared)[0]);
    assert_eq!(hides.iter().map(|row| row.name()).collect::<Vec<_>>(), ["x"]);
    press(&mut model, "/");
    write(&mut model, "app|db");
    press(&mut model, "enter");
    assert_eq!(press(&mut model, "enter y"), [Effect::Copy("two".into())]);
}
