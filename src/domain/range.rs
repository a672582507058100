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

    /// Begun and ended on multiples of a step, so that the same samples stand in it from poll to poll.
    #[must_use]
    pub fn aligned(self, step: Duration) -> Self {
        Self { start: aligned(self.start, step), end: aligned(self.end, step) }
    }

    /// As much of it as has been by an instant.
    #[must_use]
    pub fn until(self, now: Stamp) -> Self {
        Self { end: self.end.min(now).max(self.start), ..self }
    }
}

/// The last multiple of a step up to an instant.
pub fn aligned(at: Stamp, step: Duration) -> Stamp {
    let step = step.as_millis().max(1) as i64;
    Stamp(at.0.div_euclid(step) * step)
}

/// How long a graph stands still.
const STANDS: Duration = Duration::from_secs(20);
/// The part of a range that may be left empty for the samples to come.
const EMPTY: u32 = 15;

/// The shortest range that can be drawn.
const SHORTEST: Duration = Duration::from_secs(10);
/// The longest: ten years.
const LONGEST: Duration = Duration::from_secs(315_360_000);

/// Days and weeks, which have no fixed length in a calendar and 24 hours here.
fn days(text: &str) -> Option<jiff::SignedDuration> {
    let span: jiff::Span = text.parse().ok()?;
    span.to_duration(jiff::SpanRelativeTo::days_are_24_hours()).ok()
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

    /// The part of time that a graph of samples on multiples of a step shows at `now`: all of the range, a little more of what was
    /// before, and room for the samples to come. They are drawn there as they come, and the graph stands still meanwhile: each move
    /// is a change of nearly all of its cells.
    pub fn standing(self, now: Stamp, step: Duration) -> Window {
        let window = self.window(now).aligned(step);
        let Self::Last(span) = self else { return window };
        let steps = (STANDS.min(span / EMPTY).as_millis() / step.as_millis().max(1)).max(1);
        let stands = step * steps as u32;
        let start = aligned(window.start, stands);
        // The last of what can be sampled before it moves.
        let end = Stamp(start.after(span + stands).0 - 1);
        Window { start, end: aligned(end, step).max(window.end) }
    }

    /// Its length.
    pub fn span(self) -> Duration {
        self.window(Stamp(0)).span()
    }

    /// Parsed from a length of time, `15m` or `2d 12h`, with `last` or `now-` before it or not.
    ///
    /// # Errors
    /// A sentence with an example.
    pub fn parse(text: &str) -> Result<Self, String> {
        let length = text.trim().trim_start_matches("last ").trim_start_matches("now-");
        let parsed = length.parse::<jiff::SignedDuration>().ok().or_else(|| days(length));
        match parsed.and_then(|d| Duration::try_from(d).ok()) {
            Some(span) if span >= SHORTEST => Ok(Self::Last(span)),
            Some(_) => Err(format!("a range of {text:?} is too short: at least {}", human(SHORTEST))),
            None => Err(format!("{text:?} is no length of time: write it like 15m, 6h, 2d")),
        }
    }

    /// As [`Self::parse`] reads it back; a standing range by its length.
    pub fn written(self) -> String {
        human(self.span())
    }

    /// The same range, longer or shorter by a factor, within what makes sense to draw.
    #[must_use]
    pub fn scaled(self, factor: f64) -> Self {
        let span = |s: Duration| s.mul_f64(factor).clamp(SHORTEST, LONGEST);
        match self {
            Self::Last(length) => Self::Last(span(length)),
            Self::Between(start, end) => Self::Between(end.before(span(end.since(start))), end),
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    #[test]
    fn a_standing_graph_shows_all_of_its_range_and_every_new_sample_and_seldom_moves() {
        for (span, step, moves) in [(300, 5, 30), (300, 15, 40), (3600, 7, 43), (60, 5, 120), (10, 1, 600), (86_400, 217, 3)] {
            let (range, mut shown) = (TimeRange::Last(seconds(span)), Vec::new());
            for now in (0..600_000).step_by(250).map(|ms| Stamp(1_000_000_000 + ms)) {
                let window = range.standing(now, seconds(step));
                let newest = aligned(now, seconds(step));
                assert!(window.start <= now.before(seconds(span)) && newest <= window.end, "{window:?} at {now:?}");
                let room = window.span().saturating_sub(seconds(span));
                assert!(room <= (seconds(span) / EMPTY).max(seconds(step)), "{room:?} of {span} s by {step} s");
                shown.push(window);
            }
            shown.dedup();
            assert!(shown.len() <= moves + 1, "{span} s by {step} s: {} moves", shown.len());
        }
    }

    #[test]
    fn a_range_between_two_instants_stands_where_it_is() {
        let range = TimeRange::Between(Stamp(60_000), Stamp(120_000));
        let window = range.standing(Stamp(999_999), seconds(15));
        assert_eq!(window, Window { start: Stamp(60_000), end: Stamp(120_000) });
        assert_eq!(window.until(Stamp(90_000)).end, Stamp(90_000));
        assert_eq!(window.until(Stamp(0)).span(), Duration::ZERO);
    }

    #[test]
    fn ranges_are_read_as_people_write_them() {
        let hours = |h: u64| Ok(TimeRange::Last(Duration::from_secs(h * 3600)));
        for (text, range) in [("6h", hours(6)), ("last 2d", hours(48)), ("now-1h", hours(1)), ("2d 12h", hours(60))] {
            assert_eq!(TimeRange::parse(text), range, "{text}");
        }
        for text in ["", "yesterday", "1s", "-5m"] {
            assert!(TimeRange::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn every_offered_range_is_read_back() {
        assert!(TimeRange::OFFERED.iter().all(|r| TimeRange::parse(&r.written()) == Ok(*r)));
    }
}
