//! What the pages of one alert, one rule, one target and one silence are made of: a graph, and pairs of a name and a value.

use ratatui::layout::Rect;

use crate::app::model::Shared;
use crate::app::screens::alerts::graph::Graph;
use crate::domain::clean::Clean;
use crate::domain::labels::Labels;
use crate::domain::time::Stamp;
use crate::ui::panels::{self, Border};
use crate::ui::pen::{Pen, Words, staleness};
use crate::ui::prose::wrap;
use crate::ui::theme::Role;

/// A graph takes this share of the height, in percent.
const GRAPH: u16 = 45;

/// What is left under a head of two lines.
pub fn under_head(area: Rect) -> Rect {
    Rect { y: area.y + 2, height: area.height.saturating_sub(2), ..area }
}

/// Draws the graph of an expression, and says what is left below it.
pub fn graph(shared: &Shared, graph: &Graph, labels: &Labels, since: Option<Stamp>, area: Rect, pen: &mut Pen<'_>) -> Rect {
    let height = (area.height * GRAPH / 100).max(6).min(area.height);
    let below = Rect { y: area.y + height, height: area.height - height, ..area };
    let source = graph.source();
    let badge = staleness(&shared.freshness(&source)).map(|(role, text)| panels::Badge::new(role, Clean::new(&text)));
    let title = Clean::new(&graph.expr);
    let inside = panels::frame(&title, badge.as_ref(), Border::Light, pen.look, Rect { height, ..area }, pen.buf);
    if let Some(answer) = shared.store.answer(&source) {
        let chart = panels::chart::Alert {
            answer,
            labels,
            window: graph.query.window(shared.server_now()),
            threshold: graph.threshold.as_ref().map(|t| t.value),
            since,
        };
        panels::chart::alert(&chart, pen.look, inside, pen.buf);
    }
    below
}

/// Lines from where they are scrolled to, as many as fit.
pub fn text(lines: &[Vec<Words>], scroll: usize, area: Rect, pen: &mut Pen<'_>) {
    let first = scroll.min(lines.len().saturating_sub(usize::from(area.height)));
    for (n, line) in lines.iter().skip(first).take(usize::from(area.height)).enumerate() {
        pen.line(area, n as u16, line);
    }
}

/// Every label on a line of its own.
pub fn pairs(labels: &Labels) -> impl Iterator<Item = Vec<Words>> {
    labels.iter().map(|(name, value)| pair(name, value, Role::Text))
}

/// A name and its value.
pub fn pair(name: &str, value: &str, role: Role) -> Vec<Words> {
    vec![(Role::Dim, format!("   {:<16} ", Clean::new(name))), (role, Clean::new(value).into_string())]
}

/// A long value over several lines, broken between words.
pub fn wrapped(name: &str, value: &str, width: usize) -> Vec<Vec<Words>> {
    let lines = wrap(value, width.saturating_sub(22).max(20));
    let names = std::iter::once(name).chain(std::iter::repeat(""));
    names.zip(lines).map(|(name, line)| pair(name, &line, Role::Text)).collect()
}
