//! `stat` and `singlestat`: values one can read from across the room.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use unicode_width::UnicodeWidthStr;

use crate::domain::clean::Clean;
use crate::domain::range::Window;
use crate::domain::time::human;
use crate::domain::unit::Formatted;
use crate::grafana::model::{PanelKind, StatColor, StatOptions};
use crate::ui::panels::notice::count_left_out;
use crate::ui::panels::number::sign;
use crate::ui::panels::tile::{Tile, columns, grid, tiles};
use crate::ui::panels::words::{centred, put};
use crate::ui::panels::{Input, digits};
use crate::ui::theme::{Charset, Depth, Look, Role};

/// Draws the panel.
pub fn draw(input: &Input, area: Rect, buf: &mut Buffer) {
    let PanelKind::Stat(options) = &input.panel.kind else { return };
    let tiles = tiles(input, &options.reduce);
    let places = grid(area, tiles.len(), (10, 1));
    let words = Words::of(options, tiles.len());
    let left_out = tiles.len() - places.len();
    let mut drawing = Drawing { look: input.look, options, words, window: input.window, large: true };
    // All large or none: size must not look like importance.
    drawing.large = tiles.iter().zip(&places).all(|(t, place)| drawing.large(&drawing.text(t), place.width).is_some());
    for (n, (tile, place)) in tiles.iter().zip(&places).enumerate() {
        if left_out > 0 && n + 1 == places.len() {
            count_left_out(left_out + 1, input.look, *place, buf);
        } else {
            drawing.tile(tile, *place, buf);
        }
    }
}

/// What of a value is written.
#[derive(Clone, Copy)]
struct Words {
    name: bool,
    value: bool,
}

impl Words {
    fn of(options: &StatOptions, count: usize) -> Self {
        match options.text_mode.as_str() {
            "value" => Self { name: false, value: true },
            "value_and_name" => Self { name: true, value: true },
            "name" => Self { name: true, value: false },
            "none" => Self { name: false, value: false },
            _ => Self { name: count > 1, value: true },
        }
    }
}

struct Drawing<'a> {
    look: &'a Look,
    options: &'a StatOptions,
    words: Words,
    window: Window,
    large: bool,
}

impl Drawing<'_> {
    fn tile(&self, tile: &Tile, area: Rect, buf: &mut Buffer) {
        if area.is_empty() {
            return;
        }
        let style = self.ground(tile, area, buf);
        let text = self.text(tile);
        if area.height == 1 {
            return self.one_line(tile, &text.to_string(), style, area, buf);
        }
        let caption = self.caption(tile);
        let heads = u16::from(!caption.is_empty());
        let below = area.height - heads;
        // On a filled ground a line of the same colour needs shades to be seen.
        let seen = !self.fills(tile) || !matches!(self.look.depth, Depth::Mono | Depth::Sixteen);
        let sparkline = self.options.sparkline && tile.samples.len() > 1 && seen;
        let large = (self.words.value && self.large).then(|| self.large(&text, area.width)).flatten().filter(|_| below >= 3);
        let high = if large.is_some() { 3 } else { 1 };
        let spark = if sparkline { below.saturating_sub(high).min(if below > 8 { 4 } else { 3 }) } else { 0 };
        let mut y = (area.height - heads - high - spark) / 2;
        match large {
            Some(large) => large.draw(style, row(area, y), buf),
            None if self.words.value => centred(&self.look.fit(&text.to_string(), area.width.into()), style, row(area, y), buf),
            None => {}
        }
        y += high;
        if heads > 0 {
            let role = if tile.age.is_some() { Role::Stale } else { Role::Dim };
            let style = if self.fills(tile) { style.remove_modifier(Modifier::BOLD) } else { self.look.style(role) };
            centred(&self.look.fit(&caption, area.width.into()), style, row(area, y), buf);
        }
        let bottom = Rect { y: area.bottom() - spark, height: spark, ..area };
        let quiet = tile.shown.colour.map_or(self.look.style(Role::Dim), |c| self.look.ink(self.look.faded(c)));
        area_line(tile, self.window, self.look, quiet, bottom, buf);
    }

    /// Fills the ground where the panel wants it, and returns the style of the value.
    fn ground(&self, tile: &Tile, area: Rect, buf: &mut Buffer) -> Style {
        match tile.shown.colour {
            Some(colour) if self.fills(tile) => {
                buf.set_style(area, self.look.fill(colour));
                self.look.fill(colour).add_modifier(Modifier::BOLD)
            }
            Some(colour) if self.options.color != StatColor::None => self.look.ink(colour).add_modifier(Modifier::BOLD),
            None if tile.value.is_none_or(f64::is_nan) => self.look.style(Role::Unknown),
            _ => self.look.style(Role::Text).add_modifier(Modifier::BOLD),
        }
    }

    fn fills(&self, tile: &Tile) -> bool {
        self.options.color == StatColor::Background && tile.shown.colour.is_some()
    }

    fn text(&self, tile: &Tile) -> Formatted {
        let around = |text: &str| Clean::new(text).into_string();
        let Formatted { prefix, text, suffix } = tile.shown.text.clone();
        let sign = sign(tile.shown.colour);
        let sign = if sign.is_empty() { String::new() } else { format!(" {sign}") };
        Formatted {
            prefix: self.look.spell(&format!("{}{prefix}", around(&self.options.prefix))).into_owned(),
            text: self.look.spell(&text).into_owned(),
            suffix: self.look.spell(&format!("{suffix}{}{sign}", around(&self.options.postfix))).into_owned(),
        }
    }

    /// The name, and the age of a value that is too old.
    fn caption(&self, tile: &Tile) -> String {
        let age = tile.age.map(|age| format!("{} ago", human(age)));
        let name = self.words.name.then(|| tile.name.clone());
        age.into_iter().chain(name).collect::<Vec<_>>().join(self.look.pick(" · ", " - "))
    }

    fn one_line(&self, tile: &Tile, text: &str, style: Style, area: Rect, buf: &mut Buffer) {
        let width = usize::from(area.width);
        let value = if self.words.value { self.look.fit(text, width).into_owned() } else { String::new() };
        let caption = self.caption(tile);
        let room = width.saturating_sub(value.width() + 1);
        if room < 3 || caption.is_empty() {
            return centred(&value, style, area, buf);
        }
        let name = self.look.fit(&caption, room);
        put(buf, area.x, area.y, &name, room, self.look.style(Role::Dim));
        let x = area.x + name.width() as u16 + 1;
        put(buf, x, area.y, &value, usize::from(area.right().saturating_sub(x)), style);
    }

    fn large(&self, text: &Formatted, width: u16) -> Option<Large> {
        let rows = digits::large(&text.text, self.look.charset)?;
        let unit = text.suffix.trim().to_owned();
        let large = Large { width: rows[0].width(), rows, before: text.prefix.trim().to_owned(), unit };
        (large.whole() <= usize::from(width)).then_some(large)
    }
}

