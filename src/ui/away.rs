//! What happened while the operator was away.

use ratatui::layout::Rect;

use crate::app::model::{Model, Shared};
use crate::app::screens::jobs::{self, progress};
use crate::domain::chaos::report::{Missed, NEVER, Report};
use crate::domain::clean::Clean;
use crate::domain::job::State;
use crate::domain::range::clock;
use crate::domain::time::{Stamp, human};
use crate::ui::pen::{Pen, Words};
use crate::ui::plan::hanging;
use crate::ui::popup::centred;
use crate::ui::prose::date;
use crate::ui::screens::chaos::probes::seconds;
use crate::ui::screens::jobs::sign;
use crate::ui::theme::Role;

const WIDEST: u16 = 104;

/// Draws it over the body.
pub fn draw(model: &Model, scroll: usize, body: Rect, pen: &mut Pen<'_>) {
    let width = body.width.min(WIDEST);
    let columns = usize::from(width.saturating_sub(2));
    let lines: Vec<_> = model.away.iter().flat_map(|missed| told(&model.shared, missed, columns, pen)).collect();
    let height = u16::try_from(lines.len() + 2).unwrap_or(u16::MAX);
    let inside = pen.window(centred(body, width, height), "While you were away (any other key closes)");
    let first = scroll.min(lines.len().saturating_sub(usize::from(inside.height)));
    for (row, line) in lines.iter().skip(first).take(usize::from(inside.height)).enumerate() {
        pen.line(inside, row as u16, line);
    }
}

/// Columns of a time.
const WHEN: usize = 6;

/// The time of today, or the day.
fn when(at: Stamp, now: Stamp) -> String {
    let (at, now) = (clock(at), clock(now));
    let today = at.get(..10) == now.get(..10);
    if today { at.get(11..16).unwrap_or_default().to_owned() } else { date(&at) }
}

/// One job: how it ended, when, how long it took, what came of it, and why it failed.
fn told(shared: &Shared, Missed { job, drill }: &Missed, width: usize, pen: &Pen<'_>) -> Vec<Vec<Words>> {
    let (role, sign) = sign(job.state, pen);
    let now = shared.now.wall;
    let when = job.ended().map_or_else(|| " ".repeat(WHEN), |at| format!("{:>WHEN$}", when(at, now)));
    let took = job.ended().map(|at| format!("took {}, ", human(at.since(job.submitted)))).unwrap_or_default();
    let result = progress::result(job).map(|words| format!(": {}", Clean::new(words))).unwrap_or_default();
    let mut lines = vec![vec![
        (role, format!(" {sign:<12}")),
        (Role::Dim, format!("{when}  ")),
        (Role::Title, format!("{} {}", job.id, Clean::new(&jobs::words(shared, job)))),
        (Role::Text, result),
        (Role::Dim, format!("  {took}by {}", Clean::new(&job.operator))),
    ]];
    if let Some(report) = drill {
        let (role, words) = story(report, pen);
        lines.extend(hanging((Role::Dim, "      ".into()), &words, role, width));
    }
    if let Some(failure) = job.failure() {
        lines.extend(hanging((Role::Dim, "      ".into()), &failure.to_string(), Role::Text, width));
    }
    if job.state == State::Lost {
        let advice = "its worker died and nobody works on it: open it on the Jobs screen (5)";
        lines.extend(hanging((Role::Dim, "      ".into()), advice, Role::Text, width));
    }
    lines
}

/// What became of a drill's fault, who noticed, and what it cost.
fn story(report: &Report, pen: &Pen<'_>) -> Words {
    let Some(injected) = &report.injected else { return (Role::Text, "nothing was broken".to_owned()) };
    let Some(ended) = &report.ended else {
        let sign = pen.look.pick("✖", "X");
        return (Role::Critical, format!("{sign} nobody has verified that its fault is ended: screen 8 tells how that stands"));
    };
    if !ended.is_verified() {
        return (Role::Critical, format!("{} {NEVER}", pen.look.pick("✖", "X")));
    }
    let on = seconds(ended.at.since(injected.at));
    let mut words = vec![format!("its fault was ended after {on} ({}), and that was verified", ended.why.words())];
    words.push(match report.detected() {
        Some(after) => format!("detected after {}", seconds(after)),
        None if report.expects.is_empty() => "no alert was expected".to_owned(),
        None => "no alert that was expected fired".to_owned(),
    });
    words.push(match report.back() {
        Some(after) => format!("recovered after {}", seconds(after)),
        None => "nobody saw it recover".to_owned(),
    });
    words.extend(report.lost().map(|lost| format!("about {lost:.0} requests failed")));
    (Role::Text, words.join("; "))
}
