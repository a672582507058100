//! Instants and durations as plain numbers. Nothing here reads a clock: time arrives in messages.

use std::time::Duration;

/// Milliseconds since the Unix epoch, UTC; may be negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct Stamp(pub i64);

impl Stamp {
    /// From seconds since the Unix epoch, as Prometheus writes them.
    pub fn from_seconds(seconds: f64) -> Self {
        Self((seconds * 1000.0).round() as i64)
    }

    /// Seconds since the Unix epoch.
    pub fn seconds(self) -> f64 {
        self.0 as f64 / 1000.0
    }

    /// How long ago `earlier` was; zero when it lies in the future.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0).max(0) as u64)
    }

    /// This instant moved `by` into the past.
    #[must_use]
    pub fn before(self, by: Duration) -> Self {
        Self(self.0.saturating_sub(by.as_millis() as i64))
    }

    /// This instant moved `by` into the future.
    #[must_use]
    pub fn after(self, by: Duration) -> Self {
        Self(self.0.saturating_add(by.as_millis() as i64))
    }
}

/// One reading of both clocks. Ages of our own requests are told by `mono`, which nobody can set back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moment {
    /// The wall clock.
    pub wall: Stamp,
    /// The monotonic clock, since the console started.
    pub mono: Duration,
}

impl Moment {
    /// How long ago `earlier` was, on the monotonic clock.
    pub fn since(self, earlier: Self) -> Duration {
        self.mono.saturating_sub(earlier.mono)
    }
}

/// A duration as an operator reads it, at most two units: `0s`, `14s`, `3m 20s`, `2h 5m`, `4d 3h`.
pub fn human(duration: Duration) -> String {
    let s = duration.as_secs();
    let two = |big: u64, unit: &str, small: u64, sub: &str| match small {
        0 => format!("{big}{unit}"),
        _ => format!("{big}{unit} {small}{sub}"),
    };
    match s {
        0..60 => format!("{s}s"),
        60..3600 => two(s / 60, "m", s % 60, "s"),
        3600..86_400 => two(s / 3600, "h", s % 3600 / 60, "m"),
        _ => two(s / 86_400, "d", s % 86_400 / 3600, "h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_in_at_most_two_units() {
        let said: Vec<_> = [0, 14, 60, 200, 7500, 356_400].map(|s| human(Duration::from_secs(s))).into();
        assert_eq!(said, ["0s", "14s", "1m", "3m 20s", "2h 5m", "4d 3h"]);
    }

    #[test]
    fn a_future_instant_has_no_age() {
        assert_eq!(Stamp(5).since(Stamp(9)), Duration::ZERO);
    }
}
