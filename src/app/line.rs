//! One line of text being typed: a filter, the palette.

use crokey::crossterm::event::KeyCode;

use crate::app::key::Key;

/// Text with a cursor behind it or in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    text: String,
    /// In characters.
    cursor: usize,
}

impl Line {
    /// With the cursor at its end.
    pub fn new(text: &str) -> Self {
        Self { text: text.to_owned(), cursor: text.chars().count() }
    }

    /// What is typed so far.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What stands before and behind the cursor.
    pub fn split(&self) -> (&str, &str) {
        self.text.split_at(self.byte(self.cursor))
    }

    /// Takes a key, and says whether it was one for editing.
    pub fn press(&mut self, key: Key) -> bool {
        if let Some(c) = key.typed() {
            self.insert(&c.to_string());
            return true;
        }
        match (key.code(), key.ctrl()) {
            (KeyCode::Backspace, _) | (KeyCode::Char('h'), true) => self.erase(self.cursor.saturating_sub(1)),
            (KeyCode::Char('w'), true) => self.erase(self.word_start()),
            (KeyCode::Char('u'), true) => self.erase(0),
            (KeyCode::Left, _) | (KeyCode::Char('b'), true) => self.cursor = self.cursor.saturating_sub(1),
            (KeyCode::Right, _) | (KeyCode::Char('f'), true) => self.cursor = (self.cursor + 1).min(self.len()),
            (KeyCode::Home, _) | (KeyCode::Char('a'), true) => self.cursor = 0,
            (KeyCode::End, _) | (KeyCode::Char('e'), true) => self.cursor = self.len(),
            _ => return false,
        }
        true
    }

    /// Puts text in at the cursor; control characters are left out.
    pub fn insert(&mut self, text: &str) {
        let text: String = text.chars().filter(|c| !c.is_control()).collect();
        self.text.insert_str(self.byte(self.cursor), &text);
        self.cursor += text.chars().count();
    }

    fn erase(&mut self, from: usize) {
        self.text.replace_range(self.byte(from)..self.byte(self.cursor), "");
        self.cursor = from;
    }

    fn word_start(&self) -> usize {
        let (before, _) = self.split();
        before.trim_end().rfind(' ').map_or(0, |at| before[..=at].chars().count())
    }

    fn len(&self) -> usize {
        self.text.chars().count()
    }

    fn byte(&self, chars: usize) -> usize {
        self.text.char_indices().nth(chars).map_or(self.text.len(), |(at, _)| at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(line: &mut Line, keys: &[&str]) {
        for key in keys {
            line.press(Key::parse(key).unwrap());
        }
    }

    #[test]
    fn a_line_is_edited_as_in_a_shell() {
        let mut line = Line::new("severity=crit");
        press(&mut line, &["left", "left", "X", "end", "backspace", "é"]);
        assert_eq!(line.text(), "severity=crXié");
        press(&mut line, &["home", "delete", "ctrl-e", "ctrl-u"]);
        assert_eq!(line.text(), "");
        line.insert("range 6h\u{1b}\n");
        press(&mut line, &["ctrl-w"]);
        assert_eq!(line.split(), ("range ", ""));
    }
}
