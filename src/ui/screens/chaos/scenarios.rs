//! What can be broken here: the list, and of the selected one whom it hits, how it ends, and whether it would be refused now.

use ratatui::layout::Rect;

use crate::app::model::{Model, Shared};
use crate::app::need::Data;
use crate::app::screens::chaos::offers::{self, Row};
use crate::app::spot::Spot;
use crate::app::store::Freshness;
use crate::domain::clean::Clean;
use crate::domain::failure::Failure;
use crate::domain::name::Name;
use crate::domain::plan::Plan;
use crate::domain::time::human;
use crate::ui::pen::{Pen, Words};
use crate::ui::plan::hanging;
use crate::ui::screens::services::table::{self, Column};
use crate::ui::theme::Role;

/// From this width on, list and details stand side by side.
const WIDE: u16 = 130;
/// How many lines the details take below the list.
const DETAILS: u16 = 12;

const COLUMNS: &[Column] =
    &[Column::text("SCENARIO", 26), Column::text("TARGET", 20), Column::number("AT MOST", 7), Column::text("SHOULD RAISE", 60)];

/// Draws them.
pub fn draw(model: &Model, area: Rect, pen: &mut Pen<'_>) {
    let (shared, screen) = (&model.shared, &model.screens.chaos);
    let rows = offers::rows(shared, &screen.filter);
    if rows.is_empty() {
        let filtered = !screen.filter.is_empty();
        let words = if filtered { " nothing passes the filter; Esc clears it" } else { " no scenario is known" };
        return pen.words(area, 1, Role::Dim, words);
    }
    let ids: Vec<_> = rows.iter().map(|row| row.choice.clone()).collect();
    let at = screen.choice.row(&ids);
    let [list, below] = split(area, rows.len());
    let lines: Vec<table::Row> = rows.iter().map(line).collect();
    table::draw(COLUMNS, &lines, at, list, pen);
    let Some(row) = at.and_then(|at| rows.get(at)) else { return };
    pen.heading(below, 0, Clean::new(&title(row)).as_str(), false);
    let inside = Rect { y: below.y + 1, height: below.height.saturating_sub(1), ..below };
    for (n, line) in details(model, row, usize::from(inside.width), pen).iter().enumerate() {
        pen.line(inside, n as u16, line);
    }
}

/// The list and the details: side by side, or below each other.
fn split(area: Rect, rows: usize) -> [Rect; 2] {
    if area.width >= WIDE {
        let list = Rect { width: area.width / 2 - 1, ..area };
        return [list, Rect { x: list.right() + 2, width: area.width - list.width - 2, ..area }];
    }
    let most = area.height.saturating_sub(DETAILS).max(area.height / 3);
    let height = (rows as u16 + 1).min(most).min(area.height);
    [Rect { height, ..area }, Rect { y: area.y + height, height: area.height - height, ..area }]
}

fn line(row: &Row) -> table::Row {
    let role = if row.choice.target.is_some() { Role::Text } else { Role::Dim };
    let cells = vec![
        (role, row.offer.scenario.to_owned()),
        (role, Clean::new(row.target()).into_string()),
        (Role::Dim, human(row.offer.longest)),
        (Role::Dim, row.offer.expects.join(", ")),
    ];
    table::Row { cells, spot: Spot::Choice(row.choice.clone()) }
}

fn title(row: &Row) -> String {
    row.choice
        .target
        .as_ref()
        .map_or_else(|| row.offer.scenario.to_owned(), |target| format!("{} on {target}", row.offer.scenario))
}

fn details(model: &Model, row: &Row, width: usize, pen: &Pen<'_>) -> Vec<Vec<Words>> {
    let offer = &row.offer;
    let mut lines = hanging((Role::Text, " ".into()), offer.help, Role::Text, width);
    let mut pair = |name: &str, value: &str| {
        lines.extend(hanging((Role::Dim, format!(" {name:<12} ")), value, Role::Text, width));
    };
    match &row.hit {
        Some(hit) => {
            let names: Vec<&str> = std::iter::once(&hit.target).chain(&hit.radius).map(Name::as_str).collect();
            pair("may darken", &names.join(", "));
        }
        None => pair("here", &offer.here()),
    }
    pair("should raise", &if offer.expects.is_empty() { "nothing".to_owned() } else { offer.expects.join(", ") });
    pair("lasts", &limits(offer.longest, offer.loses, offer.sole));
    pair("its end", offer.end);
    lines.extend(now(model, row, width, pen));
    lines
}

fn limits(longest: std::time::Duration, loses: bool, sole: bool) -> String {
    let mut words = format!("{} at most", human(longest));
    if loses {
        words += "; can lose data: wants a proved backup within the RPO";
    }
    words + if sole { "; may hit the only one there is" } else { "; never the last that is well" }
}

/// Whether it would be refused: what its plan said a moment ago.
fn now(model: &Model, row: &Row, width: usize, pen: &Pen<'_>) -> Vec<Vec<Words>> {
    if row.hit.is_none() {
        return vec![];
    }
    let shared = &model.shared;
    match told(shared, model) {
        Some((Ok(plan), is_fresh)) => may(plan, is_fresh, width, pen),
        Some((Err(failure), _)) => refused(failure, width, pen),
        None => vec![vec![(Role::Unknown, " now          asking whether it would be refused".to_owned())]],
    }
}

type Verdict = Result<std::sync::Arc<Plan>, Failure>;

fn told<'a>(shared: &'a Shared, model: &Model) -> Option<(&'a Verdict, bool)> {
    let source = model.screens.chaos.trial(shared)?;
    let freshness = shared.freshness(&source);
    match shared.store.data(&source) {
        Some(Data::Plan(verdict)) => Some((verdict, matches!(freshness, Freshness::Fresh))),
        _ => None,
    }
}

fn may(plan: &Plan, is_fresh: bool, width: usize, pen: &Pen<'_>) -> Vec<Vec<Words>> {
    let (role, sign) = if is_fresh { (Role::Good, pen.look.pick("✔", "+")) } else { (Role::Stale, "?") };
    let words = if is_fresh { "it may begin; Enter shows the plan" } else { "it might have begun a while ago" };
    let mut lines = vec![vec![(Role::Dim, " now          ".to_owned()), (role, format!("{sign} {words}"))]];
    lines.extend(hanging((Role::Dim, " hits         ".into()), &plan.target.words, Role::Text, width));
    lines
}

fn refused(failure: &Failure, width: usize, pen: &Pen<'_>) -> Vec<Vec<Words>> {
    let sign = pen.look.pick("✖", "X");
    let mut lines = hanging((Role::Critical, format!(" now          {sign} ")), &failure.what, Role::Critical, width);
    let mend = failure.mend.iter().flat_map(|mend| hanging((Role::Dim, " to mend it   ".into()), mend, Role::Text, width));
    lines.extend(mend);
    lines
}
