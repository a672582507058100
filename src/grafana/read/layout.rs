//! Where panels stand: Grafana's grid as it is written, and rows with spans laid out on it as Grafana does when it imports them.

use super::super::json::Node;
use super::super::model::{FieldOptions, GridPos, Panel, PanelKind, Times};
use super::panel::{Context, panel, repeat};

/// Columns of the grid.
pub const COLUMNS: u16 = 24;
/// The tallest panel and the lowest place that are believed.
const TALLEST: u32 = 500;
const LOWEST: u32 = 20_000;

/// `gridPos`, held inside the grid; `otherwise` where there is none.
pub fn position(node: Node<'_>, otherwise: GridPos) -> GridPos {
    if !node.is_object() {
        return otherwise;
    }
    let part = |key, most, or: u16| node.at(key).count(most).map_or(or, |n| n as u16);
    let w = part("w", u32::from(COLUMNS), otherwise.w).max(1);
    let x = part("x", u32::from(COLUMNS), 0).min(COLUMNS - w);
    GridPos { x, y: part("y", LOWEST, otherwise.y), w, h: part("h", TALLEST, otherwise.h).max(1) }
}

/// The panels of a dashboard that has a grid, in the order of reading.
pub fn grid<'a>(root: Node<'a>, cx: &Context<'a>) -> Vec<Panel> {
    stacked(root.at("panels"), cx).into_iter().flat_map(opened).collect()
}

/// The panels inside a row.
pub fn inner<'a>(row: Node<'a>, cx: &Context<'a>) -> Vec<Panel> {
    stacked(row.at("panels"), cx).into_iter().flat_map(opened).collect()
}

/// An open row that holds panels all the same: they follow it.
fn opened(mut panel: Panel) -> Vec<Panel> {
    let held = match &mut panel.kind {
        PanelKind::Row { collapsed: false, panels } => std::mem::take(panels),
        _ => Vec::new(),
    };
    std::iter::once(panel).chain(held).collect()
}

fn stacked<'a>(list: Node<'a>, cx: &Context<'a>) -> Vec<Panel> {
    let mut panels: Vec<Panel> = Vec::new();
    let mut bottom = 0;
    for node in list.items().into_iter().filter(|node| is_panel(*node)) {
        let read = panel(node, GridPos { x: 0, y: bottom, w: 12, h: 8 }, cx);
        bottom = bottom.max(read.place.y.saturating_add(read.place.h));
        panels.push(read);
    }
    panels.sort_by_key(|panel| (panel.place.y, panel.place.x));
    panels
}

fn is_panel(node: Node<'_>) -> bool {
    if !node.is_object() {
        node.note("one of its panels is not an object");
        return false;
    }
    let copy = node.at("repeatPanelId").exists() && node.at("repeat").filled().is_none();
    if copy {
        node.note("copies of repeated panels that were saved with it are left out: they are repeated anew");
    }
    !copy
}

/// The panels of a dashboard of Grafana 4 and before: rows of a height, panels of a span of twelve.
pub fn rows<'a>(root: Node<'a>, cx: &Context<'a>) -> Vec<Panel> {
    let rows = root.at("rows").items();
    let headed =
        |row: &Node<'_>| row.at("collapse").is_true() || row.at("showTitle").is_true() || row.at("repeat").filled().is_some();
    let headings = rows.iter().any(headed);
    let mut top = 0;
    let mut panels = Vec::new();
    for row in rows.into_iter().filter(|row| !row.at("repeatRowId").exists()) {
        let mut held = flow(row, top + u16::from(headings), cx);
        let bottom = held.iter().map(|p| p.place.y.saturating_add(p.place.h)).max().unwrap_or(top);
        let heading = headings.then(|| heading(row, top));
        let closed = row.at("collapse").is_true();
        top = if closed { top + 1 } else { bottom.max(top + u16::from(headings)) }.min(LOWEST as u16);
        match heading {
            Some(mut heading) if closed => {
                heading.kind = PanelKind::Row { collapsed: true, panels: std::mem::take(&mut held) };
                panels.push(heading);
            }
            heading => panels.extend(heading),
        }
        panels.append(&mut held);
    }
    panels
}

fn heading(row: Node<'_>, y: u16) -> Panel {
    Panel {
        id: 0,
        title: row.at("title").string(),
        description: String::new(),
        place: GridPos { x: 0, y, w: COLUMNS, h: 1 },
        kind: PanelKind::Row { collapsed: false, panels: Vec::new() },
        targets: Vec::new(),
        field: FieldOptions::default(),
        overrides: Vec::new(),
        transformations: Vec::new(),
        times: Times::default(),
        repeat: repeat(row),
        scope: Vec::new(),
    }
}

/// The panels of an old row, left to right, wrapped where the grid ends.
fn flow<'a>(row: Node<'a>, top: u16, cx: &Context<'a>) -> Vec<Panel> {
    let usual = height(row.at("height")).unwrap_or(7);
    let (mut x, mut y, mut tallest) = (0, top, 0);
    let mut panels = Vec::new();
    for node in row.at("panels").items().into_iter().filter(|node| is_panel(*node)) {
        let w = (node.at("span").number().unwrap_or(4.0) * 2.0).clamp(1.0, f64::from(COLUMNS)) as u16;
        let h = height(node.at("height")).unwrap_or(usual);
        if x + w > COLUMNS {
            (x, y, tallest) = (0, y.saturating_add(tallest), 0);
        }
        panels.push(panel(node, GridPos { x, y, w, h }, cx));
        x += w;
        tallest = tallest.max(h);
    }
    panels
}

/// A height in pixels (`250px`, `250`) as rows of the grid, each 30 high and 8 apart.
fn height(node: Node<'_>) -> Option<u16> {
    let text = node.filled()?;
    let pixels: f64 = text.trim().trim_end_matches("px").parse().ok()?;
    Some((pixels.max(90.0) / 38.0).ceil().min(f64::from(TALLEST)) as u16)
}
