//! The small languages inside Grafana's JSON: durations (`1m30s`, `>10s`), ranges (`now-6h`), calculations, thresholds in text.

use std::time::Duration;

use jiff::civil::DateTime;
use jiff::{Timestamp, tz::TimeZone};

use super::model::Calc;
use crate::domain::range::TimeRange;
use crate::domain::time::Stamp;

/// A duration as Grafana and Prometheus write it: `30s`, `1h30m`, `>1m`, `500ms`; a bare number is seconds.
/// `None` for anything else, for nothing, and for more than a thousand years.
pub fn duration(text: &str) -> Option<Duration> {
    let mut rest = text.trim().trim_start_matches('>').trim_start();
    if let Ok(seconds) = rest.parse::<f64>() {
        return from_millis(seconds * 1000.0);
    }
    let mut millis = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, tail) = rest.split_at(digits);
        let letters = tail.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(tail.len());
        millis += number.parse::<f64>().ok()? * unit_millis(&tail[..letters])?;
        rest = &tail[letters..];
    }
    from_millis(millis)
}

fn unit_millis(unit: &str) -> Option<f64> {
    const SECOND: f64 = 1000.0;
    const DAY: f64 = 86_400.0 * SECOND;
    Some(match unit {
        "ms" => 1.0,
        "s" => SECOND,
        "m" => 60.0 * SECOND,
        "h" => 3600.0 * SECOND,
        "d" => DAY,
        "w" => 7.0 * DAY,
        "M" => 30.0 * DAY,
        "Q" => 91.0 * DAY,
        "y" => 365.0 * DAY,
        _ => return None,
    })
}

fn from_millis(millis: f64) -> Option<Duration> {
    (millis > 0.0 && millis < 1000.0 * 365.0 * 86_400_000.0).then(|| Duration::from_millis(millis as u64))
}

/// A range as Grafana writes its ends: `now-1h` to `now`, or two instants. `None` where midwatch has no such range.
pub fn range(from: &str, to: &str) -> Option<TimeRange> {
    if let (Some(back), "now") = (from.strip_prefix("now"), to) {
        return Some(TimeRange::Last(duration(back.strip_prefix('-')?)?));
    }
    let (start, end) = (instant(from)?, instant(to)?);
    (start < end).then_some(TimeRange::Between(start, end))
}

/// An instant: milliseconds since the epoch, or a date with or without time and zone (UTC where it names none).
fn instant(text: &str) -> Option<Stamp> {
    let text = text.trim();
    if let Ok(millis) = text.parse::<i64>() {
        return Some(Stamp(millis));
    }
    let at = text.parse::<Timestamp>().ok();
    let at = at.or_else(|| text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok().map(|z| z.timestamp()));
    at.map(|t| Stamp(t.as_millisecond()))
}

/// A calculation by Grafana's id, new (`lastNotNull`) or old (`current`).
pub fn calc(id: &str) -> Option<Calc> {
    Some(match id {
        "lastNotNull" | "current" | "last_not_null" => Calc::LastNotNull,
        "last" => Calc::Last,
        "firstNotNull" | "first" => Calc::FirstNotNull,
        "mean" | "avg" => Calc::Mean,
        "min" => Calc::Min,
        "max" => Calc::Max,
        "sum" | "total" => Calc::Sum,
        "count" => Calc::Count,
        "range" => Calc::Range,
        "diff" => Calc::Diff,
        "delta" => Calc::Delta,
        _ => return None,
    })
}

/// What stands between slashes (`/out.*/i` gives `(?i)out.*`), or `None` where there are none.
pub fn slashed(text: &str) -> Option<String> {
    let (body, flags) = text.strip_prefix('/')?.rsplit_once('/')?;
    let flags: String = flags.chars().filter(|c| matches!(c, 'i' | 'm' | 's')).collect();
    Some(if flags.is_empty() { body.to_owned() } else { format!("(?{flags}){body}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_of_both_dialects_are_read() {
        let seconds: Vec<_> = ["30s", "1h30m", ">10s", "500ms", "15", "2d", "", "auto", "-1h", "1fortnight", "9999y"]
            .map(|text| duration(text).map(|d| d.as_secs_f64()))
            .into();
        let want = [Some(30.0), Some(5400.0), Some(10.0), Some(0.5), Some(15.0), Some(172_800.0)];
        assert_eq!(seconds[..6], want);
        assert!(seconds[6..].iter().all(Option::is_none), "{seconds:?}");
    }

    #[test]
    fn ranges_move_or_stand_still() {
        assert_eq!(range("now-6h", "now"), Some(TimeRange::Last(Duration::from_secs(21_600))));
        let day = TimeRange::Between(Stamp(1_704_067_200_000), Stamp(1_704_153_600_000));
        assert_eq!(range("2024-01-01T00:00:00.000Z", "2024-01-02T00:00:00Z"), Some(day));
        assert_eq!(range("2024-01-01 00:00:00", "1704153600000"), Some(day));
        assert_eq!((range("now/d", "now/d"), range("now", "now"), range("5", "4")), (None, None, None));
    }

    #[test]
    fn slashes_mark_a_regular_expression() {
        assert_eq!(slashed("/.*out/i").as_deref(), Some("(?i).*out"));
        assert_eq!((slashed("/a/b/").as_deref(), slashed("plain"), slashed("/")), (Some("a/b"), None, None));
    }
}
