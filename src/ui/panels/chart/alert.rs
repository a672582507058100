//! The graph of an alert: its expression's values, its threshold, since when it fires.

use std::borrow::Cow;
use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Color;

use crate::domain::clean::Clean;
use crate::domain::labels::Labels;
use crate::domain::range::{Window, clock};
use crate::domain::series::{Answer, Series};
use crate::domain::time::Stamp;
use crate::grafana::model::{DrawStyle, FieldOptions};
use crate::ui::panels::axis::Axis;
use crate::ui::panels::chart::{Chart, Limit, Line, MOST, Mark, draw};
use crate::ui::panels::number::written;
use crate::ui::theme::{Look, Role};

/// What is known of an alert's expression.
#[derive(Clone, Copy, Debug)]
pub struct Alert<'a> {
    /// The values of the expression's left side, or of the whole.
    pub answer: &'a Answer,
    /// The alert's own labels: the series they come from is drawn above the others.
    pub labels: &'a Labels,
    /// What the time axis shows.
    pub window: Window,
    /// What the values are compared with.
    pub threshold: Option<f64>,
    /// Since when the alert fires.
    pub since: Option<Stamp>,
}

/// Draws the graph of an alert.
pub fn alert(alert: &Alert, look: &Look, area: Rect, buf: &mut Buffer) {
    let own = alert.answer.series.iter().position(|s| is_of(s, alert.labels));
    let others = alert.answer.series.iter().enumerate().filter(|(n, _)| Some(*n) != own).map(|(_, s)| s);
    let series: Vec<&Series> = own.and_then(|n| alert.answer.series.get(n)).into_iter().chain(others).take(MOST).collect();
    let telling = Labels::distinguishing(series.iter().map(|s| &s.labels));
    let lines: Vec<Line> = series.iter().enumerate().map(|(n, s)| line(alert.answer, s, &telling, look.series(n))).collect();
    let focused = own.and(lines.first()).map(|l| l.name.clone());
    let critical = look.theme.style(Role::Critical).fg.unwrap_or(Color::Red);
    let limit = alert.threshold.map(|value| Limit {
        value,
        label: format!("threshold {}", written(None, value, None)),
        colour: critical,
        reach: true,
    });
    let chart = Chart {
        lines,
        of: alert.answer.series.len(),
        window: alert.window,
        left: Axis::default(),
        right: None,
        limits: limit.into_iter().collect(),
        marks: alert.since.map(since).into_iter().collect(),
        grid: true,
        crosshair: None,
        focused: focused.as_deref().filter(|_| alert.answer.series.len() > 1),
        legend: Some(Vec::new()),
    };
    draw(&chart, look, area, buf);
}

fn since(at: Stamp) -> Mark {
    let words = Clean::new(&format!("since {}", clock(at).get(11..16).unwrap_or_default()));
    Mark { at, words, role: Role::Critical }
}

/// Whether an alert with these labels may have come from the series: rules add labels and drop the metric's name.
fn is_of(series: &Series, labels: &Labels) -> bool {
    series.labels.iter().all(|(name, value)| name == "__name__" || labels.get(name) == Some(value))
}

fn line<'a>(answer: &Answer, series: &'a Series, telling: &[Arc<str>], colour: Color) -> Line<'a> {
    Line {
        name: Clean::new(&name(&series.labels, telling)).into_string(),
        colour,
        measured: &series.samples,
        drawn: Cow::Borrowed(&series.samples),
        bases: Vec::new(),
        style: DrawStyle::Lines,
        right: false,
        step: answer.step,
        options: Cow::Owned(FieldOptions::default()),
    }
}

fn name(labels: &Labels, telling: &[Arc<str>]) -> String {
    match telling {
        [] => labels.get("__name__").unwrap_or("value").to_owned(),
        [one] => labels.get(one).unwrap_or_default().to_owned(),
        many => many.iter().map(|n| format!("{n}={}", labels.get(n).unwrap_or_default())).collect::<Vec<_>>().join(" "),
    }
}
