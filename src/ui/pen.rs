//! Writes words on cells by role: the screens name roles, the look knows colours.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use unicode_width::UnicodeWidthStr;

use crate::app::spot::Spot;
use crate::app::store::Freshness;
use crate::domain::alert::Severity;
use crate::domain::clean::Clean;
use crate::domain::time::human;
use crate::ui::panels::{self, Border};
use crate::ui::spots::Spots;
use crate::ui::theme::{Look, Role};

/// Words of one role.
pub type Words = (Role, String);

/// A buffer, and how things look on it.
pub struct Pen<'a> {
    /// What is written on.
    pub buf: &'a mut Buffer,
    /// What is written with.
    pub look: &'a Look,
    /// What was written where, as far as one can point at it.
    pub spots: Spots,
}

impl<'a> Pen<'a> {
    /// On a buffer.
    pub fn new(buf: &'a mut Buffer, look: &'a Look) -> Self {
        Self { buf, look, spots: Spots::default() }
    }

    /// Words of one role on a row of an area, counted from its top; cut to its width.
    pub fn words(&mut self, area: Rect, row: u16, role: Role, text: &str) {
        self.line(area, row, &[(role, text.to_owned())]);
    }

    /// Words of several roles, one after the other.
    pub fn line(&mut self, area: Rect, row: u16, words: &[Words]) {
        if row >= area.height {
            return;
        }
        let mut x = area.x;
        for (role, text) in words {
            let text = self.look.fit(text, usize::from(area.right().saturating_sub(x)));
            let style = self.look.style(*role);
            self.buf.set_stringn(x, area.y + row, &text, usize::from(area.right().saturating_sub(x)), style);
            x = x.saturating_add(text.width() as u16).min(area.right());
        }
    }

    /// Words at the right end of a row; what is left of the row to their left.
    pub fn right(&mut self, area: Rect, row: u16, words: &[Words]) -> Rect {
        let width = words.iter().map(|(_, text)| text.width()).sum::<usize>().min(usize::from(area.width)) as u16;
        self.line(Rect { x: area.right() - width, width, ..area }, row, words);
        Rect { width: area.width - width, ..area }
    }

    /// A heading with a rule to the end of the row.
    pub fn heading(&mut self, area: Rect, row: u16, title: &str, focused: bool) {
        let (line, role) = if focused { ("━", Role::FocusedBorder) } else { ("─", Role::Border) };
        let line = self.look.pick(line, if focused { "=" } else { "-" });
        let rest = usize::from(area.width).saturating_sub(title.width() + 4);
        let words = [(role, line.repeat(2)), (Role::Title, format!(" {title} ")), (role, line.repeat(rest))];
        self.line(area, row, &words);
    }

    /// Puts a style over a row: the selection.
    pub fn mark(&mut self, area: Rect, row: u16, role: Role) {
        if row < area.height {
            let style: Style = self.look.style(role);
            self.buf.set_style(Rect { y: area.y + row, height: 1, ..area }, style);
        }
    }

    /// A row of an area is this, for the mouse.
    pub fn spot(&mut self, area: Rect, row: u16, spot: Spot) {
        if row < area.height {
            self.spots.put(Rect { y: area.y + row, height: 1, ..area }, spot);
        }
    }

    /// Where a word stands on a row, as it was written, is this, for the mouse.
    pub fn spot_word(&mut self, area: Rect, row: u16, word: &str, spot: Spot) {
        let width = word.width() as u16;
        let reads = |x: u16| (x..x + width).map(|x| self.buf[(x, area.y + row)].symbol()).collect::<String>() == word;
        if let Some(x) = (area.x..(area.right() + 1).saturating_sub(width)).find(|x| reads(*x)) {
            self.spots.put(Rect { x, y: area.y + row, width, height: 1 }, spot);
        }
    }

    /// Empties an area and gives it a frame with a title; returns its inside.
    pub fn window(&mut self, area: Rect, title: &str) -> Rect {
        let area = area.intersection(self.buf.area);
        self.spots.cover(area);
        let ground = self.look.ground().unwrap_or_default();
        for position in area.positions() {
            self.buf[position].reset();
            self.buf[position].set_style(ground);
        }
        panels_frame(self, area, title)
    }

    /// The sign of a severity: never its colour alone.
    pub fn severity(&self, severity: Severity) -> Words {
        let (role, sign) = match severity {
            Severity::Emergency => (Role::Critical, self.look.pick("‼ P0  ", "# P0  ")),
            Severity::Critical => (Role::Critical, self.look.pick("✖ crit", "X crit")),
            Severity::Warning => (Role::Warning, self.look.pick("▲ warn", "! warn")),
            Severity::Info => (Role::Accent, self.look.pick("● info", "i info")),
            Severity::Unknown => (Role::Unknown, "? none"),
        };
        (role, sign.to_owned())
    }

    /// A cell under the cursor of a line being typed.
    pub fn cursor(&mut self, area: Rect, column: u16, row: u16) {
        let position = (area.x + column, area.y + row);
        if column < area.width && row < area.height && self.buf.area.contains(position.into()) {
            self.buf[position].modifier.insert(Modifier::REVERSED);
        }
    }
}

/// What to say of an age, where it is worth saying: nothing for what is fresh.
pub fn staleness(freshness: &Freshness) -> Option<Words> {
    match freshness {
        Freshness::Fresh => None,
        Freshness::Waiting => Some((Role::Unknown, "waiting for the first answer".into())),
        Freshness::Stale { age, why } => {
            let why = why.as_ref().map(|w| format!(": {}", Clean::new(&w.to_string()))).unwrap_or_default();
            Some((Role::Stale, format!("stale {}{why}", human(*age))))
        }
        Freshness::Failed(fault) => Some((Role::Critical, Clean::new(&fault.to_string()).into_string())),
    }
}

fn panels_frame(pen: &mut Pen<'_>, area: Rect, title: &str) -> Rect {
    panels::frame(&Clean::new(title), None, Border::Heavy, pen.look, area, pen.buf)
}
