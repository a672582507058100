//! One job: how it stands, its steps, its log, its plan.

use ratatui::layout::Rect;

use crate::app::model::Shared;
use crate::app::need::Source;
use crate::app::screens::jobs::steps::{Standing, Step, steps};
use crate::app::screens::jobs::{self, Detail, Part, progress};
use crate::app::selection::first_row;
use crate::domain::clean::Clean;
use crate::domain::failure::Failure;
use crate::domain::job::{Event, Job, Outcome, State};
use crate::domain::plan::Revert;
use crate::domain::time::human;
use crate::ui::pen::{Pen, Words, staleness};
use crate::ui::plan::{self, hanging};
use crate::ui::prose::coarse;
use crate::ui::screens::jobs::{gauge, sign};
use crate::ui::theme::Role;

/// From this width on, steps and log stand side by side.
const WIDE: u16 = 130;

/// Draws it.
pub fn draw(shared: &Shared, detail: &Detail, area: Rect, pen: &mut Pen<'_>) {
    let Some(job) = &detail.job else {
        let words = format!(" job {}: the ledger has not told of it yet", detail.id);
        return pen.words(area, 0, Role::Dim, &words);
    };
    let head = head(shared, job, usize::from(area.width), pen);
    for (row, line) in head.iter().enumerate() {
        pen.line(area, row as u16, line);
    }
    let used = (head.len() as u16).min(area.height);
    let below = Rect { y: area.y + used, height: area.height - used, ..area };
    if area.width >= WIDE {
        let left = Rect { width: below.width / 2 - 1, ..below };
        let right = Rect { x: left.right() + 2, width: below.width - left.width - 2, ..below };
        upper(shared, detail, job, left, pen);
        return log(shared, detail, right, pen);
    }
    let wanted = upper_lines(shared, detail, job, usize::from(below.width), pen).len() as u16 + 1;
    let share = if detail.part == Part::Log { below.height / 2 } else { below.height * 2 / 3 };
    let top = Rect { height: wanted.min(share), ..below };
    upper(shared, detail, job, top, pen);
    log(shared, detail, Rect { y: top.bottom(), height: below.height - top.height, ..below }, pen);
}

/// What it is, how it stands, and what to do where it cannot help itself.
fn head(shared: &Shared, job: &Job, width: usize, pen: &Pen<'_>) -> Vec<Vec<Words>> {
    let now = shared.now.wall;
    let (role, sign) = sign(job.state, pen);
    let when = match job.ended() {
        Some(ended) => format!("took {}, {} ago", human(ended.since(job.submitted)), coarse(now.since(ended))),
        None => format!("for {}", human(progress::took(job, now))),
    };
    let (operator, host) = (Clean::new(&job.operator), Clean::new(&job.host));
    let mut lines = vec![vec![
        (role, format!(" {sign} ")),
        (Role::Title, format!(" {} {}", job.id, Clean::new(&jobs::words(shared, job)))),
        (Role::Dim, format!("  {when}, by {operator} on {host}")),
    ]];
    lines.push(vec![(Role::Dim, format!(" {}", Clean::new(&job.plan.target.words)))]);
    lines.extend(moving(job, shared, pen));
    lines.extend(asked(job));
    lines.extend(trouble(job, width));
    lines.extend(staleness(&shared.freshness(&Source::Jobs)).map(|(role, text)| vec![(role, format!(" {text}"))]));
    lines
}

fn moving(job: &Job, shared: &Shared, pen: &Pen<'_>) -> Option<Vec<Words>> {
    let (told, quiet) = progress::of(job, shared.now.wall)?;
    let place = progress::place(job).map(|(at, of)| format!(" step {at} of {of}")).unwrap_or_default();
    let mut words = vec![(Role::Text, place)];
    words.extend(gauge(&told, 20, true, pen));
    words.extend(quiet.map(|age| (Role::Stale, format!("  told {} ago", human(age)))));
    Some(words)
}

/// What was asked of it last, while it has not ended.
fn asked(job: &Job) -> Option<Vec<Words>> {
    let last = job.history.iter().rev().find_map(|(_, event)| match event {
        Event::Asked { control, operator } => Some((control, operator)),
        _ => None,
    });
    let (control, operator) = last.filter(|_| jobs::is_live(job))?;
    let words = format!(" {} asked it to {}", Clean::new(operator), crate::app::confirm::word(*control));
    Some(vec![(Role::Warning, words)])
}

fn trouble(job: &Job, width: usize) -> Vec<Vec<Words>> {
    let words = match job.state {
        State::Lost => {
            "Its worker died, and nobody works on it. R lets a new worker look at what was begun and go on; c gives it up and reverts what the plan says."
        }
        State::Ended(Outcome::Stuck) => {
            "What it did could not be reverted, or nobody knows what a step did. Look at the target first; u undoes what the job keeps undoable."
        }
        State::Submitted => "It is recorded; its worker has not taken it yet.",
        State::Running | State::Ended(_) => "",
    };
    let mut lines = Vec::new();
    if !words.is_empty() {
        lines.extend(hanging((Role::Warning, " ".into()), words, Role::Warning, width));
    }
    lines.extend(job.failure().into_iter().flat_map(|failure| why(failure, " ", width)));
    lines
}

