//! Numbers and sentences as people read them: sizes, ages, long text over several lines.

use std::time::Duration;

use unicode_width::UnicodeWidthStr;

use crate::domain::clean::Clean;
pub use crate::domain::number::counted;
use crate::domain::time::human;
use crate::domain::unit::Unit;

/// `1.20 GiB`.
pub fn bytes(n: u64) -> String {
    Unit("bytes".into()).format(n as f64, None).to_string()
}

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// `Nov 22` of `2026-11-22 03:12:05Z`.
pub fn date(clock: &str) -> String {
    let month = clock.get(5..7).and_then(|month| month.parse::<usize>().ok()).and_then(|month| MONTHS.get(month.wrapping_sub(1)));
    format!("{} {}", month.unwrap_or(&"???"), clock.get(8..10).unwrap_or("??"))
}

/// Past the first minute, a list needs no seconds: it would be written anew every second.
pub fn coarse(age: Duration) -> String {
    match age.as_secs() {
        0..60 => human(age),
        s => human(Duration::from_secs(s - s % 60)),
    }
}

/// How long something took, as roughly as matters: what takes a little more or less than the last time is written the same.
pub fn rough(took: Duration) -> String {
    match took.as_millis() {
        0..10 => "<10ms".into(),
        ms @ 10..100 => format!("{}ms", ms / 10 * 10),
        ms @ 100..1000 => format!("{}ms", ms / 50 * 50),
        _ => format!("{:.1}s", took.as_secs_f64()),
    }
}

/// A part of a whole, `<1%` or `12%`.
pub fn percent(part: f64) -> String {
    if part < 0.01 { "<1%".into() } else { format!("{:.0}%", part * 100.0) }
}

/// Text cleaned and broken between words, over as many lines as it needs; its own line breaks are kept.
pub fn wrap(text: &str, room: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for paragraph in Clean::lines(text) {
        let mut line = String::new();
        for word in paragraph.as_str().split_whitespace() {
            if !line.is_empty() && line.width() + 1 + word.width() > room {
                lines.push(std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_text_is_broken_between_words() {
        assert_eq!(wrap("one two three\nfour", 8), ["one two", "three", "four"]);
        assert_eq!(wrap("\u{1b}[2Jlong 日本語", 10), ["\\x1b[2Jlong", "日本語"]);
    }
}
