//! From one frame to the next in as few bytes as every terminal understands: over a slow line the bytes are the waiting time.
//!
//! Only sequences that xterm, tmux, screen, mosh and the Linux console have in common: to a cell, forward, erase so many cells, erase
//! to the end of the line. What is erased has the terminal's own ground; where it is known to take the ground that is set, that one.

use std::fmt::Write;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::Color;
use unicode_width::UnicodeWidthStr;

use super::ink::{Ink, ground, same};

/// Erasing takes about as many bytes as this many blanks.
const WORTH_ERASING: u16 = 10;
/// So many cells are sooner written again than stepped over.
const STEP: u16 = 3;

/// The bytes that make a terminal that shows `shown` show `next`; all of it where nothing is known. Empty where nothing changes.
/// `grounds`: whether the terminal erases with the ground that is set (terminfo's `bce`).
pub fn frame(shown: Option<&Buffer>, next: &Buffer, grounds: bool) -> Vec<u8> {
    let shown = shown.filter(|shown| shown.area == next.area);
    let empty = if shown.is_none() { Buffer::empty(next.area) } else { Buffer::default() };
    let mut encoder =
        Encoder { before: shown.unwrap_or(&empty), next, grounds, out: String::new(), ink: Ink::default(), at: None };
    if shown.is_none() {
        encoder.out.push_str("\x1b[m\x1b[2J");
    }
    for y in next.area.top()..next.area.bottom() {
        if !encoder.is_known(y) {
            encoder.row(y);
        }
    }
    let back = Ink::default().after(encoder.ink);
    encoder.out.push_str(&back);
    encoder.out.into_bytes()
}

struct Encoder<'a> {
    before: &'a Buffer,
    next: &'a Buffer,
    grounds: bool,
    out: String,
    /// What the terminal writes with.
    ink: Ink,
    /// Where its cursor stands, while that is certain.
    at: Option<(u16, u16)>,
}

impl Encoder<'_> {
    /// Whether nothing at all is new on a row: most are so in most frames.
    fn is_known(&self, y: u16) -> bool {
        let row = |buffer: &Buffer| {
            let begin = buffer.index_of(buffer.area.left(), y);
            begin..begin + usize::from(buffer.area.width)
        };
        self.before.content[row(self.before)] == self.next.content[row(self.next)]
    }

    fn row(&mut self, y: u16) {
        let next = self.next;
        let (mut x, end) = (next.area.left(), next.area.right());
        let blank_from = end - self.blanks((x..end).rev(), y);
        while x < end {
            if !self.changed(x, y) {
                x += columns(&next[(x, y)]);
                continue;
            }
            if x >= blank_from {
                return self.erase(x, y, None);
            }
            let blank = self.blanks(x..end, y);
            if blank >= WORTH_ERASING {
                self.erase(x, y, Some(blank));
                x += blank;
                continue;
            }
            self.to(x, y);
            self.write(x, y);
            x += columns(&next[(x, y)]);
        }
    }

    /// How many cells from the first on are blank, of a ground that can be had by erasing.
    fn blanks(&self, mut columns: impl Iterator<Item = u16> + Clone, y: u16) -> u16 {
        let of = |x: u16| ground(&self.next[(x, y)]);
        let first = columns.clone().next().and_then(of).filter(|ground| self.grounds || *ground == Color::Reset);
        if first.is_none() {
            return 0;
        }
        columns.by_ref().take_while(|x| of(*x) == first).count() as u16
    }

    /// Whether a cell looks different now, or lost the wide character that it was the right half of.
    fn changed(&self, x: u16, y: u16) -> bool {
        let is_known = |x| self.before[(x, y)] == self.next[(x, y)];
        if is_known(x) && (x == self.next.area.left() || is_known(x - 1)) {
            return false;
        }
        let halved = x > self.next.area.left() && {
            let left = (x - 1, y);
            columns(&self.before[left]) == 2 && columns(&self.next[left]) == 1
        };
        halved || !same(&self.before[(x, y)], &self.next[(x, y)])
    }

    /// Erases so many cells, or the rest of the row; the cursor stays.
    fn erase(&mut self, x: u16, y: u16, cells: Option<u16>) {
        self.to(x, y);
        self.take(Ink::of(&self.next[(x, y)], self.ink));
        let _ = match cells {
            Some(cells) => write!(self.out, "\x1b[{cells}X"),
            None => write!(self.out, "\x1b[K"),
        };
    }

    fn write(&mut self, x: u16, y: u16) {
        let cell = &self.next[(x, y)];
        self.take(Ink::of(cell, self.ink));
        self.out.push_str(cell.symbol());
        let beyond = x + columns(cell);
        // At the end of a row, and behind what terminals disagree on the width of, nobody knows where the cursor is.
        let certain = beyond < self.next.area.right() && cell.symbol().chars().nth(1).is_none();
        self.at = certain.then_some((beyond, y));
    }

    fn take(&mut self, ink: Ink) {
        self.out.push_str(&ink.after(self.ink));
        self.ink = ink;
    }

    /// Moves the cursor, in the shortest way.
    fn to(&mut self, x: u16, y: u16) {
        let _ = match self.at {
            Some(at) if at == (x, y) => return,
            Some((from, row)) if row == y && from < x => {
                if self.is_soon_written(from, x, y) {
                    return (from..x).for_each(|x| self.write(x, y));
                }
                match x - from {
                    1 => write!(self.out, "\x1b[C"),
                    cells => write!(self.out, "\x1b[{cells}C"),
                }
            }
            _ if x == 0 => write!(self.out, "\x1b[{}H", y + 1),
            _ => write!(self.out, "\x1b[{};{}H", y + 1, x + 1),
        };
        self.at = Some((x, y));
    }

    /// Whether the cells between are a few letters that need no other ink.
    fn is_soon_written(&self, from: u16, to: u16, y: u16) -> bool {
        let plain = |x| {
            let cell = &self.next[(x, y)];
            cell.symbol().len() == 1 && Ink::of(cell, self.ink) == self.ink
        };
        to - from <= STEP && (from..to).all(plain)
    }
}

/// How many columns a cell's character takes.
fn columns(cell: &Cell) -> u16 {
    if cell.symbol().len() > 1 && cell.symbol().width() > 1 { 2 } else { 1 }
}
