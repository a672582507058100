use super::*;
use crate::app::model::Model;
use crate::app::tests::fixtures::changes::{at, changed, started, there};
use crate::app::tests::fixtures::jobs::{ended, ledger};
use crate::app::tests::fixtures::{model, press};
use crate::domain::job::Outcome;

/// Since when the console looks back in these tests: an hour before they begin.
const LONG_AGO: i64 = -3600;

fn told(alerts: Vec<Series>, starts: Vec<Series>, versions: Vec<Series>) -> Model {
    let mut model = model(&["production"]);
    changed(&mut model, alerts, starts, versions);
    model
}

fn words(model: &Model) -> Vec<(i64, String)> {
    let seconds = |stamp: Stamp| (stamp.0 - at(0).0) / 1000;
    changes(&model.shared).iter().map(|change| (seconds(change.at), change.what.words(&model.shared))).collect()
}

fn said(model: &Model) -> Vec<String> {
    words(model).into_iter().map(|(_, words)| words).collect()
}

fn firing(name: &str, seconds: std::ops::RangeInclusive<i64>) -> Series {
    there(&[("alertname", name), ("severity", "critical")], seconds, 15, 2.0)
}

fn up(seconds: std::ops::RangeInclusive<i64>) -> Series {
    there(&[], seconds, 15, 5.0)
}

#[test]
fn an_alert_that_began_or_ended_within_the_hour_is_told_and_one_that_went_on_is_not() {
    let alerts = vec![
        up(LONG_AGO..=0),
        firing("Began", -600..=0),
        firing("Ended", LONG_AGO..=-900),
        firing("Both", -1800..=-1215),
        firing("All along", LONG_AGO..=0),
        firing("Watchdog", -600..=0),
    ];
    let expected = [(-600, "Began x2 began"), (-885, "Ended x2 ended"), (-1200, "Both x2 ended after 10m")]
        .map(|(at, w)| (at, w.to_owned()));
    assert_eq!(words(&told(alerts, vec![], vec![])), expected);
}

#[test]
fn an_alert_that_came_back_is_told_twice() {
    let mut series = firing("Flaps", -1800..=-1500);
    series.samples.extend(firing("Flaps", -600..=0).samples);
    assert_eq!(said(&told(vec![up(LONG_AGO..=0), series], vec![], vec![])), ["Flaps x2 began", "Flaps x2 ended after 5m 15s"]);
}

#[test]
fn rule_02_nothing_is_concluded_from_a_time_that_prometheus_did_not_record() {
    let around = |mut before: Series, after: Series| {
        before.samples.extend(after.samples);
        before
    };
    let alerts =
        vec![around(up(LONG_AGO..=-900), up(-600..=0)), around(firing("Goes on", LONG_AGO..=-900), firing("Goes on", -600..=0))];
    assert_eq!(said(&told(alerts, vec![], vec![])), ["Prometheus recorded nothing for 5m"]);
}

#[test]
fn rule_02_what_was_not_heard_is_said_to_be_unknown() {
    let mut model = model(&["production"]);
    assert_eq!(unknown(&model.shared), ["alerts", "starts", "versions", "jobs"]);
    changed(&mut model, vec![], vec![], vec![]);
    assert_eq!(unknown(&model.shared), ["jobs"]);
}

#[test]
fn processes_that_started_together_are_one_change() {
    let process = |instance, second| started("process_start_time_seconds", &[("job", "app"), ("instance", instance)], second);
    let starts = vec![
        process("app-1", -300),
        process("app-2", -280),
        process("app-3", -100),
        started("pg_postmaster_start_time_seconds", &[("instance", "db-1")], -290),
        started("container_start_time_seconds", &[("id", "/system.slice")], -50),
        process("old", -4000),
    ];
    let expected = ["process started: app app-3", "2 x process started: app app-1, app app-2", "PostgreSQL started: db-1"];
    assert_eq!(said(&told(vec![], starts, vec![])), expected);
}

#[test]
fn a_version_that_follows_another_is_a_deployment_and_a_new_job_is_none() {
    let version =
        |job, version, seconds| there(&[("__name__", "app_build_info"), ("job", job), ("version", version)], seconds, 60, 1.0);
    let versions = vec![
        version("shop", "1.8", LONG_AGO..=-600),
        version("shop", "1.9", -600..=0),
        version("new", "0.1", -300..=0),
        version("same", "2.0", LONG_AGO..=0),
    ];
    assert_eq!(words(&told(vec![], vec![], versions)), [(-600, "shop is 1.9 now, was 1.8".to_owned())]);
}

#[test]
fn of_two_clocks_the_one_on_this_screen_counts() {
    let mut model = told(vec![up(LONG_AGO..=0), firing("Began", -600..=0)], vec![], vec![]);
    model.shared.skew = Some(60_000);
    assert_eq!(words(&model)[0].0, -660);
}

#[test]
fn a_job_is_told_when_it_ended_and_enter_leads_to_it() {
    let mut model = told(vec![], vec![], vec![]);
    ledger(&mut model, &[ended(7, "backup orders", Outcome::Done, 600), ended(6, "backup orders", Outcome::Done, 9000)]);
    assert_eq!(said(&model).len(), 1);
    assert!(said(&model)[0].starts_with("#7 backup orders done after"), "{:?}", said(&model));
    press(&mut model, "tab tab enter");
    assert_eq!(model.screens.jobs.detail.as_ref().map(|detail| detail.id), Some(JobId(7)));
}
