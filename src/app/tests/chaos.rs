//! The Chaos screen: what is offered, asked and shown; what ends a drill; what is told of a fault wherever one is.

use std::sync::Arc;

use crate::app::command::Call;
use crate::app::confirm::{Confirm, Subject};
use crate::app::effect::Effect;
use crate::app::message::{Message, Planned};
use crate::app::model::{Model, needs};
use crate::app::need::{Data, Source};
use crate::app::popup::Popup;
use crate::app::screen::ScreenId;
use crate::app::screens::chaos::Tab;
use crate::app::screens::chaos::offers::rows;
use crate::app::tests::fixtures::chaos::{armed, drill_job, drills, faults, offers, on, over};
use crate::app::tests::fixtures::jobs::{ledger, plan};
use crate::app::tests::fixtures::{answer, model, press, wait};
use crate::app::tests::health::postgres;
use crate::app::update::update;
use crate::domain::chaos::gameday::{Filed, GameDay, Turn};
use crate::domain::chaos::offer::Part;
use crate::domain::guard::Guard;
use crate::domain::job::{Control, JobId};
use crate::domain::service::{Facts, PostgresFacts, Report, Role};

/// On the Chaos screen.
fn chaos() -> Model {
    let mut model = model(&["production"]);
    Arc::make_mut(&mut model.shared.setup).environments[0].offers = offers();
    press(&mut model, "8");
    model
}

fn said(model: &Model) -> &str {
    model.notice.as_ref().map_or("", |notice| &notice.text)
}

fn asks(model: &Model, source: &Source) -> bool {
    needs(model).iter().any(|need| need.source == *source)
}

fn words(call: &str) -> Vec<String> {
    call.split(' ').map(str::to_owned).collect()
}

#[test]
fn a_scenario_opens_its_plan_and_the_drill_is_shown_once_it_runs() {
    let mut model = chaos();
    let effects = press(&mut model, "j enter");
    let [Effect::Plan(wish)] = effects.as_slice() else { panic!("{effects:?}") };
    assert_eq!(wish.call, words("drill postgres-paused --target orders-replica"));
    let planned = Planned { plan: Arc::new(plan("drill postgres-paused", Guard::Open)), unlocked: None };
    update(&mut model, Message::Planned(wish.clone(), Ok(planned)));
    assert!(matches!(press(&mut model, "enter").as_slice(), [Effect::Submit(..)]));
    update(&mut model, Message::Submitted(Ok(JobId(7))));
    assert_eq!((model.screen, model.screens.chaos.tab, &model.popup), (ScreenId::Chaos, Tab::Drill, &None));
}

#[test]
fn a_scenario_that_fits_nothing_here_comes_last_and_plans_to_say_why() {
    let mut model = chaos();
    press(&mut model, "G");
    let effects = press(&mut model, "enter");
    let [Effect::Plan(wish)] = effects.as_slice() else { panic!("{effects:?}") };
    assert_eq!(wish.call, words("drill redis-down"));
}

/// What only the plan would refuse is not offered, as long as the servers themselves have told so a moment ago.
#[test]
fn who_plays_another_part_is_no_choice_and_the_scenario_says_why() {
    let mut model = model(&["production"]);
    let mut offers = offers();
    offers[0].part = Some(Part::Follows);
    Arc::make_mut(&mut model.shared.setup).environments[0].offers = offers;
    press(&mut model, "8");
    let choices = |model: &Model| {
        let rows = rows(&model.shared, "paused").into_iter();
        rows.map(|row| (row.choice.words(), row.offer.here())).collect::<Vec<_>>()
    };
    let both = choices(&model);
    assert_eq!(
        both.iter().map(|(words, _)| &**words).collect::<Vec<_>>(),
        ["postgres-paused --target orders", "postgres-paused --target orders-replica"]
    );
    let told = |model: &mut Model, name: &str, role| {
        let source = Source::Probe(name.into());
        assert!(asks(model, &source), "{name}");
        let facts = Facts::Postgres(PostgresFacts { role, ..postgres() });
        answer(model, source, Data::Report(Report { took: std::time::Duration::from_millis(2), facts }));
    };
    told(&mut model, "orders", Role::Primary { replicas: vec![] });
    told(&mut model, "orders-replica", Role::Replica { linked: None, lag: None });
    assert_eq!(choices(&model), [("postgres-paused --target orders-replica".to_owned(), "hits orders-replica".to_owned())]);
    told(&mut model, "orders-replica", Role::Primary { replicas: vec![] });
    let why = "hits nothing here: orders, orders-replica (a primary: this is done to who follows one)";
    assert_eq!(choices(&model), [("postgres-paused".to_owned(), why.to_owned())]);
    wait(&mut model, 600);
    assert_eq!(choices(&model), both, "what was told long ago decides nothing");
}

#[test]
fn whoever_moves_through_the_scenarios_asks_for_no_plan_and_whoever_rests_does() {
    let mut model = chaos();
    let first = Source::Plan(words("drill postgres-paused --target orders"));
    assert!(!asks(&model, &first));
    wait(&mut model, 1);
    assert!(asks(&model, &first));
    press(&mut model, "j");
    assert!(!needs(&model).iter().any(|need| matches!(need.source, Source::Plan(_))), "the next has not rested yet");
    press(&mut model, "]");
    wait(&mut model, 2);
    assert!(!needs(&model).iter().any(|need| matches!(need.source, Source::Plan(_))), "nobody looks at it");
}

