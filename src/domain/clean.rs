//! `Clean`: the only form in which text from outside is drawn or printed.
//!
//! Labels, log lines, errors and file names keep their bytes for matching and requests. On the way to a terminal they become
//! `Clean`: no escape sequence, no control character, no direction override, no tower of combining marks, no endless line.

use std::fmt::{self, Write as _};

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// The longest text that is drawn, in graphemes; the rest becomes an ellipsis.
const LONGEST: usize = 2_000;
/// How many code points one drawn character may have: room for an accent and an emoji sequence, not for a tower.
const TALLEST: usize = 8;

/// Text that is safe to draw on one line of a terminal.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Clean(String);

impl Clean {
    /// Cleaned for one line: every control character becomes visible (`\x1b`, `\n`), every invisible one is dropped.
    pub fn new(raw: &str) -> Self {
        if is_plain(raw) {
            return Self(raw.to_owned());
        }
        let mut out = String::with_capacity(raw.len().min(LONGEST));
        for (n, grapheme) in raw.graphemes(true).enumerate() {
            if n == LONGEST {
                out.push('…');
                break;
            }
            grapheme.chars().filter(|c| !is_invisible(*c)).take(TALLEST).for_each(|c| push_visible(&mut out, c));
        }
        Self(out)
    }

    /// Cleaned line by line, for text whose line breaks are wanted.
    pub fn lines(raw: &str) -> Vec<Self> {
        raw.lines().map(Self::new).collect()
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text, owned.
    pub fn into_string(self) -> String {
        self.0
    }

    /// Columns it takes on a terminal.
    pub fn width(&self) -> usize {
        self.0.width()
    }
}

fn is_plain(raw: &str) -> bool {
    raw.len() <= LONGEST && raw.bytes().all(|b| (0x20..0x7f).contains(&b))
}

/// Characters that change how others are read without showing themselves: direction marks and overrides, zero-width ones
/// other than the joiner, tags, line separators, the byte order mark.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{200b}' | '\u{200c}' | '\u{200e}' | '\u{200f}'
        | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

fn push_visible(out: &mut String, c: char) {
    match c {
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push(' '),
        c if c.is_control() => {
            let _ = write!(out, "\\x{:02x}", c as u32);
        }
        c => out.push(c),
    }
}

impl fmt::Display for Clean {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl AsRef<str> for Clean {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl From<Clean> for String {
    fn from(clean: Clean) -> Self {
        clean.0
    }
}

/// `text` cut to `columns`, with an `ellipsis` of one column where something was lost. Never splits a character.
pub fn fit(text: &str, columns: usize, ellipsis: &str) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = 0;
    for grapheme in text.graphemes(true) {
        let width = grapheme.width();
        if used + width + 1 > columns {
            break;
        }
        used += width;
        out.push_str(grapheme);
    }
    if columns > 0 {
        out.push_str(ellipsis);
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn rule_04_escape_sequences_become_visible() {
        assert_eq!(Clean::new("a\u{1b}]52;c;AA\u{7}b\u{9b}31m").as_str(), "a\\x1b]52;c;AA\\x07b\\x9b31m");
        assert_eq!(Clean::new("two\nlines\r").as_str(), "two\\nlines\\r");
    }

    #[test]
    fn rule_04_direction_overrides_vanish_and_towers_fall() {
        assert_eq!(Clean::new("safe\u{202e}evil\u{2066}\u{feff}").as_str(), "safeevil");
        let tower = format!("e{}", "\u{301}".repeat(500));
        assert_eq!(Clean::new(&tower).as_str().chars().count(), TALLEST);
    }

    #[test]
    fn rule_04_endless_text_ends() {
        assert_eq!(Clean::new(&"x".repeat(10_000)).width(), LONGEST + 1);
    }

    #[test]
    fn wide_text_is_cut_between_characters() {
        assert_eq!(
            (fit("日本語", 5, "…"), fit("日本語", 4, "…"), fit("abc", 3, "…")),
            ("日本…".into(), "日…".into(), "abc".into())
        );
    }

    proptest! {
        #[test]
        fn rule_04_nothing_unprintable_is_left(raw in "\\PC*|[\\x00-\\x{ff}]*|.*") {
            let clean = Clean::new(&raw);
            prop_assert!(clean.as_str().chars().all(|c| !c.is_control() && !is_invisible(c)));
        }

        #[test]
        fn cut_text_fits(raw in ".*", columns in 0usize..40) {
            prop_assert!(fit(Clean::new(&raw).as_str(), columns, "…").width() <= columns);
        }
    }
}
