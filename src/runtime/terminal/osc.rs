//! What a terminal is asked to do for the person in front of it: take a text to its clipboard, show a notification. Text goes out in
//! base64 or `Clean`, and bounded.

use crossterm::Command;
use crossterm::clipboard::CopyToClipboard;

use crate::domain::bell::Notify;
use crate::domain::clean::{self, Clean};

/// No notification is longer, in columns.
const LONGEST: usize = 160;

/// What is known of the terminal from the variables that it sets.
#[derive(Clone, Debug, Default)]
pub struct Kind {
    /// `TERM`.
    pub term: String,
    /// `TERM_PROGRAM`.
    pub program: String,
    /// Whether tmux stands between it and the console.
    pub tmux: bool,
}

impl Kind {
    /// That of this process.
    pub fn of_process() -> Self {
        let var = |name| std::env::var(name).unwrap_or_default();
        Self { term: var("TERM"), program: var("TERM_PROGRAM"), tmux: !var("TMUX").is_empty() }
    }

    /// Whether what it erases takes the ground that is set: terminfo's `bce`.
    pub fn erases_with_ground(&self) -> bool {
        let known = ["xterm", "tmux", "alacritty", "kitty", "foot", "wezterm", "rxvt", "contour", "linux"];
        known.iter().any(|name| self.term.starts_with(name))
    }

    /// How it shows notifications, where it is known to: a sequence that a terminal does not know may end up on its screen.
    fn notify(&self) -> Notify {
        let term = |names: &[&str]| names.iter().any(|name| self.term.starts_with(name));
        match self.program.as_str() {
            "iTerm.app" | "WezTerm" => Notify::Osc9,
            "ghostty" => Notify::Osc777,
            _ if term(&["wezterm"]) => Notify::Osc9,
            _ if term(&["xterm-kitty", "xterm-ghostty", "foot", "rxvt-unicode", "contour"]) => Notify::Osc777,
            _ => Notify::Off,
        }
    }
}

/// The sequence that puts a text on the terminal's clipboard (`OSC 52`).
pub fn copy(text: &str) -> String {
    let mut sequence = String::new();
    // Writing to a string does not fail.
    let _ = CopyToClipboard::to_clipboard_from(text).write_ansi(&mut sequence);
    sequence
}

/// The sequence that shows a notification, where this terminal has one.
pub fn notify(text: &str, how: Notify, kind: &Kind) -> Option<String> {
    let text = clean::fit(Clean::new(text).as_str(), LONGEST, "…");
    let sequence = match if how == Notify::Auto { kind.notify() } else { how } {
        // A number and a semicolon would be another command: these words begin with neither.
        Notify::Osc9 => format!("\x1b]9;midwatch {text}\x07"),
        Notify::Osc777 => format!("\x1b]777;notify;midwatch;{}\x07", text.replace(';', ",")),
        Notify::Auto | Notify::Off => return None,
    };
    Some(if kind.tmux { through_tmux(&sequence) } else { sequence })
}

/// Wrapped, so that tmux hands it on to the terminal around it, where `allow-passthrough` is on.
fn through_tmux(sequence: &str) -> String {
    format!("\x1bPtmux;{}\x1b\\", sequence.replace('\x1b', "\x1b\x1b"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(term: &str, program: &str) -> Kind {
        Kind { term: term.into(), program: program.into(), tmux: false }
    }

    #[test]
    fn a_notification_is_shown_only_where_it_is_known_to_be_understood() {
        let shown = |term, program| notify("production: x", Notify::Auto, &kind(term, program));
        assert_eq!(shown("xterm-256color", ""), None);
        assert_eq!(shown("linux", ""), None);
        assert_eq!(shown("foot-extra", "").unwrap(), "\x1b]777;notify;midwatch;production: x\x07");
        assert_eq!(shown("xterm-256color", "iTerm.app").unwrap(), "\x1b]9;midwatch production: x\x07");
        assert_eq!(notify("x", Notify::Off, &kind("foot", "")), None);
        assert!(notify("x", Notify::Osc9, &kind("xterm", "")).is_some());
    }

    #[test]
    fn rule_04_a_notification_is_clean_and_bounded() {
        let hostile = format!("\x1b]0;pwned\x07\u{9c}\u{202e};{}", "x".repeat(10_000));
        for how in [Notify::Osc9, Notify::Osc777] {
            let shown = notify(&hostile, how, &kind("foot", "")).unwrap();
            let inside = shown.strip_prefix("\x1b]").unwrap().strip_suffix('\x07').unwrap();
            assert!(!inside.chars().any(|c| c.is_control() || c == '\u{202e}'), "{inside:?}");
            assert!(inside.chars().count() < 200, "{}", inside.len());
        }
        let parts = notify("a;b;c", Notify::Osc777, &kind("foot", "")).unwrap().matches(';').count();
        assert_eq!(parts, 3);
    }

    #[test]
    fn tmux_is_asked_to_hand_it_on() {
        let kind = Kind { tmux: true, ..kind("foot", "") };
        assert_eq!(notify("x", Notify::Osc9, &kind).unwrap(), "\x1bPtmux;\x1b\x1b]9;midwatch x\x07\x1b\\");
    }

    #[test]
    fn what_is_copied_travels_in_base64() {
        assert_eq!(copy("a\x1b]b"), "\x1b]52;c;YRtdYg==\x1b\\");
    }
}
