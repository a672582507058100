//! The traits through which jobs reach the world. `jobs` knows these and the domain; adapters implement them; the runtime joins
//! the two. A test of a routine brings its own world.
//!
//! Everything here may fail with a [`Failure`] that says what is wrong, where, and what mends it.

use std::path::PathBuf;
use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::domain::access::Access;
use crate::domain::failure::Failure;
use crate::domain::repository::{RepositoryPlace, RepositorySpec};
use crate::domain::time::Stamp;
use crate::ports::redis::RedisLink;
use crate::ports::repository::Repository;
use crate::ports::tools::Tools;
use crate::ports::trove::Trove;

pub mod journal;
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

    /// A repository.
    fn repository<'a>(&'a self, spec: &'a RepositorySpec) -> Promise<'a, Arc<dyn Repository>>;

    /// A folder or a bucket with somebody else's files.
    fn trove<'a>(&'a self, place: &'a RepositoryPlace) -> Promise<'a, Arc<dyn Trove>>;

    /// A folder of this host for scratch servers; on a file system with room, private to this user.
    fn scratch(&self) -> PathBuf;

    /// The wall clock, for records. Deadlines are the driver's, on a monotonic one.
    fn now(&self) -> Stamp;
}
