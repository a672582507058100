//! One drill, while it runs or afterwards: its fault, the end of it, the hypothesis, the alerts, what was lost, and what was found.

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::model::Shared;
use crate::app::screens::chaos::{faults, target};
use crate::app::screens::jobs::{self, steps};
use crate::domain::chaos::end::{Found, Stage};
use crate::domain::chaos::report::{Detection, Drilled, Report};
use crate::domain::clean::Clean;
use crate::domain::job::State;
use crate::domain::range::clock;
use crate::domain::time::{Stamp, human};
use crate::ui::panels::chart::{course, course_height, courses};
use crate::ui::pen::{Pen, Words};
use crate::ui::plan::hanging;
use crate::ui::screens::chaos::probes::{self, seconds};
use crate::ui::screens::jobs::sign;
use crate::ui::theme::Role;

/// Cells of the bar of a fault's time.
const BAR: usize = 30;
/// The widest graph.
const WIDEST: u16 = 120;

/// Draws it: its words, and below them the course of each probe that has one.
pub fn draw(shared: &Shared, drill: &Drilled, scroll: usize, area: Rect, pen: &mut Pen<'_>) {
    let lines = lines(shared, drill, usize::from(area.width), pen);
    let (courses, each) = (courses(&drill.report), course_height(&drill.report) + 2);
    let all = lines.len() + courses.len() * usize::from(each);
    let first = scroll.min(all.saturating_sub(usize::from(area.height)));
    for (row, line) in lines.iter().skip(first).take(usize::from(area.height)).enumerate() {
        pen.line(area, row as u16, line);
    }
    for (nth, at) in courses.into_iter().enumerate() {
        let top = (lines.len() + nth * usize::from(each)) as i32 - first as i32;
        if top < i32::from(area.height) && top + i32::from(each) > 0 {
            graph(&drill.report, at, top, Rect { height: each, width: area.width.min(WIDEST), ..area }, area, pen);
        }
    }
}

/// A heading and the course of a probe, as much of it as is in sight: `top` is its first row, counted from the top of the body.
fn graph(report: &Report, at: usize, top: i32, size: Rect, body: Rect, pen: &mut Pen<'_>) {
    let Some(probe) = report.hypothesis.get(at) else { return };
    let mut whole = Buffer::empty(Rect { x: 0, y: 0, ..size });
    let mut aside = Pen::new(&mut whole, pen.look);
    aside.heading(Rect { x: 0, y: 0, ..size }, 1, Clean::new(&probe.title()).as_str(), false);
    let below = Rect { x: 1, y: 2, width: size.width.saturating_sub(2), height: size.height.saturating_sub(2) };
    course(report, at, pen.look, below, &mut whole);
    for y in 0..size.height {
        let Some(row) = u16::try_from(top + i32::from(y)).ok().filter(|row| *row < body.height) else { continue };
        for x in 0..size.width {
            if let (Some(from), Some(to)) = (whole.cell((x, y)), pen.buf.cell_mut((body.x + x, body.y + row))) {
                to.set_symbol(from.symbol()).set_style(from.style());
            }
        }
    }
}

fn lines(shared: &Shared, drill: &Drilled, width: usize, pen: &Pen<'_>) -> Vec<Vec<Words>> {
    let is_live = !matches!(drill.state, State::Ended(_));
    let report = &drill.report;
    let mut lines = vec![title(shared, drill, pen)];
    lines.extend(step(shared, drill, width));
    lines.push(vec![]);
    lines.push(on(shared, report, drill.state, pen));
    lines.extend(end(shared, drill, width, pen));
    lines.extend(recovery(report, is_live, pen));
    lines.push(pair("requests", Role::Text, lost(report)));
    lines.push(vec![]);
    lines.extend(probes::lines(report, is_live, width, pen));
    lines.push(vec![]);
    lines.extend(alerts(shared, report, is_live, pen));
    if !is_live {
        lines.push(vec![]);
        lines.extend(findings(report, width, pen));
    }
    lines
}

fn title(shared: &Shared, drill: &Drilled, pen: &Pen<'_>) -> Vec<Words> {
    let (role, sign) = sign(drill.state, pen);
    let report = &drill.report;
    let when = clock(drill.submitted);
    let when = when.get(..16).unwrap_or_default();
    let since = match drill.state {
        State::Ended(_) => String::new(),
        _ => format!(", {} ago", human(shared.now.wall.since(drill.submitted))),
    };
    vec![
        (role, format!(" {sign} ")),
        (Role::Title, format!(" {} {} on {}", drill.job, report.scenario, Clean::new(&target(shared, drill)))),
        (Role::Dim, format!("  {when}Z{since}, by {}", Clean::new(&drill.operator))),
    ]
}

