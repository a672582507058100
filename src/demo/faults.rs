//! Things that can be broken in a demo for a while.
//!
//! A fault is injected by the supervisor, but only when its end is armed outside of it: a process of its own ([`end`]) that
//! knows the deadline, undoes the fault, verifies that nothing of it is left, and writes down what it found.

pub mod end;
mod fill_redis;
mod injector;
mod pause_postgres;
mod record;
mod sessions;
mod stop_app;

use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::Signal;
use serde::{Deserialize, Serialize};

pub use injector::Injector;

use crate::adapters::process;

/// How long the ends of all faults may take when a demo ends.
const ENDS_WITHIN: Duration = Duration::from_secs(15);

/// What can be broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultKind {
    /// Every process of the PostgreSQL primary is stopped, as on a host that hangs.
    PausePostgres,
    /// One instance of the shop stops answering.
    StopApp,
    /// Redis is filled to its limit, so that it refuses writes.
    FillRedis,
    /// Sessions wait for each other's locks, and customers behind them.
    LockChain,
    /// A session holds a transaction open and does nothing.
    IdleTransaction,
    /// A query takes for ever.
    SlowQuery,
}

impl FaultKind {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::PausePostgres, Self::StopApp, Self::FillRedis, Self::LockChain, Self::IdleTransaction, Self::SlowQuery];

    /// Its name on the command line and in files.
    pub fn word(self) -> &'static str {
        match self {
            Self::PausePostgres => "pause-postgres",
            Self::StopApp => "stop-app",
            Self::FillRedis => "fill-redis",
            Self::LockChain => "lock-chain",
            Self::IdleTransaction => "idle-transaction",
            Self::SlowQuery => "slow-query",
        }
    }

    /// What it does, for people.
    pub fn title(self) -> &'static str {
        match self {
            Self::PausePostgres => "Pause PostgreSQL: the primary hangs with all its connections",
            Self::StopApp => "Stop one app instance: app-2 no longer answers",
            Self::FillRedis => "Fill Redis: it reaches maxmemory and refuses writes",
            Self::LockChain => "Make a chain of locks: sessions wait for each other, orders behind them",
            Self::IdleTransaction => "Hold a transaction open: it holds a row's lock and does nothing",
            Self::SlowQuery => "Run a slow query: it takes as long as this lasts",
        }
    }
}

/// A fault that is on, or how the latest of its kind ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FaultStatus {
    /// What was broken.
    pub what: FaultKind,
    /// For how many seconds.
    pub seconds: u64,
    /// When its end was armed, in milliseconds since 1970.
    pub armed_at_ms: u64,
    /// Seconds until it ends by itself; none when it has.
    pub remaining: Option<f64>,
    /// How it ended; none while it is on.
    pub ended: Option<Ended>,
}

/// How a fault ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ended {
    /// When, in milliseconds since 1970.
    pub at_ms: u64,
    /// Whether it was checked that nothing of the fault is left.
    pub verified: bool,
    /// What the check found.
    pub detail: String,
}

/// Where a fault is put: all that is needed to put it there and to undo it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Target {
    /// A PostgreSQL server.
    Postgres {
        /// Its port.
        port: u16,
        /// Its data directory, in which all its processes work.
        data: PathBuf,
    },
    /// A process of the shop.
    App {
        /// It.
        process: process::Process,
        /// Its port.
        port: u16,
    },
    /// A Redis server.
    Redis {
        /// Its port.
        port: u16,
    },
    /// The shop's database, by sessions that make trouble in it.
    Sessions {
        /// The server's port.
        port: u16,
        /// Which trouble.
        what: FaultKind,
    },
}

impl Target {
    /// What is broken there.
    pub fn kind(&self) -> FaultKind {
        match self {
            Self::Postgres { .. } => FaultKind::PausePostgres,
            Self::App { .. } => FaultKind::StopApp,
            Self::Redis { .. } => FaultKind::FillRedis,
            Self::Sessions { what, .. } => *what,
        }
    }

    /// Breaks it. `left` is how long it stays broken.
    async fn inject(&self, dir: &Path, left: Duration) -> Result<(), String> {
        match self {
            Self::Postgres { data, .. } => pause_postgres::inject(data),
            Self::App { process, .. } => stop_app::inject(*process),
            Self::Redis { port } => fill_redis::inject(dir, *port, left).await,
            Self::Sessions { port, what } => sessions::inject(dir, *port, *what, left).await,
        }
    }

    /// Mends it, as often as it is asked to, and tells how it found out that nothing is left; an error when something is.
    async fn revert(&self, dir: &Path) -> Result<String, String> {
        match self {
            Self::Postgres { port, data } => pause_postgres::revert(dir, *port, data).await,
            Self::App { process, port } => stop_app::revert(*process, *port).await,
            Self::Redis { port } => fill_redis::revert(dir, *port).await,
            Self::Sessions { port, what } => sessions::revert(dir, *port, *what).await,
        }
    }
}

/// Ends all faults of a demo now and waits until they have.
pub fn end_all(dir: &Path) {
    let enders: Vec<process::Process> =
        record::all(dir).into_iter().filter(|record| record.ended.is_none()).map(|record| record.ender).collect();
    for ender in &enders {
        let _ = ender.signal(Signal::TERM);
    }
    process::wait_gone(enders, ENDS_WITHIN);
}
