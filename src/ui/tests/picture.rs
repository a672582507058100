//! A buffer as text, for snapshots.

use std::fmt::Write;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};

/// The cells' characters, line by line.
pub fn text(buf: &Buffer) -> String {
    let mut out = String::new();
    for y in buf.area.top()..buf.area.bottom() {
        let row: String = (buf.area.left()..buf.area.right()).filter_map(|x| buf.cell((x, y))).map(Cell::symbol).collect();
        out.push_str(row.trim_end());
        out.push('\n');
    }
    out
}

/// The characters, then where each style runs: `row: from-to style`.
pub fn styled(buf: &Buffer) -> String {
    let mut out = text(buf);
    for y in buf.area.top()..buf.area.bottom() {
        let mut runs: Vec<(u16, u16, String)> = Vec::new();
        for x in buf.area.left()..buf.area.right() {
            let Some(cell) = buf.cell((x, y)) else { continue };
            let style = style(cell);
            match runs.last_mut().filter(|r| r.2 == style && r.1 + 1 == x) {
                Some(run) => run.1 = x,
                None if style.is_empty() => {}
                None => runs.push((x, x, style)),
            }
        }
        for (from, to, style) in runs {
            let _ = writeln!(out, "{y:>2}: {from:>3}-{to:<3} {style}");
        }
    }
    out
}

fn style(cell: &Cell) -> String {
    let mut parts = Vec::new();
    if cell.fg != Color::Reset {
        parts.push(cell.fg.to_string());
    }
    if cell.bg != Color::Reset {
        parts.push(format!("on {}", cell.bg));
    }
    if cell.modifier != Modifier::empty() {
        parts.push(format!("{:?}", cell.modifier));
    }
    parts.join(" ")
}
