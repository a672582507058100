//! One list of what Alertmanager reports, what Prometheus counts, and what was lost sight of.

use crate::app::model::Model;
use crate::app::need::Data;
use crate::app::need::Source;
use crate::app::rows::{Standing, passes, rows as all};
use crate::app::tests::fixtures::{alert, answer, fail, members, model, press, report, rules, wait};
use crate::domain::alert::{Alert, AlertSet, AlertState};
use crate::domain::fault::FaultKind;

fn standings(model: &Model) -> Vec<(String, Standing)> {
    all(&model.shared).iter().map(|row| (row.name().to_owned(), row.standing)).collect()
}

fn suppressed(name: &str) -> Alert {
    Alert { state: AlertState::Suppressed, silenced_by: vec!["s1".into()], ..alert(name) }
}

#[test]
fn what_prometheus_counts_is_pending_until_alertmanager_knows_it() {
    let mut model = model(&["production"]);
    report(&mut model, vec![alert("b")]);
    rules(&mut model, &[("a", false), ("b", true)]);
    let expected = |n: &str, standing| (n.to_owned(), standing);
    assert_eq!(standings(&model), [expected("b", Standing::Firing), expected("a", Standing::Pending)]);
    report(&mut model, vec![alert("a"), alert("b")]);
    assert_eq!(standings(&model), [expected("a", Standing::Firing), expected("b", Standing::Firing)]);
}

#[test]
fn rule_03_what_fires_in_prometheus_alone_fires() {
    let mut model = model(&["production"]);
    rules(&mut model, &[("a", true)]);
    fail(&mut model, Source::Alerts, FaultKind::Unreachable);
    let [row] = all(&model.shared) else { panic!("{:?}", standings(&model)) };
    assert_eq!((row.standing, row.members.len()), (Standing::Firing, 0));
}

#[test]
fn an_alert_of_another_cluster_label_is_the_same_alert() {
    let mut model = model(&["production"]);
    let external = [("alertname", "a"), ("severity", "critical"), ("cluster", "eu")].into_iter().collect();
    report(&mut model, vec![Alert { labels: external, ..alert("a") }]);
    rules(&mut model, &[("a", true)]);
    assert_eq!(standings(&model), [("a".to_owned(), Standing::Firing)]);
}

#[test]
fn what_is_suppressed_says_by_whom_and_can_be_hidden() {
    let mut model = model(&["production"]);
    report(&mut model, vec![suppressed("a"), alert("b")]);
    assert_eq!(standings(&model).last(), Some(&("a".to_owned(), Standing::Suppressed)));
    assert_eq!(all(&model.shared)[1].hidden_by, ["silence s1"]);
    press(&mut model, "3 s");
    assert_eq!(model.screens.alerts.list.lines(&model.shared).len(), 1);
}

#[test]
fn rule_03_alerts_stay_when_alertmanager_is_out_of_reach() {
    let mut model = model(&["production"]);
    report(&mut model, vec![alert("a")]);
    wait(&mut model, 60);
    fail(&mut model, Source::Alerts, FaultKind::Unreachable);
    assert_eq!(standings(&model), [("a".to_owned(), Standing::Firing)]);
    assert!(!model.shared.freshness(&Source::Alerts).is_fresh());
}

#[test]
fn rule_03_an_alert_that_leaves_while_prometheus_is_silent_is_lost_and_listed() {
    let mut model = model(&["production"]);
    rules(&mut model, &[]);
    report(&mut model, vec![alert("a")]);
    fail(&mut model, Source::Rules, FaultKind::Timeout);
    report(&mut model, vec![]);
    assert_eq!(standings(&model), [("a".to_owned(), Standing::Lost)]);
    // Back in sight it has ended.
    rules(&mut model, &[]);
    report(&mut model, vec![]);
    assert_eq!(standings(&model), []);
    assert_eq!(model.shared.lookout.resolved().count(), 1);
}

#[test]
fn rule_03_an_alert_that_leaves_while_prometheus_sends_to_nobody_is_lost() {
    let mut model = model(&["production"]);
    rules(&mut model, &[]);
    report(&mut model, vec![alert("a")]);
    answer(&mut model, Source::Receiving, Data::Strings(vec![]));
    report(&mut model, vec![]);
    assert_eq!(standings(&model), [("a".to_owned(), Standing::Lost)]);
}

#[test]
fn rule_03_an_alert_that_leaves_while_prometheus_evaluates_no_rules_is_lost() {
    let mut model = model(&["production"]);
    answer(&mut model, Source::Rules, Data::Rules(vec![]));
    report(&mut model, vec![alert("a")]);
    report(&mut model, vec![]);
    assert_eq!(standings(&model), [("a".to_owned(), Standing::Lost)]);
}

#[test]
fn rule_03_an_alert_that_only_the_silent_member_knew_is_lost() {
    let mut model = model(&["production"]);
    rules(&mut model, &[]);
    let set = |alerts, answering: &[bool]| Data::Alerts(AlertSet { alerts, members: members(answering) });
    answer(&mut model, Source::Alerts, set(vec![alert("a")], &[true, true]));
    answer(&mut model, Source::Alerts, set(vec![], &[false, true]));
    assert_eq!(standings(&model), [("a".to_owned(), Standing::Lost)]);
}

#[test]
fn filters_compare_labels_states_and_words() {
    let mut model = model(&["production"]);
    report(&mut model, vec![alert("DiskFull")]);
    let row = &all(&model.shared)[0];
    for (filter, expected) in [
        ("", true),
        ("disk", true),
        ("disk critical", true),
        ("disk warning", false),
        ("alertname=DiskFull", true),
        ("alertname=disk", false),
        ("alertname!=DiskFull", false),
        ("alertname=~Full", true),
        ("job!=app", true),
        ("state=firing", true),
    ] {
        assert_eq!(passes(row, filter), expected, "{filter:?}");
    }
}
