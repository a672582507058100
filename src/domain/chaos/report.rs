//! What a drill has shown, put together from what it wrote down.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::domain::chaos::end::Ended;
use crate::domain::chaos::{Ask, Baseline, Fired, Injected, Probe, Recovered, Sample, Tolerance, Watched};
use crate::domain::job::{Job, JobId, State};
use crate::domain::name::Name;
use crate::domain::time::Stamp;

/// What is told of a fault whose end was given up.
pub const NEVER: &str = "the fault could not be ended, and what is left of it was accepted";

/// What a drill has shown so far: of one that was cut short, the rest is missing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The scenario.
    pub scenario: String,
    /// The service that it hit, or one instance of it.
    pub target: String,
    /// How long the fault was to stay.
    pub lasts: Duration,
    /// The steady state that was expected.
    pub hypothesis: Vec<Probe>,
    /// The alerts that should have fired.
    pub expects: Vec<String>,
    /// The time in which the target must be back, where its team says so.
    pub rto: Option<Duration>,
    /// The steady state before.
    pub baseline: Option<Baseline>,
    /// When the fault was put in.
    pub injected: Option<Injected>,
    /// What was seen while it was on.
    pub watched: Option<Watched>,
    /// How it ended.
    pub ended: Option<Ended>,
    /// How the steady state came back.
    pub recovered: Option<Recovered>,
}

/// A drill that is or was run, and what it has shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Drilled {
    /// Its job.
    pub job: JobId,
    /// Where it breaks something.
    pub environment: Name,
    /// How that stands.
    pub state: State,
    /// Who asked for it.
    pub operator: String,
    /// When it was confirmed.
    pub submitted: Stamp,
    /// What it has shown so far.
    pub report: Report,
}

/// A job that ended, or was lost, while an operator had no console open.
#[derive(Clone, Debug, PartialEq)]
pub struct Missed {
    /// It.
    pub job: Job,
    /// What it has shown, where it is a drill.
    pub drill: Option<Report>,
}

/// An alert that was expected, or that fired.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Detection {
    /// Its name.
    pub alert: String,
    /// Whether the drill expected it.
    pub expected: bool,
    /// How long after the fault it fired; it did not where there is nothing.
    pub after: Option<Duration>,
}

impl Report {
    /// Each expected alert, and when it fired; then what else has fired.
    pub fn detections(&self) -> Vec<Detection> {
        let when = |alert: &String| self.fired().find(|fired| fired.alert == *alert).map(|fired| fired.after);
        let expected = self.expects.iter().map(|alert| Detection { alert: alert.clone(), expected: true, after: when(alert) });
        let others = self.fired().filter(|fired| !self.expects.contains(&fired.alert));
        let other = |fired: &Fired| Detection { alert: fired.alert.clone(), expected: false, after: Some(fired.after) };
        expected.chain(others.map(other)).collect()
    }

    /// Every alert that fired since the fault began, in the order in which they were seen to.
    pub fn fired(&self) -> impl Iterator<Item = &Fired> {
        let watched = self.watched.iter().flat_map(|watched| &watched.fired);
        let later = self.recovered.iter().flat_map(|recovered| &recovered.fired);
        let is_known = |fired: &Fired| self.watched.iter().flat_map(|watched| &watched.fired).any(|one| one.alert == fired.alert);
        watched.chain(later.filter(move |fired| !is_known(fired)))
    }

    /// How long it took until the first of the expected alerts fired.
    pub fn detected(&self) -> Option<Duration> {
        self.detections().into_iter().filter(|found| found.expected).filter_map(|found| found.after).min()
    }

    /// How long it took until the steady state was back.
    pub fn back(&self) -> Option<Duration> {
        self.recovered.as_ref()?.after
    }

    /// Everything that was seen of the probes, in the order of time.
    pub fn samples(&self) -> impl Iterator<Item = &Sample> + Clone {
        let watched = self.watched.iter().flat_map(|watched| &watched.samples);
        watched.chain(self.recovered.iter().flat_map(|recovered| &recovered.samples))
    }

    /// About how many requests failed: the traffic times its part that failed, over the time that was watched. Unknown where the
    /// environment's signals do not tell.
    pub fn lost(&self) -> Option<f64> {
        let place = |is: &dyn Fn(&Probe) -> bool| {
            self.hypothesis.iter().position(|probe| matches!(probe.ask, Ask::Promql(_)) && is(probe))
        };
        let traffic = place(&|probe| probe.tolerance == Tolerance::Any && probe.name.contains("traffic"))?;
        let ratio = place(&|probe| probe.name.contains("error"))?;
        let mut samples = self.samples().peekable();
        samples.peek()?;
        let (mut lost, mut before) = (0.0, Duration::ZERO);
        for sample in samples {
            let value = |at: usize| sample.readings.get(at).and_then(|reading| reading.value);
            if let (Some(traffic), Some(ratio)) = (value(traffic), value(ratio)) {
                lost += traffic * ratio * sample.after.saturating_sub(before).as_secs_f64();
            }
            before = sample.after;
        }
        Some(lost)
    }

    /// What is not as it should be, one sentence each. None means that the drill has shown what was hoped for.
    pub fn findings(&self) -> Vec<String> {
        let mut findings = Vec::new();
        let Some(watched) = &self.watched else { return vec!["it ended before the fault was watched".to_owned()] };
        findings.extend(watched.aborted.iter().map(|why| format!("it was aborted: {why}")));
        match &self.ended {
            None => findings.push("the end of the fault was not verified".to_owned()),
            Some(ended) if !ended.is_verified() => findings.push(NEVER.to_owned()),
            Some(_) => {}
        }
        for Detection { alert, after, .. } in self.detections() {
            if after.is_none() && watched.aborted.is_none() {
                findings.push(format!("{alert} did not fire"));
            }
        }
        match self.recovered.as_ref().map(|recovered| (recovered.after, recovered.waited)) {
            None => findings.push("nobody waited for the steady state".to_owned()),
            Some((None, waited)) => findings.push(format!("the steady state had not come back after {} s", waited.as_secs())),
            Some((Some(after), _)) => {
                let late = self.rto.filter(|rto| after > *rto);
                findings.extend(
                    late.map(|rto| format!("it came back after {} s, and its RTO is {} s", after.as_secs(), rto.as_secs())),
                );
            }
        }
        findings
    }
}
