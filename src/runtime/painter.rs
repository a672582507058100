//! Draws the model, and writes to the terminal only what changed: nothing at all when nothing did.

mod encode;
mod ink;
mod strokes;

use std::io::{self, Write};

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::model::Model;
use crate::app::spot::Spot;
use crate::ui::spots::Spots;
use crate::ui::theme::Look;
use crate::ui::{self, Drawn};

/// A frame between these is shown whole by a terminal that has synchronized output, however it arrives (DEC mode 2026).
const TOGETHER: (&[u8], &[u8]) = (b"\x1b[?2026h", b"\x1b[?2026l");

/// Draws on a terminal.
#[derive(Debug)]
pub struct Painter<W> {
    out: W,
    look: Look,
    shown: Option<Buffer>,
    spots: Spots,
    drawn: Drawn,
    grounds: bool,
    together: bool,
}

impl<W: Write> Painter<W> {
    /// On a terminal of which nothing is known but whether it erases with the ground that is set.
    pub fn new(out: W, look: Look, grounds: bool) -> Self {
        Self { out, look, shown: None, spots: Spots::default(), drawn: Drawn::default(), grounds, together: false }
    }

    /// The terminal has synchronized output, or not.
    pub fn together(&mut self, has: bool) {
        self.together = has;
    }

    /// Draws the model, unless it looks as it did.
    pub fn paint(&mut self, model: &Model) -> io::Result<()> {
        let (width, height) = model.shared.size;
        let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
        self.spots = ui::view(model, &self.look, &mut self.drawn, &mut buffer);
        let bytes = encode::frame(self.shown.as_ref(), &buffer, self.grounds);
        if !bytes.is_empty() {
            self.write(&bytes)?;
        }
        self.shown = Some(buffer);
        Ok(())
    }

    /// What was drawn on a cell, as far as one can point at it.
    pub fn at(&self, column: u16, row: u16) -> Option<&Spot> {
        self.spots.at(column, row)
    }

    /// Forgets what the terminal shows: the next frame is drawn whole.
    pub fn forget(&mut self) {
        self.shown = None;
        self.drawn = Drawn::default();
    }

    /// One frame is one write: a slow link sees it whole or not at all.
    fn write(&mut self, frame: &[u8]) -> io::Result<()> {
        let (begin, end) = if self.together { TOGETHER } else { (&b""[..], &b""[..]) };
        self.out.write_all(&[begin, frame, end].concat())?;
        self.out.flush()
    }
}

#[cfg(test)]
mod tests;
