//! Probes on a steady beat, whatever hangs: each is asked by itself, once at a time. An answer counts for every beat for which it
//! was waited, so that a probe that hangs is seen to hang at each of them.

use std::convert::Infallible;
use std::future::pending;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{Instant, sleep_until};

use crate::domain::chaos::{Probe, Reading, Sample};
use crate::jobs::drill::Drill;
use crate::jobs::drill::eye::Eye;

/// What the probes of a drill have answered, beat by beat.
pub struct Beats<'a> {
    probes: &'a [Probe],
    every: Duration,
    began: Instant,
    /// Of each probe, a reading for each beat that is answered.
    answers: Vec<Mutex<Vec<Reading>>>,
}

impl<'a> Beats<'a> {
    /// Begins to count now.
    pub fn of(drill: &'a Drill) -> Self {
        let answers = drill.hypothesis.iter().map(|_| Mutex::default()).collect();
        Self { probes: &drill.hypothesis, every: drill.every, began: Instant::now(), answers }
    }

    /// Asks every probe on every beat, for as long as somebody waits for it.
    pub async fn ask(&self, eye: &Eye<'_>) -> Infallible {
        let asked = self.probes.iter().zip(&self.answers);
        join_all(asked.map(|(probe, answers)| self.ask_one(eye, probe, answers))).await;
        pending().await
    }

    async fn ask_one(&self, eye: &Eye<'_>, probe: &Probe, answers: &Mutex<Vec<Reading>>) -> Infallible {
        loop {
            let reading = eye.read(probe).await;
            let begun = self.begun(Instant::now());
            answers.lock().unwrap_or_else(PoisonError::into_inner).resize(begun, reading);
            sleep_until(self.at(begun)).await;
        }
    }

    /// When a beat is, the first being 0.
    pub fn at(&self, beat: usize) -> Instant {
        self.began + self.every * beat as u32
    }

    /// How many beats have begun.
    pub fn begun(&self, now: Instant) -> usize {
        (now.duration_since(self.began).as_millis() / self.every.as_millis().max(1)) as usize + 1
    }

    /// The beats that every probe has answered; the first was so long after the fault began.
    pub fn answered(&self, first: Duration) -> Vec<Sample> {
        self.samples(first, self.answered_by_all())
    }

    /// All beats until an instant. What was waited for in vain for at least half a beat is unknown; a shorter wait says nothing.
    pub fn until(&self, first: Duration, end: Instant) -> Vec<Sample> {
        let waited = self.begun(end + self.every / 2) - 1;
        self.samples(first, waited.max(self.answered_by_all()))
    }

    fn answered_by_all(&self) -> usize {
        let answered = self.answers.iter().map(|answers| answers.lock().unwrap_or_else(PoisonError::into_inner).len());
        answered.min().unwrap_or_else(|| self.begun(Instant::now()))
    }

    fn samples(&self, first: Duration, beats: usize) -> Vec<Sample> {
        let answers: Vec<Vec<Reading>> =
            self.answers.iter().map(|answers| answers.lock().unwrap_or_else(PoisonError::into_inner).clone()).collect();
        let sample = |beat: usize| {
            let reading = |(probe, answers): (&Probe, &Vec<Reading>)| {
                let waits = || Reading::unknown(probe.tolerance, "no answer yet when it was ended");
                answers.get(beat).cloned().unwrap_or_else(waits)
            };
            let readings = self.probes.iter().zip(&answers).map(reading).collect();
            Sample { after: first + self.every * beat as u32, readings }
        };
        (0..beats).map(sample).collect()
    }
}
