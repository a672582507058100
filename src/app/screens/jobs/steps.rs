//! How far each step of a job is, read off its history.

use std::time::Duration;

use serde_json::Value;

use crate::domain::failure::Failure;
use crate::domain::job::{Event, Job, Outcome, State};
use crate::domain::plan::{Revert, StepId, StepSpec};
use crate::domain::time::Stamp;

/// How far a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It has not begun.
    Waiting,
    /// It runs.
    Running,
    /// It succeeded, and that was checked.
    Done,
    /// It failed.
    Failed,
    /// It had begun when its worker died: nobody knows yet what became of it.
    Interrupted,
    /// It was probed after a crash, and nobody can say.
    Unknown,
    /// It is being undone.
    Undoing,
    /// It was undone, and that was checked.
    Undone,
    /// It could not be undone.
    UndoFailed,
    /// The job ended without it.
    Skipped,
}

impl Standing {
    /// The word of the screen.
    pub fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waits",
            Self::Running => "runs",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
            Self::Unknown => "unknown",
            Self::Undoing => "is undone",
            Self::Undone => "undone",
            Self::UndoFailed => "not undone",
            Self::Skipped => "not run",
        }
    }
}

/// One step of a job.
#[derive(Clone, Debug, PartialEq)]
pub struct Step<'a> {
    /// As it was planned.
    pub spec: &'a StepSpec,
    /// How far it is.
    pub standing: Standing,
    /// When it last began.
    pub began: Option<Stamp>,
    /// When it ended.
    pub ended: Option<Stamp>,
    /// Why it, or its undo, failed.
    pub failure: Option<&'a Failure>,
    /// What it tells people; what was seen where it is unknown.
    pub words: Option<&'a str>,
    /// How many steps would undo it.
    pub undo: usize,
}

impl Step<'_> {
    /// How long it took, or has taken so far.
    pub fn took(&self, now: Stamp) -> Option<Duration> {
        let began = self.began?;
        match (self.ended, self.standing) {
            (Some(ended), _) => Some(ended.since(began)),
            (None, Standing::Running | Standing::Undoing) => Some(now.since(began)),
            (None, _) => None,
        }
    }
}

/// The steps of a job, in the order of its plan.
pub fn steps(job: &Job) -> Vec<Step<'_>> {
    let fresh = |spec| Step { spec, standing: Standing::Waiting, began: None, ended: None, failure: None, words: None, undo: 0 };
    let mut steps: Vec<Step<'_>> = job.plan.steps.iter().map(fresh).collect();
    for (at, event) in job.history.iter() {
        if let Some(step) = of(event).and_then(|id| steps.iter_mut().find(|step| step.spec.id == id)) {
            take(step, *at, event);
        }
    }
    for step in &mut steps {
        step.standing = seen(step, job.state);
        step.words = doing(job, step).or(step.words);
    }
    steps
}

/// What the step that runs says it does, where that is more than its title.
fn doing<'a>(job: &'a Job, step: &Step<'_>) -> Option<&'a str> {
    let (_, id, progress) = job.progress.as_ref()?;
    let words = (*id == step.spec.id && step.standing == Standing::Running).then_some(progress.words.as_str());
    words.filter(|words| !words.is_empty())
}

fn of(event: &Event) -> Option<StepId> {
    match event {
        Event::Prepared { step, .. }
        | Event::Intended { step }
        | Event::Done { step, .. }
        | Event::Failed { step, .. }
        | Event::Absent { step }
        | Event::Unknown { step, .. }
        | Event::UndoIntended { step }
        | Event::Undone { step }
        | Event::UndoFailed { step, .. } => Some(*step),
        Event::Taken { .. } | Event::Asked { .. } | Event::Finished { .. } => None,
    }
}

fn take<'a>(step: &mut Step<'a>, at: Stamp, event: &'a Event) {
    step.standing = match event {
        Event::Intended { .. } => {
            (step.began, step.ended, step.failure) = (Some(at), None, None);
            Standing::Running
        }
        Event::Done { output, .. } => {
            (step.ended, step.words) = (Some(at), told(output));
            Standing::Done
        }
        Event::Failed { failure, .. } => {
            (step.ended, step.failure) = (Some(at), Some(failure));
            Standing::Failed
        }
        Event::Absent { .. } => {
            step.began = None;
            Standing::Waiting
        }
        Event::Unknown { words, .. } => {
            step.words = Some(words);
            Standing::Unknown
        }
        Event::UndoIntended { .. } => Standing::Undoing,
        Event::Undone { .. } => Standing::Undone,
        Event::UndoFailed { failure, .. } => {
            step.failure = Some(failure);
            Standing::UndoFailed
        }
        Event::Prepared { undo, .. } => {
            step.undo = undo.len();
            step.standing
        }
        Event::Taken { .. } | Event::Asked { .. } | Event::Finished { .. } => step.standing,
    };
}

/// What a step told people: its output's `words`.
pub fn told(output: &Value) -> Option<&str> {
    output.get("words")?.as_str()
}

/// Only a job that runs has a step that runs.
fn seen(step: &Step<'_>, state: State) -> Standing {
    match (step.standing, state) {
        // It was planned to be undone at the end, and all went as planned.
        (Standing::Undone, State::Ended(Outcome::Done)) if step.spec.revert == Revert::Always => Standing::Done,
        (Standing::Running | Standing::Undoing, State::Lost | State::Ended(_)) => Standing::Interrupted,
        (Standing::Waiting, State::Ended(_)) => Standing::Skipped,
        (standing, _) => standing,
    }
}
