//! The routines, one file and one line each.

use crate::jobs::routine::Routine;

mod adopt;
mod backup;
mod clean;
pub(crate) mod control;
mod drill;
mod failover;
mod kill_client;
mod pause;
mod promote;
mod prune;
mod rebuild;
mod recover;
mod restart;
mod scale;
mod sessions;
mod start;
mod stop;
mod target;
mod unpause;
mod verify;

pub use drill::DRILL;

/// Every routine, in the order of help.
pub const ALL: &[&Routine] = &[
    backup::BACKUP,
    verify::VERIFY,
    adopt::ADOPT,
    prune::PRUNE,
    clean::CLEAN,
    start::START,
    stop::STOP,
    restart::RESTART,
    pause::PAUSE,
    unpause::UNPAUSE,
    scale::SCALE,
    recover::RECOVER,
    sessions::CANCEL_QUERY,
    sessions::TERMINATE,
    kill_client::KILL_CLIENT,
    promote::PROMOTE,
    rebuild::REBUILD,
    failover::FAILOVER,
    DRILL,
];

/// A routine by its name.
pub fn find(name: &str) -> Option<&'static Routine> {
    ALL.iter().copied().find(|routine| routine.name == name)
}
