//! A job: one run of a command that changes something, with its history and its one terminal state.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::failure::Failure;
use crate::domain::plan::{Plan, StepId, StepSpec};
use crate::domain::time::Stamp;

/// A job's number in its ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct JobId(pub i64);

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

/// What happened to a job. A history is a sequence of these; nothing in it is ever changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// A worker took the job: the first, or the next after one that died.
    Taken {
        /// Its process, for people; liveness is a lock, never this.
        pid: u32,
    },
    /// A step's undo was worked out, before the step ran.
    Prepared {
        /// Whose.
        step: StepId,
        /// What would undo it; empty where nothing can or must.
        undo: Vec<StepSpec>,
    },
    /// A step is about to have its effect. Durable before the effect.
    Intended {
        /// Which.
        step: StepId,
    },
    /// A step succeeded, and its postcondition was checked.
    Done {
        /// Which.
        step: StepId,
        /// What it tells later steps and people.
        output: Value,
    },
    /// A step failed.
    Failed {
        /// Which.
        step: StepId,
        /// Why.
        failure: Failure,
    },
    /// After a crash a step was probed and had had no effect.
    Absent {
        /// Which.
        step: StepId,
    },
    /// After a crash a step was probed, and nobody can say.
    Unknown {
        /// Which.
        step: StepId,
        /// What was seen.
        words: String,
    },
    /// The undo of a step is about to have its effect.
    UndoIntended {
        /// Whose.
        step: StepId,
    },
    /// The undo of a step was done and verified.
    Undone {
        /// Whose.
        step: StepId,
    },
    /// The undo of a step failed.
    UndoFailed {
        /// Whose.
        step: StepId,
        /// Why.
        failure: Failure,
    },
    /// An operator asked for something.
    Asked {
        /// What.
        control: Control,
        /// Who.
        operator: String,
    },
    /// The job ended. The last event of any history but for undo on request.
    Finished {
        /// How.
        outcome: Outcome,
    },
}

/// What an operator can ask of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Control {
    /// Stop, and revert what the plan says.
    Cancel,
    /// Go on where a worker that died left off.
    Resume,
    /// Undo what was kept undoable.
    Undo,
}

/// How a job ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Every step is done.
    Done,
    /// A step failed; what the plan says was reverted.
    Failed,
    /// An operator cancelled it; what the plan says was reverted.
    Cancelled,
    /// It could not be reverted, or a step's effect is unknown: somebody must look.
    Stuck,
}

/// Where a job stands. Derived from its history and from whether its worker's lock is held; never stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Recorded; its worker has not taken it yet.
    Submitted,
    /// Its worker runs.
    Running,
    /// Its worker has died. Not terminal: another takes it.
    Lost,
    /// It has ended.
    Ended(Outcome),
}

impl State {
    /// Where a job with this history stands, given whether a worker holds its lock.
    pub fn of<'a>(history: impl IntoIterator<Item = &'a Event>, alive: bool) -> Self {
        history.into_iter().fold(Self::Submitted, |state, event| match (state, event) {
            (Self::Ended(_), _) => state,
            (_, Event::Finished { outcome }) => Self::Ended(*outcome),
            _ if alive => Self::Running,
            _ => Self::Lost,
        })
    }

    /// The word of the screen.
    pub fn word(self) -> &'static str {
        match self {
            Self::Submitted => "submitted",
            Self::Running => "running",
            Self::Lost => "lost",
            Self::Ended(Outcome::Done) => "done",
            Self::Ended(Outcome::Failed) => "failed",
            Self::Ended(Outcome::Cancelled) => "cancelled",
            Self::Ended(Outcome::Stuck) => "stuck",
        }
    }
}

/// How far a step is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// Bytes handled so far.
    pub bytes: u64,
    /// Bytes in all, where known or well estimated.
    pub total: Option<u64>,
    /// Rows or keys handled so far, where the step counts them.
    pub rows: Option<u64>,
    /// Bytes a second, smoothed; filled in by the worker.
    pub rate: Option<f64>,
    /// What is being done, where it is more than the step's title.
    pub words: String,
    /// What the step would tell if it ended now, where consoles show that: its output so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub so_far: Option<Value>,
}

impl Progress {
    /// The part that is done, between 0 and 1.
    pub fn ratio(&self) -> Option<f64> {
        let total = self.total.filter(|total| *total > 0)?;
        Some((self.bytes as f64 / total as f64).min(1.0))
    }

    /// The time left at the present rate.
    pub fn left(&self) -> Option<Duration> {
        let rate = self.rate.filter(|rate| *rate > 1.0)?;
        Some(Duration::from_secs_f64(self.total?.saturating_sub(self.bytes) as f64 / rate))
    }
}

/// What a job wrote down, as far as it is held: a long log has lost its beginning.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Log {
    /// How many lines came before the first that is held.
    pub skipped: usize,
    /// One after the other, without their line ends; may hold text from outside.
    pub lines: Vec<String>,
}

/// A job as consoles see it.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// Its number.
    pub id: JobId,
    /// What it was confirmed to do.
    pub plan: Arc<Plan>,
    /// The login that asked for it.
    pub operator: String,
    /// The host whose ledger this is.
    pub host: String,
    /// When it was confirmed.
    pub submitted: Stamp,
    /// Where it stands.
    pub state: State,
    /// What happened, in order, with when.
    pub history: Arc<[(Stamp, Event)]>,
    /// The running step's progress, with when it was told.
    pub progress: Option<(Stamp, StepId, Progress)>,
}

impl Job {
    /// When it ended.
    pub fn ended(&self) -> Option<Stamp> {
        self.history.iter().find_map(|(at, event)| matches!(event, Event::Finished { .. }).then_some(*at))
    }

    /// Why its first failed step failed.
    pub fn failure(&self) -> Option<&Failure> {
        self.history.iter().find_map(|(_, event)| match event {
            Event::Failed { failure, .. } => Some(failure),
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rule_07_a_job_that_has_ended_stays_as_it_ended_and_lost_is_no_end() {
        let taken = Event::Taken { pid: 7 };
        let undone = [Event::UndoIntended { step: StepId(1) }, Event::Undone { step: StepId(1) }];
        let done = Event::Finished { outcome: Outcome::Done };
        let state = |history: &[&Event], alive| State::of(history.iter().copied(), alive);
        assert_eq!(state(&[], false), State::Submitted);
        assert_eq!(state(&[&taken], true), State::Running);
        assert_eq!(state(&[&taken], false), State::Lost);
        assert_eq!(state(&[&taken, &taken], true), State::Running);
        for alive in [false, true] {
            assert_eq!(state(&[&taken, &done], alive), State::Ended(Outcome::Done));
            let failed = Event::Finished { outcome: Outcome::Failed };
            let history = [&taken, &done, &taken, &undone[0], &undone[1], &failed];
            assert_eq!(state(&history, alive), State::Ended(Outcome::Done), "the first end is the end");
        }
    }
}
