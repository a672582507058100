//! What is new in a frame, as strokes: cells side by side that one ink can write.

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::Color;
use unicode_width::UnicodeWidthStr;

use super::ink::{Ink, ground, same};

/// Erasing takes about as many bytes as this many blanks.
const WORTH_ERASING: usize = 10;

/// A part of a row, from a cell on.
#[derive(Clone, Copy, Debug)]
pub struct Stroke {
    pub x: u16,
    pub y: u16,
    pub way: Way,
}

/// How it comes to look as it should.
#[derive(Clone, Copy, Debug)]
pub enum Way {
    /// Written up to this column.
    Written(u16),
    /// So many cells erased.
    Erased(u16),
    /// Erased to the end of the row.
    Cleared,
}

/// The strokes in the order of reading, each with its ink. `grounds`: whether the terminal erases with the ground that is set
/// (terminfo's `bce`).
pub fn between(before: &Buffer, next: &Buffer, grounds: bool) -> Vec<(Ink, Stroke)> {
    let mut strokes = vec![];
    let width = usize::from(next.area.width).max(1);
    let rows = before.content.chunks(width).zip(next.content.chunks(width));
    for (y, (before, next)) in (next.area.y..).zip(rows) {
        // Most rows are the same in most frames.
        if before != next {
            Row { before, next, grounds }.strokes(y, &mut strokes);
        }
    }
    strokes
}

/// All strokes of an ink together, for another ink takes more bytes than another place.
pub fn by_ink(mut strokes: Vec<(Ink, Stroke)>) -> Vec<(Ink, Stroke)> {
    // A frame begins and ends with no ink in hand: what needs none comes first.
    let mut inks = vec![Ink::default()];
    for (ink, _) in &strokes {
        if !inks.contains(ink) {
            inks.push(*ink);
        }
    }
    strokes.sort_by_key(|(ink, _)| inks.iter().position(|known| known == ink));
    strokes
}

struct Row<'a> {
    before: &'a [Cell],
    next: &'a [Cell],
    grounds: bool,
}

impl Row<'_> {
    fn strokes(&self, y: u16, strokes: &mut Vec<(Ink, Stroke)>) {
        let blank_from = self.next.len() - self.blanks(self.next.iter().rev());
        let mut x = 0;
        while x < self.next.len() {
            if !self.changed(x) {
                x += usize::from(columns(&self.next[x]));
                continue;
            }
            let (ink, way, to) = self.stroke(x, blank_from);
            strokes.push((ink, Stroke { x: x as u16, y, way }));
            x = to;
        }
    }

    /// The stroke that begins on a changed cell: its ink, its way, and the column behind it.
    fn stroke(&self, x: usize, blank_from: usize) -> (Ink, Way, usize) {
        let ground = Ink::of(&self.next[x], Ink::default());
        if x >= blank_from {
            return (ground, Way::Cleared, self.next.len());
        }
        let blanks = self.blanks(self.next[x..].iter());
        if blanks >= WORTH_ERASING {
            return (ground, Way::Erased(blanks as u16), x + blanks);
        }
        let (ink, to) = self.written(x);
        (ink, Way::Written(to as u16), to)
    }

    /// How far one ink can write from a changed cell on. Blanks at its begin take the ink of what follows.
    fn written(&self, x: usize) -> (Ink, usize) {
        let mut changed = (x..self.next.len()).take_while(|x| self.changed(*x)).map(|x| &self.next[x]);
        let letter = changed.find(|cell| ground(cell).is_none());
        let wished = letter.map_or_else(Ink::default, |cell| Ink::of(cell, Ink::default()));
        let ink = Ink::of(&self.next[x], wished);
        let goes_on = |x: usize| {
            let one = |cell| Ink::of(cell, ink) == ink;
            self.changed(x) && one(&self.next[x]) && self.blanks(self.next[x..].iter()) < WORTH_ERASING
        };
        let mut to = x + usize::from(columns(&self.next[x]));
        while to < self.next.len() && goes_on(to) {
            to += usize::from(columns(&self.next[to]));
        }
        (ink, to)
    }

    /// How many cells from the first on are blank, of a ground that can be had by erasing.
    fn blanks<'a>(&self, mut cells: impl Iterator<Item = &'a Cell>) -> usize {
        let first = cells.next().and_then(ground).filter(|ground| self.grounds || *ground == Color::Reset);
        if first.is_none() { 0 } else { 1 + cells.take_while(|cell| ground(cell) == first).count() }
    }

    /// Whether a cell looks different now, or lost the wide character that it was the right half of.
    fn changed(&self, x: usize) -> bool {
        let is_known = |x: usize| self.before[x] == self.next[x];
        if is_known(x) && (x == 0 || is_known(x - 1)) {
            return false;
        }
        let halved = x > 0 && columns(&self.before[x - 1]) == 2 && columns(&self.next[x - 1]) == 1;
        halved || !same(&self.before[x], &self.next[x])
    }
}

/// How many columns a cell's character takes.
pub fn columns(cell: &Cell) -> u16 {
    if cell.symbol().len() > 1 && cell.symbol().width() > 1 { 2 } else { 1 }
}
