//! The report of a `GameDay`: every drill at a glance, how long detection and recovery took, drill by drill and against earlier
//! ones, and then each drill's own report. Pure.

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::{Value, json};

use crate::domain::chaos::gameday::{GameDay, Kept, Played, Ran, Times, Verdict};
use crate::domain::clean::Clean;
use crate::domain::time::human;
use crate::jobs::drill::experiment::LeftOut;
use crate::jobs::drill::page::{self, seconds};

/// How many cells the longest bar has.
const WIDTH: f64 = 40.0;
/// How many times of one drill are told side by side.
const TOLD: usize = 4;

/// The report for people, as Markdown that can be read in a terminal, too.
pub fn markdown(day: &GameDay, environment: &str, played: &[Played], left_out: &[LeftOut], draw: &page::Draw<'_>) -> String {
    let mut text = format!("# GameDay: {}\n\n", Clean::new(&day.name));
    if let Some(about) = &day.about {
        let _ = writeln!(text, "{}\n", Clean::new(about));
    }
    let good = played.iter().filter(|one| one.verdict.is_good()).count();
    let _ = writeln!(text, "In {environment}: **{good} of {} drills without findings.**\n", played.len());
    glance(&mut text, played);
    bars(&mut text, "Time to detect", played, |times| times.detected);
    bars(&mut text, "Time to recover", played, |times| times.recovered);
    trend(&mut text, played);
    shown(&mut text, left_out);
    for (nth, one) in (1..).zip(played) {
        drill(&mut text, nth, one, draw);
    }
    text
}

/// The report for programs.
pub fn object(day: &GameDay, environment: &str, played: &[Played], left_out: &[LeftOut]) -> Value {
    json!({
        "name": day.name,
        "environment": environment,
        "good": played.iter().all(|one| one.verdict.is_good()),
        "drills": played.iter().map(one).collect::<Vec<_>>(),
        "left_out": left_out.iter().map(left).collect::<Vec<_>>(),
    })
}

/// What of an experiment is not run, for programs.
pub fn left(one: &LeftOut) -> Value {
    json!({ "name": one.name, "why": one.why })
}

fn one(played: &Played) -> Value {
    let base = |verdict: &str| json!({ "call": played.turn.call(), "why": played.turn.why, "verdict": verdict });
    let times = |times: &Times| {
        json!({
            "detected_seconds": times.detected.map(|time| time.as_secs_f64()),
            "recovered_seconds": times.recovered.map(|time| time.as_secs_f64()),
        })
    };
    let mut value = base(word(&played.verdict));
    let (mut refused, mut job, mut report, mut earlier, mut kept) = (None, None, Value::Null, Vec::new(), Value::Null);
    match &played.verdict {
        Verdict::Refused(why) => refused = Some(why.clone()),
        Verdict::NotReached => {}
        Verdict::Ran(ran) => {
            job = Some(ran.job);
            report = page::object(&ran.report);
            earlier = ran.earlier.iter().map(times).collect();
            kept = ran.kept.as_ref().map_or(Value::Null, |kept| {
                json!({ "rpo_seconds": kept.rpo.as_secs_f64(), "proved_seconds": kept.age.map(|age| age.as_secs_f64()), "kept": kept.holds() })
            });
        }
    }
    (value["refused"], value["job"], value["report"]) = (json!(refused), json!(job), report);
    (value["earlier"], value["rpo"]) = (json!(earlier), kept);
    value
}

fn word(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Ran(ran) if ran.report.watched.as_ref().is_some_and(|watched| watched.aborted.is_some()) => "aborted",
        Verdict::Ran(_) if verdict.is_good() => "no findings",
        Verdict::Ran(_) => "findings",
        Verdict::Refused(_) => "refused",
        Verdict::NotReached => "not reached",
    }
}

fn glance(text: &mut String, played: &[Played]) {
    let _ = writeln!(text, "| | drill | verdict | detected after | recovered after | RTO | RPO | requests lost |");
    let _ = writeln!(text, "| --- | --- | --- | --- | --- | --- | --- | --- |");
    for (nth, one) in (1..).zip(played) {
        let verdict = word(&one.verdict);
        let verdict = if one.verdict.is_good() { verdict.to_owned() } else { format!("**{verdict}**") };
        let cells = match &one.verdict {
            Verdict::Ran(ran) => cells(ran),
            Verdict::Refused(_) | Verdict::NotReached => std::array::from_fn(|_| "–".to_owned()),
        };
        let _ = writeln!(text, "| {nth} | {} | {verdict} | {} |", name(one), cells.join(" | "));
    }
    text.push('\n');
}

