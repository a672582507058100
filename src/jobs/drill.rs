//! What the steps of a drill share: what it is about, as its plan freezes it, and how they hear of each other.

use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::domain::chaos::Probe;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::name::Name;
use crate::domain::plan::{Plan, StepSpec};
use crate::domain::repository::RepositorySpec;
use crate::domain::service::spec::ServiceSpec;
use crate::jobs::step::Cx;
use crate::jobs::target::Target;

pub mod beat;
pub mod experiment;
pub mod eye;
pub mod gameday;
pub mod hypothesis;
pub mod page;
pub mod preflight;
#[cfg(test)]
pub(crate) mod tests;
pub mod watch;

/// The step kind that holds the drill's own arguments: the first of its plan.
pub const PREFLIGHT: &str = "preflight";

/// A drill: the arguments of its first step, which all its steps read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Drill {
    /// The scenario's name.
    pub scenario: String,
    /// Whom it hits.
    pub target: Target,
    /// The steps that break it.
    pub faults: Vec<StepSpec>,
    /// How long the fault stays.
    pub lasts: Duration,
    /// The services that it may darken: the target, and all that need it.
    pub radius: Vec<Name>,
    /// The services of the environment, to be looked at.
    pub services: Vec<ServiceSpec>,
    /// The steady state.
    pub hypothesis: Vec<Probe>,
    /// The alerts that should fire.
    pub expects: Vec<String>,
    /// The alerts that may fire too.
    pub allows: Vec<String>,
    /// Expressions that abort it when they answer anything.
    pub abort_if: Vec<String>,
    /// How often it is looked.
    pub every: Duration,
    /// How long the steady state is waited for.
    pub steady: Duration,
}

/// The arguments of `preflight`: the drill, and what only that needs of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Begin {
    /// The drill.
    #[serde(flatten)]
    pub drill: Drill,
    /// Where the target's backups are, for a fault that can lose data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<RepositorySpec>,
}

impl Drill {
    /// The drill that a plan is; none where it is none.
    pub fn of(plan: &Plan) -> Option<Self> {
        let first = plan.steps.iter().find(|spec| spec.kind == PREFLIGHT)?;
        Self::deserialize(&first.args).ok()
    }

    /// The drill that a step is part of.
    pub fn around(cx: &Cx<'_>) -> Result<Self, Failure> {
        Self::of(cx.plan).ok_or_else(|| Failure::new(FailureKind::Bug, "this plan is no drill"))
    }

    /// The services outside the blast radius.
    pub fn outside(&self) -> impl Iterator<Item = &ServiceSpec> {
        self.services.iter().filter(|service| !self.radius.contains(&service.name))
    }
}

/// What the step of a kind told.
pub fn told<T: DeserializeOwned>(cx: &Cx<'_>, kind: &str) -> Result<T, Failure> {
    let missing = || Failure::new(FailureKind::Bug, format!("this plan has no step of the kind {kind}"));
    cx.output(cx.plan.steps.iter().find(|spec| spec.kind == kind).ok_or_else(missing)?.id)
}
