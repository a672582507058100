//! Ending everything that runs in a folder. What belongs to it is told by where it works: a PostgreSQL and all its children work
//! in its data folder, a Redis in its own. So nothing has to be remembered, and what a dead process has left is found as well.

use std::path::Path;
use std::time::Duration;

use rustix::process::Signal;

use crate::adapters::postmaster::Postmaster;
use crate::adapters::process::{self, Process, wait_gone};
use crate::domain::failure::{Failure, FailureKind};

/// How long a PostgreSQL may take to end at once, and what was killed to be gone.
const GRACE: Duration = Duration::from_secs(5);

/// Ends all that works in a folder or below.
pub fn end_all_in(folder: &Path) -> Result<(), Failure> {
    let members = members(folder);
    let postmasters: Vec<Postmaster> = members.iter().filter_map(|process| postmaster(*process)).collect();
    let (servers, others): (Vec<Process>, Vec<Process>) =
        members.into_iter().partition(|process| postmasters.iter().any(|known| known.pid == process.pid));
    // For a postmaster this is "at once": it takes its children and its shared memory with it, which a kill would leave.
    signal_all(&servers, Signal::QUIT);
    signal_all(&servers, Signal::CONT);
    if postmasters.is_empty() {
        signal_all(&others, Signal::KILL);
    }
    wait_gone(servers, GRACE);
    // Twice: a process may have started another one just before it ended.
    for _ in 0..2 {
        let rest = self::members(folder);
        signal_all(&rest, Signal::KILL);
        wait_gone(rest, GRACE);
    }
    postmasters.iter().for_each(Postmaster::remove_memory);
    match self::members(folder).first() {
        Some(left) => Err(Failure::new(FailureKind::Io, format!("process {} in {} does not end", left.pid, folder.display()))
            .mend(format!("kill -9 {}", left.pid))),
        None => Ok(()),
    }
}

fn members(folder: &Path) -> Vec<Process> {
    let works_there = |process: &Process| process.folder().is_some_and(|place| place.starts_with(folder));
    process::all().into_iter().map(|seen| seen.process).filter(works_there).collect()
}

/// The server that a process is, if it is one.
fn postmaster(process: Process) -> Option<Postmaster> {
    Postmaster::of(&process.folder()?).filter(|known| known.pid == process.pid)
}

/// One that is gone cannot be signalled, and one that may not be is told of in the end.
fn signal_all(processes: &[Process], signal: Signal) {
    for process in processes {
        _ = process.signal(signal);
    }
}
