//! Control: what holds a service up — processes, systemd, Docker, Compose, `ssh` in front of any — always spoken to in the same
//! words. A method returns once its effect was seen, not once it was asked for.

use crate::domain::control::{Condition, LogAsk, LogLine, Way};
use crate::ports::Promise;

/// The control of one service. `instance` names one of it; without, all are meant.
///
/// Errors say what was asked, of whom, and what mends it: no rights on a socket name the socket and the group; a service that does
/// not end within its grace is named with the processes that are left. Whatever is asked ends within a bound, also where `ssh` stalls.
pub trait Control: Send + Sync {
    /// What is locked while it is changed, and for people: `docker:CONTAINER-ID`, `systemd:HOST/UNIT`, `process:HOST/PID-FILE`. One
    /// key per instance; never an alias.
    fn keys(&self) -> Promise<'_, Vec<String>>;

    /// Refuses where it is reached only as long as somebody is logged in: by a key of their agent, or over a line of theirs. What must
    /// be done later, by somebody else, could not be done then.
    fn outlasts(&self) -> Promise<'_, ()> {
        Box::pin(async { Ok(()) })
    }

    /// How it is.
    fn condition(&self) -> Promise<'_, Condition>;

    /// Itself, as whoever is to undo something later should know it: with what its names alone do not tell for good. None where they do.
    fn by_heart(&self) -> Promise<'_, Option<Way>> {
        Box::pin(async { Ok(None) })
    }

    /// Starts what does not run; what runs stays as it is.
    fn start<'a>(&'a self, instance: Option<&'a str>) -> Promise<'a, ()>;

    /// Asks it to end, and waits for as long as its grace. One that ignores that is killed only with `force`; else it goes on, and
    /// that is the failure.
    fn stop<'a>(&'a self, instance: Option<&'a str>, force: bool) -> Promise<'a, ()>;

    /// Stops it in its tracks, its children too.
    fn pause<'a>(&'a self, instance: Option<&'a str>) -> Promise<'a, ()>;

    /// Lets what is paused go on; what is not stays as it is.
    fn unpause<'a>(&'a self, instance: Option<&'a str>) -> Promise<'a, ()>;

    /// Makes it so many instances: the highest numbers go first and come last.
    fn scale(&self, to: u16) -> Promise<'_, ()>;

    /// Its log.
    fn logs<'a>(&'a self, ask: &'a LogAsk) -> Promise<'a, Box<dyn Logs>>;
}

/// A log that is read. Dropped, whatever reads it is ended.
pub trait Logs: Send {
    /// The next line, in the order they were written; none at its end, never while it is followed. Never holds more than a bounded
    /// number of lines: a log that floods waits in the pipe it comes through.
    fn next(&mut self) -> Promise<'_, Option<LogLine>>;
}
