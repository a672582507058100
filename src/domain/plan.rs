//! A plan: the exact steps a job will take, shown before it starts and frozen when confirmed.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::guard::Guard;
use crate::domain::name::Name;

/// The version of the plans that this midwatch writes; a plan of a later one is shown, never run.
pub const VERSION: u32 = 1;

/// The steps of a job, with what they are for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// [`VERSION`].
    pub version: u32,
    /// The routine and what it was given, as on a command line: `["backup", "shop-db"]`.
    pub call: Vec<String>,
    /// The environment it changes.
    pub environment: Name,
    /// That environment's guard when the plan was made. The worker asks the configuration again and keeps the stricter one.
    pub guard: Guard,
    /// What it acts on: locked while it runs, checked again before each destructive step.
    pub target: Identity,
    /// What the person should know before saying yes, one sentence each.
    pub notes: Vec<String>,
    /// In the order they run.
    pub steps: Vec<StepSpec>,
}

/// What a job acts on: told to people by its name, kept apart from others by its keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The name that is typed to confirm: of a service or a repository.
    pub name: Name,
    /// What is locked, `kind:value` each, sorted: two jobs that share one exclude each other. Never an alias: for PostgreSQL
    /// `postgres:SYSTEM-IDENTIFIER/INSTANCE`, for Redis `redis:RUN-ADDRESS`, for a repository its real path or bucket.
    pub keys: Vec<String>,
    /// For people: `PostgreSQL 15.14, primary, system 7312…, /var/lib/postgresql/15/main`.
    pub words: String,
}

/// One step of a plan, by its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct StepId(pub u16);

impl fmt::Display for StepId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// One unit of a plan, as data: it can be shown, resumed by another process, and undone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepSpec {
    /// Unique in its plan.
    pub id: StepId,
    /// The step kind's name.
    pub kind: String,
    /// For people, in the imperative: `Dump shop as pg_dump custom format`.
    pub title: String,
    /// What the kind needs to know. No secret is among it.
    pub args: Value,
    /// The longest it may take.
    pub deadline: Duration,
    /// The longest it may go without progress; as long as the deadline where it cannot tell.
    pub stall: Duration,
    /// When its undo runs.
    pub revert: Revert,
}

/// When a step's undo runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Revert {
    /// It has none.
    Never,
    /// When the job fails or is cancelled.
    OnFailure,
    /// When the job ends, however it does.
    Always,
    /// When an operator asks, until they release what is kept for it.
    UntilReleased,
}

/// What an operator said when a plan was confirmed. The worker judges it by the guard: the screen only asks for it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confirmation {
    /// The target's name as it was typed; none where one key was enough.
    pub typed: Option<String>,
    /// Whether nobody was there to ask: a timer's or a script's run.
    pub unattended: bool,
}