/// A number three rows high with its unit.
struct Large {
    rows: [String; 3],
    width: usize,
    before: String,
    unit: String,
}

impl Large {
    fn whole(&self) -> usize {
        let beside = |text: &str| if text.is_empty() { 0 } else { 1 + text.width() };
        beside(&self.before) + self.width + beside(&self.unit)
    }

    fn draw(&self, style: Style, first: Rect, buf: &mut Buffer) {
        let mut x = first.x + first.width.saturating_sub(self.whole() as u16) / 2;
        if !self.before.is_empty() {
            x = put(buf, x, first.y + 1, &self.before, self.before.width(), style) + 1;
        }
        for (n, text) in self.rows.iter().enumerate() {
            put(buf, x, first.y + n as u16, text, self.width, style);
        }
        put(buf, x + self.width as u16 + 1, first.y + 1, &self.unit, self.unit.width(), style);
    }
}

/// A row of an area, as long as it has one.
fn row(area: Rect, n: u16) -> Rect {
    Rect { y: area.y + n.min(area.height.saturating_sub(1)), height: 1, ..area }
}

/// The samples as an area, several rows high.
fn area_line(tile: &Tile, window: Window, look: &Look, style: Style, area: Rect, buf: &mut Buffer) {
    let values = columns(tile.samples, window, area.width);
    let numbers = || values.iter().flatten().copied();
    let (low, high) = (numbers().fold(f64::INFINITY, f64::min), numbers().fold(f64::NEG_INFINITY, f64::max));
    // From zero where zero is near; a flat line lies low.
    let low = if low > 0.0 && low < high - low { 0.0 } else { low };
    let signs: &[char] = match look.charset {
        Charset::Unicode => &[' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'],
        Charset::Ascii => &[' ', '.', ':', '|'],
    };
    let full = signs.len() - 1;
    for (x, value) in (area.x..area.right()).zip(&values) {
        let Some(value) = value else { continue };
        let share = if high > low { (value - low) / (high - low) } else { 0.0 };
        let eighths = 1 + (share * (full * usize::from(area.height)).saturating_sub(1) as f64).round() as usize;
        for (n, y) in (area.y..area.bottom()).rev().enumerate() {
            let part = eighths.saturating_sub(n * full).min(full);
            if let (Some(cell), Some(sign)) = (buf.cell_mut((x, y)).filter(|_| part > 0), signs.get(part)) {
                cell.set_char(*sign).set_style(style);
            }
        }
    }
}

#[cfg(test)]
mod tests;
