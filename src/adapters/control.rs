//! What holds services up: the adapters behind [`crate::ports::control`], one file per kind.

use std::sync::Arc;

use crate::adapters::control::docker::Docker;
use crate::adapters::control::docker::set::Set;
use crate::adapters::control::host::Host;
use crate::adapters::control::process::Processes;
use crate::adapters::control::systemd::Units;
use crate::adapters::tools::surroundings::Surroundings;
use crate::domain::control::{ControlSpec, Way};
use crate::domain::failure::Failure;
use crate::ports::control::Control;

mod dated;
pub(in crate::adapters) mod docker;
pub(in crate::adapters) mod host;
mod lines;
mod process;
mod systemd;

/// The control of a service. Connects to nothing yet.
pub fn open(spec: &ControlSpec, around: &Surroundings) -> Result<Arc<dyn Control>, Failure> {
    let host = || Host::new(spec.ssh.as_deref(), around);
    Ok(match &spec.way {
        Way::Process(process) => Arc::new(Processes::new(process.clone(), spec.grace, host())),
        Way::Systemd { unit, user } => Arc::new(Units::new(unit, *user, spec.grace, host())),
        Way::Docker { container } => Arc::new(Docker::new(Set::named(container), spec, around)?),
        Way::Compose { project, service } => Arc::new(Docker::new(Set::compose(project, service), spec, around)?),
    })
}
