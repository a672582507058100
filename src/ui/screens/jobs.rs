//! Screen 5, Jobs: the list, and one job's detail.

mod detail;

use ratatui::layout::Rect;

use crate::app::model::{Model, Shared};
use crate::app::need::Source;
use crate::app::screens::jobs::{self, progress};
use crate::app::selection::first_row;
use crate::app::spot::Spot;
use crate::domain::clean::Clean;
use crate::domain::job::{Job, Outcome, Progress, State};
use crate::domain::time::human;
use crate::ui::pen::{Pen, Words, staleness};
use crate::ui::prose::{bytes, coarse};
use crate::ui::theme::Role;

/// From this width on, progress is told in full.
const WIDE: u16 = 120;

/// Draws it.
pub fn draw(model: &Model, area: Rect, pen: &mut Pen<'_>) {
    if let Some(detail) = &model.screens.jobs.detail {
        return detail::draw(&model.shared, detail, area, pen);
    }
    pen.line(area, 0, &summary(model));
    list(model, Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area }, pen);
}

fn summary(model: &Model) -> Vec<Words> {
    let (shared, screen) = (&model.shared, &model.screens.jobs);
    let (shown, all) = (screen.listed(shared).len(), jobs::known(shared).len());
    let mut words = vec![(Role::Title, format!(" Jobs {shown}"))];
    if shown < all {
        words.push((Role::Warning, format!(" of {all}")));
    }
    if !screen.filter.is_empty() {
        words.push((Role::Accent, format!("  filter: {}", Clean::new(&screen.filter))));
    }
    if !shared.setup.shared_ledger {
        words.push((Role::Warning, "  of this login alone: there is no ledger that this host's logins share".into()));
    }
    words.extend(staleness(&shared.freshness(&Source::Jobs)).map(|(role, text)| (role, format!("  {text}"))));
    words
}

fn list(model: &Model, area: Rect, pen: &mut Pen<'_>) {
    let (shared, screen) = (&model.shared, &model.screens.jobs);
    let jobs = screen.listed(shared);
    if jobs.is_empty() {
        return pen.words(area, 1, Role::Dim, empty(model));
    }
    let ids: Vec<_> = jobs.iter().map(|job| job.id).collect();
    let selected = screen.selected.row(&ids);
    let first = first_row(selected, jobs.len(), usize::from(area.height));
    for (n, job) in jobs.iter().enumerate().skip(first).take(usize::from(area.height)) {
        let row = (n - first) as u16;
        pen.spot(area, row, Spot::Job(job.id));
        job_line(shared, job, area, row, pen);
        if Some(n) == selected {
            pen.mark(area, row, Role::Selection);
        }
    }
}

fn empty(model: &Model) -> &'static str {
    match () {
        () if !model.screens.jobs.filter.is_empty() => " nothing passes the filter; Esc clears it",
        () if model.shared.freshness(&Source::Jobs).is_fresh() => " no job was ever run here; b on a service backs it up",
        () => " unknown: the ledger has not answered",
    }
}

/// How a job stands: its sign and its word, never the colour alone.
pub fn sign(state: State, pen: &Pen<'_>) -> Words {
    let (role, unicode, ascii) = match state {
        State::Submitted => (Role::Accent, "○", "o"),
        State::Running => (Role::Accent, "▸", ">"),
        State::Lost => (Role::Critical, "?", "?"),
        State::Ended(Outcome::Done) => (Role::Good, "✔", "+"),
        State::Ended(Outcome::Failed) => (Role::Critical, "✖", "X"),
        State::Ended(Outcome::Cancelled) => (Role::Warning, "■", "-"),
        State::Ended(Outcome::Stuck) => (Role::Critical, "‼", "!"),
    };
    (role, format!("{} {}", pen.look.pick(unicode, ascii), state.word()))
}

