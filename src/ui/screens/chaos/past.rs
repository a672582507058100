//! The drills that have ended: what each found, how long it took until somebody was told and until all was well, and how the times of
//! the selected one's scenario have changed.

use std::time::Duration;

use ratatui::layout::Rect;

use crate::app::model::{Model, Shared};
use crate::app::need::Source;
use crate::app::screens::chaos::past::{listed, trend};
use crate::app::screens::chaos::target;
use crate::app::spot::Spot;
use crate::domain::chaos::report::{Drilled, Report};
use crate::domain::clean::Clean;
use crate::domain::range::clock;
use crate::ui::panels::chart::sparkline;
use crate::ui::pen::{Pen, Words};
use crate::ui::prose::{counted, date};
use crate::ui::screens::chaos::probes::seconds;
use crate::ui::screens::jobs::sign;
use crate::ui::screens::services::table::{self, Column};
use crate::ui::theme::Role;

/// How many lines the selected one is told in.
const FOOT: u16 = 5;
/// The longest line of a trend.
const LONGEST: usize = 30;

const COLUMNS: &[Column] = &[
    Column::text("", 12),
    Column::text("WHEN", 12),
    Column::text("SCENARIO", 22),
    Column::text("TARGET", 14),
    Column::number("TOLD", 7),
    Column::number("BACK", 7),
    Column::number("LOST", 8).from(90),
    Column::text("FINDINGS", 60),
];

/// Draws them.
pub fn draw(model: &Model, area: Rect, pen: &mut Pen<'_>) {
    let (shared, screen) = (&model.shared, &model.screens.chaos);
    let drills = listed(shared, &screen.filter);
    if drills.is_empty() {
        return pen.words(area, 1, Role::Dim, empty(model));
    }
    let ids: Vec<_> = drills.iter().map(|drill| drill.job).collect();
    let at = screen.past.row(&ids);
    let foot = (FOOT + 1).min(area.height / 2);
    let list = Rect { height: area.height - foot, ..area };
    let lines: Vec<table::Row> = drills.iter().map(|drill| line(shared, drill, pen)).collect();
    table::draw(COLUMNS, &lines, at, list, pen);
    if let Some(drill) = at.and_then(|at| drills.get(at)) {
        selected(shared, drill, Rect { y: list.bottom(), height: foot, ..area }, pen);
    }
}

fn empty(model: &Model) -> &'static str {
    match () {
        () if !model.screens.chaos.filter.is_empty() => " nothing passes the filter; Esc clears it",
        () if model.shared.freshness(&Source::Drills).is_fresh() => " no drill has ended yet",
        () => " unknown: the ledger has not answered",
    }
}

fn line(shared: &Shared, drill: &Drilled, pen: &Pen<'_>) -> table::Row {
    let report = &drill.report;
    let when = clock(drill.submitted);
    let time = |time: Option<Duration>| time.map_or((Role::Dim, "-".to_owned()), |time| (Role::Text, seconds(time)));
    let findings = report.findings();
    let found = match findings.as_slice() {
        [] => (Role::Good, "none".to_owned()),
        [one] => (Role::Critical, Clean::new(one).into_string()),
        [first, rest @ ..] => (Role::Critical, format!("{}, and {} more", Clean::new(first), rest.len())),
    };
    let cells = vec![
        sign(drill.state, pen),
        (Role::Dim, format!("{} {}", date(&when), when.get(11..16).unwrap_or_default())),
        (Role::Text, report.scenario.clone()),
        (Role::Text, Clean::new(&target(shared, drill)).into_string()),
        time(report.detected()),
        time(report.back()),
        (Role::Dim, report.lost().map_or_else(|| "-".to_owned(), |lost| format!("~{lost:.0}"))),
        found,
    ];
    table::Row { cells, spot: Spot::Job(drill.job) }
}

/// Its findings in full, and how its scenario's times have changed.
fn selected(shared: &Shared, drill: &Drilled, area: Rect, pen: &mut Pen<'_>) {
    let report = &drill.report;
    let told = trend(shared, drill, Report::detected);
    let title = format!("{} on {}: {}", report.scenario, Clean::new(&target(shared, drill)), counted(told.len(), "drill"));
    pen.heading(area, 0, &title, false);
    pen.line(area, 1, &change("told", &told, pen));
    pen.line(area, 2, &change("back", &trend(shared, drill, Report::back), pen));
    for (row, finding) in report.findings().iter().enumerate() {
        pen.words(area, row as u16 + 3, Role::Critical, &format!(" {} {}", pen.look.pick("✖", "X"), Clean::new(finding)));
    }
}

/// `told  ▂▃▁  18.0s to 25.0s, last 21.0s; 1 without`
fn change(name: &str, times: &[Option<Duration>], pen: &Pen<'_>) -> Vec<Words> {
    let values: Vec<f64> = times.iter().map(|time| time.map_or(f64::NAN, |time| time.as_secs_f64())).collect();
    let measured = || times.iter().copied().flatten();
    let mut words = vec![(Role::Dim, format!(" {name}  ")), (Role::Accent, sparkline(&values, LONGEST, pen.look))];
    let (Some(least), Some(most), Some(newest)) = (measured().min(), measured().max(), measured().last()) else {
        words.push((Role::Unknown, "  never measured".to_owned()));
        return words;
    };
    words.push((Role::Text, format!("  {} to {}, last {}", seconds(least), seconds(most), seconds(newest))));
    let without = times.iter().filter(|time| time.is_none()).count();
    words.extend((without > 0).then(|| (Role::Warning, format!("; {without} without"))));
    words
}
