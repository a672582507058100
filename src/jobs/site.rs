//! An environment as routines see it: what the configuration says of its services and repositories, and nothing else of it.

use crate::domain::failure::{Failure, FailureKind};
use crate::domain::guard::Guard;
use crate::domain::name::Name;
use crate::domain::problem::nearest;
use crate::domain::repository::RepositorySpec;
use crate::domain::service::spec::ServiceSpec;
use crate::domain::signal::Signal;

/// An environment as routines see it.
#[derive(Clone, Debug, PartialEq)]
pub struct Site {
    /// Its name.
    pub environment: Name,
    /// How much it resists changes.
    pub guard: Guard,
    /// What it runs.
    pub services: Vec<ServiceSpec>,
    /// Where its backups live.
    pub repositories: Vec<RepositorySpec>,
    /// The few numbers that say how it is.
    pub signals: Vec<Signal>,
}

impl Site {
    /// A service by its name.
    pub fn service(&self, name: &str) -> Result<&ServiceSpec, Failure> {
        let found = self.services.iter().find(|service| service.name.as_str() == name);
        let names = || self.services.iter().map(|service| service.name.as_str()).collect::<Vec<_>>();
        found.ok_or_else(|| unknown("service", name, &names(), self))
    }

    /// A repository by its name.
    pub fn repository(&self, name: &str) -> Result<&RepositorySpec, Failure> {
        let found = self.repositories.iter().find(|repository| repository.name.as_str() == name);
        let names = || self.repositories.iter().map(|repository| repository.name.as_str()).collect::<Vec<_>>();
        found.ok_or_else(|| unknown("repository", name, &names(), self))
    }

    /// The repositories that are meant by a name, all where none is given; at least one.
    pub fn repositories(&self, name: Option<&str>) -> Result<Vec<&RepositorySpec>, Failure> {
        if let Some(name) = name {
            return self.repository(name).map(|one| vec![one]);
        }
        if self.repositories.is_empty() {
            let what = format!("environment {} has no repository", self.environment);
            let mend = format!("add [environments.{}.repositories.main] with path = \"/var/backups/midwatch\"", self.environment);
            return Err(Failure::new(FailureKind::Config, what).mend(mend));
        }
        Ok(self.repositories.iter().collect())
    }
}

fn unknown(what: &str, name: &str, known: &[&str], site: &Site) -> Failure {
    let failure = Failure::new(FailureKind::Usage, format!("environment {} has no {what} {name:?}", site.environment));
    match nearest(name, known.iter().copied()) {
        Some(near) => failure.mend(format!("did you mean {near:?}?")),
        None if known.is_empty() => failure,
        None => failure.mend(format!("there are {}", known.join(", "))),
    }
}
