//! The routines, one file and one line each.

use crate::jobs::routine::Routine;

mod adopt;
mod backup;
mod clean;
mod prune;
mod server;
mod target;
mod verify;

/// Every routine, in the order of help.
pub const ALL: &[&Routine] = &[backup::BACKUP, verify::VERIFY, adopt::ADOPT, prune::PRUNE, clean::CLEAN];

/// A routine by its name.
pub fn find(name: &str) -> Option<&'static Routine> {
    ALL.iter().copied().find(|routine| routine.name == name)
}
