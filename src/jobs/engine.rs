//! What a job does next, decided from its plan and its history alone. Pure: no clock, no port, nothing remembered between calls, so
//! that any process can take a job on where another died. The [`driver`](crate::jobs::driver) does what is decided here and records
//! it.
//!
//! **Going forward.** The steps run in the plan's order. Each is *prepared* once (what would undo it is worked out and recorded,
//! from the state before its very first attempt), then *intended*, then it runs and is *done* or *failed*. A done step never runs
//! again.
//!
//! **Ending.** When every step is done, the `Always` reverts are performed and the job is done; a cancellation that comes that late
//! comes too late. When a step failed or an operator cancelled, the `OnFailure` and `Always` reverts are performed, the last step's
//! first, of every step that was ever intended: one that failed half-way may have left something, and undos are idempotent. An undo
//! that fails does not keep the others from being tried; the job then ends stuck. So does one that must end while nobody can say
//! whether a step happened and nothing reverts it.
//!
//! **After a crash.** A job that is taken again is on hold. First every intent without an end is checked. Then the `Always` reverts
//! of what was intended are performed: a fault must end, a stopped service must come back, whoever is awake. Then the job waits.
//! It does not go on by itself, though it often could: the hour may be wrong by now, somebody may have acted by hand since, and the
//! person at 03:00 must be able to rely on nothing happening that they did not ask for. They have three answers, and can give them
//! before the reverts were performed, too:
//!
//! - *resume*: go on with the first step that is not done. A step whose effect is unknown gets a new attempt with an intent of its
//!   own: the operator has looked.
//! - *cancel*: revert what the plan says about failure, and end.
//! - *undo*: revert everything that can be, what would be kept until released too, and end.
//!
//! A job that was already on its way to an end when its worker died needs no answer: it goes on to that end. Neither does one
//! whose `Always` revert has taken back something that was done: the later steps have lost what they stand on, and nobody can have
//! them run. It is abandoned and ends as failed; but where an end would revert more, or nobody knows what a step did, it waits. An
//! undo that only writes down what is known reverts nothing: a recovery whose worker died ends with that, and asks nobody.
//!
//! **After the end** nothing changes but what an operator asks to have undone: steps that are kept undoable until they are
//! released, and undos that failed, once more for each time it is asked.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::domain::job::{Event, Outcome};
use crate::domain::plan::{Plan, Revert, StepId};
use crate::jobs::engine::account::{Account, Phase, Reversal, Stand};

mod account;
#[cfg(test)]
mod tests;

/// What a job does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Work out what would undo a step, and record it.
    Prepare(StepId),
    /// Record that a step is intended, then run it.
    Run(StepId),
    /// A worker died while a step ran: find out whether it happened.
    Check(StepId),
    /// Run what was recorded to undo a step.
    Undo(StepId),
    /// Record that a step fails, unbegun: what it stands on was taken back.
    Abandon(StepId),
    /// Nothing, until an operator asks for something.
    Wait,
    /// Record the end.
    Finish(Outcome),
}

/// Decides what comes next.
pub fn next(plan: &Plan, history: &[Event]) -> Decision {
    let account = Account::of(plan, history);
    if account.finished.is_some() {
        return account.undo(is_wanted_after_end).unwrap_or(Decision::Wait);
    }
    if let Some(open) = account.steps.iter().find(|step| step.phase == Phase::Open) {
        return Decision::Check(open.id);
    }
    if let Some(Ending { outcome, reverts }) = ending(&account) {
        let undo = account.undo(|step| reverts.contains(&step.revert));
        return undo.unwrap_or_else(|| Decision::Finish(account.verdict(outcome)));
    }
    let is_due = |step: &Stand<'_>| step.reversal == Reversal::Open || account.held && step.revert == Revert::Always;
    account.undo(is_due).or_else(|| abandon(&account)).unwrap_or_else(|| forward(&account))
}

/// What the steps that are done told.
pub fn outputs(history: &[Event]) -> BTreeMap<StepId, Value> {
    let done = history.iter().filter_map(|event| match event {
        Event::Done { step, output } => Some((*step, output.clone())),
        _ => None,
    });
    done.collect()
}

/// How a job ends, and what is reverted before.
struct Ending {
    outcome: Outcome,
    reverts: &'static [Revert],
}

/// None while the job still goes forward.
fn ending(account: &Account<'_>) -> Option<Ending> {
    let outcome = if account.failed_first { Outcome::Failed } else { Outcome::Cancelled };
    let end = |outcome, reverts| Some(Ending { outcome, reverts });
    match account {
        _ if account.undo_asked => end(outcome, &[Revert::Always, Revert::OnFailure, Revert::UntilReleased]),
        _ if account.steps.iter().all(|step| step.phase == Phase::Done) => end(Outcome::Done, &[Revert::Always]),
        _ if account.failed_first || account.cancelled => end(outcome, &[Revert::Always, Revert::OnFailure]),
        _ => None,
    }
}

/// The step that can run no more, where its end needs nobody's answer.
fn abandon(account: &Account<'_>) -> Option<Decision> {
    let is_open = account.steps.iter().any(|step| step.phase == Phase::Unknown);
    let owes = account.undo(|step| matches!(step.revert, Revert::OnFailure | Revert::Always) && !step.only_tells()).is_some();
    let pending = account.pending().filter(|_| account.has_sunk() && !is_open && !owes);
    pending.map(|step| Decision::Abandon(step.id))
}

/// The first step that is not done. What was done and then reverted is missing under the later ones: they wait.
fn forward(account: &Account<'_>) -> Decision {
    if account.held || account.has_sunk() {
        return Decision::Wait;
    }
    account.pending().map_or(Decision::Wait, |step| match step.phase {
        Phase::Untouched => Decision::Prepare(step.id),
        Phase::Ready => Decision::Run(step.id),
        _ => Decision::Wait,
    })
}

/// What an operator's request after the end reaches: what is kept until released, and undos to be tried again.
fn is_wanted_after_end(step: &Stand<'_>) -> bool {
    step.reversal == Reversal::Open || step.asked_after_end && step.revert == Revert::UntilReleased
}
