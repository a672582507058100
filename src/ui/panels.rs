//! Grafana's panels in a terminal: data → shape → cells, one file a kind.
//!
//! A kind has a pure shape (numbers that can be tested) and its drawing. Nothing is fetched here and no clock is read: a panel is
//! drawn from an [`Input`] that borrows everything. Text from outside passes through `Clean` before it becomes a cell.

mod axis;
mod bar;
mod bar_gauge;
mod canvas;
pub mod chart;
mod digits;
mod field;
mod gauge;
mod heatmap;
mod notice;
mod number;
mod pattern;
mod reduce;
mod stat;
pub mod table;
mod text;
mod tile;
mod timeseries;
mod words;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::domain::fault::Fault;
use crate::domain::range::Window;
use crate::domain::series::Answer;
use crate::domain::time::Stamp;
use crate::grafana::model::{Panel, PanelKind, Target};
use crate::ui::theme::Look;

pub use notice::{Badge, Border, frame};

/// What a panel is drawn from. Borrowed: nothing is fetched here.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// What it is; variables already put into titles.
    pub panel: &'a Panel,
    /// One for each target.
    pub results: &'a [Outcome<'a>],
    /// What the time axis shows.
    pub window: Window,
    /// What is drawn with.
    pub look: &'a Look,
    /// The instant that is looked at: graphs mark it and legends give its values.
    pub crosshair: Option<Stamp>,
    /// The series that is looked at, by the name it is shown by.
    pub focused_series: Option<&'a str>,
    /// How many rows of a table were scrolled past.
    pub scroll: usize,
}

/// What became of one target.
#[derive(Clone, Copy, Debug)]
pub struct Outcome<'a> {
    /// The query.
    pub target: &'a Target,
    /// The legend's template, variables already put in.
    pub legend: &'a str,
    /// The newest answer, however old.
    pub answer: Option<&'a Answer>,
    /// Why the last attempt failed. With an answer beside it the answer is drawn and the caller's badge says how old it is.
    pub fault: Option<&'a Fault>,
}

type Drawing = fn(&Input, Rect, &mut Buffer);

/// How each kind is drawn: a new kind is one file and one line here.
fn drawing(kind: &PanelKind) -> Drawing {
    match kind {
        PanelKind::Timeseries(_) => timeseries::draw,
        PanelKind::Stat(_) => stat::draw,
        PanelKind::Gauge(_) => gauge::draw,
        PanelKind::BarGauge(_) => bar_gauge::draw,
        PanelKind::Table(_) => table::draw,
        PanelKind::Text(_) => text::draw,
        PanelKind::Heatmap => heatmap::draw,
        PanelKind::Row { .. } => |_, _, _| {},
        PanelKind::Other(_) => notice::draw_other,
    }
}

/// Draws the inside of a panel's frame.
pub fn draw(input: &Input, area: Rect, buf: &mut Buffer) {
    let area = area.intersection(buf.area);
    if area.is_empty() {
        return;
    }
    if let Some(notice) = notice::instead(input) {
        return notice.draw(input.look, area, buf);
    }
    let area = notice::say_what_is_undone(input, area, buf);
    drawing(&input.panel.kind)(input, area, buf);
}

#[cfg(test)]
mod tests;
