//! How fast the link to an endpoint is, and so whether its answers are worth compressing.
//!
//! Prometheus compresses about 29 MB/s: on a faster link, compressed answers come later and cost it a processor besides. So answers are
//! asked for plain until a large one comes slowly, then compressed. How fast a link would be without is not seen from compressed
//! answers, so after a while one is asked for plain again, where that cannot take long. Nothing goes by addresses: a tunnel's end is on
//! the loopback.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// A smaller answer tells nothing: it may lie ready in the kernel's buffers. Bytes.
const LARGE: usize = 256 << 10;
/// A shorter wait tells nothing either: the machine, or a server that sends while it evaluates, may have been busy.
const WAIT: Duration = Duration::from_millis(50);
/// A slower link is asked for compressed answers (128 Mbit/s). Bytes a second.
const SLOW: f64 = 16e6;
/// A faster one is asked for plain ones again (192 Mbit/s): between the two it stays as it is.
const FAST: f64 = 24e6;
/// So many large compressed answers come before one is tried plain.
const PATIENCE: u32 = 32;
/// What the trial may cost: no answer larger than this was the last before it. Bytes.
const TRIAL: usize = 4 << 20;

/// What is known of one endpoint's link.
#[derive(Debug, Default)]
pub(super) struct Link(Mutex<State>);

#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum State {
    /// Fast enough, as far as is known.
    #[default]
    Plain,
    /// Slow; so many large answers are still to come before the trial.
    Packed(u32),
    /// The next large answer shows whether it still is.
    Trial,
}

/// What reading one answer was like.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Reading {
    /// Whether it was asked for compressed.
    pub packed: bool,
    /// Bytes after the first piece, decompressed.
    pub bytes: usize,
    /// How long those were waited for; not what decoding took meanwhile.
    pub waited: Duration,
}

impl Link {
    /// Whether the next answer is to come compressed.
    pub fn wants_packed(&self) -> bool {
        matches!(*self.0.lock().unwrap_or_else(PoisonError::into_inner), State::Packed(_))
    }

    /// Learns from an answer, whole or not.
    pub fn learn(&self, reading: Reading) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *state = state.after(reading);
    }
}

impl State {
    fn after(self, reading: Reading) -> Self {
        let rate = reading.bytes as f64 / reading.waited.as_secs_f64();
        match (self, reading.packed) {
            _ if reading.bytes < LARGE => self,
            (Self::Plain, false) if rate < SLOW && reading.waited >= WAIT => Self::Packed(PATIENCE),
            (Self::Packed(0), true) if reading.bytes <= TRIAL && rate >= SLOW => Self::Trial,
            (Self::Packed(left), true) => Self::Packed(left.saturating_sub(1)),
            (Self::Trial, false) if rate > FAST => Self::Plain,
            (Self::Trial, false) => Self::Packed(PATIENCE),
            _ => self,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(packed: bool, mib: usize, megabytes_a_second: f64) -> Reading {
        let bytes = mib << 20;
        Reading { packed, bytes, waited: Duration::from_secs_f64(bytes as f64 / (megabytes_a_second * 1e6)) }
    }

    #[test]
    fn only_a_large_answer_that_comes_slowly_makes_a_link_slow() {
        let small = Reading { packed: false, bytes: LARGE - 1, waited: Duration::from_secs(9) };
        assert_eq!(State::Plain.after(small), State::Plain);
        assert_eq!(State::Plain.after(Reading { bytes: LARGE, ..Reading::default() }), State::Plain, "it lay ready");
        assert_eq!(State::Plain.after(reading(false, 27, 900.0)), State::Plain);
        let busy = Reading { packed: false, bytes: LARGE, waited: WAIT / 2 };
        assert_eq!(State::Plain.after(busy), State::Plain);
        assert_eq!(State::Plain.after(reading(false, 1, 1.0)), State::Packed(PATIENCE));
    }

    #[test]
    fn a_slow_link_is_tried_again_after_a_while_and_where_that_cannot_take_long() {
        let mut state = State::Packed(PATIENCE);
        for _ in 0..PATIENCE {
            state = state.after(reading(true, 1, 25.0));
        }
        assert_eq!(state, State::Packed(0));
        assert_eq!(state.after(reading(true, 27, 25.0)), State::Packed(0), "the next may be as large");
        assert_eq!(state.after(reading(true, 1, 5.0)), State::Packed(0), "it is slow even so");
        assert_eq!(state.after(reading(true, 1, 25.0)), State::Trial);
        assert_eq!(State::Trial.after(reading(false, 1, 100.0)), State::Plain);
        assert_eq!(State::Trial.after(reading(false, 1, 20.0)), State::Packed(PATIENCE));
    }

    #[test]
    fn between_slow_and_fast_it_stays_as_it_is() {
        assert_eq!(State::Plain.after(reading(false, 1, 20.0)), State::Plain);
        assert_eq!(State::Trial.after(reading(true, 1, 20.0)), State::Trial, "one that was under way before");
    }
}
