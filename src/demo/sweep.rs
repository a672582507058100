//! Ending everything that a demo runs and removing all that it wrote. The supervisor does this when it ends, and the watchdog
//! when the supervisor was killed: one path, so that both are exercised.
//!
//! What belongs to a demo is told by the session id, which every process inherits and cannot lose by accident. Only
//! PostgreSQL's own children and the workers of jobs have sessions of their own: a postmaster ends the former, and the latter
//! are told by the folder they run from. No list has to be kept, so there is no
//! moment in which a new process is not in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::Signal;
use serde::{Deserialize, Serialize};

use crate::adapters::postmaster::Postmaster;
use crate::adapters::process::{self, Process};
use crate::demo::faults;
use crate::demo::registry;
use crate::demo::small;

/// How long PostgreSQL may take to end when asked.
const GRACE: Duration = Duration::from_secs(5);
/// How long jobs may take to cancel what they do.
const JOBS: Duration = Duration::from_secs(15);
/// How long all others may take: an Alertmanager says farewell to its cluster for seconds.
const POLITENESS: Duration = Duration::from_secs(1);

/// What is to be swept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sweep {
    /// The demo's folder.
    pub dir: PathBuf,
    /// Its control socket.
    pub socket: PathBuf,
    /// Its session: the supervisor's process number.
    pub session: u32,
}

impl Sweep {
    /// Ends the faults, then the servers, then removes folder and socket. Blocks for some seconds at worst.
    pub fn run(&self) {
        self.end_processes();
        self.remove_files();
    }

    /// Ends the faults and all processes but the supervisor.
    fn end_processes(&self) {
        faults::end_all(&self.dir);
        self.end_jobs();
        let postmasters = postmasters(&self.dir);
        let keeps_memory = |process: &Process| postmasters.iter().any(|postmaster| postmaster.pid == process.pid);
        let (servers, others): (Vec<Process>, Vec<Process>) = self.members().into_iter().partition(keeps_memory);
        self.wake();
        // For a postmaster this is "at once": it takes its shared memory with it, which a kill would leave.
        signal_all(&servers, Signal::QUIT);
        signal_all(&others, Signal::TERM);
        signal_all(&process::wait_gone(others, POLITENESS), Signal::KILL);
        process::wait_gone(servers, GRACE);
        self.kill_rest();
        postmasters.iter().for_each(Postmaster::remove_memory);
    }

    /// Jobs outlive consoles, but not the demo. Their workers have sessions of their own and run from copies in its folder; told to
    /// end, they cancel what they do and take their scratch servers with them. What a killed one left works in the scratch folder.
    fn end_jobs(&self) {
        let lives_in = |path: Option<PathBuf>, name: &str| path.is_some_and(|path| path.starts_with(self.dir.join(name)));
        let all = || process::all().into_iter().map(|seen| seen.process);
        let workers: Vec<Process> = all().filter(|process| lives_in(process.program(), "state")).collect();
        signal_all(&workers, Signal::TERM);
        signal_all(&process::wait_gone(workers, JOBS), Signal::KILL);
        let strays: Vec<Process> = all().filter(|process| lives_in(process.folder(), "scratch")).collect();
        signal_all(&strays, Signal::QUIT);
        signal_all(&process::wait_gone(strays, GRACE), Signal::KILL);
    }

    /// Removes folder and socket.
    fn remove_files(&self) {
        small::unmount(&self.dir.join(small::FOLDER));
        // A process that has just ended may have written a last file while the folder was being read.
        for _ in 0..5 {
            if fs::remove_dir_all(&self.dir).is_ok() || !self.dir.exists() {
                break;
            }
        }
        registry::retire(&self.socket);
    }

    fn members(&self) -> Vec<Process> {
        let mine = process::all().into_iter().filter(|seen| seen.session == self.session);
        mine.map(|seen| seen.process).filter(|process| process.pid != self.session).collect()
    }

    /// A stopped process would not hear that it is to end.
    fn wake(&self) {
        for seen in process::all().into_iter().filter(process::Seen::stopped) {
            if seen.session == self.session || seen.process.folder().is_some_and(|folder| folder.starts_with(&self.dir)) {
                let _ = seen.process.signal(Signal::CONT);
            }
        }
    }

    fn kill_rest(&self) {
        // Twice: a process may have started another one just before it ended.
        for _ in 0..2 {
            let rest = self.members();
            signal_all(&rest, Signal::KILL);
            process::wait_gone(rest, GRACE);
        }
    }
}

/// One that is gone, or may not be signalled, cannot be helped.
fn signal_all(processes: &[Process], signal: Signal) {
    for process in processes {
        let _ = process.signal(signal);
    }
}

/// Every PostgreSQL in the folder.
fn postmasters(dir: &Path) -> Vec<Postmaster> {
    let Ok(entries) = fs::read_dir(dir) else { return Vec::new() };
    entries.flatten().filter_map(|entry| Postmaster::of(&entry.path().join("data"))).collect()
}
