//! Lines over time: the drawing that time series panels and the graphs of alerts share.
//!
//! It knows lines, axes and marks, not panels: what they mean is decided by whoever fills a [`Chart`].

mod draw;
mod legend;
mod trace;

use std::borrow::Cow;
use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Color;

use crate::domain::clean::Clean;
use crate::domain::labels::Labels;
use crate::domain::range::Window;
use crate::domain::series::{Answer, Sample};
use crate::domain::time::Stamp;
use crate::domain::unit::Unit;
use crate::grafana::model::{Calc, DrawStyle, FieldOptions};
use crate::ui::panels::axis::Axis;
use crate::ui::theme::Look;

pub use draw::{draw, sparkline};

/// Of more series than this the ones with the greatest last values are drawn, and the panel says so.
pub const MOST: usize = 100;

/// A drawing of lines.
#[derive(Clone, Debug)]
pub struct Chart<'a> {
    /// What is drawn, the most important first.
    pub lines: Vec<Line<'a>>,
    /// Of how many series the lines were taken.
    pub of: usize,
    /// What the time axis shows.
    pub window: Window,
    /// The axis on the left.
    pub left: Axis,
    /// The axis on the right, where a line stands on it.
    pub right: Option<Axis>,
    /// Values to mark, on the left axis.
    pub limits: Vec<Limit>,
    /// Since when something holds, marked with its words.
    pub since: Option<(Stamp, Clean)>,
    /// The instant that is looked at.
    pub crosshair: Option<Stamp>,
    /// The line that is looked at.
    pub focused: Option<&'a str>,
    /// The legend's calculations; absent for no legend, empty for the last value only.
    pub legend: Option<Vec<Calc>>,
}

/// One line.
#[derive(Clone, Debug)]
pub struct Line<'a> {
    /// What it is called; clean.
    pub name: String,
    /// In all its colours.
    pub colour: Color,
    /// What was measured: legends speak of these.
    pub measured: &'a [Sample],
    /// What is drawn, where it is not what was measured (stacked, negated): the same samples moved, and where each stands.
    pub drawn: Cow<'a, [Sample]>,
    /// Where each sample stands; empty for lines that stand on nothing.
    pub bases: Vec<f64>,
    /// How samples are marked.
    pub style: DrawStyle,
    /// Whether it belongs to the right axis.
    pub right: bool,
    /// The usual distance of samples.
    pub step: Option<Duration>,
    /// How its values are written.
    pub options: Cow<'a, FieldOptions>,
}

/// A value that is marked across the drawing.
#[derive(Clone, Debug, PartialEq)]
pub struct Limit {
    /// Where.
    pub value: f64,
    /// What is written beside it; clean.
    pub label: String,
    /// In all its colours.
    pub colour: Color,
    /// Whether the axis reaches to it even when the data doesn't.
    pub reach: bool,
}

/// A graph of one answer, as alerts have it: the expression's values, its threshold, since when it fires.
#[derive(Clone, Debug)]
pub struct LineChart<'a> {
    /// The values.
    pub answer: &'a Answer,
    /// What the time axis shows.
    pub window: Window,
    /// The usual distance of samples.
    pub step: Option<Duration>,
    /// How values are written.
    pub unit: Option<Unit>,
    /// The threshold of the expression, with words for it.
    pub threshold: Option<(f64, Clean)>,
    /// Since when the alert fires, with words for it.
    pub since: Option<(Stamp, Clean)>,
    /// Whether there is a legend.
    pub legend: bool,
    /// The instant that is looked at.
    pub crosshair: Option<Stamp>,
}

/// Draws a graph that belongs to no panel.
pub fn line_chart(graph: &LineChart, look: &Look, area: Rect, buf: &mut Buffer) {
    let telling = Labels::distinguishing(graph.answer.series.iter().take(MOST).map(|s| &s.labels));
    let options = FieldOptions { unit: graph.unit.clone(), ..FieldOptions::default() };
    let lines = graph.answer.series.iter().take(MOST).enumerate().map(|(n, series)| Line {
        name: Clean::new(&name(&series.labels, &telling)).into_string(),
        colour: look.theme.series(n),
        measured: &series.samples,
        drawn: Cow::Borrowed(&series.samples),
        bases: Vec::new(),
        style: DrawStyle::Lines,
        right: false,
        step: graph.step,
        options: Cow::Borrowed(&options),
    });
    let limit = graph.threshold.as_ref().map(|(value, label)| Limit {
        value: *value,
        label: label.as_str().to_owned(),
        colour: look.theme.style(crate::ui::theme::Role::Critical).fg.unwrap_or(Color::Red),
        reach: true,
    });
    let chart = Chart {
        lines: lines.collect(),
        of: graph.answer.series.len(),
        window: graph.window,
        left: Axis { unit: graph.unit.clone(), ..Axis::default() },
        right: None,
        limits: limit.into_iter().collect(),
        since: graph.since.clone(),
        crosshair: graph.crosshair,
        focused: None,
        legend: graph.legend.then(Vec::new),
    };
    draw(&chart, look, area, buf);
}

fn name(labels: &Labels, telling: &[std::sync::Arc<str>]) -> String {
    match telling {
        [] => labels.get("__name__").unwrap_or("value").to_owned(),
        [one] => labels.get(one).unwrap_or_default().to_owned(),
        many => many.iter().map(|n| format!("{n}={}", labels.get(n).unwrap_or_default())).collect::<Vec<_>>().join(" "),
    }
}