/// Why something failed, and what mends it.
fn why(failure: &Failure, indent: &str, width: usize) -> Vec<Vec<Words>> {
    let mut lines = hanging((Role::Critical, indent.to_owned()), &failure.what, Role::Critical, width);
    let mend = failure.mend.iter().flat_map(|mend| hanging((Role::Dim, format!("{indent}mend: ")), mend, Role::Text, width));
    lines.extend(mend);
    lines
}

fn upper(shared: &Shared, detail: &Detail, job: &Job, area: Rect, pen: &mut Pen<'_>) {
    let (title, scroll) = if detail.part == Part::Plan { ("Plan", detail.plan) } else { ("Steps", detail.steps) };
    pen.heading(area, 0, title, detail.part != Part::Log);
    let lines = upper_lines(shared, detail, job, usize::from(area.width), pen);
    let list = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    let first = scroll.min(lines.len().saturating_sub(usize::from(list.height)));
    for (row, line) in lines.iter().skip(first).take(usize::from(list.height)).enumerate() {
        pen.line(list, row as u16, line);
    }
}

fn upper_lines(shared: &Shared, detail: &Detail, job: &Job, width: usize, pen: &Pen<'_>) -> Vec<Vec<Words>> {
    if detail.part == Part::Plan {
        return plan::lines(&job.plan, width, pen);
    }
    let mut steps = steps(job);
    // What the head says already is not said twice.
    for step in &mut steps {
        step.failure = step.failure.filter(|failure| Some(*failure) != job.failure());
    }
    steps.iter().enumerate().flat_map(|(n, step)| step_lines(n + 1, step, shared, width, pen)).collect()
}

fn step_lines(number: usize, step: &Step<'_>, shared: &Shared, width: usize, pen: &Pen<'_>) -> Vec<Vec<Words>> {
    let (role, sign) = step_sign(step.standing, pen);
    let took = step.took(shared.now.wall).map(|took| format!(" {}", human(took))).unwrap_or_default();
    let kept = step.undo > 0 && step.spec.revert == Revert::UntilReleased;
    let undo = if kept && step.standing == Standing::Done { ", can be undone" } else { "" };
    let mut lines = vec![vec![
        (role, format!(" {sign} ")),
        (Role::Dim, format!("{number:>2} ")),
        (Role::Text, format!("{}  ", Clean::new(&step.spec.title))),
        (role, step.standing.word().to_owned()),
        (Role::Dim, format!("{took}{undo}")),
    ]];
    lines.extend(step.words.into_iter().flat_map(|words| hanging((Role::Dim, "      ".into()), words, Role::Dim, width)));
    lines.extend(step.failure.into_iter().flat_map(|failure| why(failure, "      ", width)));
    lines
}

fn step_sign(standing: Standing, pen: &Pen<'_>) -> (Role, &'static str) {
    let (role, unicode, ascii) = match standing {
        Standing::Waiting | Standing::Skipped => (Role::Dim, "·", "."),
        Standing::Running => (Role::Accent, "▸", ">"),
        Standing::Done => (Role::Good, "✔", "+"),
        Standing::Failed | Standing::UndoFailed => (Role::Critical, "✖", "X"),
        Standing::Interrupted | Standing::Unknown => (Role::Unknown, "?", "?"),
        Standing::Undoing => (Role::Warning, "◂", "<"),
        Standing::Undone => (Role::Warning, "■", "-"),
    };
    (role, pen.look.pick(unicode, ascii))
}

/// A line begins `2026-11-22 06:46:48 UTC  `, of which the time of day is enough: the head tells the day.
fn timed(line: &str) -> (&str, &str) {
    match (line.get(11..19), line.get(19..25), line.get(25..)) {
        (Some(time), Some(" UTC  "), Some(_)) if time.bytes().all(|b| b.is_ascii_digit() || b == b':') => {
            (time, line.get(23..).unwrap_or_default())
        }
        _ => ("", line),
    }
}

fn log(shared: &Shared, detail: &Detail, area: Rect, pen: &mut Pen<'_>) {
    let focused = detail.part == Part::Log;
    let log = jobs::log(shared, detail.id).filter(|log| !log.lines.is_empty());
    let title = match (log, detail.line) {
        (None, _) => "Log".to_owned(),
        (Some(_), None) => "Log, following".to_owned(),
        (Some(log), Some(line)) => format!("Log, line {} of {}: G follows", line + 1, log.skipped + log.lines.len()),
    };
    pen.heading(area, 0, &title, focused);
    let list = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    let Some(log) = log else {
        let known = staleness(&shared.freshness(&Source::JobLog(detail.id)));
        let (role, text) = known.unwrap_or((Role::Dim, "nothing is written down yet".into()));
        return pen.words(list, 0, role, &format!(" {text}"));
    };
    let cursor = detail.cursor(log);
    let first = first_row(Some(cursor), log.lines.len(), usize::from(list.height));
    for (n, line) in log.lines.iter().enumerate().skip(first).take(usize::from(list.height)) {
        let row = (n - first) as u16;
        let (time, rest) = timed(line);
        pen.line(list, row, &[(Role::Dim, format!(" {time}")), (Role::Text, Clean::new(rest).into_string())]);
        if focused && n == cursor {
            pen.mark(list, row, Role::Selection);
        }
    }
}
