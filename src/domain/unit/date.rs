//! Instants: milliseconds since the epoch as a date, in UTC.

use jiff::Timestamp;

use super::number;
use crate::domain::time::{Stamp, human};

/// `millis` in one of moment.js's patterns (`YYYY-MM-DD HH:mm:ss`); the bare number where it is no date.
pub fn written(millis: f64, pattern: &str) -> String {
    let Some(at) = instant(millis) else { return number::shortest(millis) };
    at.strftime(&translated(pattern)).to_string()
}

fn instant(millis: f64) -> Option<Timestamp> {
    (millis.abs() < 1e16).then(|| Timestamp::from_millisecond(millis as i64).ok()).flatten()
}

/// The pattern in the language of `strftime`; what stands in brackets is taken as it is.
fn translated(pattern: &str) -> String {
    const TOKENS: [(&str, &str); 22] = [
        ("YYYY", "%Y"),
        ("YY", "%y"),
        ("MMMM", "%B"),
        ("MMM", "%b"),
        ("MM", "%m"),
        ("M", "%-m"),
        ("DD", "%d"),
        ("D", "%-d"),
        ("dddd", "%A"),
        ("ddd", "%a"),
        ("HH", "%H"),
        ("H", "%-H"),
        ("hh", "%I"),
        ("h", "%-I"),
        ("mm", "%M"),
        ("m", "%-M"),
        ("ss", "%S"),
        ("s", "%-S"),
        ("SSS", "%3f"),
        ("A", "%p"),
        ("a", "%P"),
        ("Z", "+00:00"),
    ];
    let mut out = String::new();
    let mut rest = pattern;
    while let Some(first) = rest.chars().next() {
        if let Some((literal, tail)) = rest.strip_prefix('[').and_then(|inner| inner.split_once(']')) {
            out.push_str(&literal.replace('%', "%%"));
            rest = tail;
        } else if let Some((token, code)) = TOKENS.iter().find(|(token, _)| rest.starts_with(token)) {
            out.push_str(code);
            rest = &rest[token.len()..];
        } else {
            out.push_str(if first == '%' { "%%" } else { &rest[..first.len_utf8()] });
            rest = &rest[first.len_utf8()..];
        }
    }
    out
}

/// How long before `now` an instant was, or how long after.
pub fn ago(millis: f64, now: Stamp) -> String {
    let at = Stamp(millis as i64);
    if at <= now { format!("{} ago", human(now.since(at))) } else { format!("in {}", human(at.since(now))) }
}
