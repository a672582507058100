//! Bars: how far a value stands between the least and the greatest. Shared by gauges, bar gauges and tables.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::grafana::model::FieldOptions;
use crate::ui::panels::number::threshold;
use crate::ui::theme::{Charset, Look, Role};

/// The least and the greatest of a gauge.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reach {
    /// Where it is empty.
    pub least: f64,
    /// Where it is full; more than `least`.
    pub most: f64,
}

impl Reach {
    /// As the options say; else from zero to `most`, and to 100 percent where that is not known.
    pub fn of(options: &FieldOptions, most: Option<f64>) -> Self {
        let whole = if options.unit.as_ref().is_some_and(|u| u.0 == "percentunit") { 1.0 } else { 100.0 };
        let least = options.min.filter(|m| m.is_finite()).unwrap_or(0.0);
        let percents = options.unit.as_ref().is_some_and(|u| u.0.starts_with("percent"));
        let otherwise = most.filter(|m| m.is_finite() && *m > least && !percents).unwrap_or(whole);
        let most = options.max.filter(|m| m.is_finite()).unwrap_or(otherwise);
        Self { least, most: if most > least { most } else { least + 1.0 } }
    }

    /// How full, from 0 to 1; what is no number fills nothing.
    pub fn share(self, value: f64) -> f64 {
        let share = (value - self.least) / (self.most - self.least);
        if share.is_nan() { 0.0 } else { share.clamp(0.0, 1.0) }
    }

    /// The value at a share.
    pub fn value(self, share: f64) -> f64 {
        self.least + share * (self.most - self.least)
    }
}

/// A bar that is `share` full, over every row of an area.
pub fn bar(share: f64, style: Style, look: &Look, area: Rect, buf: &mut Buffer) {
    const EIGHTHS: [char; 8] = [' ', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];
    let eighths = (share.clamp(0.0, 1.0) * f64::from(area.width) * 8.0).round() as u16;
    let empty = look.style(Role::Grid);
    for (n, x) in (area.left()..area.right()).enumerate() {
        let part = eighths.saturating_sub(n as u16 * 8).min(8);
        let (sign, style) = match (look.charset, part) {
            (Charset::Unicode, 8) => ('█', style),
            (Charset::Unicode, 0) => ('░', empty),
            (Charset::Unicode, part) => (EIGHTHS[usize::from(part & 7)], style),
            (Charset::Ascii, 4..) => ('#', style),
            (Charset::Ascii, _) => ('.', empty),
        };
        for y in area.top()..area.bottom() {
            if let Some(cell) = buf.cell_mut((x, y)) {
                cell.set_char(sign).set_style(style);
            }
        }
    }
}

/// The thresholds of a gauge below its bar: a band in their colours with a mark where each begins.
pub fn band(options: &FieldOptions, reach: Reach, look: &Look, line: Rect, buf: &mut Buffer) {
    let at = |n: u16| reach.value(f64::from(n) / f64::from(line.width.max(1)));
    let name = |n: u16| threshold(options, at(n) + (reach.most - reach.least) * 1e-9);
    for n in 0..line.width {
        let begins = n > 0 && name(n) != name(n - 1);
        let sign = if begins { look.pick('┷', '^') } else { look.pick('━', '-') };
        let style = name(n).and_then(|c| look.grafana(c)).map_or(look.style(Role::Grid), |c| look.ink(c));
        if let Some(cell) = buf.cell_mut((line.x + n, line.y)) {
            cell.set_char(sign).set_style(style);
        }
    }
}
