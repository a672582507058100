//! Whom a step means: a service under control, or one of its instances.

mod identity;
mod life;
mod seen;
mod steps;

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::domain::control::{Condition, Instance};
use crate::domain::failure::Failure;
use crate::domain::name::Name;
use crate::domain::service::spec::ServiceSpec;
use crate::jobs::recovery::heir;
use crate::ports::World;
use crate::ports::control::Control;

pub use life::{Life, life};
pub use seen::{Wanted, counted, output, told};
pub use steps::{AgainArgs, HealthyArgs, ScaleArgs, StopArgs};

/// How often a service is looked at that is to become silent, or healthy.
pub const EVERY: Duration = Duration::from_millis(500);
/// How long a service may take to become healthy: a database that ended badly reads its journal first.
pub const RECOVERY: Duration = Duration::from_secs(180);

/// Whom a step means. Alone it is all that `start`, `pause` and `unpause` are told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Target {
    /// The environment.
    pub environment: Name,
    /// The service; it has a control, but for a step that only waits for its health.
    pub service: ServiceSpec,
    /// One of its instances; all where none is named.
    pub instance: Option<String>,
    /// The server's own keys as they were confirmed; none where it did not say who it is.
    pub server: Vec<String>,
    /// How often it is looked at while something is waited for.
    pub every: Duration,
    /// The services that may have taken over from it: it is not started beside one that has.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kin: Vec<ServiceSpec>,
}

impl Target {
    /// All of a service.
    pub fn of(environment: &Name, service: &ServiceSpec) -> Self {
        let (environment, service) = (environment.clone(), service.clone());
        Self { environment, service, instance: None, server: Vec::new(), every: EVERY, kin: Vec::new() }
    }

    /// The same, which is started beside none of the environment's services that has taken over from it.
    #[must_use]
    pub fn beside(self, services: &[ServiceSpec]) -> Self {
        Self { kin: heir::kin(services, &self.service), ..self }
    }

    /// The same of one instance. One of several is no server of its own.
    #[must_use]
    pub fn only(&self, instance: &str) -> Self {
        Self { instance: Some(instance.to_owned()), server: Vec::new(), ..self.clone() }
    }

    /// The same, which is given no more time than that to end by itself.
    #[must_use]
    pub fn given(&self, grace: Duration) -> Self {
        let mut given = self.clone();
        given.service.control.iter_mut().for_each(|control| control.grace = control.grace.min(grace));
        given
    }

    /// `worker-2 of worker`, `worker`.
    pub fn words(&self) -> String {
        let name = &self.service.name;
        self.instance
            .as_ref()
            .filter(|one| *one != name.as_str())
            .map_or_else(|| name.to_string(), |one| format!("{one} of {name}"))
    }

    /// The same, known by heart: whatever is done to the clock meanwhile, what is held up now is known again.
    pub async fn by_heart(&self, control: &dyn Control) -> Result<Self, Failure> {
        let (mut target, way) = (self.clone(), control.by_heart().await?);
        if let (Some(spec), Some(way)) = (&mut target.service.control, way) {
            spec.way = way;
        }
        Ok(target)
    }

    /// What holds it up.
    pub fn control(&self, world: &dyn World) -> Result<Arc<dyn Control>, Failure> {
        world.control(self.service.controlled(&self.environment)?)
    }

    /// Refuses what is broken by somebody who is logged in, and could not be mended when they are gone.
    pub async fn outlasts(&self, world: &dyn World) -> Result<(), Failure> {
        self.control(world)?.outlasts().await
    }

    /// The instances that are meant, of those that there are.
    pub fn meant<'a>(&self, condition: &'a Condition) -> Vec<&'a Instance> {
        let meant = |instance: &&Instance| self.instance.as_ref().is_none_or(|name| *name == instance.name);
        condition.instances.iter().filter(meant).collect()
    }
}