fn cells(ran: &Ran) -> [String; 5] {
    let times = Times::of(&ran.report);
    let dash = || "–".to_owned();
    let detected = match times.detected {
        Some(after) => seconds(after),
        None if ran.report.expects.is_empty() => "none expected".to_owned(),
        None => "**did not fire**".to_owned(),
    };
    let recovered = times.recovered.map_or_else(|| "**not**".to_owned(), seconds);
    let is_late = |rto: Duration| times.recovered.is_none_or(|after| after > rto);
    let rto = ran.report.rto.map_or_else(dash, |rto| format!("{} {}", human(rto), kept_word(!is_late(rto))));
    let rpo = ran.kept.as_ref().map_or_else(dash, rpo);
    let lost = ran.report.lost().map_or_else(|| "unknown".to_owned(), |lost| format!("about {lost:.0}"));
    [detected, recovered, rto, rpo, lost]
}

fn rpo(kept: &Kept) -> String {
    let age = kept.age.map_or_else(|| "no proved backup".to_owned(), |age| format!("proved {} ago", human(age)));
    format!("{} {} ({age})", human(kept.rpo), kept_word(kept.holds()))
}

fn kept_word(is_kept: bool) -> &'static str {
    if is_kept { "kept" } else { "**missed**" }
}

/// One bar for each drill.
fn bars(text: &mut String, head: &str, played: &[Played], of: impl Fn(&Times) -> Option<Duration>) {
    let all: Vec<(String, Option<Duration>)> = played.iter().filter_map(|one| Some((name(one), of(&times(one)?)))).collect();
    let Some(longest) = all.iter().filter_map(|(_, time)| *time).max() else { return };
    let width = all.iter().map(|(name, _)| name.chars().count()).max().unwrap_or_default();
    let _ = writeln!(text, "## {head}\n\n```text");
    for (name, time) in &all {
        let cells = |time: Duration| (time.as_secs_f64() / longest.as_secs_f64().max(f64::MIN_POSITIVE) * WIDTH).ceil() as usize;
        let bar = time.map_or_else(|| "–".to_owned(), |time| format!("{} {}", "█".repeat(cells(time)), seconds(time)));
        let _ = writeln!(text, "{name:<width$}  {bar}");
    }
    let _ = writeln!(text, "```\n");
}

/// Each drill against the same drill before.
fn trend(text: &mut String, played: &[Played]) {
    let mut rows = played.iter().filter_map(|one| match &one.verdict {
        Verdict::Ran(ran) if !ran.earlier.is_empty() => Some((name(one), ran)),
        _ => None,
    });
    let Some(first) = rows.next() else { return };
    let _ = writeln!(text, "## Against earlier ones\n\nThe oldest on the left, this one on the right.\n");
    let _ = writeln!(text, "| drill | runs | detected | recovered |\n| --- | --- | --- | --- |");
    for (name, ran) in std::iter::once(first).chain(rows) {
        let all: Vec<Times> = ran.earlier.iter().copied().chain([Times::of(&ran.report)]).collect();
        let detected: Vec<_> = all.iter().map(|times| times.detected).collect();
        let recovered: Vec<_> = all.iter().map(|times| times.recovered).collect();
        let _ = writeln!(text, "| {name} | {} | {} | {} |", all.len(), course(&detected), course(&recovered));
    }
    text.push('\n');
}

/// The last few times.
fn course(times: &[Option<Duration>]) -> String {
    let told = times.iter().skip(times.len().saturating_sub(TOLD)).map(|time| time.map_or_else(|| "–".to_owned(), seconds));
    told.collect::<Vec<_>>().join(" → ")
}

fn shown(text: &mut String, left_out: &[LeftOut]) {
    if left_out.is_empty() {
        return;
    }
    let _ = writeln!(text, "## Shown, and not run\n");
    for one in left_out {
        let _ = writeln!(text, "- {}: {}", Clean::new(&one.name), Clean::new(&one.why));
    }
    text.push('\n');
}

