//! The hypothesis of a drill, probe by probe: before, now or after, how often it was broken, and its line over time.

use std::time::Duration;

use crate::domain::chaos::report::Report;
use crate::domain::chaos::{Probe, Reading, Sample, Tolerance};
use crate::domain::clean::Clean;
use crate::ui::panels::chart::sparkline;
use crate::ui::pen::{Pen, Words};
use crate::ui::theme::Role;

/// Columns of a probe's name, and of one of its values.
const NAME: usize = 24;
const VALUE: usize = 11;
const BROKEN: usize = 17;
/// The longest of its lines.
const LONGEST: usize = 80;

/// Every probe on one line, under a heading.
pub fn lines(report: &Report, is_live: bool, width: usize, pen: &Pen<'_>) -> Vec<Vec<Words>> {
    let samples: Vec<&Sample> = report.samples().collect();
    let last = if is_live { "now" } else { "after" };
    let head = format!("   {:<NAME$}{:>VALUE$}{last:>VALUE$}  {:<BROKEN$}", "steady state", "before", "while it was on");
    let mut lines = vec![vec![(Role::Dim, head)]];
    let room = width.saturating_sub(3 + NAME + 2 * VALUE + 2 + BROKEN + 1).min(LONGEST);
    lines.extend(report.hypothesis.iter().enumerate().map(|(at, probe)| line(report, at, probe, &samples, room, pen)));
    lines
}

fn line(report: &Report, at: usize, probe: &Probe, samples: &[&Sample], room: usize, pen: &Pen<'_>) -> Vec<Words> {
    let before = report.baseline.as_ref().and_then(|baseline| baseline.readings.get(at));
    let after = report.recovered.as_ref().and_then(|recovered| recovered.readings.get(at));
    let last = after.or_else(|| samples.last()?.readings.get(at));
    let (role, sign) = sign(probe, last.or(before), pen);
    let title = Clean::new(&probe.title());
    let name = pen.look.fit(title.as_str(), NAME - 1).into_owned();
    let (is, words) = broken(report, at);
    let values: Vec<f64> =
        samples.iter().filter_map(|one| one.readings.get(at)).map(|one| one.value.unwrap_or(f64::NAN)).collect();
    vec![
        (role, format!(" {sign} ")),
        (Role::Text, format!("{name:<NAME$}")),
        value(probe, before),
        value(probe, last),
        (is, format!("  {words:<BROKEN$} ")),
        (Role::Accent, sparkline(&values, room, pen.look)),
    ]
}

fn sign(probe: &Probe, last: Option<&Reading>, pen: &Pen<'_>) -> (Role, &'static str) {
    match last {
        None => (Role::Unknown, "?"),
        Some(_) if probe.tolerance == Tolerance::Any => (Role::Dim, pen.look.pick("·", ".")),
        Some(reading) if reading.holds => (Role::Good, pen.look.pick("✔", "+")),
        Some(_) => (Role::Critical, pen.look.pick("✖", "X")),
    }
}

fn value(probe: &Probe, reading: Option<&Reading>) -> Words {
    let Some(reading) = reading else { return (Role::Dim, format!("{:>VALUE$}", "-")) };
    let text = reading.value.map_or_else(|| "no answer".to_owned(), |value| probe.written(value));
    (if reading.holds { Role::Text } else { Role::Critical }, format!("{text:>VALUE$}"))
}

/// How many looks it did not hold at while the fault was on.
fn broken(report: &Report, at: usize) -> Words {
    let watched = report.watched.iter().flat_map(|watched| &watched.samples);
    let looks: Vec<&Reading> = watched.filter_map(|sample| sample.readings.get(at)).collect();
    let broken = looks.iter().filter(|reading| !reading.holds).count();
    match (broken, looks.len()) {
        (_, 0) => (Role::Dim, String::new()),
        (0, _) => (Role::Good, "held".to_owned()),
        (broken, all) => (Role::Critical, format!("broken {}%", (broken * 100).div_ceil(all))),
    }
}

/// `21.0s`: alerts and recoveries are told by the tenth.
pub fn seconds(time: Duration) -> String {
    if time < Duration::from_secs(60) { format!("{:.1}s", time.as_secs_f64()) } else { crate::domain::time::human(time) }
}
