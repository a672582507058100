#![allow(clippy::unwrap_used)]

use std::time::Duration;

use super::*;

fn data<T: serde::de::DeserializeOwned>(json: &str) -> T {
    serde_json::from_str::<Envelope<T>>(json).unwrap().into_data().unwrap()
}

#[test]
fn targets_are_read_without_credentials() {
    let json = r#"{"status":"success","data":{"activeTargets":[{"discoveredLabels":{"__address__":"h:1"},
        "labels":{"instance":"h:1","job":"app"},"scrapePool":"app","scrapeUrl":"http://u:p@h:1/metrics","globalUrl":"x",
        "lastError":"context deadline exceeded","lastScrape":"2026-11-22T02:00:00.5Z","lastScrapeDuration":10.000123,
        "health":"down","scrapeInterval":"15s","scrapeTimeout":"10s"},{"health":"unknown","lastScrape":"0001-01-01T00:00:00Z"}],
        "droppedTargets":[]}}"#;
    let found = targets(data(json));
    assert_eq!((found[0].url.as_str(), found[0].health), ("http://h:1/metrics", TargetHealth::Down));
    assert_eq!(found[0].interval, Duration::from_secs(15));
    assert_eq!(found[0].labels.get("job"), Some("app"));
    assert_eq!((found[1].health, found[1].last_scrape), (TargetHealth::Unknown, None));
    assert!(targets(data(r#"{"status":"success","data":{"activeTargets":null}}"#)).is_empty());
}

#[test]
fn rules_are_read_with_their_alerts() {
    let json = r#"{"status":"success","data":{"groups":[{"name":"app","file":"/etc/app.yml","interval":15,"limit":0,"rules":[
        {"state":"firing","name":"Down","query":"up == 0","duration":60,"keepFiringFor":0,"labels":{"severity":"page"},
         "annotations":{"summary":"{{ $labels.instance }}"},"alerts":[{"labels":{"alertname":"Down"},"annotations":{},
         "state":"firing","activeAt":"2026-11-22T02:00:00Z","value":"0e+00"}],"health":"ok","evaluationTime":0.0004,
         "lastEvaluation":"2026-11-22T02:01:00Z","type":"alerting"},
        {"name":"r","query":"sum(x)","health":"err","lastError":"boom","evaluationTime":0,"lastEvaluation":"x","type":"recording"}
        ],"evaluationTime":0.001,"lastEvaluation":"2026-11-22T02:01:00Z"}]}}"#;
    let groups = rules(data(json));
    let [alerting, recording] = &groups[0].rules[..] else { panic!("{groups:?}") };
    let detail = alerting.alerting.as_ref().unwrap();
    assert_eq!((detail.hold, detail.alerts[0].firing), (Duration::from_secs(60), true));
    assert_eq!((recording.alerting.as_ref(), recording.last_error.as_str(), recording.evaluated_at), (None, "boom", None));
}

#[test]
fn an_error_with_a_good_status_is_still_an_error() {
    let envelope: Envelope<Vec<String>> = serde_json::from_str(r#"{"status":"error","errorType":"x","error":"no"}"#).unwrap();
    assert_eq!(envelope.into_data().unwrap_err(), Fault::new(FaultKind::Refused, "no"));
    let empty: Envelope<Vec<String>> = serde_json::from_str(r#"{"status":"success"}"#).unwrap();
    assert_eq!(empty.into_data().unwrap_err().kind, FaultKind::Garbled);
}

#[test]
fn alertmanagers_are_named_by_their_base() {
    let json = r#"{"status":"success","data":{"activeAlertmanagers":[{"url":"http://a:9093/am/api/v2/alerts"},{"url":"http://b"}],
        "droppedAlertmanagers":[]}}"#;
    assert_eq!(managers(data(json)), ["http://a:9093/am", "http://b"]);
}

#[test]
fn metadata_keeps_one_description_a_metric() {
    let json = r#"{"status":"success","data":{"up":[{"type":"gauge","help":"a","unit":""},{"type":"gauge","help":"b","unit":""}],"x":[]}}"#;
    let found = metadata(data(json));
    assert_eq!(found.len(), 1);
    assert_eq!((&*found[0].metric, found[0].help.as_str()), ("up", "a"));
}
