//! What a terminal sends, byte by byte, as keys, pastes, clicks and answers. What it does not know it swallows whole: an answer that
//! nobody reads must never be taken for keys.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// No sequence that means anything is longer.
const LONGEST: usize = 64;
/// No more of a paste is taken than this.
const LONGEST_PASTE: usize = 1 << 20;
const PASTE: &[u8] = b"\x1b[200~";
const PASTED: &[u8] = b"\x1b[201~";

/// Something that a person did, or a terminal answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Typed {
    /// A key.
    Key(KeyEvent),
    /// Text pasted.
    Paste(String),
    /// The mouse, on a cell counted from the upper left one.
    Mouse(Mouse, u16, u16),
    /// How a private mode is set: 0 where the terminal does not know it.
    Mode(u16, u8),
}

/// What the mouse did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mouse {
    /// Its left button went down.
    Press,
    /// Its wheel turned away from the person.
    Up,
    /// Its wheel turned towards the person.
    Down,
}

/// Holds what is not whole yet.
#[derive(Debug, Default)]
pub struct Parser {
    bytes: Vec<u8>,
    /// What was pasted so far, while the end of it has not come.
    pasted: Option<Vec<u8>>,
}

impl Parser {
    /// Takes bytes in, and gives what is whole.
    pub fn take(&mut self, bytes: &[u8]) -> Vec<Typed> {
        self.bytes.extend_from_slice(bytes);
        let mut typed = Vec::new();
        loop {
            if self.pasted.is_some() {
                let Some(text) = self.paste() else { return typed };
                typed.push(Typed::Paste(text));
            }
            let Some((length, one)) = first(&self.bytes) else { return typed };
            if self.bytes[..length] == *PASTE {
                self.pasted = Some(Vec::new());
            }
            self.bytes.drain(..length);
            typed.extend(one);
        }
    }

    /// Whether something was begun that may only be a slow line's escape sequence.
    pub fn waits(&self) -> bool {
        !self.bytes.is_empty()
    }

    /// What was pasted, once its end has come. Of too much only the beginning is kept, and all of it is swallowed.
    fn paste(&mut self) -> Option<String> {
        let pasted = self.pasted.as_mut()?;
        let from = pasted.len().saturating_sub(PASTED.len());
        pasted.append(&mut self.bytes);
        let end = pasted[from..].windows(PASTED.len()).position(|window| window == PASTED).map(|at| from + at);
        let Some(end) = end else {
            let tail = pasted.len().saturating_sub(PASTED.len());
            if tail > LONGEST_PASTE {
                pasted.drain(LONGEST_PASTE..tail);
            }
            return None;
        };
        self.bytes = pasted.split_off(end + PASTED.len());
        let whole = std::mem::take(&mut self.pasted).unwrap_or_default();
        Some(String::from_utf8_lossy(&whole[..end.min(LONGEST_PASTE)]).into_owned())
    }

    /// Nothing followed: what was begun is what was pressed. Esc, or a key with alt.
    pub fn give_up(&mut self) -> Vec<Typed> {
        let begun = std::mem::take(&mut self.bytes);
        let key = match begun[..] {
            [0x1b] => plain(KeyCode::Esc),
            [0x1b, byte] => key(KeyCode::Char(char::from(byte)), KeyModifiers::ALT),
            _ => return vec![],
        };
        vec![Typed::Key(key)]
    }
}

/// A length, and what stands there; nothing where more must follow, and nothing at that length where it is swallowed.
type First = Option<(usize, Option<Typed>)>;

fn first(bytes: &[u8]) -> First {
    match bytes {
        [] | [0x1b] | [0x1b, b'O'] => None,
        [0x1b, 0x1b, ..] => Some((1, Some(Typed::Key(plain(KeyCode::Esc))))),
        [0x1b, b'[', rest @ ..] => control(rest).map(|(length, typed)| (length + 2, typed)),
        [0x1b, b'O', last, ..] => Some((3, named(*last, KeyModifiers::NONE).map(Typed::Key))),
        [0x1b, rest @ ..] => {
            let (length, typed) = letter(rest)?;
            let with_alt = typed.map(|event| Typed::Key(KeyEvent { modifiers: event.modifiers | KeyModifiers::ALT, ..event }));
            Some((length + 1, with_alt))
        }
        _ => letter(bytes).map(|(length, event)| (length, event.map(Typed::Key))),
    }
}

fn key(code: KeyCode, modifiers: KeyModifiers) -> KeyEvent {
    KeyEvent::new(code, modifiers)
}

fn plain(code: KeyCode) -> KeyEvent {
    key(code, KeyModifiers::NONE)
}

/// One character, or what control makes of one.
fn letter(bytes: &[u8]) -> Option<(usize, Option<KeyEvent>)> {
    let control = |c: u8| key(KeyCode::Char(char::from(c)), KeyModifiers::CONTROL);
    let event = match *bytes.first()? {
        b'\r' => plain(KeyCode::Enter),
        b'\t' => plain(KeyCode::Tab),
        0x7f => plain(KeyCode::Backspace),
        0 => control(b' '),
        byte @ 1..=0x1a => control(byte - 1 + b'a'),
        byte @ 0x1b..=0x1f => control(byte - 0x1b + b'['),
        _ => return character(bytes),
    };
    Some((1, Some(event)))
}

