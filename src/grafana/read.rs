//! From JSON to a dashboard. Every form Grafana has written since its second version is taken; what isn't understood is noted.

use std::collections::HashSet;

use serde_json::Value;

use super::json::{Node, Notes, Site};
use super::model::{Dashboard, Panel, PanelKind};
use super::words;

mod envelope;
mod field;
mod graph;
mod layout;
mod mapping;
mod panel;
mod singlestat;
mod target;
mod text;
mod transform;
mod v2;
mod variable;

/// Why a file is not a dashboard.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// Not JSON at all.
    #[error("line {line}, column {column}: {what}")]
    Json {
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
        /// What the parser says.
        what: String,
    },
    /// JSON, but no dashboard.
    #[error("{0}")]
    NotADashboard(String),
}

impl From<serde_json::Error> for ReadError {
    fn from(error: serde_json::Error) -> Self {
        let (line, column) = (error.line(), error.column());
        let what = error.to_string().replace(&format!(" at line {line} column {column}"), "");
        Self::Json { line, column, what }
    }
}

/// Reads a dashboard: Grafana's own file, its API's envelope, an export with inputs, or a resource of Grafana 12.
pub fn read(json: &str) -> Result<Dashboard, ReadError> {
    let value: Value = serde_json::from_str(json.trim_start_matches('\u{feff}'))?;
    let value = envelope::open(value)?;
    let notes = Notes::default();
    let mut dashboard = {
        let site = Site { what: "dashboard".to_owned(), notes: &notes };
        dashboard(Node::root(&value, &site), &notes)
    };
    dashboard.notes = notes.into_lines();
    Ok(dashboard)
}

fn dashboard(root: Node<'_>, notes: &Notes) -> Dashboard {
    let cx = panel::Context::new(root, notes);
    let mut panels = if root.at("rows").items().is_empty() { layout::grid(root, &cx) } else { layout::rows(root, &cx) };
    number(&mut panels);
    Dashboard {
        uid: root.at("uid").string(),
        title: root.at("title").filled().unwrap_or_else(|| "untitled".to_owned()),
        tags: root.at("tags").texts(),
        time: time(root),
        refresh: refresh(root.at("refresh")),
        variables: variable::all(root, notes, &cx.sources),
        panels,
        notes: Vec::new(),
    }
}

fn time(root: Node<'_>) -> Option<crate::domain::range::TimeRange> {
    let (from, to) = (root.at("time").at("from").filled()?, root.at("time").at("to").filled()?);
    let range = words::range(&from, &to);
    if range.is_none() {
        root.note(&format!("midwatch has no range from {from:?} to {to:?}"));
    }
    range
}

fn refresh(node: Node<'_>) -> Option<std::time::Duration> {
    if node.value.is_boolean() {
        return None;
    }
    let text = node.filled().filter(|text| text != "auto")?;
    let refresh = words::duration(&text);
    if refresh.is_none() {
        node.unknown(&text);
    }
    refresh
}

/// Gives fresh numbers to panels that have none or one that was taken before.
fn number(panels: &mut [Panel]) {
    let mut used = HashSet::new();
    gather(panels, &mut used);
    let mut fresh = (1..).filter(|id| !used.contains(id));
    renumber(panels, &mut HashSet::new(), &mut fresh);
}

fn gather(panels: &[Panel], used: &mut HashSet<u32>) {
    for panel in panels {
        used.insert(panel.id);
        if let PanelKind::Row { panels, .. } = &panel.kind {
            gather(panels, used);
        }
    }
}

fn renumber(panels: &mut [Panel], taken: &mut HashSet<u32>, fresh: &mut impl Iterator<Item = u32>) {
    for panel in panels {
        if panel.id == 0 || !taken.insert(panel.id) {
            panel.id = fresh.next().unwrap_or(u32::MAX);
        }
        if let PanelKind::Row { panels, .. } = &mut panel.kind {
            renumber(panels, taken, fresh);
        }
    }
}

#[cfg(test)]
mod tests;
