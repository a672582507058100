//! The last hour of an expression as one line of text for a log: small enough to be read in a mail at 03:00. Plain.

use std::time::Duration;

use crate::domain::series::{Answer, Sample, Series};

/// How much is drawn, and how finely.
const HOUR: Duration = Duration::from_secs(3600);
const COLUMNS: usize = 60;
/// The most series of one expression.
const MOST: usize = 4;
/// From nothing to everything.
const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// Where nothing is known.
const GAP: char = ' ';

/// The expression that answers an hour of another, one sample a column.
pub fn of_the_last_hour(expr: &str) -> String {
    format!("({expr})[{}s:{}s]", HOUR.as_secs(), HOUR.as_secs() / COLUMNS as u64)
}

/// One line a series: `latency {job="app"}: ▁▁▂█▇ least 0.1, most 2.5, now 2.3`.
pub fn lines(name: &str, answer: &Answer) -> Vec<String> {
    if answer.series.is_empty() {
        return vec![format!("{name}, the last hour: nothing was measured")];
    }
    let more = answer.series.len().saturating_sub(MOST);
    let mut lines: Vec<String> = answer.series.iter().take(MOST).map(|series| line(name, series)).collect();
    lines.extend((more > 0).then(|| format!("{name}: {more} more series")));
    lines
}

fn line(name: &str, series: &Series) -> String {
    let known = || series.samples.iter().map(|sample| sample.value).filter(|value| value.is_finite());
    let labels = if series.labels.is_empty() { String::new() } else { format!(" {}", series.labels) };
    let (least, most) = (known().fold(f64::INFINITY, f64::min), known().fold(f64::NEG_INFINITY, f64::max));
    let now = series.last().map_or(f64::NAN, |sample| sample.value);
    if least > most {
        return format!("{name}{labels}, the last hour: nothing was measured");
    }
    let drawn = drawn(&series.samples, least, most);
    format!("{name}{labels}, the last hour: {drawn} least {}, most {}, now {}", short(least), short(most), short(now))
}

/// The newest sample is the last column; what is missing stays empty.
fn drawn(samples: &[Sample], least: f64, most: f64) -> String {
    let (Some(newest), step) = (samples.last(), HOUR.as_millis() as i64 / COLUMNS as i64) else { return String::new() };
    let mut columns = [GAP; COLUMNS];
    for sample in samples.iter().filter(|sample| sample.value.is_finite()) {
        let back = usize::try_from((newest.at.0 - sample.at.0) / step).unwrap_or(COLUMNS);
        if let Some(column) = COLUMNS.checked_sub(back + 1) {
            columns[column] = level(sample.value, least, most);
        }
    }
    columns.iter().collect::<String>().trim_start().to_owned()
}

fn level(value: f64, least: f64, most: f64) -> char {
    let part = if most > least { (value - least) / (most - least) } else { 0.0 };
    LEVELS[((part * (LEVELS.len() - 1) as f64).round() as usize).min(LEVELS.len() - 1)]
}

/// Four digits tell enough.
fn short(value: f64) -> String {
    let digits = if value == 0.0 || !value.is_finite() { 0 } else { (3 - value.abs().log10().floor() as i32).clamp(0, 9) };
    let text = format!("{value:.*}", digits as usize);
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Stamp;

    fn series(values: &[f64]) -> Series {
        let samples = values.iter().zip(0..).map(|(value, at)| Sample { at: Stamp(at * 60_000), value: *value }).collect();
        Series { samples, ..Series::default() }
    }

    fn told(values: &[f64]) -> String {
        lines("load", &Answer { series: vec![series(values)], ..Answer::default() }).join("\n")
    }

    #[test]
    fn an_hour_is_drawn_between_its_least_and_its_most() {
        assert_eq!(told(&[0.0, 3.5, 7.0, 0.12345]), "load, the last hour: ▁▅█▁ least 0, most 7, now 0.1235");
        assert_eq!(told(&[2.0, 2.0]), "load, the last hour: ▁▁ least 2, most 2, now 2");
    }

    #[test]
    fn what_was_not_measured_is_a_gap_and_never_a_nought() {
        assert_eq!(told(&[1.0, f64::NAN, 2.0]), "load, the last hour: ▁ █ least 1, most 2, now 2");
        assert_eq!(told(&[f64::NAN]), "load, the last hour: nothing was measured");
        assert_eq!(lines("load", &Answer::default()), ["load, the last hour: nothing was measured"]);
    }

    #[test]
    fn of_many_series_the_first_are_drawn_and_the_rest_is_counted() {
        let answer = Answer { series: vec![series(&[1.0]); 6], ..Answer::default() };
        assert_eq!(lines("load", &answer).len(), MOST + 1);
        assert_eq!(lines("load", &answer)[MOST], "load: 2 more series");
    }

    #[test]
    fn more_than_an_hour_is_cut() {
        let drawn = told(&(0..100).map(f64::from).collect::<Vec<_>>());
        assert_eq!(drawn.chars().filter(|c| LEVELS.contains(c)).count(), COLUMNS, "{drawn}");
    }
}
