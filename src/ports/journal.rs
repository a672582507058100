//! The ledger as one running job sees it, and what its steps report while they run.

use std::time::Duration;

use crate::domain::failure::Failure;
use crate::domain::job::{Control, Event, Progress};
use crate::domain::plan::{Identity, StepId};
use crate::domain::time::Stamp;
use crate::ports::Promise;

/// One job's history, held by its worker alone.
pub trait Journal: Send + Sync {
    /// What happened so far.
    fn history(&self) -> Promise<'_, Vec<(Stamp, Event)>>;

    /// Adds to the history; durable when it returns. An intent and an undo's intent are audited first, by the same transaction.
    /// Where this fails nothing may be changed any more.
    fn append<'a>(&'a self, event: &'a Event) -> Promise<'a, ()>;

    /// What operators have asked since this was last called, with who.
    fn asked(&self) -> Promise<'_, Vec<(Control, String)>>;

    /// Takes every key of a target, all or none; they are free when the returned value is dropped or the process dies. The
    /// failure names who holds what, doing what, since when.
    fn lock<'a>(&'a self, target: &'a Identity) -> Promise<'a, Box<dyn Send + Sync>>;

    /// Tells consoles how far a step is. Not durable.
    fn progress(&self, step: StepId, progress: &Progress);

    /// Adds a line to the job's log.
    fn log(&self, line: &str);
}

/// What a running step says about itself.
pub trait Reporter: Send + Sync {
    /// How far it is: also the sign that it does not stand still.
    fn progress(&self, progress: Progress);

    /// Something worth a line in the job's log.
    fn log(&self, line: &str);
}

/// Time that only goes forward, and waits that a test can shorten.
pub trait Clock: Send + Sync {
    /// Since the process began, say.
    fn mono(&self) -> Duration;

    /// The wall clock, for records.
    fn wall(&self) -> Stamp;

    /// Waits.
    fn sleep(&self, time: Duration) -> futures_util::future::BoxFuture<'static, ()>;
}

/// A failure of the journal itself: nothing may go on.
pub fn unwritable(failure: Failure) -> Failure {
    Failure { what: format!("the ledger cannot be written, so nothing was done: {}", failure.what), ..failure }
}