fn drill(text: &mut String, nth: usize, one: &Played, draw: &page::Draw<'_>) {
    let _ = writeln!(text, "## {nth}. {}\n", name(one));
    if let Some(why) = &one.turn.why {
        let _ = writeln!(text, "{}\n", Clean::new(why));
    }
    match &one.verdict {
        // Below its own heading, which says the same.
        Verdict::Ran(ran) => {
            let page = page::markdown(&ran.report, draw);
            text.push_str(page.split_once("\n\n").map_or("", |(_, rest)| rest));
        }
        Verdict::Refused(why) => {
            let _ = writeln!(text, "**Not run:** {}\n", Clean::new(why));
        }
        Verdict::NotReached => {
            let _ = writeln!(text, "**Not run:** the GameDay had stopped before.\n");
        }
    }
    text.push('\n');
}

fn name(one: &Played) -> String {
    let target = one.turn.given.iter().find(|(name, _)| name == "target").map(|(_, target)| target.as_str());
    let target = match &one.verdict {
        Verdict::Ran(ran) => Some(ran.report.target.as_str()),
        Verdict::Refused(_) | Verdict::NotReached => target,
    };
    let on = target.map(|target| format!(" on {target}")).unwrap_or_default();
    Clean::new(&format!("{}{on}", one.turn.scenario)).into_string()
}

fn times(one: &Played) -> Option<Times> {
    match &one.verdict {
        Verdict::Ran(ran) => Some(Times::of(&ran.report)),
        Verdict::Refused(_) | Verdict::NotReached => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::domain::chaos::end::{Ended, Why};
    use crate::domain::chaos::gameday::Turn;
    use crate::domain::chaos::report::Report;
    use crate::domain::chaos::{Fired, Recovered, Watched};
    use crate::domain::job::JobId;
    use crate::domain::time::Stamp;

    fn ran(detected: Option<u64>, recovered: u64) -> Played {
        let fired = detected.map(|after| Fired { alert: "RedisDown".to_owned(), after: Duration::from_secs(after) });
        let report = Report {
            scenario: "redis-down".to_owned(),
            target: "redis".to_owned(),
            lasts: Duration::from_secs(60),
            hypothesis: vec![],
            expects: vec!["RedisDown".to_owned()],
            rto: Some(Duration::from_secs(300)),
            baseline: None,
            injected: None,
            watched: Some(Watched { fired: fired.into_iter().collect(), ..Watched::default() }),
            ended: Some(Ended { at: Stamp(0), took: Duration::from_secs(1), why: Why::Asked }),
            recovered: Some(Recovered {
                after: Some(Duration::from_secs(recovered)),
                waited: Duration::from_secs(recovered),
                readings: vec![],
                samples: vec![],
                fired: vec![],
            }),
        };
        let kept = Some(Kept { age: Some(Duration::from_secs(7200)), rpo: Duration::from_secs(3600) });
        let earlier = vec![Times { detected: Some(Duration::from_secs(30)), recovered: Some(Duration::from_secs(8)) }];
        let turn = Turn { scenario: "redis-down".to_owned(), ..Turn::default() };
        Played { turn, verdict: Verdict::Ran(Box::new(Ran { job: JobId(3), report, kept, earlier })) }
    }

    #[test]
    fn a_gameday_is_told_at_a_glance_with_graphs_and_against_earlier_ones() {
        let refused =
            Played { turn: Turn { scenario: "x".to_owned(), ..Turn::default() }, verdict: Verdict::Refused("no".to_owned()) };
        let day = GameDay { name: "November".to_owned(), ..GameDay::default() };
        let left_out = [LeftOut { name: "pods".to_owned(), why: "unknown".to_owned() }];
        let text = markdown(&day, "demo", &[ran(Some(20), 4), ran(None, 400), refused], &left_out, &|_| "graphs\n".to_owned());
        for part in [
            "**1 of 3 drills without findings.**",
            "| 1 | redis-down on redis | no findings | 20.0 s | 4.0 s | 5m kept | 1h **missed** (proved 2h ago) | unknown |",
            "| 2 | redis-down on redis | **findings** | **did not fire** |",
            "| 3 | x | **refused** | – |",
            "redis-down on redis  █ 4.0 s",
            "| redis-down on redis | 2 | 30.0 s → 20.0 s | 8.0 s → 4.0 s |",
            "- pods: unknown",
            "**Not run:** no",
        ] {
            assert!(text.contains(part), "{part}:\n{text}");
        }
        assert!(!object(&day, "demo", &[ran(None, 4)], &[])["good"].as_bool().unwrap());
    }
}
