//! Which needs are asked when: jittered polling with back-off, one request at a time for each source.
//!
//! A plain state machine. It reads no clock and starts nothing itself, so that every schedule can be tested.

use std::collections::HashMap;
use std::time::Duration;

use crate::app::need::{Need, Source};

/// A console's intervals are longer or shorter by up to this share, so that many consoles don't ask in step.
const JITTER: f64 = 0.08;
/// What is due within this part of its interval after something else is asked along with it: they come together, whenever each began,
/// and cost one frame.
const TOGETHER: u32 = 5;
/// No failing source is left alone for longer than this, or than eight of its intervals.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// One request under way. An answer under another ticket is of a feed that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ticket(u64);

#[derive(Debug)]
struct Feed {
    need: Need,
    due: Duration,
    flight: Option<Ticket>,
    failures: u32,
}

/// The schedule of every need. Times are on the monotonic clock.
#[derive(Debug, Default)]
pub struct Feeds {
    by_source: HashMap<Source, Feed>,
    issued: u64,
    pace: Pace,
}

/// How much longer than asked for this console's intervals are: the same for all of its feeds, which so stay together.
#[derive(Debug)]
struct Pace(f64);

impl Default for Pace {
    fn default() -> Self {
        Self(1.0 + JITTER * (2.0 * fastrand::f64() - 1.0))
    }
}

impl Feeds {
    /// Takes the present needs. What is new is due at once; what is no longer wanted ends, and its requests under way are
    /// returned to be cancelled.
    pub fn want(&mut self, needs: Vec<Need>, now: Duration) -> Vec<Ticket> {
        let mut before = std::mem::take(&mut self.by_source);
        for need in needs {
            let feed = match before.remove(&need.source) {
                Some(feed) if feed.need.env == need.env => Feed { due: feed.due.min(now + need.every), need, ..feed },
                other => {
                    before.extend(other.map(|feed| (feed.need.source.clone(), feed)));
                    Feed { due: now, flight: None, failures: 0, need }
                }
            };
            self.by_source.insert(feed.need.source.clone(), feed);
        }
        before.into_values().filter_map(|feed| feed.flight).collect()
    }

    /// What is to be asked now.
    pub fn start(&mut self, now: Duration) -> Vec<(Ticket, Need)> {
        let pressing = self.by_source.values().any(|f| f.flight.is_none() && f.due <= now);
        if !pressing {
            return vec![];
        }
        let mut started = Vec::new();
        for feed in self.by_source.values_mut().filter(|f| f.flight.is_none() && f.due <= now + f.need.every / TOGETHER) {
            self.issued += 1;
            feed.flight = Some(Ticket(self.issued));
            started.push((Ticket(self.issued), feed.need.clone()));
        }
        started
    }

    /// A request came to its end; says whether its answer is still wanted.
    pub fn done(&mut self, ticket: Ticket, good: bool, now: Duration) -> bool {
        let Some(feed) = self.by_source.values_mut().find(|f| f.flight == Some(ticket)) else { return false };
        feed.flight = None;
        feed.failures = if good { 0 } else { feed.failures.saturating_add(1) };
        let pause = pause(feed.need.every, feed.failures);
        feed.due = now + pause.mul_f64(self.pace.0);
        true
    }

    /// Everything is due now.
    pub fn refresh(&mut self, now: Duration) {
        self.by_source.values_mut().for_each(|feed| feed.due = now);
    }

    /// When something is due next.
    pub fn next(&self) -> Option<Duration> {
        self.by_source.values().filter(|f| f.flight.is_none()).map(|f| f.due).min()
    }
}

