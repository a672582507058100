//! Screen 2, Dashboards: the list, and the one that is open.

pub mod drawn;

use std::sync::Arc;

use ratatui::layout::Rect;

use crate::app::model::{Model, Shared};
use crate::app::need::{DashboardFile, Data, Source};
use crate::app::screens::dashboards::prepare::Shown;
use crate::app::screens::dashboards::trust::{Trust, trust};
use crate::app::screens::dashboards::{Board, title};
use crate::app::selection::first_row;
use crate::app::spot::Spot;
use crate::domain::clean::Clean;
use crate::domain::range::Window;
use crate::grafana::model::{PanelKind, Target};
use crate::ui::panels::{self, Badge, Border, Input, Outcome};
use crate::ui::pen::{Pen, Words, staleness};
use crate::ui::screens::dashboards::drawn::Drawn;
use crate::ui::theme::Role;

/// Draws it.
pub fn draw(model: &Model, area: Rect, drawn: &mut Drawn, pen: &mut Pen<'_>) {
    match &model.screens.dashboards.board {
        Some(board) => draw_board(&model.shared, board, area, drawn, pen),
        None => list(model, area, pen),
    }
}

fn list(model: &Model, area: Rect, pen: &mut Pen<'_>) {
    let (shared, screen) = (&model.shared, &model.screens.dashboards);
    let listed = screen.listed(shared);
    let mut head = vec![(Role::Title, format!(" Dashboards {}", listed.len()))];
    if !screen.filter.is_empty() {
        head.push((Role::Accent, format!("  filter: {}", Clean::new(&screen.filter))));
    }
    head.extend(staleness(&shared.freshness(&Source::Dashboards)).map(|(role, text)| (role, format!("  {text}"))));
    pen.line(area, 0, &head);
    let rows = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    if listed.is_empty() {
        return pen.words(
            rows,
            0,
            Role::Dim,
            " none: name Grafana JSON files in midwatch.toml, dashboards = [\"dashboards/*.json\"]",
        );
    }
    let paths: Vec<String> = listed.iter().map(|f| f.path.clone()).collect();
    let selected = screen.selected.row(&paths);
    let first = first_row(selected, listed.len(), usize::from(rows.height));
    for (n, file) in listed.iter().enumerate().skip(first).take(usize::from(rows.height)) {
        pen.spot(rows, (n - first) as u16, Spot::Dashboard(file.path.clone()));
        pen.line(rows, (n - first) as u16, &entry(file));
        if Some(n) == selected {
            pen.mark(rows, (n - first) as u16, Role::Selection);
        }
    }
}

fn entry(file: &DashboardFile) -> Vec<Words> {
    let name = format!(" {:<34} ", Clean::new(title(file)));
    match &file.dashboard {
        Ok(dashboard) => {
            let tags = dashboard.tags.join(", ");
            vec![(Role::Text, name), (Role::Dim, format!("{:<24} {}", Clean::new(&tags), Clean::new(&file.path)))]
        }
        Err(why) => vec![(Role::Text, name), (Role::Critical, Clean::new(why).into_string())],
    }
}

fn draw_board(shared: &Shared, board: &Board, area: Rect, drawn: &mut Drawn, pen: &mut Pen<'_>) {
    pen.line(area, 0, &head(shared, board));
    if board.prepared.shown.is_empty() {
        let below = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
        return pen.words(below, 0, Role::Dim, " this dashboard has no panels");
    }
    for (n, rect) in board.seen(shared.size) {
        draw_panel(shared, board, (n, rect), drawn, pen);
    }
}

/// Its name, what its variables are set to, the range, and how much of it could not be understood.
fn head(shared: &Shared, board: &Board) -> Vec<Words> {
    let mut words = vec![(Role::Title, format!(" {} ", Clean::new(&board.dashboard.title)))];
    for offer in &board.prepared.offers {
        words.push((Role::Dim, format!(" {}=", Clean::new(&offer.name))));
        words.push((Role::Accent, Clean::new(&offer.text).into_string()));
    }
    words.push((Role::Text, format!("  {}", shared.range.title())));
    let notes = board.dashboard.notes.len() + board.prepared.notes.len();
    if notes > 0 {
        words.push((Role::Dim, format!("  {notes} {} not understood", if notes == 1 { "detail" } else { "details" })));
    }
    words
}

