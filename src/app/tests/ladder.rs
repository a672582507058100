//! The severity ladder: who has waited too long for somebody.

use std::time::Duration;

use crate::app::model::Model;
use crate::app::screens::overview::ladder::{Rung, rungs};
use crate::app::tests::fixtures::{START, alert, model, report, wait};
use crate::domain::alert::{Alert, AlertState, Severity};

fn firing(name: &str, severity: &str, since: u64) -> Alert {
    let labels = [("alertname", name), ("severity", severity)].into_iter().collect();
    Alert { labels, starts_at: START.after(Duration::from_secs(since)), ..alert(name) }
}

fn rung(model: &Model, severity: Severity) -> Rung<'_> {
    rungs(&model.shared).into_iter().find(|rung| rung.severity == severity).unwrap()
}

#[test]
fn both_ways_of_naming_a_severity_are_one_ladder() {
    let mut model = model(&["production"]);
    let named = ["P0", "p1", "critical", "P2", "warning", "P3", "info", "sev-9", "disaster"];
    report(&mut model, named.iter().map(|severity| firing(severity, severity, 0)).collect());
    let counts: Vec<usize> = rungs(&model.shared).iter().map(|rung| rung.firing).collect();
    assert_eq!(counts, [2, 2, 2, 2, 1]);
}

#[test]
fn the_oldest_that_nobody_has_taken_counts_against_the_response_time() {
    let mut model = model(&["production"]);
    let silenced = Alert { state: AlertState::Suppressed, silenced_by: vec!["s".into()], ..firing("taken", "critical", 0) };
    report(&mut model, vec![silenced, firing("second", "critical", 300), firing("first", "critical", 60)]);
    wait(&mut model, 15 * 60);
    let oldest = |model: &Model| {
        let rung = rung(model, Severity::Critical);
        let (row, waited) = rung.oldest.unwrap();
        (row.name().to_owned(), waited.as_secs(), rung.firing, rung.overdue().map(|over| over.as_secs()))
    };
    assert_eq!(oldest(&model), ("first".into(), 840, 2, None));
    wait(&mut model, 20 * 60);
    assert_eq!(oldest(&model), ("first".into(), 1140, 2, Some(240)));
}

#[test]
fn a_word_of_the_teams_own_has_no_response_time_and_a_dead_mans_alert_waits_for_nobody() {
    let mut model = model(&["production"]);
    report(&mut model, vec![firing("a", "purple", 0), firing("Watchdog", "none", 0)]);
    wait(&mut model, 1_000_000);
    assert_eq!((rung(&model, Severity::Unknown).firing, rung(&model, Severity::Unknown).overdue()), (1, None));
    assert_eq!(rung(&model, Severity::Info).firing, 0);
}
