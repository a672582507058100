//! How far a running step is: when it last moved, how fast it is, and as much of that as consoles need to see.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::domain::job::Progress;
use crate::domain::plan::StepId;
use crate::ports::journal::{Clock, Journal, Reporter};

/// The time that a rate is taken over.
const WINDOW: Duration = Duration::from_secs(5);
/// The least time between two samples of it.
const SAMPLE: Duration = Duration::from_millis(100);
/// The least time between two reports to consoles.
const REPORT: Duration = Duration::from_millis(250);

/// What a running step reports to.
pub(super) struct Gauge<'a> {
    journal: &'a dyn Journal,
    clock: &'a dyn Clock,
    step: StepId,
    meter: Mutex<Meter>,
}

#[derive(Default)]
struct Meter {
    /// What was said last, and whether consoles know.
    last: Progress,
    is_told: bool,
    told: Option<Duration>,
    moved: Duration,
    samples: VecDeque<(Duration, u64)>,
}

impl<'a> Gauge<'a> {
    pub fn new(journal: &'a dyn Journal, clock: &'a dyn Clock, step: StepId) -> Self {
        let meter = Meter { moved: clock.mono(), is_told: true, ..Meter::default() };
        Self { journal, clock, step, meter: Mutex::new(meter) }
    }

    /// When the step last moved.
    pub fn moved(&self) -> Duration {
        self.meter.lock().unwrap_or_else(PoisonError::into_inner).moved
    }
}

impl Reporter for Gauge<'_> {
    fn progress(&self, progress: Progress) {
        let now = self.clock.mono();
        let mut meter = self.meter.lock().unwrap_or_else(PoisonError::into_inner);
        meter.take(now, progress);
        if meter.told.is_none_or(|told| now.saturating_sub(told) >= REPORT) {
            (meter.told, meter.is_told) = (Some(now), true);
            self.journal.progress(self.step, &meter.last);
        }
    }

    fn log(&self, line: &str) {
        self.meter.lock().unwrap_or_else(PoisonError::into_inner).moved = self.clock.mono();
        self.journal.log(line);
    }
}

/// The last word is told, however soon it came after the one before.
impl Drop for Gauge<'_> {
    fn drop(&mut self) {
        let meter = self.meter.lock().unwrap_or_else(PoisonError::into_inner);
        if !meter.is_told {
            self.journal.progress(self.step, &meter.last);
        }
    }
}

impl Meter {
    /// Saying the same again is no movement.
    fn take(&mut self, now: Duration, progress: Progress) {
        let said = (progress.bytes, progress.rows, &progress.words);
        if said != (self.last.bytes, self.last.rows, &self.last.words) {
            self.moved = now;
        }
        self.last = Progress { rate: self.rate(now, progress.bytes), ..progress };
        self.is_told = false;
    }

    fn rate(&mut self, now: Duration, bytes: u64) -> Option<f64> {
        if self.samples.back().is_some_and(|(_, before)| bytes < *before) {
            self.samples.clear();
        }
        if self.samples.back().is_none_or(|(at, _)| now.saturating_sub(*at) >= SAMPLE) {
            self.samples.push_back((now, bytes));
        }
        while self.samples.len() > 2 && self.samples.front().is_some_and(|(at, _)| now.saturating_sub(*at) > WINDOW) {
            self.samples.pop_front();
        }
        let (at, first) = *self.samples.front()?;
        let seconds = now.saturating_sub(at).as_secs_f64();
        (seconds > 0.0).then(|| (bytes - first) as f64 / seconds)
    }
}
