//! Time ranges, as Grafana writes them: `now-1h` to `now`, or two instants.

use std::time::Duration;

use crate::domain::time::{Stamp, human};

/// What part of time a screen shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TimeRange {
    /// The last so much, moving with the clock.
    Last(Duration),
    /// Between two instants, standing still.
    Between(Stamp, Stamp),
}

/// A range resolved against a clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Its first instant.
    pub start: Stamp,
    /// Its last instant.
    pub end: Stamp,
}

impl Window {
    /// Its length.
    pub fn span(self) -> Duration {
        self.end.since(self.start)
    }
}

impl TimeRange {
    /// The ranges offered by `t`.
    pub const OFFERED: [Self; 10] = {
        const fn minutes(n: u64) -> TimeRange {
            TimeRange::Last(Duration::from_secs(n * 60))
        }
        [
            minutes(5),
            minutes(15),
            minutes(30),
            minutes(60),
            minutes(180),
            minutes(360),
            minutes(720),
            minutes(1440),
            minutes(2880),
            minutes(10_080),
        ]
    };

    /// Resolved at `now`.
    pub fn window(self, now: Stamp) -> Window {
        match self {
            Self::Last(span) => Window { start: now.before(span), end: now },
            Self::Between(start, end) => Window { start, end },
        }
    }

    /// Its length.
    pub fn span(self) -> Duration {
        self.window(Stamp(0)).span()
    }

    /// `last 1h`, or the length of a standing range.
    pub fn title(self) -> String {
        match self {
            Self::Last(span) => format!("last {}", human(span)),
            Self::Between(start, end) => format!("{} ending {}", human(end.since(start)), clock(end)),
        }
    }
}

/// `2026-11-22 03:12:05Z`.
pub fn clock(at: Stamp) -> String {
    jiff::Timestamp::from_millisecond(at.0).map_or_else(|_| "?".into(), |t| t.strftime("%Y-%m-%d %H:%M:%SZ").to_string())
}
