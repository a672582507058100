//! Spellings that Prometheus and Alertmanager share on the wire: label sets, instants, durations, addresses.

use std::collections::BTreeMap;
use std::time::Duration;

use reqwest::Url;
use serde::Deserialize;

use crate::domain::labels::Labels;
use crate::domain::time::Stamp;

/// Labels or annotations as a JSON object; null and absent are none.
#[derive(Debug, Default, Deserialize)]
#[serde(transparent)]
pub(crate) struct LabelMap(Option<BTreeMap<String, String>>);

impl LabelMap {
    pub fn into_labels(self) -> Labels {
        self.0.unwrap_or_default().into_iter().collect()
    }
}

/// An instant in RFC 3339; Go's zero time (year 1) and nonsense are none.
pub(crate) fn instant(text: &str) -> Option<Stamp> {
    let at: jiff::Timestamp = text.parse().ok()?;
    Some(Stamp(at.as_millisecond())).filter(|at| at.0 > 0)
}

/// Seconds as a number; negative and infinite ones are none at all.
pub(crate) fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}

/// A duration as Prometheus writes it: `15s`, `1m30s`, `1d`; zero where it is something else.
pub(crate) fn duration(text: &str) -> Duration {
    let mut total = Duration::ZERO;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let unit = rest[digits..].chars().take_while(char::is_ascii_alphabetic).count();
        let (Ok(count), Some(each)) = (rest[..digits].parse::<u32>(), milliseconds(&rest[digits..digits + unit])) else {
            return Duration::ZERO;
        };
        total = total.saturating_add(Duration::from_millis(each).saturating_mul(count));
        rest = &rest[digits + unit..];
    }
    total
}

fn milliseconds(unit: &str) -> Option<u64> {
    const SECOND: u64 = 1_000;
    const DAY: u64 = 86_400 * SECOND;
    Some(match unit {
        "ms" => 1,
        "s" => SECOND,
        "m" => 60 * SECOND,
        "h" => 3_600 * SECOND,
        "d" => DAY,
        "w" => 7 * DAY,
        "y" => 365 * DAY,
        _ => return None,
    })
}

/// A URL without the user and password that may stand in it; other text is left as it is.
pub(crate) fn without_credentials(text: String) -> String {
    match Url::parse(&text) {
        Ok(mut url) if !url.username().is_empty() || url.password().is_some() => {
            let cut = url.set_username("").and(url.set_password(None));
            cut.map_or_else(|()| String::new(), |()| url.into())
        }
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_prometheus_writes_them() {
        let read = ["15s", "1m30s", "500ms", "1d", "0s", "", "5", "x", "1µs"].map(duration);
        assert_eq!(read.map(|d| d.as_millis()), [15_000, 90_000, 500, 86_400_000, 0, 0, 0, 0, 0]);
    }

    #[test]
    fn gos_zero_time_is_no_time() {
        assert_eq!(instant("0001-01-01T00:00:00Z"), None);
        assert_eq!(instant("2026-11-22T03:00:00.123456789+01:00"), Some(Stamp(1_795_312_800_123)));
        assert_eq!(instant("yesterday"), None);
    }

    #[test]
    fn rule_12_credentials_in_addresses_are_cut() {
        assert_eq!(without_credentials("http://anna:hunter2@h:9100/metrics".into()), "http://h:9100/metrics");
        assert_eq!(without_credentials("http://h:9100/metrics".into()), "http://h:9100/metrics");
    }
}
