//! The traits through which jobs reach the world. `jobs` knows these and the domain; adapters implement them; the runtime joins
//! the two. A test of a routine brings its own world.
//!
//! Everything here may fail with a [`Failure`] that says what is wrong, where, and what mends it.

use std::path::PathBuf;
use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::domain::access::Access;
use crate::domain::control::ControlSpec;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::fault::Fault;
use crate::domain::name::Name;
use crate::domain::recovery::{Lack, Prerequisite};
use crate::domain::repository::{RepositoryPlace, RepositorySpec};
use crate::domain::service::Report;
use crate::domain::service::spec::ServiceSpec;
use crate::domain::time::Stamp;
use crate::ports::arm::Arm;
use crate::ports::control::Control;
use crate::ports::firewall::Firewall;
use crate::ports::hold::Hold;
use crate::ports::metrics::Metrics;
use crate::ports::redis::RedisLink;
use crate::ports::repository::Repository;
use crate::ports::tools::Tools;
use crate::ports::trove::Trove;

pub mod arm;
pub mod control;
pub mod firewall;
pub mod hold;
pub mod journal;
pub mod metrics;
pub mod redis;
pub mod repository;
pub mod tools;
pub mod trove;

/// What a port promises.
pub type Promise<'a, T> = BoxFuture<'a, Result<T, Failure>>;

/// The world as a job's steps see it.
pub trait World: Send + Sync {
    /// The tools that talk to a service, where they run.
    fn tools(&self, access: &Access) -> Arc<dyn Tools>;

    /// A Redis or Valkey that is reached directly: by tcp or by its socket, without `ssh` in front.
    fn redis<'a>(&'a self, access: &'a Access) -> Promise<'a, Arc<dyn RedisLink>>;

    /// What holds a service up. Connects to nothing yet.
    fn control(&self, spec: &ControlSpec) -> Result<Arc<dyn Control>, Failure>;

    /// How a service answers now; ends within a few seconds. The fault says why it does not.
    fn probe<'a>(&'a self, service: &'a ServiceSpec) -> BoxFuture<'a, Result<Report, Fault>>;

    /// What is wrong with something that must be there, if anything is.
    fn lack<'a>(&'a self, of: &'a Prerequisite) -> BoxFuture<'a, Option<Lack>>;

    /// Who listens where a service is reached, as far as this host can tell: `process 4711 (postgres)`.
    fn listener<'a>(&'a self, service: &'a ServiceSpec) -> Promise<'a, Option<String>>;

    /// A repository.
    fn repository<'a>(&'a self, spec: &'a RepositorySpec) -> Promise<'a, Arc<dyn Repository>>;

    /// A folder or a bucket with somebody else's files.
    fn trove<'a>(&'a self, place: &'a RepositoryPlace) -> Promise<'a, Arc<dyn Trove>>;

    /// A folder of this host for scratch servers; on a file system with room, private to this user.
    fn scratch(&self) -> PathBuf;

    /// What Prometheus says of an environment: its rules, its targets, any expression.
    fn metrics<'a>(&'a self, environment: &'a Name) -> Promise<'a, Arc<dyn Metrics>> {
        let what = format!("the environment {environment} cannot be asked for metrics here");
        Box::pin(async { Err(Failure::new(FailureKind::Config, what)) })
    }

    /// Who arms the ends of faults. Where there is nobody, no fault is injected.
    fn arm(&self) -> Result<Arc<dyn Arm>, Failure> {
        Err(Failure::refused("nobody can arm the end of a fault here"))
    }

    /// Who has faults held by a process of their own.
    fn hold(&self) -> Result<Arc<dyn Hold>, Failure> {
        Err(Failure::refused("nobody can hold a fault here"))
    }

    /// Where the ledger is; not known to a world without one.
    fn ledger(&self) -> Option<PathBuf> {
        None
    }

    /// The packet filter before a service. Where there is none to be had, nothing is cut off.
    fn firewall(&self, service: &ServiceSpec) -> Result<Arc<dyn Firewall>, Failure> {
        Err(Failure::refused(format!("nobody can cut {} off here", service.name)))
    }

    /// The wall clock, for records. Deadlines are the driver's, on a monotonic one.
    fn now(&self) -> Stamp;
}
