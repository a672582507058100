#![allow(clippy::unwrap_used)]

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::adapters::http::{Decode, json};
use crate::adapters::prometheus::answer::{AnswerDecode, MOST_SERIES};
use crate::domain::range::Window;
use crate::domain::series::Answer;

/// Reads so many bytes at once.
struct Drops<'a>(&'a [u8], usize);

impl Read for Drops<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let most = self.1.min(into.len());
        self.0.read(&mut into[..most])
    }
}

fn decode() -> AnswerDecode {
    let window = Window { start: Stamp(0), end: Stamp(100_000) };
    AnswerDecode::new(Some(Grid::new(window, Duration::from_secs(1), 20)))
}

fn scanned(body: &str, at_once: usize) -> Result<Answer, String> {
    let envelope = decode().stream(Drops(body.as_bytes(), at_once)).map_err(|error| error.to_string())?;
    envelope.into_data().map_err(|fault| fault.to_string())
}

fn by_serde(body: &str) -> Result<Answer, String> {
    let envelope = json(body.as_bytes(), |from| decode().decode(from)).map_err(|error| error.to_string())?;
    envelope.into_data().map_err(|fault| fault.to_string())
}

const TAIL: &str = r#"]},"warnings":["one store is down"]}"#;

fn matrix(series: &[String]) -> String {
    format!(r#"{{"status":"success","data":{{"resultType":"matrix","result":[{}{TAIL}"#, series.join(","))
}

/// A series as Prometheus writes it, or one of the other ways in which it might be written.
fn one(spelling: u8, label: &str, samples: &[(String, String)]) -> String {
    let label = serde_json::to_string(label).unwrap();
    let pairs: Vec<String> = samples.iter().map(|(at, value)| format!(r#"[{at},"{value}"]"#)).collect();
    let (metric, values) = (format!(r#"{{"__name__":"up","x":{label}}}"#), format!("[{}]", pairs.join(",")));
    match spelling {
        0 => format!(r#"{{"values":{values},"metric":{metric}}}"#),
        1 => format!(r#"{{ "metric": {metric}, "values": {values} }}"#),
        2 => format!(r#"{{"metric":{metric},"values":{values},"histograms":[[1,{{"count":"1"}}]]}}"#),
        3 => format!(r#"{{"metric":{metric}}}"#),
        _ => format!(r#"{{"metric":{metric},"values":{values}}}"#),
    }
}

fn sample() -> impl Strategy<Value = (String, String)> {
    let at = prop_oneof![4 => "[1-9][0-9]{0,2}", 2 => "[1-9][0-9]\\.[0-9]{1,3}", 1 => "[1-9]\\.[0-9]{4,6}", 1 => Just("1e1".to_owned())];
    let plain = prop_oneof!["-?[0-9]{1,17}", "-?[0-9]{1,9}\\.[0-9]{1,12}"];
    let odd = prop::sample::select(vec!["NaN", "+Inf", "-Inf", "1e-7", "1.7976931348623157e+308", "-0", "5.", ".5", "5e-324"]);
    (at, prop_oneof![3 => plain, 1 => odd.prop_map(str::to_owned)])
}

proptest! {
    #[test]
    fn the_short_way_finds_what_serde_finds(
        series in prop::collection::vec((0u8..20, "[a-z\"\\\\{}\u{1b}é]{0,6}", prop::collection::vec(sample(), 0..30)), 0..8),
        at_once in 1usize..2_000,
    ) {
        let series: Vec<_> = series.iter().map(|(spelling, label, samples)| one(*spelling, label, samples)).collect();
        let body = matrix(&series);
        prop_assert_eq!(scanned(&body, at_once), by_serde(&body), "{}", body);
    }

    #[test]
    fn what_is_cut_is_an_error(samples in prop::collection::vec(sample(), 1..4), cut in 0usize..400) {
        let body = matrix(&[one(9, "a", &samples), one(9, "b", &samples)]);
        let cut = cut % body.len();
        prop_assert!(scanned(&body[..cut], 100).is_err(), "{}", &body[..cut]);
    }

    #[test]
    fn a_decimal_is_the_nearest_number_there_is(whole in 0u64..10_000_000_000, fraction in "[0-9]{0,5}", minus in any::<bool>()) {
        let text = format!("{}{whole}.{fraction}", if minus { "-" } else { "" });
        let (value, end) = decimal(format!("{text}\"").as_bytes(), 0).unwrap();
        prop_assert_eq!((value.to_bits(), end), (text.parse::<f64>().unwrap().to_bits(), text.len()));
    }
}

fn steady(count: usize) -> Vec<(String, String)> {
    (1..=count).map(|n| (n.to_string(), (n % 7).to_string())).collect()
}

#[test]
fn a_series_longer_than_what_is_kept_is_serdes() {
    let long = one(9, "long", &steady(120_000));
    assert!(long.len() > LONGEST + PIECE);
    let body = matrix(&[one(9, "a", &steady(50)), long, one(9, "b", &steady(50))]);
    assert_eq!(scanned(&body, 10_000), by_serde(&body));
    assert_eq!(scanned(&body, 10_000).unwrap().series.len(), 3);
}

#[test]
fn series_that_are_not_kept_are_counted() {
    let many: Vec<_> = (0..MOST_SERIES + 300).map(|n| one(9, &n.to_string(), &steady(40))).collect();
    let body = matrix(&many);
    assert_eq!(scanned(&body, 5_000), by_serde(&body));
    assert_eq!(scanned(&body, 5_000).unwrap().warnings, ["one store is down", "showing 2000 of 2300 series"]);
}

#[test]
fn what_cannot_be_read_is_told() {
    struct Breaks(usize);
    impl Read for Breaks {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            self.0 += 1;
            let body = matrix(&[one(9, "a", &steady(50))]);
            if self.0 > 1 { Err(io::Error::other("no more")) } else { (&body.as_bytes()[..300]).read(into) }
        }
    }
    let error = decode().stream(Breaks(0)).map(|_| ()).unwrap_err();
    assert!(error.to_string().contains("no more"), "{error}");
}
