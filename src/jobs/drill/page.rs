//! A drill's report: gathered from what its steps told, and written as Markdown. Pure: whoever can draw is given to it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::domain::chaos::report::{Detection, Report};
use crate::domain::chaos::{Probe, Reading};
use crate::domain::clean::Clean;
use crate::domain::plan::{Plan, StepId};
use crate::domain::time::human;
use crate::jobs::drill::Drill;

/// Draws the courses of a drill's probes, as Markdown.
pub type Draw<'a> = dyn Fn(&Report) -> String + 'a;

/// What a drill has shown so far; none where the plan is no drill.
pub fn gather(plan: &Plan, outputs: &BTreeMap<StepId, Value>) -> Option<Report> {
    let drill = Drill::of(plan)?;
    Some(Report {
        target: drill.target.words(),
        rto: drill.target.service.backup.as_ref().and_then(|policy| policy.rto),
        scenario: drill.scenario,
        lasts: drill.lasts,
        hypothesis: drill.hypothesis,
        expects: drill.expects,
        baseline: told(plan, outputs, "baseline"),
        injected: told(plan, outputs, "inject"),
        watched: told(plan, outputs, "watch"),
        ended: told(plan, outputs, "end"),
        recovered: told(plan, outputs, "steady"),
    })
}

fn told<T: DeserializeOwned>(plan: &Plan, outputs: &BTreeMap<StepId, Value>, kind: &str) -> Option<T> {
    let step = plan.steps.iter().find(|spec| spec.kind == kind)?;
    serde_json::from_value(outputs.get(&step.id)?.clone()).ok()
}

/// The report for people.
pub fn markdown(report: &Report, draw: &Draw<'_>) -> String {
    let mut text = format!("# Drill: {} on {}, {}\n\n", report.scenario, Clean::new(&report.target), human(report.lasts));
    let findings = report.findings();
    let verdict = if findings.is_empty() { "**No findings.**".to_owned() } else { format!("**Findings: {}.**", findings.len()) };
    let _ = writeln!(text, "{verdict}\n");
    for finding in &findings {
        let _ = writeln!(text, "- {}", Clean::new(finding));
    }
    if !findings.is_empty() {
        text.push('\n');
    }
    times(&mut text, report);
    alerts(&mut text, report);
    hypothesis(&mut text, report);
    text + &draw(report)
}

/// The report for programs.
pub fn object(report: &Report) -> Value {
    let seconds = |time: Duration| time.as_secs_f64();
    let watched = report.watched.as_ref();
    let probe = |(at, probe): (usize, &Probe)| {
        let looks: Vec<&Reading> = watched.iter().flat_map(|one| &one.samples).filter_map(|one| one.readings.get(at)).collect();
        let value = |readings: Option<&Vec<Reading>>| readings.and_then(|readings| readings.get(at)?.value);
        json!({
            "name": probe.name,
            "tolerance": probe.tolerance.words(),
            "before": value(report.baseline.as_ref().map(|baseline| &baseline.readings)),
            "after": value(report.recovered.as_ref().map(|recovered| &recovered.readings)),
            "looks": looks.len(),
            "broken": looks.iter().filter(|reading| !reading.holds).count(),
        })
    };
    let detection = |Detection { alert, expected, after }| json!({ "alert": alert, "expected": expected, "after_seconds": after.map(seconds) });
    json!({
        "scenario": report.scenario,
        "target": report.target,
        "lasts_seconds": seconds(report.lasts),
        "on_seconds": watched.map(|watched| seconds(watched.lasted)),
        "aborted": watched.and_then(|watched| watched.aborted.clone()),
        "ended": report.ended.as_ref().map(|ended| json!({ "why": ended.why, "took_seconds": seconds(ended.took) })),
        "findings": report.findings(),
        "detections": report.detections().into_iter().map(detection).collect::<Vec<_>>(),
        "recovered_seconds": report.recovered.as_ref().and_then(|recovered| recovered.after).map(seconds),
        "rto_seconds": report.rto.map(seconds),
        "requests_lost": report.lost(),
        "hypothesis": report.hypothesis.iter().enumerate().map(probe).collect::<Vec<_>>(),
    })
}

fn times(text: &mut String, report: &Report) {
    let _ = writeln!(text, "| what | measured |\n| --- | --- |");
    let mut row = |what: &str, measured: String| {
        let _ = writeln!(text, "| {what} | {measured} |");
    };
    if let Some(watched) = &report.watched {
        row("the fault was on", seconds(watched.lasted));
    }
    match &report.ended {
        Some(ended) if ended.is_verified() => {
            row("ended", format!("{}, verified after {}", ended.why.words(), seconds(ended.took)));
        }
        Some(ended) => row("ended", format!("**no**: {}", ended.why.words())),
        None => {}
    }
    match report.recovered.as_ref().map(|recovered| recovered.after) {
        Some(Some(after)) => {
            let rto = report.rto.map(|rto| format!(" (RTO {}: {})", human(rto), if after > rto { "missed" } else { "kept" }));
            row("recovered after", format!("{}{}", seconds(after), rto.unwrap_or_default()));
        }
        Some(None) => row("recovered after", "**not while it was waited for**".to_owned()),
        None => {}
    }
    row("requests lost", report.lost().map_or_else(|| "unknown".to_owned(), |lost| format!("about {lost:.0}")));
    text.push('\n');
}

fn alerts(text: &mut String, report: &Report) {
    let _ = writeln!(text, "| alert | fired |\n| --- | --- |");
    for Detection { alert, expected, after } in report.detections() {
        let role = if expected { "expected" } else { "not expected" };
        let fired = after.map_or_else(|| "**did not fire**".to_owned(), |after| format!("after {}", seconds(after)));
        let _ = writeln!(text, "| {} ({role}) | {fired} |", cell(&alert));
    }
    text.push('\n');
}

fn hypothesis(text: &mut String, report: &Report) {
    let _ = writeln!(text, "| hypothesis | before | during | after |\n| --- | --- | --- | --- |");
    for (at, probe) in report.hypothesis.iter().enumerate() {
        let before = report.baseline.as_ref().and_then(|baseline| baseline.readings.get(at));
        let after = report.recovered.as_ref().and_then(|recovered| recovered.readings.get(at));
        let watched = report.watched.iter().flat_map(|watched| &watched.samples);
        let during: Vec<&Reading> = watched.filter_map(|sample| sample.readings.get(at)).collect();
        let name = cell(&probe.title());
        let _ = writeln!(text, "| {name} | {} | {} | {} |", one(probe, before), worst(&during), one(probe, after));
    }
    text.push('\n');
}

/// Text from outside in a table: a bar in a query or a label ends no cell.
fn cell(text: &str) -> String {
    Clean::new(text).to_string().replace('|', "\\|")
}

fn one(probe: &Probe, reading: Option<&Reading>) -> String {
    let Some(reading) = reading else { return "not measured".to_owned() };
    let value = reading.value.map_or_else(|| "no answer".to_owned(), |value| probe.written(value));
    if reading.holds { value } else { format!("**{value}**") }
}

/// How much of the time it held.
fn worst(readings: &[&Reading]) -> String {
    let bad = readings.iter().filter(|reading| !reading.holds).count();
    match (bad, readings.len()) {
        (_, 0) => "not measured".to_owned(),
        (0, _) => "held".to_owned(),
        (bad, all) => format!("**broken** {bad} of {all} looks"),
    }
}

/// A time as reports say it.
pub(super) fn seconds(time: Duration) -> String {
    if time < Duration::from_secs(60) { format!("{:.1} s", time.as_secs_f64()) } else { human(time) }
}
