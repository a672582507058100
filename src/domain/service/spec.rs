//! A service as it is configured: what the console probes, what jobs act on. Frozen into plans: places and references, no secret.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::access::Access;
use crate::domain::backup::policy::Policy;
use crate::domain::control::ControlSpec;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::name::Name;
use crate::domain::recovery::Requires;
use crate::domain::service::ServiceKind;

/// A service, with how it is reached and what may be done with it: `[environments.NAME.services.NAME]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceSpec {
    /// Letters, digits, `.`, `_` and `-`: it can be typed.
    pub name: Name,
    /// What it is.
    pub kind: ServiceKind,
    /// How it is reached. The user is always set for a `postgres`, and one of the access list for Redis; the database is
    /// PostgreSQL's alone, and the one called `postgres` when none is named.
    pub access: Access,
    /// HTTP only: what a healthy one answers.
    pub health: Option<Health>,
    /// How it is backed up; not at all where this is missing.
    pub backup: Option<Policy>,
    /// How it is stopped and started; not from here where this is missing.
    pub control: Option<ControlSpec>,
    /// The services of its environment that it cannot do without: they are started first and stopped last. Never a circle.
    pub depends_on: Vec<Name>,
    /// What must be there where midwatch runs before it may be repaired, besides what the rest implies.
    #[serde(default)]
    pub requires: Requires,
    /// The labels that Prometheus gives it: alerts that have them are about it. Where there are none, its name tells.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
}

/// What a healthy HTTP service answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// With a slash in front.
    pub path: String,
    /// The status code; any 2xx when none is set.
    pub status: Option<u16>,
}

impl ServiceSpec {
    /// How it is backed up, in an environment; or what would have to be configured.
    pub fn policy(&self, environment: &Name) -> Result<&Policy, Failure> {
        let what = || format!("{} says nothing of backups in the configuration", self.name);
        let mend = || format!("add [environments.{environment}.services.{}.backup] with repository = \"…\"", self.name);
        self.backup.as_ref().ok_or_else(|| Failure::new(FailureKind::Config, what()).mend(mend()))
    }

    /// How it is controlled, in an environment; or what would have to be configured.
    pub fn controlled(&self, environment: &Name) -> Result<&ControlSpec, Failure> {
        let what =
            || format!("{} says nothing of a control in the configuration: it cannot be stopped or started from here", self.name);
        let mend = || format!("add control = {{ docker = \"…\" }} to [environments.{environment}.services.{}]", self.name);
        self.control.as_ref().ok_or_else(|| Failure::new(FailureKind::Config, what()).mend(mend()))
    }

    /// Whether two services are instances of one app: nothing tells them apart but where they are and how their names end.
    pub fn is_alike(&self, other: &Self) -> bool {
        let same = (self.kind, stem(&self.name), &self.health) == (other.kind, stem(&other.name), &other.health);
        same && self.depends_on == other.depends_on && self.labels.get("job") == other.labels.get("job")
    }
}

/// What a name has in common with those of its other instances: `app` of `app-1`, `app2` and `app-blue`.
fn stem(name: &Name) -> &str {
    let name = name.as_str();
    name.rsplit_once('-').map_or_else(|| name.trim_end_matches(|c: char| c.is_ascii_digit()), |(stem, _)| stem)
}

/// The names of those who need a service, by way of others too.
pub fn needed_by<'a>(services: &'a [ServiceSpec], service: &'a Name) -> Vec<&'a Name> {
    let mut found = vec![service];
    let mut next = 0;
    while let Some(name) = found.get(next).copied() {
        let needs = services.iter().filter(|other| other.depends_on.contains(name)).map(|other| &other.name);
        let new: Vec<&Name> = needs.filter(|other| !found.contains(other)).collect();
        found.extend(new);
        next += 1;
    }
    found.split_off(1)
}

/// The services that stand beside one: instances of the same app, and somebody needs both.
pub fn beside<'a>(services: &'a [ServiceSpec], service: &ServiceSpec) -> Vec<&'a ServiceSpec> {
    let stands = |other: &&ServiceSpec| {
        let both = |one: &ServiceSpec| one.depends_on.contains(&service.name) && one.depends_on.contains(&other.name);
        other.name != service.name && other.is_alike(service) && services.iter().any(both)
    };
    services.iter().filter(stands).collect()
}
