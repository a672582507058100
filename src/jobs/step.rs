//! What a step kind is: one unit of a plan that can say what would undo it before it runs, run, and tell after a crash whether
//! it happened.

use std::collections::BTreeMap;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::watch;

use crate::domain::failure::{Failure, FailureKind};
use crate::domain::job::JobId;
use crate::domain::plan::{Plan, StepId, StepSpec};
use crate::ports::journal::Reporter;
use crate::ports::{Promise, World};

/// A kind of step. One file in `steps/` and one line in [`steps::ALL`](crate::jobs::steps::ALL).
pub trait StepKind: Sync {
    /// The word in plans.
    fn name(&self) -> &'static str;

    /// What a person should know before it runs, or why it cannot: a right, a program, something that is missing. Asked when a drill
    /// is planned, and again before anything of it is armed. Changes nothing.
    fn judge<'a>(&'a self, _: &'a dyn World, _: &'a StepSpec) -> Promise<'a, Vec<String>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    /// The steps that would undo this one, worked out before it runs and recorded. They are idempotent, and fail where they
    /// cannot verify that they worked.
    fn undo<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Vec<StepSpec>>;

    /// What it keeps from now on to be run with later, when that might not be had any more: a way into a server that will be full.
    /// Asked of the steps that end a fault, when they are armed; most need nothing.
    fn ready<'a>(&'a self, _: &'a Cx<'a>) -> Promise<'a, Option<Box<dyn Ready>>> {
        Box::pin(async { Ok(None) })
    }

    /// Does it, and checks that it is done. What it returns is for later steps and for people.
    fn run<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Value>;

    /// After a crash: whether it happened.
    fn check<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Checked>;
}

/// A step with what it has kept to be run with. It lets go of that when it is dropped.
pub trait Ready: Send {
    /// The same as [`StepKind::run`]. Where it fails, that is tried instead: what was kept may be broken.
    fn run<'a>(&'a mut self, cx: &'a Cx<'a>) -> Promise<'a, Value>;
}

/// What a probe of a step found.
#[derive(Clone, Debug, PartialEq)]
pub enum Checked {
    /// It has had no effect, or one that running it again takes over.
    Absent,
    /// It was done, with this output.
    Done(Value),
    /// Nobody can say; the words tell what was seen.
    Unknown(String),
}

/// What a step is given.
pub struct Cx<'a> {
    /// Which job it belongs to.
    pub job: JobId,
    /// Who asked for it, on which host.
    pub operator: &'a str,
    /// This host's name.
    pub host: &'a str,
    /// The whole plan.
    pub plan: &'a Plan,
    /// The step.
    pub spec: &'a StepSpec,
    /// What the steps that are done told.
    pub outputs: &'a BTreeMap<StepId, Value>,
    /// The world.
    pub world: &'a dyn World,
    /// Where it tells how far it is.
    pub reporter: &'a dyn Reporter,
    /// Turns true when the step shall stop; it then has 10 s before it is dropped.
    pub cancel: watch::Receiver<bool>,
}

impl Cx<'_> {
    /// The step's arguments.
    pub fn args<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        args(self.spec)
    }

    /// What an earlier step told.
    pub fn output<T: DeserializeOwned>(&self, of: StepId) -> Result<T, Failure> {
        let value = self.outputs.get(&of).cloned().unwrap_or_default();
        let read = serde_json::from_value(value);
        read.map_err(|e| Failure::new(FailureKind::Bug, format!("step {of} told something else: {e}")))
    }

    /// Returns when the step shall stop.
    pub async fn cancelled(&self) {
        let mut cancel = self.cancel.clone();
        if cancel.wait_for(|asked| *asked).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Does something that can be dropped at any moment, until the step shall stop.
    pub async fn unless_cancelled<T>(&self, work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
        tokio::select! {
            done = work => done,
            () = self.cancelled() => Err(Failure::new(FailureKind::Cancelled, "it was cancelled")),
        }
    }
}

/// A step's arguments.
pub fn args<T: DeserializeOwned>(spec: &StepSpec) -> Result<T, Failure> {
    let read = T::deserialize(&spec.args);
    read.map_err(|e| Failure::new(FailureKind::Bug, format!("step {} has wrong arguments: {e}", spec.kind)))
}

/// What a step tells, as plans and histories keep it.
pub fn told(output: &impl Serialize) -> Result<Value, Failure> {
    serde_json::to_value(output).map_err(|e| Failure::new(FailureKind::Bug, format!("what a step tells cannot be written: {e}")))
}
