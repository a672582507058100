//! What rings, and what does not: once for each alert that begins to fire while somebody watches.

use std::sync::Arc;
use std::time::Duration;

use jiff::civil::time;
use jiff::tz::TimeZone;

use crate::app::effect::Effect;
use crate::app::message::{Fed, Message};
use crate::app::model::Model;
use crate::app::need::{Data, Need, Source};
use crate::app::tests::fixtures::{alert, fail, members, model, press, rules, wait, write};
use crate::app::update::update;
use crate::domain::alert::{Alert, AlertSet, AlertState};
use crate::domain::bell::Quiet;
use crate::domain::fault::FaultKind;

/// The words that ring when the Alertmanagers report these; a member that does not answer knows nothing.
fn ring_of(model: &mut Model, alerts: Vec<Alert>, answering: &[bool]) -> Vec<String> {
    heard(model, Source::Alerts, Data::Alerts(AlertSet { alerts, members: members(answering) }))
}

fn ring(model: &mut Model, alerts: Vec<Alert>) -> Vec<String> {
    ring_of(model, alerts, &[true])
}

fn heard(model: &mut Model, source: Source, data: Data) -> Vec<String> {
    let need = Need { env: model.shared.epoch, source, every: model.shared.environment().refresh };
    let fed = Fed { need, reply: Ok(Arc::new(data)), at: model.shared.now, skew: None };
    let words = |effect| match effect {
        Effect::Ring(words) => Some(words),
        _ => None,
    };
    update(model, Message::Fed(fed)).into_iter().filter_map(words).collect()
}

fn warning(name: &str) -> Alert {
    Alert { labels: [("alertname", name), ("severity", "warning")].into_iter().collect(), ..alert(name) }
}

fn silenced(name: &str) -> Alert {
    Alert { state: AlertState::Suppressed, silenced_by: vec!["s1".into()], ..alert(name) }
}

/// A console that has heard of nothing that fires.
fn quiet() -> Model {
    let mut model = model(&["production", "staging"]);
    assert_eq!(ring(&mut model, vec![]), Vec::<String>::new());
    model
}

#[test]
fn a_new_critical_alert_rings_once() {
    let mut model = quiet();
    assert_eq!(ring(&mut model, vec![alert("a")]), ["production: critical a"]);
    assert!(ring(&mut model, vec![alert("a")]).is_empty());
    assert_eq!(ring(&mut model, vec![alert("a"), alert("b"), alert("c"), warning("d")]), ["production: critical b, and 1 more"]);
}

#[test]
fn what_fires_when_the_console_starts_does_not_ring() {
    let mut model = model(&["production"]);
    fail(&mut model, Source::Alerts, FaultKind::Unreachable);
    assert!(ring(&mut model, vec![alert("a")]).is_empty());
    assert!(ring(&mut model, vec![alert("a")]).is_empty());
}

#[test]
fn what_a_member_that_is_heard_for_the_first_time_knows_is_no_news() {
    let mut model = model(&["production"]);
    let known_to = |member: usize, name| Alert { members: vec![member], ..alert(name) };
    assert!(ring_of(&mut model, vec![], &[true, false]).is_empty());
    assert!(ring_of(&mut model, vec![known_to(1, "old")], &[true, true]).is_empty());
    assert_eq!(ring_of(&mut model, vec![known_to(1, "old"), known_to(1, "new")], &[true, true]).len(), 1);
}

#[test]
fn an_alert_that_flaps_rings_again_only_after_a_while() {
    let mut model = quiet();
    assert_eq!(ring(&mut model, vec![alert("a")]).len(), 1);
    for minute in 1..=40 {
        wait(&mut model, minute * 60);
        rules(&mut model, &[]);
        let alerts = if minute % 2 == 0 { vec![alert("a")] } else { vec![] };
        assert!(ring(&mut model, alerts).is_empty(), "minute {minute}");
    }
    rules(&mut model, &[]);
    assert!(ring(&mut model, vec![]).is_empty());
    wait(&mut model, 71 * 60);
    assert!(ring(&mut model, vec![]).is_empty());
    assert_eq!(ring(&mut model, vec![alert("a")]).len(), 1);
}

#[test]
fn a_silence_keeps_it_quiet_and_its_end_does_not() {
    let mut model = quiet();
    assert!(ring(&mut model, vec![silenced("a")]).is_empty());
    assert_eq!(ring(&mut model, vec![alert("a")]).len(), 1);
    wait(&mut model, 3600);
    assert!(ring(&mut model, vec![silenced("a")]).is_empty());
    assert!(ring(&mut model, vec![alert("a")]).is_empty(), "it rang before it was silenced");
}

#[test]
fn quiet_hours_are_quiet_but_for_what_breaks_through() {
    let mut model = quiet();
    let bell = &mut Arc::make_mut(&mut model.shared.setup).bell;
    bell.severities.push(crate::domain::alert::Severity::Warning);
    let through = vec![crate::domain::alert::Severity::Critical];
    bell.quiet = Some(Quiet { from: time(2, 0, 0, 0), to: time(4, 0, 0, 0), zone: TimeZone::UTC, through });
    assert!(ring(&mut model, vec![warning("w")]).is_empty());
    assert_eq!(ring(&mut model, vec![warning("w"), alert("c")]), ["production: critical c"]);
    wait(&mut model, 3600);
    assert!(ring(&mut model, vec![warning("w"), alert("c")]).is_empty(), "nothing is made up for");
    assert_eq!(ring(&mut model, vec![warning("w"), alert("c"), warning("late")]), ["production: warning late"]);
}

#[test]
fn a_visit_to_another_environment_begins_anew() {
    let mut model = quiet();
    press(&mut model, ":");
    write(&mut model, "environment staging");
    press(&mut model, "enter");
    assert!(ring(&mut model, vec![alert("a")]).is_empty());
    assert_eq!(ring(&mut model, vec![alert("a"), alert("b")]), ["staging: critical b"]);
}

#[test]
fn what_only_prometheus_tells_rings_where_there_is_no_alertmanager() {
    let mut with = quiet();
    rules(&mut with, &[]);
    let group = |model: &mut Model| {
        rules(model, &[("a", true)]);
        model.shared.store.data(&Source::Rules).unwrap().clone()
    };
    let fires = group(&mut with);
    assert!(heard(&mut with, Source::Rules, fires.clone()).is_empty());
    let mut without = model(&["production"]);
    Arc::make_mut(&mut without.shared.setup).environments[0].alertmanagers = 0;
    rules(&mut without, &[]);
    assert_eq!(heard(&mut without, Source::Rules, fires), ["production: critical a"]);
    assert_eq!(without.shared.setup.bell.again, Duration::from_secs(1800));
}