fn character(bytes: &[u8]) -> Option<(usize, Option<KeyEvent>)> {
    let length = match bytes[0] {
        0..0x80 => 1,
        0xc2..0xe0 => 2,
        0xe0..0xf0 => 3,
        0xf0..0xf5 => 4,
        _ => return Some((1, None)),
    };
    let whole = bytes.get(..length);
    let broken = bytes[1..].iter().take(length - 1).any(|byte| byte & 0xc0 != 0x80);
    match whole.map(std::str::from_utf8) {
        Some(Ok(text)) => Some((length, text.chars().next().map(|c| plain(KeyCode::Char(c))))),
        Some(Err(_)) => Some((1, None)),
        None if broken => Some((1, None)),
        None => None,
    }
}

/// What follows `CSI`: parameters, and the byte that ends them.
fn control(bytes: &[u8]) -> First {
    // The Linux console's own function keys.
    if let [b'[', rest @ ..] = bytes {
        let last = rest.first()?;
        let function = last.checked_sub(b'A').filter(|n| *n < 5).map(|n| Typed::Key(plain(KeyCode::F(n + 1))));
        return Some((2, function));
    }
    let end = bytes.iter().position(|byte| !(0x20..0x40).contains(byte));
    match end {
        None if bytes.len() < LONGEST => None,
        None => Some((bytes.len(), None)),
        Some(end) if !(0x40..0x7f).contains(&bytes[end]) => Some((end, None)),
        Some(end) => Some((end + 1, sequence(&bytes[..end], bytes[end]))),
    }
}

fn sequence(parameters: &[u8], last: u8) -> Option<Typed> {
    let text = std::str::from_utf8(parameters).ok()?;
    if let Some(report) = text.strip_prefix('?') {
        let (mode, set) = report.strip_suffix('$').filter(|_| last == b'y')?.split_once(';')?;
        return Some(Typed::Mode(mode.parse().ok()?, set.parse().ok()?));
    }
    if let Some(report) = text.strip_prefix('<') {
        return mouse(report, last);
    }
    let mut numbers = text.split(';').map(|number| number.parse::<u16>().unwrap_or(1));
    let (number, held) = (numbers.next().unwrap_or(1), modifiers(numbers.next().unwrap_or(1)));
    let event = match last {
        b'~' => key(numbered(number)?, held),
        b'u' => coded(number, held)?,
        _ => named(last, held)?,
    };
    Some(Typed::Key(event))
}

/// A key by the code of its character.
fn coded(number: u16, held: KeyModifiers) -> Option<KeyEvent> {
    let code = match number {
        9 => KeyCode::Tab,
        13 => KeyCode::Enter,
        27 => KeyCode::Esc,
        127 => KeyCode::Backspace,
        other => KeyCode::Char(char::from_u32(other.into()).filter(|c| !c.is_control())?),
    };
    Some(key(code, held))
}

/// Keys that end with a letter of their own.
fn named(last: u8, held: KeyModifiers) -> Option<KeyEvent> {
    let code = match last {
        b'A' => KeyCode::Up,
        b'B' => KeyCode::Down,
        b'C' => KeyCode::Right,
        b'D' => KeyCode::Left,
        b'F' => KeyCode::End,
        b'H' => KeyCode::Home,
        b'P'..=b'S' => KeyCode::F(last - b'P' + 1),
        b'Z' => KeyCode::BackTab,
        _ => return None,
    };
    Some(key(code, held))
}

/// Keys that have a number.
fn numbered(number: u16) -> Option<KeyCode> {
    Some(match number {
        1 | 7 => KeyCode::Home,
        2 => KeyCode::Insert,
        3 => KeyCode::Delete,
        4 | 8 => KeyCode::End,
        5 => KeyCode::PageUp,
        6 => KeyCode::PageDown,
        11..=15 => KeyCode::F(number as u8 - 10),
        17..=21 => KeyCode::F(number as u8 - 11),
        23 | 24 => KeyCode::F(number as u8 - 12),
        _ => return None,
    })
}

/// One more than a set of bits.
fn modifiers(number: u16) -> KeyModifiers {
    let bits = number.saturating_sub(1);
    let names = [(1, KeyModifiers::SHIFT), (2, KeyModifiers::ALT), (4, KeyModifiers::CONTROL)];
    names.iter().filter(|(bit, _)| bits & bit != 0).map(|(_, name)| *name).collect()
}

/// `button;column;row`, counted from one; `M` for what went down, `m` for what came up.
fn mouse(report: &str, last: u8) -> Option<Typed> {
    let mut numbers = report.split(';').map(|number| number.parse::<u16>().ok());
    let (button, column, row) = (numbers.next()??, numbers.next()??, numbers.next()??);
    let mouse = match (button, last) {
        (0, b'M') => Mouse::Press,
        (64, b'M') => Mouse::Up,
        (65, b'M') => Mouse::Down,
        _ => return None,
    };
    Some(Typed::Mouse(mouse, column.checked_sub(1)?, row.checked_sub(1)?))
}

#[cfg(test)]
mod tests;
