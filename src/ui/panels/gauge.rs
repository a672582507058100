//! `gauge`: how far a value stands between the least and the greatest, and in which of its thresholds.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use unicode_width::UnicodeWidthStr;

use crate::domain::time::human;
use crate::grafana::model::PanelKind;
use crate::ui::panels::bar::{Reach, band, bar};
use crate::ui::panels::notice::count_left_out;
use crate::ui::panels::number::{sign, written};
use crate::ui::panels::tile::{Tile, grid, tiles};
use crate::ui::panels::words::{centred, put};
use crate::ui::panels::{Input, digits};
use crate::ui::theme::{Look, Role};

/// Draws the panel.
pub fn draw(input: &Input, area: Rect, buf: &mut Buffer) {
    let PanelKind::Gauge(how) = &input.panel.kind else { return };
    let tiles = tiles(input, how);
    let places = grid(area, tiles.len(), (12, 2));
    for (n, (tile, place)) in tiles.iter().zip(&places).enumerate() {
        if n + 1 == places.len() && tiles.len() > places.len() {
            count_left_out(tiles.len() - n, input.look, *place, buf);
        } else {
            gauge(tile, tiles.len() > 1, input.look, *place, buf);
        }
    }
}

/// The colour of a value's threshold; a value that is no number has the style of the unknown.
pub fn value_style(tile: &Tile, look: &Look) -> Style {
    match (tile.value, tile.shown.colour) {
        (Some(value), Some(colour)) if !value.is_nan() => look.ink(colour),
        (Some(value), None) if !value.is_nan() => look.style(Role::Accent),
        _ => look.style(Role::Unknown),
    }
}

/// A value as it is written, with the sign that stands for its colour.
pub fn value_text(tile: &Tile, look: &Look) -> String {
    let text = tile.shown.text.to_string();
    let sign = sign(tile.shown.colour);
    look.spell(&if sign.is_empty() { text } else { format!("{text} {sign}") }).into_owned()
}

/// A tile's name, and how old it is when it is too old.
pub fn caption(tile: &Tile, named: bool, look: &Look) -> String {
    let age = tile.age.map(|age| format!("{} ago", human(age)));
    let name = named.then(|| tile.name.clone());
    age.into_iter().chain(name).collect::<Vec<_>>().join(look.pick(" · ", " - "))
}

fn gauge(tile: &Tile, named: bool, look: &Look, area: Rect, buf: &mut Buffer) {
    let reach = Reach::of(&tile.options, None);
    let style = value_style(tile, look).add_modifier(Modifier::BOLD);
    let caption = caption(tile, named, look);
    let plan = Plan::new(tile, !caption.is_empty(), look, area);
    let mut rows = Rows { area, y: area.y + area.height.saturating_sub(plan.height()) / 2 };
    match &plan.large {
        Some(large) => draw_large(large, tile, style, look, &mut rows, buf),
        None => centred(&look.fit(&value_text(tile, look), area.width.into()), style, rows.take(1), buf),
    }
    let share = reach.share(tile.value.unwrap_or(f64::NAN));
    bar(share, style.remove_modifier(Modifier::BOLD), look, rows.take(plan.thick), buf);
    if plan.band {
        band(&tile.options, reach, look, rows.take(1), buf);
    }
    if plan.ends {
        ends(tile, reach, look, rows.take(1), buf);
    }
    let role = if tile.age.is_some() { Role::Stale } else { Role::Dim };
    centred(&look.fit(&caption, area.width.into()), look.style(role), rows.take(1), buf);
}

/// What of a gauge there is room for.
struct Plan {
    large: Option<[String; 3]>,
    thick: u16,
    band: bool,
    ends: bool,
    caption: bool,
}

impl Plan {
    fn new(tile: &Tile, caption: bool, look: &Look, area: Rect) -> Self {
        let room = area.height.saturating_sub(u16::from(caption));
        let large = digits::large(&look.spell(&tile.shown.text.text), look.charset);
        let large = large.filter(|rows| room >= 6 && rows[0].width() + 6 <= usize::from(area.width));
        let spare = room.saturating_sub(if large.is_some() { 6 } else { 4 });
        Self { thick: 1 + u16::from(spare > 1), large, band: room >= 3, ends: room >= 4, caption }
    }

    fn height(&self) -> u16 {
        let value = if self.large.is_some() { 3 } else { 1 };
        value + self.thick + u16::from(self.band) + u16::from(self.ends) + u16::from(self.caption)
    }
}

/// The number three rows high, with what follows it.
fn draw_large(large: &[String; 3], tile: &Tile, style: Style, look: &Look, rows: &mut Rows, buf: &mut Buffer) {
    let sign = sign(tile.shown.colour);
    let beside = look.spell(format!("{}{} {sign}", tile.shown.text.prefix, tile.shown.text.suffix.trim()).trim()).into_owned();
    let width = large[0].width() + 1 + beside.width();
    for (n, text) in large.iter().enumerate() {
        let line = rows.take(1);
        let x = line.x + usize::from(line.width).saturating_sub(width) as u16 / 2;
        let x = put(buf, x, line.y, text, usize::from(line.right().saturating_sub(x)), style) + 1;
        if n == 1 && x < line.right() {
            put(buf, x, line.y, &beside, usize::from(line.right() - x), style);
        }
    }
}

/// The least on the left, the greatest on the right.
fn ends(tile: &Tile, reach: Reach, look: &Look, line: Rect, buf: &mut Buffer) {
    let write = |value| look.spell(&written(tile.options.unit.as_ref(), value, tile.options.decimals).to_string()).into_owned();
    let (least, most) = (write(reach.least), write(reach.most));
    let width = usize::from(line.width);
    if least.width() + most.width() < width {
        put(buf, line.x, line.y, &least, width, look.style(Role::Dim));
        put(buf, line.right() - most.width() as u16, line.y, &most, width, look.style(Role::Dim));
    }
}

/// Rows handed out from the top; empty when there are none left.
struct Rows {
    area: Rect,
    y: u16,
}

impl Rows {
    fn take(&mut self, count: u16) -> Rect {
        let height = count.min(self.area.bottom().saturating_sub(self.y));
        let rect = Rect { y: self.y.min(self.area.bottom()), height, ..self.area };
        self.y += height;
        rect
    }
}