fn draw_panel(shared: &Shared, board: &Board, (n, rect): (usize, Rect), drawn: &mut Drawn, pen: &mut Pen<'_>) {
    pen.spots.put(rect, Spot::Panel(n));
    let shown = &board.prepared.shown[n];
    let focused = n == board.focus;
    let title = Clean::new(&shown.panel.title);
    if let PanelKind::Row { panels, .. } = &shown.panel.kind {
        return row(shown, title.as_str(), panels.len(), focused, rect, pen);
    }
    let badge = badge(shared, shown);
    let border = if focused { Border::Corners } else { Border::Light };
    let inside = panels::frame(&title, badge.as_ref(), border, pen.look, rect, pen.buf);
    let told = told(shared, shown);
    let results = outcomes(shared, shown, &told);
    let window = shown.window(shared);
    let input = Input {
        panel: &shown.panel,
        results: &results,
        window,
        look: pen.look,
        crosshair: board.crosshair.map(|at| instant(shown.sampled(shared), at)),
        focused_series: None,
        scroll: if board.zoomed { board.scroll } else { 0 },
    };
    drawn.draw(n, &input, &told, inside, pen.buf);
}

fn row(shown: &Shown, title: &str, inside: usize, focused: bool, rect: Rect, pen: &mut Pen<'_>) {
    let sign = if shown.closed { pen.look.pick("▸", ">") } else { pen.look.pick("▾", "v") };
    let count = if shown.closed { format!(" ({inside} panels)") } else { String::new() };
    pen.heading(rect, 0, &format!("{sign} {title}{count}"), focused);
}

fn instant(window: Window, thousandths: u16) -> crate::domain::time::Stamp {
    window.start.after(window.span().mul_f64(f64::from(thousandths) / 1000.0))
}

/// What each target was told last: in its own words, or in the coarser ones that it asked for before.
fn told<'a>(shared: &'a Shared, shown: &'a Shown) -> Vec<Option<&'a Arc<Data>>> {
    let newest = |source: &Source| shared.store.get(source).and_then(|known| known.data.as_ref());
    let asked = shown.panel.targets.iter().zip(shown.asked()).map(|(_, asked)| asked);
    asked.map(|(source, coarse)| source.and_then(newest).or_else(|| newest(coarse?))).collect()
}

fn outcomes<'a>(shared: &'a Shared, shown: &'a Shown, told: &[Option<&'a Arc<Data>>]) -> Vec<Outcome<'a>> {
    let outcome = |((target, source), data): ((&'a Target, &'a Option<Source>), Option<&'a Arc<Data>>)| {
        let answer = data.and_then(|data| match &**data {
            Data::Answer(answer) => Some(answer),
            _ => None,
        });
        let fault = source.as_ref().and_then(|source| shared.store.get(source)).and_then(|known| known.fault.as_ref());
        Outcome { target, legend: &target.legend, answer, fault }
    };
    shown.panel.targets.iter().zip(&shown.sources).zip(told.iter().copied()).map(outcome).collect()
}

/// Rule 1 on a panel's frame.
fn badge(shared: &Shared, shown: &Shown) -> Option<Badge> {
    if shown.sources.iter().all(Option::is_none) {
        return None;
    }
    match trust(shared, shown) {
        Trust::Fresh => None,
        Trust::Waiting => Some(Badge::loading()),
        Trust::Failed(fault) => Some(Badge::failed(&fault)),
        Trust::Stale(age, why) => Some(Badge::stale(age, why.as_deref())),
        Trust::Partial(warning) => Some(Badge::partial(&warning)),
    }
}
