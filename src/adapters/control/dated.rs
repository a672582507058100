//! When a line of a log was written, where it begins with that: as PostgreSQL, Redis, nginx, syslog's later form and most
//! programs write it. A time without a zone is taken for UTC.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::fmt::strtime::BrokenDownTime;

use crate::domain::time::Stamp;

/// How far into a line its time may begin: behind a bracket, a process number, a role.
const NEAR: usize = 24;

/// The time at the beginning of a line.
pub fn stamp(line: &str) -> Option<Stamp> {
    let head: String = line.chars().take(NEAR + 40).collect();
    let starts = head.char_indices().filter(|(_, c)| c.is_ascii_digit()).map(|(at, _)| at).take_while(|at| *at <= NEAR);
    starts.filter(|at| *at == 0 || !head.as_bytes()[at - 1].is_ascii_digit()).find_map(|at| read(&head[at..]))
}

fn read(text: &str) -> Option<Stamp> {
    iso(text).or_else(|| worded(text, "%d/%b/%Y:%H:%M:%S %z")).or_else(|| worded(text, "%d %b %Y %H:%M:%S"))
}

/// `2026-11-22T03:00:00.123Z`, `2026-11-22 03:00:00,123 +01:00`, `2026-11-22 03:00:00 UTC`.
fn iso(text: &str) -> Option<Stamp> {
    let day = text.get(..10)?;
    let clock = text.get(11..19)?;
    let plain = |part: &str, mark: u8| part.bytes().all(|b| b.is_ascii_digit() || b == mark);
    if !(plain(day, b'-') && plain(clock, b':') && matches!(text.as_bytes()[10], b' ' | b'T')) {
        return None;
    }
    let rest = &text[19..];
    let digits = rest.strip_prefix(['.', ',']).map_or(0, |rest| rest.bytes().take_while(u8::is_ascii_digit).count());
    let fraction = if digits > 0 { format!(".{}", &rest[1..=digits.min(9)]) } else { String::new() };
    let zone = rest.get(if digits > 0 { digits + 1 } else { 0 }..).unwrap_or_default();
    let zone = zone.strip_prefix(' ').unwrap_or(zone);
    let offset: String = zone.chars().take_while(|c| "+-:0123456789".contains(*c)).collect();
    let offset = if offset.starts_with(['+', '-']) { offset } else { "Z".to_owned() };
    let time = format!("{day}T{clock}{fraction}{offset}").parse::<Timestamp>().ok()?;
    Some(Stamp(time.as_millisecond()))
}

fn worded(text: &str, format: &str) -> Option<Stamp> {
    let (time, _) = BrokenDownTime::parse_prefix(format, text).ok()?;
    let exact = time.to_timestamp().or_else(|_| {
        let civil: DateTime = time.to_datetime()?;
        civil.to_zoned(jiff::tz::TimeZone::UTC).map(|zoned| zoned.timestamp())
    });
    exact.ok().map(|time| Stamp(time.as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_times_of_common_logs_are_read() {
        let three = Some(Stamp(1_795_316_400_000));
        for line in [
            "2026-11-22T03:00:00Z hello",
            "2026-11-22 03:00:00 UTC [4711] LOG:  ready",
            "2026-11-22 04:00:00 +01:00 hello",
            "2026-11-22 04:00:00+0100 hello",
            "[2026-11-22 03:00:00] hello",
            "4711:M 22 Nov 2026 03:00:00.000 * Ready",
            "10.0.0.1 - - [22/Nov/2026:03:00:00 +0000] \"GET /\"",
            "{\"ts\":\"2026-11-22T03:00:00Z\"}",
        ] {
            assert_eq!(stamp(line), three, "{line}");
        }
        assert_eq!(stamp("2026-11-22 03:00:00,123 INFO"), Some(Stamp(1_795_316_400_123)));
        for line in [
            "",
            "hello",
            "20261122",
            "2026-13-22 03:00:00 x",
            "at some time 2026",
            "9 日本語日本語日本語日本語日本語日本語日本語日本語",
        ] {
            assert_eq!(stamp(line), None, "{line}");
        }
    }
}
