//! Draws the model, and writes to the terminal only what changed: nothing at all when nothing did.

use std::io::{self, BufWriter, Stdout};

use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::model::Model;
use crate::ui;
use crate::ui::theme::Look;

/// One frame is one write: a slow link sees it whole or not at all.
const FRAME_BYTES: usize = 64 << 10;

/// Draws on the terminal.
pub struct Painter {
    terminal: Terminal<CrosstermBackend<BufWriter<Stdout>>>,
    look: Look,
    shown: Option<Buffer>,
}

impl Painter {
    /// On the terminal of this process.
    pub fn new(look: Look) -> io::Result<Self> {
        let backend = CrosstermBackend::new(BufWriter::with_capacity(FRAME_BYTES, io::stdout()));
        Ok(Self { terminal: Terminal::new(backend)?, look, shown: None })
    }

    /// Columns and rows.
    pub fn size(&self) -> io::Result<(u16, u16)> {
        self.terminal.size().map(|s| (s.width, s.height))
    }

    /// Draws the model, unless it looks as it did.
    pub fn paint(&mut self, model: &Model) -> io::Result<()> {
        let (width, height) = model.shared.size;
        let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
        ui::view(model, &self.look, &mut buffer);
        if self.shown.as_ref() == Some(&buffer) {
            return Ok(());
        }
        let mut fits = false;
        self.terminal.draw(|frame| {
            fits = frame.area() == buffer.area;
            if fits {
                frame.buffer_mut().clone_from(&buffer);
            }
        })?;
        self.shown = fits.then_some(buffer);
        Ok(())
    }

    /// Forgets what the terminal shows: the next frame is drawn whole.
    pub fn forget(&mut self) -> io::Result<()> {
        self.shown = None;
        // Not `clear`: that asks the terminal where its cursor is, and a terminal that is slow to answer would end the console.
        let (width, height) = self.size()?;
        self.terminal.resize(Rect::new(0, 0, width, height))
    }
}