/// The interval, doubled for each failure after the first: one lost poll is no reason to look away.
fn pause(every: Duration, failures: u32) -> Duration {
    let longest = (every * 8).min(LONGEST_PAUSE).max(every);
    (every * 2_u32.saturating_pow(failures.saturating_sub(1).min(8))).min(longest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::need::Epoch;

    const SECOND: Duration = Duration::from_secs(1);

    fn need(source: Source, env: u32) -> Need {
        Need { env: Epoch(env), source, every: SECOND * 5 }
    }

    #[test]
    fn a_new_need_is_asked_at_once_and_only_once_at_a_time() {
        let mut feeds = Feeds::default();
        feeds.want(vec![need(Source::Rules, 0)], SECOND);
        assert_eq!(feeds.start(SECOND).len(), 1);
        feeds.refresh(SECOND * 2);
        assert_eq!(feeds.start(SECOND * 60).len(), 0);
    }

    #[test]
    fn an_answer_sets_the_next_poll_within_the_jitter() {
        for _ in 0..100 {
            let mut feeds = Feeds::default();
            feeds.want(vec![need(Source::Rules, 0)], SECOND);
            let (ticket, _) = feeds.start(SECOND).remove(0);
            assert!(feeds.done(ticket, true, SECOND));
            let next = feeds.next().unwrap();
            assert!((SECOND * 5..SECOND * 7).contains(&next), "{next:?}");
        }
    }

    #[test]
    fn feeds_that_were_answered_together_are_asked_together_ever_after() {
        let mut feeds = Feeds::default();
        feeds.want(vec![need(Source::Rules, 0), need(Source::Alerts, 0)], SECOND);
        for _ in 0..100 {
            let now = feeds.next().unwrap();
            let started = feeds.start(now);
            assert_eq!(started.len(), 2);
            started.iter().zip([1, 9]).for_each(|((ticket, _), late)| {
                feeds.done(*ticket, true, now + Duration::from_millis(late));
            });
        }
    }

    #[test]
    fn feeds_that_began_apart_come_together() {
        let mut feeds = Feeds::default();
        let both = vec![need(Source::Rules, 0), need(Source::Alerts, 0)];
        let at = |feeds: &mut Feeds, now| {
            let started = feeds.start(now);
            assert!(started.iter().all(|(ticket, _)| feeds.done(*ticket, true, now)));
            started.len()
        };
        feeds.want(both[..1].to_vec(), Duration::ZERO);
        assert_eq!(at(&mut feeds, Duration::ZERO), 1);
        feeds.want(both, SECOND * 9 / 10);
        assert_eq!(at(&mut feeds, SECOND * 9 / 10), 1, "what is new does not wait, and nothing is asked before its time");
        let next = feeds.next().unwrap();
        assert_eq!(at(&mut feeds, next), 2);
    }

    #[test]
    fn what_fails_is_asked_less_often_but_never_given_up() {
        let pauses: Vec<u64> = (0..12).map(|n| pause(SECOND * 2, n).as_secs()).collect();
        assert_eq!(pauses, [2, 2, 4, 8, 16, 16, 16, 16, 16, 16, 16, 16]);
        assert_eq!(pause(SECOND * 60, 9), SECOND * 60);
    }

    #[test]
    fn what_is_no_longer_wanted_is_cancelled_and_its_answer_dropped() {
        let mut feeds = Feeds::default();
        feeds.want(vec![need(Source::Rules, 0)], SECOND);
        let (ticket, _) = feeds.start(SECOND).remove(0);
        assert_eq!(feeds.want(vec![], SECOND), [ticket]);
        assert!(!feeds.done(ticket, true, SECOND));
        assert_eq!(feeds.next(), None);
    }

    #[test]
    fn another_epoch_begins_anew() {
        let mut feeds = Feeds::default();
        feeds.want(vec![need(Source::Rules, 0)], SECOND);
        let (ticket, _) = feeds.start(SECOND).remove(0);
        assert_eq!(feeds.want(vec![need(Source::Rules, 1)], SECOND), [ticket]);
        let (other, started) = feeds.start(SECOND).remove(0);
        assert_ne!(ticket, other);
        assert_eq!(started.env, Epoch(1));
    }
}
