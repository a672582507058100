//! What aborts a drill, and what does not.
#![allow(clippy::unwrap_used)]

use crate::domain::fault::FaultKind;
use crate::jobs::drill::tests::drill;

use super::*;

fn baseline() -> Baseline {
    Baseline {
        at: crate::domain::time::Stamp(0),
        readings: vec![],
        firing: vec!["Watchdog{}".to_owned(), "DiskOld{disk=\"a\"}".to_owned()],
        deadmen: vec!["Watchdog{}".to_owned()],
        controls: vec!["cache".into()],
    }
}

fn firing(alerts: &[&str]) -> Alerts {
    let read = |key: &&str| {
        let (name, labels) = key.strip_suffix('}').unwrap().split_once('{').unwrap();
        let pairs = labels.split(", ").filter_map(|pair| pair.split_once('='));
        let labels = pairs.map(|(name, value)| (name, value.trim_matches('"'))).collect();
        ((*key).to_owned(), Firing { name: name.to_owned(), labels })
    };
    Alerts { firing: alerts.iter().map(read).collect(), ..Alerts::default() }
}

fn calm() -> Alerts {
    firing(&["Watchdog{}", "DiskOld{disk=\"a\"}"])
}

fn seen(second: u64, alerts: Alerts) -> Seen {
    Seen { after: Duration::from_secs(second), alerts: Ok(alerts), ill: vec![], condition: None, disarmed: None }
}

#[test]
fn rule_20_what_the_scenario_itself_raises_aborts_nothing_and_is_timed() {
    let (drill, baseline) = (drill(), baseline());
    let mut watcher = Watcher::new(&drill, &baseline);
    assert_eq!(watcher.take(seen(1, calm())), None);
    let raised = firing(&["Watchdog{}", "AppDown{n=\"1\"}", "Slow{}"]);
    assert_eq!(watcher.take(seen(2, raised.clone())), None, "an alert that was there may go");
    assert_eq!(watcher.take(seen(3, raised)), None);
    let told: Vec<_> = watcher.fired.iter().map(|fired| (fired.alert.as_str(), fired.after.as_secs())).collect();
    assert_eq!(told, [("AppDown", 2), ("Slow", 2)], "when each was first seen");
    assert_eq!(watcher.detected(), 1);
}

#[test]
fn rule_20_an_alert_outside_the_blast_radius_aborts() {
    let (drill, baseline) = (drill(), baseline());
    let strange = Watcher::new(&drill, &baseline).take(seen(1, firing(&["Watchdog{}", "DiskFull{disk=\"b\"}"])));
    assert!(strange.unwrap().contains("DiskFull{disk=\"b\"} fires"));
    let another = Watcher::new(&drill, &baseline).take(seen(1, firing(&["Watchdog{}", "DiskOld{disk=\"b\"}"])));
    assert!(another.unwrap().contains("DiskOld{disk=\"b\"}"), "that it fired for another disk does not excuse it");
}

/// The same alert of another server, or of another cluster, is not what the fault raised.
#[test]
fn rule_21_an_expected_alert_about_something_else_detects_nothing_and_aborts() {
    let mut drill = drill();
    let labels = [("job", "app"), ("instance", "app-1"), ("cluster", "eu")];
    drill.services[0].labels = labels.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let baseline = baseline();
    let take = |alert: &str| {
        let mut watcher = Watcher::new(&drill, &baseline);
        let aborted = watcher.take(seen(1, firing(&["Watchdog{}", alert])));
        (aborted, watcher.detected(), watcher.fired[0].alert.clone())
    };
    for alert in ["AppDown{job=\"app\", instance=\"app-9\"}", "AppDown{cluster=\"us\"}", "Slow{job=\"proxy\", cluster=\"us\"}"] {
        let (aborted, detected, told) = take(alert);
        assert!(aborted.unwrap().contains("outside the blast radius") && detected == 0 && told == alert, "{alert}");
    }
    for (alert, detections) in
        [("AppDown{job=\"app\", instance=\"app-1\"}", 1), ("AppDown{}", 1), ("Slow{job=\"proxy\", instance=\"p\"}", 0)]
    {
        let (aborted, detected, _) = take(alert);
        assert!(aborted.is_none() && detected == detections, "{alert}: {aborted:?}");
    }
}

