//! The steps that stop, start and pause it, as they stand in a plan.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Life, Target};
use crate::domain::plan::{Revert, StepId, StepSpec};
use crate::jobs::steps::backup::step;

/// What a control may take beside the time that the service itself takes.
const ROOM: Duration = Duration::from_secs(60);

/// The arguments of `stop`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StopArgs {
    /// Whom.
    pub target: Target,
    /// Whether it is killed where it does not end by itself.
    pub force: bool,
}

/// The arguments of `start-again`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AgainArgs {
    /// Whom.
    pub target: Target,
    /// What ran before the stop.
    pub lives: Vec<Life>,
}

/// The arguments of `scale`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScaleArgs {
    /// Whom: never one instance.
    pub target: Target,
    /// To how many instances.
    pub to: u16,
}

/// The arguments of `healthy`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HealthyArgs {
    /// Whom.
    pub target: Target,
    /// How long it may take.
    pub within: Duration,
}

impl Target {
    /// A step that starts what does not run.
    pub fn start(&self, id: StepId) -> StepSpec {
        self.step(id, "start", format!("Start {}", self.words()), self)
    }

    /// A step that starts it again after a forced stop, which these had not survived.
    pub fn start_again(&self, id: StepId, lives: Vec<Life>) -> StepSpec {
        self.step(id, "start-again", format!("Start {} again", self.words()), &AgainArgs { target: self.clone(), lives })
    }

    /// A step that stops it.
    pub fn stop(&self, id: StepId, force: bool) -> StepSpec {
        let title = if force { "Stop {}, and kill what does not end" } else { "Stop {}" }.replace("{}", &self.words());
        self.step(id, "stop", title, &StopArgs { target: self.clone(), force })
    }

    /// A step that stops it in its tracks.
    pub fn pause(&self, id: StepId) -> StepSpec {
        self.step(id, "pause", format!("Pause {}", self.words()), self)
    }

    /// A step that lets it go on.
    pub fn unpause(&self, id: StepId) -> StepSpec {
        self.step(id, "unpause", format!("Let {} go on", self.words()), self)
    }

    /// A step that makes it so many.
    pub fn scale(&self, id: StepId, to: u16) -> StepSpec {
        self.step(id, "scale", format!("Scale {} to {to}", self.words()), &ScaleArgs { target: self.clone(), to })
    }

    /// A step that waits until it is healthy, and fails where it does not become so.
    pub fn healthy(&self, id: StepId, within: Duration) -> StepSpec {
        let args = HealthyArgs { target: self.clone(), within };
        let spec = step(id, "healthy", format!("Wait until {} is healthy", self.words()), &args);
        StepSpec { deadline: within + ROOM, stall: within + ROOM, ..spec }
    }

    fn step(&self, id: StepId, kind: &str, title: String, args: &impl Serialize) -> StepSpec {
        let grace = self.service.control.as_ref().map(|control| control.grace).unwrap_or_default();
        // One after the other, where a control takes them so.
        let most = grace * 16 + ROOM;
        StepSpec { deadline: most, stall: most, revert: Revert::Never, ..step(id, kind, title, args) }
    }
}
