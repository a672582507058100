//! Words on cells. What lies outside the buffer is not drawn, wherever it was meant to be.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use unicode_width::UnicodeWidthStr;

/// Writes at most `width` columns of a text; returns the column after it.
pub fn put(buf: &mut Buffer, x: u16, y: u16, text: &str, width: usize, style: Style) -> u16 {
    if !buf.area.contains((x, y).into()) {
        return x;
    }
    buf.set_stringn(x, y, text, width, style).0
}

/// One line in the middle of an area's first row.
pub fn centred(text: &str, style: Style, area: Rect, buf: &mut Buffer) {
    if !area.is_empty() {
        let x = area.x + area.width.saturating_sub(text.width() as u16) / 2;
        put(buf, x, area.y, text, usize::from(area.right().saturating_sub(x)), style);
    }
}