/// A primary tells of its lost standby; that the other server is down as well nobody expects.
#[test]
fn rule_21_servers_that_replicate_are_told_of_in_each_others_place() {
    let labelled = |name: &str| {
        let labels = [("job".to_owned(), "postgres".to_owned()), ("instance".to_owned(), name.to_owned())].into();
        crate::domain::service::spec::ServiceSpec { labels, ..drill().services[0].clone() }
    };
    let of = |scenario: &str, expected: &str| {
        let mut drill = drill();
        (drill.scenario, drill.expects) = (scenario.to_owned(), vec![expected.to_owned()]);
        drill.services = vec![labelled("standby")];
        drill.target.kin = vec![labelled("primary")];
        let (baseline, alert) = (baseline(), format!("{expected}{{job=\"postgres\", instance=\"primary\"}}"));
        let mut watcher = Watcher::new(&drill, &baseline);
        (watcher.take(seen(1, firing(&["Watchdog{}", &alert]))).is_some(), watcher.detected())
    };
    assert_eq!(of("standby-lost", "PostgresReplicaLost"), (false, 1));
    assert_eq!(of("postgres-down", "PostgresReplicaLost"), (false, 1));
    assert_eq!(of("postgres-down", "PostgresDown"), (true, 0));
}

#[test]
fn rule_20_a_dead_mans_alert_aborts_when_it_stops() {
    let (drill, baseline) = (drill(), baseline());
    let aborted = Watcher::new(&drill, &baseline).take(seen(1, firing(&["DiskOld{disk=\"a\"}"])));
    assert!(aborted.unwrap().contains("Watchdog{} has stopped"));
}

#[test]
fn rule_20_a_control_that_is_lost_aborts_and_one_bad_look_does_not() {
    let (drill, baseline) = (drill(), baseline());
    let mut watcher = Watcher::new(&drill, &baseline);
    let ill = |second, ill: &[&str]| Seen { ill: ill.iter().map(|name| (*name).into()).collect(), ..seen(second, calm()) };
    for second in 0..9 {
        let lost: &[&str] = if second % 3 == 2 { &[] } else { &["cache"] };
        assert_eq!(watcher.take(ill(second, lost)), None, "never three in a row");
        assert_eq!(watcher.take(ill(second, &["app"])), None, "what is within the radius may be ill");
    }
    assert_eq!([9, 10].map(|second| watcher.take(ill(second, &["cache"]))), [None, None]);
    assert!(watcher.take(ill(11, &["cache"])).unwrap().contains("cache is not well"));
}

#[test]
fn rule_20_whoever_cannot_see_the_alerts_any_more_aborts() {
    let (drill, baseline) = (drill(), baseline());
    let mut watcher = Watcher::new(&drill, &baseline);
    let blind = || Seen { alerts: Err(Fault::new(FaultKind::Timeout, "no answer")), ..seen(1, calm()) };
    assert_eq!([watcher.take(blind()), watcher.take(blind()), watcher.take(seen(3, calm()))], [None, None, None]);
    assert_eq!([watcher.take(blind()), watcher.take(blind())], [None, None]);
    assert!(watcher.take(blind()).unwrap().contains("cannot be seen any more: "));
}

#[test]
fn rule_19_a_fault_whose_end_is_not_armed_any_more_is_ended() {
    let (drill, baseline) = (drill(), baseline());
    let disarmed = Seen { disarmed: Some("the watchdog is gone".to_owned()), ..seen(1, calm()) };
    assert_eq!(Watcher::new(&drill, &baseline).take(disarmed).unwrap(), "the watchdog is gone");
    let condition = Seen { condition: Some("it holds".to_owned()), ..seen(1, calm()) };
    assert_eq!(Watcher::new(&drill, &baseline).take(condition).unwrap(), "it holds");
}
