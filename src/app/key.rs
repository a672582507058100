//! Keys as they are written in a keymap: `q`, `G`, `ctrl-r`, `f1`, `space`; a sequence is written with spaces, `g g`.

use std::fmt;

use crokey::KeyCombination;
use crokey::OneToThree;
use crokey::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// One key with its modifiers, in the form that every terminal agrees on: a capital letter carries no shift of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key(KeyCombination);

impl Key {
    fn new(code: KeyCode, mut modifiers: KeyModifiers) -> Self {
        let code = match code {
            KeyCode::Char(c) => {
                let shifted = modifiers.contains(KeyModifiers::SHIFT);
                modifiers.remove(KeyModifiers::SHIFT);
                KeyCode::Char(if shifted { c.to_ascii_uppercase() } else { c })
            }
            KeyCode::BackTab => {
                modifiers.remove(KeyModifiers::SHIFT);
                KeyCode::BackTab
            }
            other => other,
        };
        Self(KeyCombination::one_key(code, modifiers))
    }

    /// Parsed from its written form.
    ///
    /// # Errors
    /// The text, where it names no single key.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (modifiers, last) = split(text);
        let mut chars = last.chars();
        if let (Some(c), None) = (chars.next(), chars.next()) {
            return Ok(Self::new(KeyCode::Char(c), modifiers));
        }
        match crokey::parse(text).map(|k| (k.codes, k.modifiers)) {
            Ok((OneToThree::One(code), modifiers)) => Ok(Self::new(code, modifiers)),
            _ => Err(format!("{text:?} is no key: write it like q, G, ctrl-r, f1, space, esc, pagedown")),
        }
    }

    /// The character typed, for text fields.
    pub fn typed(self) -> Option<char> {
        match (self.code(), self.0.modifiers) {
            (KeyCode::Char(c), KeyModifiers::NONE) => Some(c),
            _ => None,
        }
    }

    /// The key without its modifiers.
    pub fn code(self) -> KeyCode {
        match self.0.codes {
            OneToThree::One(code) | OneToThree::Two(code, _) | OneToThree::Three(code, _, _) => code,
        }
    }

    /// The same key without alt, where alt is held: over a slow line, escape and the next key arrive together and look like it.
    pub fn behind_escape(self) -> Option<Self> {
        let plain = Self::new(self.code(), self.0.modifiers - KeyModifiers::ALT);
        self.0.modifiers.contains(KeyModifiers::ALT).then_some(plain)
    }

    /// The escape key.
    pub fn escape() -> Self {
        Self::new(KeyCode::Esc, KeyModifiers::NONE)
    }

    /// The enter key.
    pub fn enter() -> Self {
        Self::new(KeyCode::Enter, KeyModifiers::NONE)
    }

    /// The arrow up or down.
    pub fn arrow(down: bool) -> Self {
        Self::new(if down { KeyCode::Down } else { KeyCode::Up }, KeyModifiers::NONE)
    }

    /// Whether control is held.
    pub fn ctrl(self) -> bool {
        self.0.modifiers.contains(KeyModifiers::CONTROL)
    }
}

fn split(text: &str) -> (KeyModifiers, &str) {
    let mut modifiers = KeyModifiers::NONE;
    let mut rest = text;
    for (prefix, modifier) in [("ctrl-", KeyModifiers::CONTROL), ("alt-", KeyModifiers::ALT), ("shift-", KeyModifiers::SHIFT)] {
        if let Some(after) = rest.strip_prefix(prefix) {
            modifiers |= modifier;
            rest = after;
        }
    }
    (modifiers, rest)
}

impl From<KeyEvent> for Key {
    fn from(event: KeyEvent) -> Self {
        Self::new(event.code, event.modifiers)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (modifier, word) in [(KeyModifiers::CONTROL, "ctrl-"), (KeyModifiers::ALT, "alt-"), (KeyModifiers::SHIFT, "shift-")] {
            if self.0.modifiers.contains(modifier) {
                f.write_str(word)?;
            }
        }
        match self.code() {
            KeyCode::Char(' ') => f.write_str("space"),
            KeyCode::Char(c) => write!(f, "{c}"),
            KeyCode::BackTab => f.write_str("backtab"),
            code => f.write_str(&crokey::KeyCombinationFormat::default().to_string(code).to_lowercase()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_what_is_pressed() {
        let pressed = |code, modifiers| Key::from(KeyEvent::new(code, modifiers));
        for (text, key) in [
            ("q", pressed(KeyCode::Char('q'), KeyModifiers::NONE)),
            ("G", pressed(KeyCode::Char('G'), KeyModifiers::SHIFT)),
            ("?", pressed(KeyCode::Char('?'), KeyModifiers::SHIFT)),
            ("ctrl-r", pressed(KeyCode::Char('r'), KeyModifiers::CONTROL)),
            ("space", pressed(KeyCode::Char(' '), KeyModifiers::NONE)),
            ("f1", pressed(KeyCode::F(1), KeyModifiers::NONE)),
            ("backtab", pressed(KeyCode::BackTab, KeyModifiers::SHIFT)),
            ("pagedown", pressed(KeyCode::PageDown, KeyModifiers::NONE)),
            ("-", pressed(KeyCode::Char('-'), KeyModifiers::NONE)),
        ] {
            assert_eq!(Key::parse(text).unwrap(), key, "{text}");
            assert_eq!(key.to_string(), text);
        }
        assert!(Key::parse("hyper-q").is_err());
    }
}