/// One job on one row. What a failed one says of itself follows what it did.
fn job_line(shared: &Shared, job: &Job, area: Rect, row: u16, pen: &mut Pen<'_>) {
    let (role, sign) = sign(job.state, pen);
    let rest = pen.right(area, row, &standing(shared, job, area.width, pen));
    let mut words = vec![
        (role, format!(" {sign:<12}")),
        (Role::Dim, format!("{:>4} ", job.id.to_string())),
        (Role::Text, format!("{}  ", Clean::new(&jobs::words(shared, job)))),
    ];
    let said = job.failure().map(|failure| failure.what.as_str()).or_else(|| progress::result(job));
    words.extend(said.map(|said| (Role::Dim, Clean::new(said).into_string())));
    pen.line(rest, row, &words);
}

fn standing(shared: &Shared, job: &Job, width: u16, pen: &Pen<'_>) -> Vec<Words> {
    let now = shared.now.wall;
    let by = (Role::Dim, format!("  {} ", Clean::new(&job.operator)));
    if let Some((progress, quiet)) = progress::of(job, now) {
        let mut words = gauge(&progress, if width >= WIDE { 20 } else { 10 }, width >= WIDE, pen);
        words.extend(quiet.map(|age| (Role::Stale, format!("  told {} ago", human(age)))));
        words.push(by);
        return words;
    }
    let took = human(progress::took(job, now));
    let words = match job.ended() {
        Some(ended) => format!(" took {took}, {} ago", coarse(now.since(ended))),
        None => format!(" since {took}"),
    };
    vec![(Role::Dim, words), by]
}

/// `█████░░░░░  43%  1.20 of 2.80 GiB  85 MiB/s  12s left`, as far as each is known.
pub fn gauge(progress: &Progress, cells: usize, whole: bool, pen: &Pen<'_>) -> Vec<Words> {
    let mut words = Vec::new();
    if let Some(ratio) = progress.ratio() {
        let full = (ratio * cells as f64).floor() as usize;
        words.push((Role::Accent, format!(" {}", pen.look.pick("█", "#").repeat(full))));
        words.push((Role::Grid, pen.look.pick("░", "-").repeat(cells - full)));
        words.push((Role::Text, format!(" {:>3.0}%", (ratio * 100.0).floor())));
    }
    let size = match progress.total {
        Some(total) if whole => Some(format!("{} of {}", bytes(progress.bytes), bytes(total))),
        Some(_) => None,
        None => Some(bytes(progress.bytes)).filter(|_| progress.bytes > 0),
    };
    let rate = progress
        .rate
        .filter(|rate| *rate >= 1.0)
        .filter(|_| whole || progress.total.is_none())
        .map(|rate| format!("{}/s", bytes(rate as u64)));
    let rows = progress.rows.filter(|_| whole).map(|rows| format!("{rows} rows"));
    let left = progress.left().map(|left| format!("{} left", human(left)));
    words.extend([size, rate, rows, left].into_iter().flatten().map(|part| (Role::Text, format!("  {part}"))));
    words
}

/// What runs and what was lost, on one line; nothing where there is nothing to say.
pub fn running(shared: &Shared, pen: &Pen<'_>) -> Option<Vec<Words>> {
    let (lost, live): (Vec<&Job>, Vec<&Job>) =
        jobs::known(shared).iter().filter(|job| jobs::is_live(job)).partition(|job| job.state == State::Lost);
    let mut words = Vec::new();
    if !lost.is_empty() {
        let ids: Vec<String> = lost.iter().map(|job| job.id.to_string()).collect();
        let (role, sign) = sign(State::Lost, pen);
        words.push((role, format!(" {sign} {} ", ids.join(" "))));
    }
    if let Some(first) = live.first() {
        let (role, sign) = sign(first.state, pen);
        words.push((role, format!(" {sign} ")));
        words.push((Role::Text, format!("{} {}", first.id, Clean::new(&jobs::words(shared, first)))));
        words.extend(progress::of(first, shared.now.wall).map(|(told, _)| gauge(&told, 10, false, pen)).unwrap_or_default());
        words.push((Role::Dim, format!("  by {}", Clean::new(&first.operator))));
    }
    words.extend((live.len() > 1).then(|| (Role::Text, format!("  and {} more", live.len() - 1))));
    (!words.is_empty()).then_some(words)
}
