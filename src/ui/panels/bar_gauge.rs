//! `bargauge`: one bar a value, with its name and number.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use crate::grafana::model::PanelKind;
use crate::ui::panels::Input;
use crate::ui::panels::bar::{Reach, bar};
use crate::ui::panels::gauge::{caption, value_style, value_text};
use crate::ui::panels::notice::count_left_out;
use crate::ui::panels::tile::{Tile, tiles};
use crate::ui::panels::words::put;
use crate::ui::theme::{Look, Role};

/// Narrower than this, names stand above their bars.
const ONE_LINE: u16 = 28;

/// Draws the panel.
pub fn draw(input: &Input, area: Rect, buf: &mut Buffer) {
    let PanelKind::BarGauge(how) = &input.panel.kind else { return };
    let tiles = tiles(input, how);
    let bars = Bars::new(&tiles, input.look, area);
    let step = bars.step(tiles.len(), area.height);
    let fit = usize::from(area.height / step);
    let shown = if tiles.len() > fit { fit.saturating_sub(1) } else { tiles.len() };
    for (n, tile) in tiles.iter().take(shown).enumerate() {
        let place = Rect { y: area.y + n as u16 * step, height: step, ..area };
        bars.draw(tile, place, buf);
    }
    if shown < tiles.len() {
        let y = area.y + shown as u16 * step;
        count_left_out(tiles.len() - shown, input.look, Rect { y, height: area.bottom().saturating_sub(y), ..area }, buf);
    }
}

/// What all bars of a panel share.
struct Bars<'a> {
    look: &'a Look,
    most: Option<f64>,
    name: usize,
    value: usize,
    stacked: bool,
}

impl<'a> Bars<'a> {
    fn new(tiles: &[Tile], look: &'a Look, area: Rect) -> Self {
        let widest = |width: &dyn Fn(&Tile) -> usize| tiles.iter().map(width).max().unwrap_or(0);
        let name = widest(&|t| look.spell(&caption(t, true, look)).width()).min(usize::from(area.width / 3));
        let value = widest(&|t| value_text(t, look).width()).min(usize::from(area.width / 2));
        let most = tiles.iter().filter_map(|t| t.value).filter(|v| v.is_finite()).reduce(f64::max);
        let stacked = area.width < ONE_LINE && usize::from(area.height) >= 2 * tiles.len();
        Self { look, most, name, value, stacked }
    }

    /// Rows for each: with air between them where there is room.
    fn step(&self, count: usize, height: u16) -> u16 {
        let least = if self.stacked { 2 } else { 1 };
        if usize::from(height) >= count * (least + 1) { least as u16 + 1 } else { least as u16 }
    }

    fn draw(&self, tile: &Tile, area: Rect, buf: &mut Buffer) {
        let look = self.look;
        let line = Rect { height: area.height.min(1), ..area };
        let value =
            look.fit(&value_text(tile, look), if self.stacked { usize::from(area.width) } else { self.value }).into_owned();
        let role = if tile.age.is_some() { Role::Stale } else { Role::Text };
        let room = usize::from(area.width).saturating_sub(value.width() + 1);
        let name = look.fit(&caption(tile, true, look), if self.stacked { room } else { self.name.min(room) }).into_owned();
        put(buf, line.x, line.y, &name, room, look.style(role));
        put(buf, line.right() - value.width() as u16, line.y, &value, value.width(), value_style(tile, look));
        let place = if self.stacked {
            Rect { y: line.y + 1, ..line }.intersection(area)
        } else {
            let x = (line.x + self.name as u16 + 1).min(line.right());
            Rect { x, width: line.right().saturating_sub(x + self.value as u16 + 1), ..line }
        };
        let share = Reach::of(&tile.options, self.most).share(tile.value.unwrap_or(f64::NAN));
        bar(share, value_style(tile, look), look, place, buf);
    }
}
