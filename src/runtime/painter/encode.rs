//! From one frame to the next in as few bytes as every terminal understands: over a slow line the bytes are the waiting time.
//!
//! Only sequences that xterm, tmux, screen, mosh and the Linux console have in common: to a cell, forward, erase so many cells, erase
//! to the end of the line. What is erased has the terminal's own ground; where it is known to take the ground that is set, that one.

use std::fmt::Write;
use std::ops::Range;

use ratatui::buffer::Buffer;

use super::ink::Ink;
use super::strokes::{self, Stroke, Way};

/// As many bytes as a terminal of Linux's takes at once.
const AT_ONCE: usize = 4096;
/// So many cells are sooner written again than stepped over.
const STEP: u16 = 3;

/// The bytes that make a terminal that shows `shown` show `next`; all of it where nothing is known. Empty where nothing changes.
/// `grounds`: whether the terminal erases with the ground that is set (terminfo's `bce`).
pub fn frame(shown: Option<&Buffer>, next: &Buffer, grounds: bool) -> Vec<u8> {
    let shown = shown.filter(|shown| shown.area == next.area);
    let empty = if shown.is_none() { Buffer::empty(next.area) } else { Buffer::default() };
    let strokes = strokes::between(shown.unwrap_or(&empty), next, grounds);
    let begin = if shown.is_none() { "\x1b[m\x1b[2J" } else { "" };
    let few = encoded(next, begin, &strokes::by_ink(strokes.clone()));
    // What comes in pieces is to be seen row by row, not colour by colour.
    if few.len() <= AT_ONCE { few } else { encoded(next, begin, &strokes) }
}

fn encoded(next: &Buffer, begin: &str, strokes: &[(Ink, Stroke)]) -> Vec<u8> {
    let mut encoder = Encoder { next, out: begin.to_owned(), ink: Ink::default(), at: None };
    for (ink, stroke) in strokes {
        encoder.take(*ink);
        encoder.draw(*stroke);
    }
    let back = Ink::default().after(encoder.ink);
    encoder.out.push_str(&back);
    encoder.out.into_bytes()
}

struct Encoder<'a> {
    next: &'a Buffer,
    out: String,
    /// What the terminal writes with.
    ink: Ink,
    /// Where its cursor stands, while that is certain.
    at: Option<(u16, u16)>,
}

impl Encoder<'_> {
    fn draw(&mut self, Stroke { x, y, way }: Stroke) {
        match way {
            Way::Written(to) => self.write(x..to, y),
            Way::Erased(cells) => self.erase((x, y), &format!("\x1b[{cells}X")),
            Way::Cleared => self.erase((x, y), "\x1b[K"),
        }
    }

    /// The cursor stays where it is.
    fn erase(&mut self, (x, y): (u16, u16), sequence: &str) {
        self.to(x, y);
        self.out.push_str(sequence);
    }

    fn write(&mut self, columns: Range<u16>, y: u16) {
        let (next, mut x) = (self.next, columns.start);
        while x < columns.end {
            let cell = &next[(x, y)];
            self.to(x, y);
            self.out.push_str(cell.symbol());
            x += strokes::columns(cell);
            // At the end of a row, and behind what terminals disagree on the width of, nobody knows where the cursor is.
            let certain = x < next.area.right() && cell.symbol().chars().nth(1).is_none();
            self.at = certain.then_some((x, y));
        }
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
                    return self.write(from..x, y);
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
