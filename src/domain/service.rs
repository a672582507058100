//! Services that an environment runs, and what a direct probe finds out about one.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::domain::backup::policy::Policy;
use crate::domain::name::Name;

pub mod about;
pub mod spec;

/// What a service is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ServiceKind {
    /// A PostgreSQL server.
    Postgres,
    /// A Redis or Valkey server.
    Redis,
    /// Anything that answers HTTP.
    Http,
}

impl ServiceKind {
    /// Every kind.
    pub const ALL: &[Self] = &[Self::Postgres, Self::Redis, Self::Http];

    /// The word of the configuration: `postgres`, `redis`, `http`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Redis => "redis",
            Self::Http => "http",
        }
    }
}

/// A service as the screens know it: no address, no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Its name in the configuration.
    pub name: Name,
    /// What it is.
    pub kind: ServiceKind,
    /// Where it is reached, without credentials, for display.
    pub place: String,
    /// How it is backed up; not at all where there is none.
    pub backup: Option<Policy>,
    /// What holds it up, for display; it is not controlled from here where there is none.
    pub control: Option<String>,
    /// The labels that Prometheus gives it, where the configuration says.
    pub labels: BTreeMap<String, String>,
}

/// What a probe that reached its service found.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// How long the probe took.
    pub took: Duration,
    /// What it learned.
    pub facts: Facts,
}

/// What is known of a service, by kind.
#[derive(Clone, Debug, PartialEq)]
pub enum Facts {
    /// A PostgreSQL answered.
    Postgres(PostgresFacts),
    /// A Redis answered.
    Redis(RedisFacts),
    /// A health check answered.
    Http(HttpFacts),
}

impl Facts {
    /// Why a service is not fit for work though it answers; none where it is.
    pub fn trouble(&self) -> Option<String> {
        match self {
            Self::Http(http) => (!http.healthy).then(|| format!("it answers {}", http.status)),
            Self::Redis(redis) => redis.persistence.loading.then(|| "it still loads its data".to_owned()),
            Self::Postgres(_) => None,
        }
    }
}

/// Which side of a replication a server is on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role {
    /// Takes writes.
    Primary {
        /// Who follows it.
        replicas: Vec<Replica>,
    },
    /// Follows another.
    Replica {
        /// Whether the link to its primary is up; unknown where the server does not tell.
        linked: Option<bool>,
        /// How old the newest replayed write is; unknown where nothing was replayed yet.
        lag: Option<Duration>,
    },
}

/// One follower as its primary sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replica {
    /// `application_name` or address.
    pub name: String,
    /// The server's word: `streaming`, `online`, `catchup`...
    pub state: String,
    /// How far it is behind, in bytes of WAL or replication stream.
    pub lag_bytes: Option<u64>,
}

/// What a PostgreSQL says of itself.
#[derive(Clone, Debug, PartialEq)]
pub struct PostgresFacts {
    /// `15.18`.
    pub version: String,
    /// Primary or standby.
    pub role: Role,
    /// Client backends now.
    pub connections: u32,
    /// `max_connections`.
    pub max_connections: u32,
    /// Size of all databases that may be asked for it, bytes.
    pub bytes: Option<u64>,
    /// Seconds since the oldest open transaction began.
    pub oldest_transaction: Option<Duration>,
    /// How the last WAL archiving went: false when the newest attempt failed, unknown where archiving is off.
    pub archiving: Option<bool>,
}

/// What a Redis says of itself.
#[derive(Clone, Debug, PartialEq)]
pub struct RedisFacts {
    /// `7.0.15`.
    pub version: String,
    /// Primary or replica.
    pub role: Role,
    /// Connected clients.
    pub clients: u32,
    /// Bytes used.
    pub used_memory: u64,
    /// The limit in bytes; none when unlimited.
    pub max_memory: Option<u64>,
    /// `noeviction`, `allkeys-lru`...
    pub eviction: String,
    /// Keys in all databases.
    pub keys: u64,
    /// Whether and how it would survive a restart.
    pub persistence: Persistence,
}

/// Whether and how a Redis would survive a restart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Persistence {
    /// Whether it is still loading its file: it answers nothing else meanwhile.
    pub loading: bool,
    /// Whether the append-only file is on.
    pub aof: bool,
    /// Whether the last snapshot and the last append-only write succeeded.
    pub healthy: bool,
    /// Age of the last snapshot; none when there is none.
    pub last_save: Option<Duration>,
    /// Changes since then.
    pub unsaved_changes: u64,
}

/// What a health check answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpFacts {
    /// The status code.
    pub status: u16,
    /// Whether it is the one expected.
    pub healthy: bool,
}