/// The step that runs, or why one failed; what is found is told below.
fn step(shared: &Shared, drill: &Drilled, width: usize) -> Vec<Vec<Words>> {
    let Some(job) = jobs::find(shared, drill.job) else { return vec![] };
    let all = steps::steps(job);
    let running = all.iter().position(|step| matches!(step.standing, steps::Standing::Running | steps::Standing::Undoing));
    if let Some(at) = running.and_then(|at| Some((at, all.get(at)?))) {
        let words = format!("step {} of {}: {}", at.0 + 1, all.len(), Clean::new(&at.1.spec.title));
        return vec![vec![(Role::Dim, format!(" {words}"))]];
    }
    let failed = job.failure().filter(|_| drill.report.watched.is_none());
    failed.map(|failure| hanging((Role::Critical, " ".into()), &failure.what, Role::Critical, width)).unwrap_or_default()
}

fn pair(name: &str, role: Role, value: String) -> Vec<Words> {
    vec![(Role::Dim, format!(" {name:<10} ")), (role, value)]
}

/// How long the fault has been on, and how long it still is.
fn on(shared: &Shared, report: &Report, state: State, pen: &Pen<'_>) -> Vec<Words> {
    let (lasts, is_live) = (human(report.lasts), !matches!(state, State::Ended(_)));
    if report.ended.as_ref().is_some_and(|ended| !ended.is_verified()) {
        return pair("the fault", Role::Critical, format!("was never ended, of {lasts}"));
    }
    // A worker that died while it put the fault in has not told.
    if report.injected.is_none() && state == State::Lost {
        let words =
            if report.ended.is_some() { "is over, if it was ever on" } else { "may be on: its worker died before it told" };
        return pair("the fault", Role::Warning, words.to_owned());
    }
    let Some(injected) = &report.injected else {
        return pair("the fault", Role::Dim, format!("{} {lasts}", if is_live { "not yet on; for" } else { "was never on, of" }));
    };
    let is_on = is_live && report.ended.is_none();
    if !is_on {
        let watched = report.watched.as_ref().map(|watched| watched.lasted);
        // Where its worker was killed nobody has measured it: at least as long as until its end was begun.
        let told = || report.ended.as_ref().map(|ended| ended.at.since(injected.at));
        let lasted = watched.or_else(told).map_or_else(|| "nobody knows how long".to_owned(), seconds);
        return pair("the fault", Role::Text, format!("was on for {lasted} of {lasts}"));
    }
    let so_far = shared.now.wall.since(injected.at).min(report.lasts);
    let mut words = vec![(Role::Dim, format!(" {:<10} ", "the fault"))];
    words.extend(bar(so_far, report.lasts, pen));
    let left = report.lasts.saturating_sub(so_far);
    words.push((Role::Warning, format!("  on for {} of {lasts}, {} left", human(so_far), human(left))));
    words
}

fn bar(part: Duration, whole: Duration, pen: &Pen<'_>) -> [Words; 2] {
    let ratio = part.as_secs_f64() / whole.as_secs_f64().max(f64::MIN_POSITIVE);
    let full = ((ratio * BAR as f64) as usize).min(BAR);
    [(Role::Warning, pen.look.pick("█", "#").repeat(full)), (Role::Grid, pen.look.pick("░", "-").repeat(BAR - full))]
}

/// How the end of the fault stands, or how it ended.
fn end(shared: &Shared, drill: &Drilled, width: usize, pen: &Pen<'_>) -> Vec<Vec<Words>> {
    let label = (Role::Dim, format!(" {:<10} ", "its end"));
    if let Some(ended) = drill.report.ended.as_ref().filter(|ended| !ended.is_verified()) {
        let (sign, when) = (pen.look.pick("✖", "X"), clock(ended.at));
        let words = format!("{sign} NOT ENDED: {} at {when}; midwatch chaos sweep tells what is yours to do", ended.why.words());
        return hanging(label, &words, Role::Critical, width);
    }
    if let Some(ended) = &drill.report.ended {
        let sign = pen.look.pick("✔", "+");
        let words = format!("{sign} {}, and verified after {}", ended.why.words(), seconds(ended.took));
        return vec![vec![label, (Role::Good, words)]];
    }
    let Some(open) = faults(shared).iter().find(|open| open.record.undoing.job == drill.job) else {
        let nothing = if drill.report.injected.is_some() { "? not verified" } else { "not armed yet" };
        let role = if drill.report.injected.is_some() { Role::Unknown } else { Role::Dim };
        return vec![vec![label, (role, nothing.to_owned())]];
    };
    let (role, words) = stage(open, shared.now.wall, pen);
    hanging(label, &words, role, width)
}

