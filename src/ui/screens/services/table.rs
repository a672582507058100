//! Rows in columns under their titles. A column is as wide as what is in it, up to its most; the last takes what is left.

use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use crate::app::selection::first_row;
use crate::app::spot::Spot;
use crate::ui::pen::{Pen, Words};
use crate::ui::theme::Role;

/// One column.
pub struct Column {
    title: &'static str,
    most: usize,
    right: bool,
    from: u16,
}

impl Column {
    /// Text, at most so wide.
    pub const fn text(title: &'static str, most: usize) -> Self {
        Self { title, most, right: false, from: 0 }
    }

    /// A number: set to the right.
    pub const fn number(title: &'static str, most: usize) -> Self {
        Self { title, most, right: true, from: 0 }
    }

    /// The same, only on areas of at least this width.
    #[must_use]
    pub const fn from(self, width: u16) -> Self {
        Self { from: width, ..self }
    }
}

/// One row: a cell for each column, and what it is for the mouse.
pub struct Row {
    /// The cells; texts in them are clean.
    pub cells: Vec<Words>,
    /// What it is.
    pub spot: Spot,
}

/// Draws the rows around the selected one.
pub fn draw(columns: &[Column], rows: &[Row], at: Option<usize>, area: Rect, pen: &mut Pen<'_>) {
    let shown: Vec<usize> = (0..columns.len()).filter(|n| area.width >= columns[*n].from).collect();
    let widths: Vec<usize> = shown.iter().map(|n| width(&columns[*n], *n, rows)).collect();
    let heads: Vec<Words> = columns.iter().map(|column| (Role::Dim, column.title.to_owned())).collect();
    pen.line(area, 0, &line(columns, &shown, &widths, &heads, pen));
    let below = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    let first = first_row(at, rows.len(), usize::from(below.height));
    for (n, row) in rows.iter().enumerate().skip(first).take(usize::from(below.height)) {
        let y = (n - first) as u16;
        pen.spot(below, y, row.spot.clone());
        pen.line(below, y, &line(columns, &shown, &widths, &row.cells, pen));
        if Some(n) == at {
            pen.mark(below, y, Role::Selection);
        }
    }
}

fn width(column: &Column, n: usize, rows: &[Row]) -> usize {
    let widest = rows.iter().filter_map(|row| row.cells.get(n)).map(|(_, text)| text.width()).max().unwrap_or(0);
    widest.max(column.title.width()).min(column.most)
}

/// A column in which nothing stands, on no row, has only its title left to say: it is not left out, for columns do not come and go.
fn line(columns: &[Column], shown: &[usize], widths: &[usize], cells: &[Words], pen: &Pen<'_>) -> Vec<Words> {
    let last = shown.len().saturating_sub(1);
    let cell = |(n, (column, width)): (usize, (&usize, &usize))| {
        let (role, text) = cells.get(*column).cloned().unwrap_or((Role::Dim, String::new()));
        if n == last {
            return (role, format!(" {text}"));
        }
        let text = pen.look.fit(&text, *width).into_owned();
        let pad = width.saturating_sub(text.width());
        let padded = if columns[*column].right { format!(" {:pad$}{text} ", "") } else { format!(" {text}{:pad$} ", "") };
        (role, padded)
    };
    shown.iter().zip(widths).enumerate().map(cell).collect()
}
