//! A canvas of dots finer than cells: braille has two by four in each, ASCII one.
//!
//! It knows dots and inks, not what they mean. Every dot outside is dropped.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::ui::theme::Charset;

/// Which of the caller's inks a dot has.
pub type Ink = u16;

/// How much a dot counts where two inks meet in one cell, from the least.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// A line behind the data.
    #[default]
    Grid,
    /// The inside of an area.
    Area,
    /// The data.
    Line,
}

#[derive(Clone, Copy, Default)]
struct Spot {
    dots: u8,
    ink: Ink,
    weight: Weight,
}

/// The dots. `(0, 0)` is on the upper left.
pub struct Canvas {
    area: Rect,
    charset: Charset,
    spots: Vec<Spot>,
}

impl Canvas {
    /// A blank one over `area`.
    pub fn new(area: Rect, charset: Charset) -> Self {
        Self { area, charset, spots: vec![Spot::default(); area.area() as usize] }
    }

    /// Dots in one cell, across and down.
    pub fn grain(charset: Charset) -> (i32, i32) {
        if charset == Charset::Unicode { (2, 4) } else { (1, 1) }
    }

    /// Dots across.
    pub fn width(&self) -> i32 {
        i32::from(self.area.width) * Self::grain(self.charset).0
    }

    /// Dots down.
    pub fn height(&self) -> i32 {
        i32::from(self.area.height) * Self::grain(self.charset).1
    }

    /// One dot. The heavier ink keeps the cell, and the later of two equal ones gets it.
    pub fn dot(&mut self, x: i32, y: i32, ink: Ink, weight: Weight) {
        let (across, down) = Self::grain(self.charset);
        if x < 0 || y < 0 || x >= self.width() || y >= self.height() {
            return;
        }
        let Some(spot) = self.spots.get_mut((y / down * i32::from(self.area.width) + x / across) as usize) else { return };
        if spot.dots == 0 || weight > spot.weight {
            *spot = Spot { dots: if spot.weight == Weight::Grid { 0 } else { spot.dots }, ink, weight };
        } else if weight == spot.weight {
            spot.ink = ink;
        } else if weight == Weight::Grid {
            return;
        }
        spot.dots |= bit(x % across, y % down);
    }

    /// Straight up and down, both ends in.
    pub fn column(&mut self, x: i32, from: i32, to: i32, ink: Ink, weight: Weight) {
        let (top, bottom) = (from.min(to).max(0), from.max(to).min(self.height() - 1));
        for y in top..=bottom {
            self.dot(x, y, ink, weight);
        }
    }

    /// From one dot to another, without steps missing. The ends may lie just outside, never far.
    pub fn line(&mut self, (x0, y0): (i32, i32), (x1, y1): (i32, i32), ink: Ink) {
        let (dx, dy) = ((x1 - x0).abs(), -(y1 - y0).abs());
        let (sx, sy) = ((x1 - x0).signum(), (y1 - y0).signum());
        let (mut x, mut y, mut error) = (x0, y0, dx + dy);
        loop {
            self.dot(x, y, ink, Weight::Line);
            if (x, y) == (x1, y1) {
                return;
            }
            let doubled = 2 * error;
            if doubled >= dy {
                error += dy;
                x += sx;
            }
            if doubled <= dx {
                error += dx;
                y += sy;
            }
        }
    }

    /// Into the buffer; `dress` gives each ink its style and its mark in ASCII. Blank cells stay as they are.
    pub fn paint(&self, buf: &mut Buffer, dress: impl Fn(Ink) -> (Style, char)) {
        for (n, spot) in self.spots.iter().enumerate().filter(|(_, s)| s.dots != 0) {
            let width = usize::from(self.area.width);
            let at = (self.area.x + (n % width) as u16, self.area.y + (n / width) as u16);
            let (style, mark) = dress(spot.ink);
            let sign = match self.charset {
                Charset::Unicode => char::from_u32(0x2800 + u32::from(spot.dots)).unwrap_or(' '),
                Charset::Ascii => mark,
            };
            if let Some(cell) = buf.cell_mut(at) {
                cell.set_char(sign).set_style(style);
            }
        }
    }
}

/// The bit of a dot in a braille character.
fn bit(x: i32, y: i32) -> u8 {
    const BITS: [[u8; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];
    BITS.get(y as usize).and_then(|row| row.get(x as usize)).copied().unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(charset: Charset, draw: impl Fn(&mut Canvas)) -> Vec<String> {
        let area = Rect::new(0, 0, 4, 2);
        let mut canvas = Canvas::new(area, charset);
        draw(&mut canvas);
        let mut buf = Buffer::empty(area);
        canvas.paint(&mut buf, |ink| (Style::new(), char::from(b'a' + ink as u8)));
        let row = |y| (0..4).map(|x| buf.cell((x, y)).map_or("", |c| c.symbol())).collect::<String>();
        vec![row(0), row(1)]
    }

    #[test]
    fn a_line_has_no_holes() {
        assert_eq!(drawn(Charset::Unicode, |c| c.line((0, 7), (7, 0), 0)), ["  ⡠⠊", "⡠⠊  "]);
        assert_eq!(drawn(Charset::Ascii, |c| c.line((0, 1), (3, 0), 1)), ["  bb", "bb  "]);
    }

    #[test]
    fn data_hides_the_grid_and_covers_areas() {
        let meet = |c: &mut Canvas| {
            c.dot(0, 0, 0, Weight::Grid);
            c.dot(0, 0, 1, Weight::Area);
            c.dot(0, 0, 2, Weight::Line);
            c.dot(0, 0, 1, Weight::Area);
            c.dot(-1, 99, 3, Weight::Line);
        };
        assert_eq!(drawn(Charset::Ascii, meet), ["c   ", "    "]);
    }
}