/// How an end that is still to be performed stands, in whole words.
fn stage(open: &Found, now: Stamp, pen: &Pen<'_>) -> Words {
    let bad = pen.look.pick("✖", "X");
    match open.stage() {
        Stage::Arming => (Role::Dim, "is being armed; nothing is broken yet".to_owned()),
        Stage::Armed => {
            let (sign, left) = (pen.look.pick("✔", "+"), human(open.record.due.since(now)));
            (Role::Good, format!("{sign} armed: due in {left} at the latest, whoever lives then"))
        }
        Stage::Ending => (Role::Accent, "ENDING: the fault is being undone".to_owned()),
        Stage::Failing(tries, trouble) => {
            (Role::Critical, format!("{bad} NOT ENDED after {tries} tries; it is tried again and again: {}", Clean::new(trouble)))
        }
        Stage::Deserted => {
            let said = open.words.as_ref().map(|words| format!("; the last one said: {}", Clean::new(words))).unwrap_or_default();
            (Role::Critical, format!("{bad} NOT ENDED: whoever waited to end it was killed; somebody is started for it{said}"))
        }
    }
}

/// A fault whose end is still to be performed, in the few words of the bar on top of every screen.
pub fn fault(open: &Found, now: Stamp) -> Words {
    let job = open.record.undoing.job;
    match open.stage() {
        Stage::Arming => (Role::Dim, format!("  fault {job} being armed")),
        Stage::Armed => (Role::Warning, format!("  FAULT ON {job}, ends in {}", human(open.record.due.since(now)))),
        Stage::Ending => (Role::Warning, format!("  FAULT ENDING {job}")),
        Stage::Failing(tries, _) => (Role::Critical, format!("  FAULT NOT ENDED {job}, {tries} tries: 8")),
        Stage::Deserted => (Role::Critical, format!("  FAULT LEFT {job}, nobody waits to end it: 8")),
    }
}

fn recovery(report: &Report, is_live: bool, pen: &Pen<'_>) -> Option<Vec<Words>> {
    let recovered = report.recovered.as_ref()?;
    let Some(after) = recovered.after else {
        let (waited, sign) = (human(recovered.waited), pen.look.pick("✖", "X"));
        return Some(if is_live {
            pair("recovery", Role::Warning, format!("not yet, {waited} after its end"))
        } else {
            pair("recovery", Role::Critical, format!("{sign} not steady {waited} after its end; nobody waited longer"))
        });
    };
    let kept = report.rto.map(|rto| (after <= rto, human(rto)));
    let (role, sign, rto) = match kept {
        Some((true, rto)) => (Role::Good, pen.look.pick("✔", "+"), format!(", within the RTO of {rto}")),
        Some((false, rto)) => (Role::Critical, pen.look.pick("✖", "X"), format!(": the RTO is {rto}")),
        None => (Role::Text, pen.look.pick("✔", "+"), ", no RTO is set".to_owned()),
    };
    Some(pair("recovery", role, format!("{sign} steady {} after its end{rto}", seconds(after))))
}

fn lost(report: &Report) -> String {
    match report.lost() {
        Some(lost) => format!("about {lost:.0} lost"),
        None if report.watched.is_none() => "none counted yet".to_owned(),
        None => "nobody counts them: no signal in req/s beside one of errors".to_owned(),
    }
}

fn alerts(shared: &Shared, report: &Report, is_live: bool, pen: &Pen<'_>) -> Vec<Vec<Words>> {
    let heading = if is_live { "   alerts that should fire" } else { "   alerts that should have fired" };
    let mut lines = vec![vec![(Role::Dim, heading.to_owned())]];
    if report.expects.is_empty() {
        lines.push(vec![(Role::Dim, "   none".to_owned())]);
    }
    lines.extend(report.detections().into_iter().map(|found| detection(shared, report, found, is_live, pen)));
    lines
}

fn detection(shared: &Shared, report: &Report, found: Detection, is_live: bool, pen: &Pen<'_>) -> Vec<Words> {
    let Detection { alert, expected, after } = found;
    let (role, sign, words) = match (after, is_live) {
        (Some(after), _) if !expected => {
            (Role::Warning, pen.look.pick("▲", "!"), format!("fired after {}, not expected", seconds(after)))
        }
        (Some(after), _) => (Role::Good, pen.look.pick("✔", "+"), format!("fired after {}", seconds(after))),
        (None, true) => {
            let on = report.injected.as_ref().map(|injected| human(shared.now.wall.since(injected.at)));
            (Role::Unknown, pen.look.pick("·", "."), on.map_or_else(|| "not yet".to_owned(), |on| format!("not yet, after {on}")))
        }
        (None, false) => (Role::Critical, pen.look.pick("✖", "X"), "did not fire".to_owned()),
    };
    vec![(role, format!(" {sign} ")), (Role::Text, format!("{}  ", Clean::new(&alert))), (role, words)]
}

fn findings(report: &Report, width: usize, pen: &Pen<'_>) -> Vec<Vec<Words>> {
    let found = report.findings();
    if found.is_empty() {
        let sign = pen.look.pick("✔", "+");
        return vec![vec![(Role::Good, format!(" {sign} no findings: it has shown what was hoped for"))]];
    }
    let sign = pen.look.pick("✖", "X");
    let mut lines = vec![vec![(Role::Dim, "   findings".to_owned())]];
    lines.extend(found.iter().flat_map(|finding| hanging((Role::Critical, format!(" {sign} ")), finding, Role::Text, width)));
    lines
}
