//! Where each step of a job stands, told from its history. It judges nothing: what follows from it is decided next door.

use crate::domain::failure::FailureKind;
use crate::domain::job::{Control, Event, Outcome};
use crate::domain::plan::{Plan, Revert, StepId, StepSpec};
use crate::jobs::engine::Decision;
use crate::jobs::steps::collect::COLLECT;

/// A job's history, step by step.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own: any of them may hold with any other")]
pub(super) struct Account<'a> {
    /// In the plan's order.
    pub steps: Vec<Stand<'a>>,
    /// How it ended.
    pub finished: Option<Outcome>,
    /// It was taken again after a crash, or a step is unknown, and nobody has said since to go on.
    pub held: bool,
    /// An operator cancelled it.
    pub cancelled: bool,
    /// An operator asked to undo it before it ended.
    pub undo_asked: bool,
    /// A step failed before anybody cancelled.
    pub failed_first: bool,
    taken: bool,
}

/// Where a step stands.
pub(super) struct Stand<'a> {
    pub id: StepId,
    pub revert: Revert,
    pub phase: Phase,
    pub reversal: Reversal,
    /// An operator asked to undo what is kept, after the job ended.
    pub asked_after_end: bool,
    /// Whether it was ever about to have an effect.
    intended: bool,
    undo: Option<&'a [StepSpec]>,
}

/// How far a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Nothing is known of it.
    Untouched,
    /// Its undo is recorded; it may run.
    Ready,
    /// It was intended, and its end is not recorded.
    Open,
    Done,
    Failed,
    /// It was probed, and nobody can say.
    Unknown,
}

/// How far its undo is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reversal {
    None,
    /// Begun and not ended, or to be tried again.
    Open,
    Undone,
    Failed,
}

impl<'a> Account<'a> {
    pub fn of(plan: &Plan, history: &'a [Event]) -> Self {
        let steps = plan.steps.iter().map(|spec| Stand::new(spec.id, spec.revert)).collect();
        let (held, cancelled, undo_asked, failed_first, taken) = (false, false, false, false, false);
        let mut account = Self { steps, finished: None, held, cancelled, undo_asked, failed_first, taken };
        for event in history {
            account.add(event);
        }
        account
    }

    /// The undo that comes next: of the last step that has one to be performed.
    pub fn undo(&self, is_wanted: impl Fn(&Stand<'_>) -> bool) -> Option<Decision> {
        let pending = self.steps.iter().rev().find(|step| step.can_be_undone() && is_wanted(step));
        pending.map(|step| Decision::Undo(step.id))
    }

    /// The first step that is not done.
    pub fn pending(&self) -> Option<&Stand<'a>> {
        self.steps.iter().find(|step| step.phase != Phase::Done)
    }

    /// Whether something that was done was taken back again: what comes after it has nothing to stand on.
    pub fn has_sunk(&self) -> bool {
        self.steps.iter().any(|step| step.phase == Phase::Done && step.reversal != Reversal::None)
    }

    /// The outcome, or that somebody must look.
    pub fn verdict(&self, outcome: Outcome) -> Outcome {
        let is_stuck = |step: &Stand<'_>| {
            step.reversal == Reversal::Failed || step.phase == Phase::Unknown && step.reversal != Reversal::Undone
        };
        if self.steps.iter().any(is_stuck) { Outcome::Stuck } else { outcome }
    }

    fn add(&mut self, event: &'a Event) {
        match event {
            Event::Taken { .. } => self.held |= std::mem::replace(&mut self.taken, true),
            Event::Asked { control, .. } => self.asked(*control),
            Event::Finished { outcome } => self.finished = self.finished.or(Some(*outcome)),
            Event::Failed { step, failure } => {
                self.failed_first |= !self.cancelled && failure.kind != FailureKind::Cancelled;
                self.cancelled |= failure.kind == FailureKind::Cancelled;
                self.step(*step, |stand| stand.phase = Phase::Failed);
            }
            Event::Prepared { step, undo } => self.step(*step, |stand| stand.prepare(undo)),
            Event::Intended { step } => self.step(*step, Stand::intend),
            Event::Done { step, .. } => self.step(*step, |stand| stand.phase = Phase::Done),
            Event::Absent { step } => self.step(*step, Stand::may_run),
            Event::Unknown { step, .. } => {
                self.held = true;
                self.step(*step, |stand| stand.phase = Phase::Unknown);
            }
            Event::UndoIntended { step } => self.step(*step, |stand| stand.reversal = Reversal::Open),
            Event::Undone { step } => self.step(*step, |stand| stand.reversal = Reversal::Undone),
            Event::UndoFailed { step, .. } => self.step(*step, |stand| stand.reversal = Reversal::Failed),
        }
    }

    fn asked(&mut self, control: Control) {
        let has_ended = self.finished.is_some();
        match control {
            Control::Cancel => self.cancelled |= !has_ended,
            Control::Resume => {
                self.held = false;
                self.steps.iter_mut().filter(|step| step.phase == Phase::Unknown).for_each(Stand::may_run);
            }
            Control::Undo => {
                self.undo_asked |= !has_ended;
                self.steps.iter_mut().for_each(|step| step.try_again(has_ended));
            }
        }
    }

    fn step(&mut self, id: StepId, change: impl FnOnce(&mut Stand<'a>)) {
        if let Some(stand) = self.steps.iter_mut().find(|stand| stand.id == id) {
            change(stand);
        }
    }
}

impl<'a> Stand<'a> {
    fn new(id: StepId, revert: Revert) -> Self {
        let (phase, reversal) = (Phase::Untouched, Reversal::None);
        Self { id, revert, phase, reversal, asked_after_end: false, intended: false, undo: None }
    }

    /// Only the first counts: a later one would have seen what a half-done attempt left.
    fn prepare(&mut self, undo: &'a [StepSpec]) {
        self.undo = self.undo.or(Some(undo));
        if self.phase == Phase::Untouched {
            self.may_run();
        }
    }

    fn may_run(&mut self) {
        self.phase = if self.undo.is_some() { Phase::Ready } else { Phase::Untouched };
    }

    fn intend(&mut self) {
        self.phase = Phase::Open;
        self.reversal = Reversal::None;
        self.intended = true;
    }

    fn try_again(&mut self, has_ended: bool) {
        self.asked_after_end |= has_ended;
        if self.reversal == Reversal::Failed {
            self.reversal = Reversal::Open;
        }
    }

    /// Whether its undo changes nothing: it writes down what is known for whoever takes over.
    pub fn only_tells(&self) -> bool {
        self.undo.is_some_and(|undo| undo.iter().all(|spec| spec.kind == COLLECT.name()))
    }

    fn can_be_undone(&self) -> bool {
        let is_due = matches!(self.reversal, Reversal::None | Reversal::Open);
        is_due && self.intended && self.undo.is_some_and(|undo| !undo.is_empty())
    }
}
