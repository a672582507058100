//! The answer to one query as a graph: a time series panel of a dashboard that has nothing else on it.

use color_eyre::eyre::{OptionExt as _, Result};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use serde_json::json;

use crate::domain::range::Window;
use crate::domain::series::Answer;
use crate::grafana::{self, model::Panel};
use crate::ui::panels::{self, Input, Outcome};
use crate::ui::theme::Look;

/// The most rows a graph takes.
const TALLEST: u16 = 20;
/// The fewest in which axes and a legend can be read.
const SHORTEST: u16 = 8;

/// What was asked.
pub struct Question<'a> {
    /// PromQL.
    pub expr: &'a str,
    /// Over which part of time.
    pub window: Window,
    /// Grafana's id of the unit of its values.
    pub unit: Option<&'a str>,
}

/// Draws an answer with its axes and its legend, as wide as a terminal and no taller than can be seen at once.
pub fn draw(question: &Question<'_>, answer: &Answer, look: &Look, size: (u16, u16)) -> Result<Buffer> {
    let panel = panel(question)?;
    let target = panel.targets.first().ok_or_eyre("a panel without a query")?;
    let results = [Outcome { target, legend: "", answer: Some(answer), fault: None }];
    let (window, panel) = (question.window, &panel);
    let input = Input { panel, results: &results, window, look, crosshair: None, focused_series: None, scroll: 0 };
    let area = Rect::new(0, 0, size.0, size.1.saturating_sub(2).clamp(SHORTEST, TALLEST));
    let mut buffer = Buffer::empty(area);
    panels::draw(&input, area, &mut buffer);
    Ok(buffer)
}

fn panel(question: &Question<'_>) -> Result<Panel> {
    let legend = json!({ "showLegend": true, "displayMode": "table", "calcs": ["min", "mean", "max", "lastNotNull"] });
    let board = json!({ "title": "query", "panels": [{
        "id": 1, "type": "timeseries", "title": question.expr, "options": { "legend": legend },
        "targets": [{ "refId": "A", "expr": question.expr }],
        "fieldConfig": { "defaults": question.unit.map_or_else(|| json!({}), |unit| json!({ "unit": unit })) },
    }] });
    grafana::read(&board.to_string())?.panels.into_iter().next().ok_or_eyre("a dashboard without a panel")
}
