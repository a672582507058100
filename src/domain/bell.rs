//! The bell: which alerts call for somebody who does not look at the screen, and the hours in which they do not.

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Time;
use jiff::tz::TimeZone;

use crate::domain::alert::Severity;
use crate::domain::time::Stamp;

/// When and how the console rings.
#[derive(Clone, Debug, PartialEq)]
pub struct Bell {
    /// Which severities ring at all.
    pub severities: Vec<Severity>,
    /// Whether the terminal's bell sounds.
    pub sound: bool,
    /// Whether the terminal is asked to show a notification.
    pub notify: Notify,
    /// An alert that comes back sooner than this does not ring again.
    pub again: Duration,
    /// The hours in which it is quiet.
    pub quiet: Option<Quiet>,
}

/// How a terminal is asked to show a notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notify {
    /// In the way that this terminal is known to understand; not at all where none is known.
    Auto,
    /// `OSC 9`, as iTerm2 has it.
    Osc9,
    /// `OSC 777`, as rxvt-unicode has it.
    Osc777,
    /// Not at all.
    Off,
}

/// Hours of every day, which may reach over midnight.
#[derive(Clone, Debug, PartialEq)]
pub struct Quiet {
    /// When they begin.
    pub from: Time,
    /// When they are over.
    pub to: Time,
    /// On whose clock.
    pub zone: TimeZone,
    /// Which severities ring all the same.
    pub through: Vec<Severity>,
}

impl Default for Bell {
    fn default() -> Self {
        Self {
            severities: vec![Severity::Critical],
            sound: true,
            notify: Notify::Auto,
            again: Duration::from_secs(30 * 60),
            quiet: None,
        }
    }
}

impl Bell {
    /// Whether an alert of this severity rings at this time.
    pub fn rings(&self, severity: Severity, at: Stamp) -> bool {
        let hushed = self.quiet.as_ref().is_some_and(|quiet| quiet.holds(at) && !are_meant(&quiet.through, severity));
        are_meant(&self.severities, severity) && !hushed
    }
}

/// Who means critical alerts means the more urgent ones as well.
fn are_meant(severities: &[Severity], severity: Severity) -> bool {
    severities.contains(&severity) || severity == Severity::Emergency && severities.contains(&Severity::Critical)
}

impl Quiet {
    /// Whether it is quiet at this time. A time that no calendar has is not.
    fn holds(&self, at: Stamp) -> bool {
        let Ok(at) = Timestamp::from_millisecond(at.0) else { return false };
        let time = self.zone.to_datetime(at).time();
        if self.from <= self.to { (self.from..self.to).contains(&time) } else { time >= self.from || time < self.to }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::time;
    use jiff::tz::Offset;

    /// A time of 2026-11-22, UTC.
    fn at(hour: i8, minute: i8) -> Stamp {
        let at = jiff::civil::date(2026, 11, 22).at(hour, minute, 0, 0).to_zoned(TimeZone::UTC).unwrap();
        Stamp(at.timestamp().as_millisecond())
    }

    fn quiet(from: Time, to: Time) -> Bell {
        let zone = TimeZone::fixed(Offset::constant(2));
        Bell {
            severities: vec![Severity::Critical, Severity::Warning],
            quiet: Some(Quiet { from, to, zone, through: vec![Severity::Critical] }),
            ..Bell::default()
        }
    }

    #[test]
    fn only_what_it_is_set_to_rings() {
        let severities = [Severity::Emergency, Severity::Critical, Severity::Warning];
        let rings = severities.map(|severity| Bell::default().rings(severity, at(3, 0)));
        assert_eq!(rings, [true, true, false]);
    }

    #[test]
    fn quiet_hours_reach_over_midnight_on_their_own_clock() {
        let night = quiet(time(22, 0, 0, 0), time(7, 0, 0, 0));
        let rings = [(19, 59), (20, 0), (23, 30), (4, 59), (5, 0)].map(|(h, m)| night.rings(Severity::Warning, at(h, m)));
        assert_eq!(rings, [true, false, false, false, true]);
        assert!(night.rings(Severity::Critical, at(23, 30)));
    }

    #[test]
    fn quiet_hours_of_a_day_end_on_it() {
        let noon = quiet(time(12, 0, 0, 0), time(14, 0, 0, 0));
        let rings = [(9, 59), (10, 0), (11, 59), (12, 0)].map(|(h, m)| noon.rings(Severity::Warning, at(h, m)));
        assert_eq!(rings, [true, false, false, true]);
    }
}