#[test]
fn the_drill_that_runs_is_aborted_from_every_tab_but_by_no_single_key() {
    for tab in ["8", "8 ]", "8 ] ]"] {
        let mut model = chaos();
        assert_eq!(press(&mut model, ": a b o r t enter"), []);
        assert_eq!(said(&model), "no drill runs");
        ledger(&mut model, &[drill_job(12, 40)]);
        drills(&mut model, vec![on(12, "postgres-paused", 34), over(9, "postgres-paused", 60, Some(9), 3600)]);
        press(&mut model, tab);
        assert_eq!(press(&mut model, "x"), [], "{tab}");
        let asked = Subject::Control(JobId(12), Control::Cancel);
        assert!(matches!(&model.popup, Some(Popup::Confirm(Confirm { subject, .. })) if *subject == asked), "{tab}");
        assert_eq!(press(&mut model, "enter"), [Effect::Control(JobId(12), Control::Cancel)], "{tab}");
    }
}

#[test]
fn an_earlier_drill_opens_its_report_and_esc_goes_back_to_the_list() {
    let mut model = chaos();
    drills(&mut model, vec![over(9, "postgres-paused", 60, Some(9), 3600), over(8, "postgres-down", 15, None, 7200)]);
    press(&mut model, "[ j enter");
    assert_eq!(model.screens.chaos.open, Some(JobId(8)));
    press(&mut model, "esc");
    assert_eq!((model.screens.chaos.open, model.screens.chaos.tab), (None, Tab::Past));
    press(&mut model, ": r e p o r t space 9 9 enter");
    assert!(said(&model).contains("99"), "{}", said(&model));
}

#[test]
fn that_a_fault_has_ended_is_told_on_every_screen() {
    for screen in ["1", "3", "8"] {
        let mut model = chaos();
        press(&mut model, screen);
        assert!(asks(&model, &Source::Faults));
        faults(&mut model, vec![armed(12, 30)]);
        assert_eq!(said(&model), "");
        faults(&mut model, vec![armed(12, 29)]);
        assert_eq!(said(&model), "");
        faults(&mut model, vec![]);
        assert_eq!(said(&model), "the fault of drill #12 has ended, and nothing of it is left", "{screen}");
    }
}

#[test]
fn in_the_demo_f1_offers_the_scenarios_that_fit_and_each_shows_its_plan_first() {
    let mut model = chaos();
    Arc::make_mut(&mut model.shared.setup).demo = true;
    assert_eq!(press(&mut model, "1 f1"), []);
    let Some(Popup::Picker(picker)) = &model.popup else { panic!("{:?}", model.popup) };
    let labels: Vec<&str> = picker.items.iter().map(|item| item.label.as_str()).collect();
    let on = |scenario: &str| [format!("{scenario} on orders"), format!("{scenario} on orders-replica")];
    assert_eq!(labels, [on("postgres-paused"), on("postgres-down")].concat());
    let effects = press(&mut model, "enter");
    assert!(matches!(effects.as_slice(), [Effect::Plan(wish)] if wish.call == words("drill postgres-paused --target orders")));
}

#[test]
fn a_gameday_is_walked_drill_by_drill() {
    let mut model = chaos();
    let call = |model: &mut Model, text: &str| update(model, Message::Call(Call::with("gameday", text)));
    call(&mut model, "");
    assert!(said(&model).contains("no GameDay is configured"), "{}", said(&model));
    let given = vec![("target".to_owned(), "cache".to_owned()), ("hypothesis".to_owned(), "orders answers".to_owned())];
    let turns =
        ["redis-down", "redis-paused"].map(|name| Turn { scenario: name.into(), given: given.clone(), ..Turn::default() });
    let day = GameDay { name: "2026 cold".into(), turns: turns.into(), ..GameDay::default() };
    let filed = |file: &str, day| Filed { file: file.into(), day };
    let days = vec![filed("a.toml", Ok(day)), filed("b.toml", Err("b.toml:1:1: no name".into()))];
    Arc::make_mut(&mut model.shared.setup).environments[0].gamedays = days;
    call(&mut model, "");
    assert!(matches!(&model.popup, Some(Popup::Picker(picker)) if picker.items.len() == 2));
    call(&mut model, "b.toml");
    assert_eq!(said(&model), "b.toml:1:1: no name");
    call(&mut model, "2026 cold");
    let effects = press(&mut model, "down enter");
    let [Effect::Plan(wish)] = effects.as_slice() else { panic!("{effects:?}") };
    assert_eq!(wish.call, ["drill", "redis-paused", "--target", "cache", "--hypothesis", "orders answers"]);
    call(&mut model, "3 2026 cold");
    assert!(said(&model).contains("no drill of that number"));
}

#[test]
fn a_filter_keeps_what_is_seen_to_match() {
    let mut model = chaos();
    let rows = |model: &Model| crate::app::screens::chaos::offers::ids(&model.shared, &model.screens.chaos.filter).len();
    assert_eq!(rows(&model), 5);
    for (filter, expected) in [("postgres-down", 2), ("redisdown", 1), ("orders-replica", 2), ("refused", 0), ("none here", 1)] {
        filter.clone_into(&mut model.screens.chaos.filter);
        assert_eq!(rows(&model), expected, "{filter}");
    }
}
