#![allow(clippy::unwrap_used)]

use std::time::Duration;

use super::*;
use crate::domain::range::Window;

fn decoded(json: &str, grid: Option<Grid>) -> Envelope<Answer> {
    AnswerDecode::new(grid).decode(&mut serde_json::Deserializer::from_str(json)).unwrap()
}

fn answer(json: &str) -> Answer {
    decoded(json, None).into_data().unwrap()
}

fn values(answer: &Answer) -> Vec<String> {
    answer.series.iter().flat_map(|s| &s.samples).map(|s| s.value.to_string()).collect()
}

#[test]
fn a_vector_is_read_with_its_warnings() {
    let json = r#"{"status":"success","data":{"resultType":"vector","result":[
        {"metric":{"__name__":"up","job":"a\"b\\\u001b"},"value":[1795312800.123,"1"]},
        {"value":[1795312800,"NaN"],"metric":{}},{"metric":{"x":"y"},"value":[1795312800,"+Inf"]},
        {"metric":{"x":"z"},"value":[1795312800,"-Inf"]}]},
        "warnings":["one store is down"],"infos":["metric might not be a counter"]}"#;
    let answer = answer(json);
    assert_eq!(values(&answer), ["1", "NaN", "inf", "-inf"]);
    assert_eq!(answer.series[0].labels.get("job"), Some("a\"b\\\u{1b}"));
    assert_eq!(answer.series[0].samples[0].at, Stamp(1_795_312_800_123));
    assert_eq!(
        (answer.warnings, answer.infos),
        (vec!["one store is down".to_owned()], vec!["metric might not be a counter".to_owned()])
    );
}

#[test]
fn scalars_and_strings_are_told_by_their_shape() {
    let scalar = answer(r#"{"status":"success","data":{"resultType":"scalar","result":[1795312800.5,"42"]}}"#);
    assert_eq!(values(&scalar), ["42"]);
    let string = answer(r#"{"status":"success","data":{"resultType":"string","result":[1795312800,"hello"]}}"#);
    assert_eq!((string.series.len(), &string.infos[..]), (0, &["the answer is a string: hello".to_owned()][..]));
}

#[test]
fn native_histograms_are_remarked_on_not_refused() {
    let json = r#"{"status":"success","data":{"resultType":"vector","result":[
        {"metric":{"a":"1"},"histogram":[1795312800,{"count":"3","sum":"1","buckets":[[0,"1","2","3"]]}]},
        {"metric":{"a":"2"},"value":[1795312800,"5"]}]}}"#;
    let answer = answer(json);
    assert_eq!(
        (values(&answer), &answer.infos[..]),
        (vec!["5".to_owned()], &["1 native histograms are not shown".to_owned()][..])
    );
    assert_eq!(answer.warnings, [""; 0]);
}

#[test]
fn a_failure_keeps_prometheus_words() {
    let failure = decoded(r#"{"status":"error","errorType":"execution","error":"query timed out"}"#, None);
    assert_eq!(failure.into_data().unwrap_err().detail, "query timed out");
}

#[test]
fn cut_or_foreign_json_is_an_error() {
    for json in [
        r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{"#,
        "[]",
        "null",
        r#"{"data":{"result":[{"value":[1,"x"]}]}}"#,
    ] {
        assert!(AnswerDecode::new(None).decode(&mut serde_json::Deserializer::from_str(json)).is_err(), "{json}");
    }
}

#[test]
fn a_series_of_many_samples_is_reduced_on_the_way_in() {
    let window = Window { start: Stamp(0), end: Stamp(10_000_000) };
    let grid = Grid::new(window, Duration::from_secs(1), 100);
    let samples: Vec<_> = (0..=10_000).map(|n| format!(r#"[{n},"{}"]"#, if n == 5_003 { 99 } else { n % 7 })).collect();
    let json = format!(r#"{{"status":"success","data":{{"result":[{{"metric":{{}},"values":[{}]}}]}}}}"#, samples.join(","));
    let answer = decoded(&json, Some(grid)).into_data().unwrap();
    let kept = &answer.series[0].samples;
    assert!(kept.len() <= 404, "{}", kept.len());
    assert!(kept.iter().any(|s| s.value.to_bits() == 99f64.to_bits() && s.at == Stamp(5_003_000)), "the spike is kept");
    assert_eq!(answer.step, Some(Duration::from_millis(100_001)));
}

fn many(count: usize, label: impl Fn(usize) -> String) -> Answer {
    let series: Vec<_> = (0..count).map(|n| format!(r#"{{"metric":{{"n":"{}"}},"value":[1,"{n}"]}}"#, label(n))).collect();
    answer(&format!(r#"{{"status":"success","data":{{"result":[{}]}}}}"#, series.join(",")))
}

#[test]
fn series_beyond_the_limit_are_counted() {
    let answer = many(MOST_SERIES + 500, |n| n.to_string());
    assert_eq!((answer.series.len(), &answer.warnings[..]), (MOST_SERIES, &["showing 2000 of 2500 series".to_owned()][..]));
}

#[test]
fn endless_labels_are_not_kept() {
    let answer = many(100, |n| format!("{n}{}", "x".repeat(100_000)));
    let kept = answer.series.len();
    assert!(kept < 45 && kept > 30, "{kept}");
    assert_eq!(answer.warnings, [format!("showing {kept} of 100 series")]);
}
