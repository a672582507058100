//! Processes as `/proc` shows them, told apart by their start time, and signals that cannot hit a later process of the same
//! number.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use serde::{Deserialize, Serialize};

/// One process: its number, and its start time, which a later process of the same number has not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Process {
    /// Its number.
    pub pid: u32,
    /// When it started, in clock ticks since boot.
    pub start: u64,
}

/// A process and what `/proc/PID/stat` says of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Which.
    pub process: Process,
    /// `R`, `S`, `T` (stopped), `Z` (gone, not yet waited for)...
    pub state: char,
    /// Its parent's number.
    pub parent: u32,
    /// Its session's number.
    pub session: u32,
}

impl Seen {
    /// Whether it is stopped by a signal.
    pub fn stopped(&self) -> bool {
        self.state == 'T'
    }

    /// Whether it has not ended.
    pub fn living(&self) -> bool {
        !matches!(self.state, 'Z' | 'X')
    }
}

impl Process {
    /// The living process of this number.
    pub fn of(pid: u32) -> Option<Self> {
        look(pid).map(|seen| seen.process)
    }

    /// The process that asks.
    pub fn myself() -> Option<Self> {
        Self::of(std::process::id())
    }

    /// Itself as it is now; none when it is gone.
    pub fn look(self) -> Option<Seen> {
        look(self.pid).filter(|seen| seen.process == self)
    }

    /// Whether it still lives. One that ended but was not waited for does not.
    pub fn alive(self) -> bool {
        self.look().is_some()
    }

    /// Signals it. One that is gone needs no signal, so that is no error.
    pub fn signal(self, signal: Signal) -> io::Result<()> {
        let Some(pid) = i32::try_from(self.pid).ok().and_then(Pid::from_raw) else { return Ok(()) };
        let sent = pidfd_open(pid, PidfdFlags::empty())
            .and_then(|pidfd| if self.alive() { pidfd_send_signal(pidfd, signal) } else { Ok(()) });
        match sent {
            Err(rustix::io::Errno::SRCH) => Ok(()),
            other => other.map_err(io::Error::from),
        }
    }

    /// Stops it and waits until it is. One that ended meanwhile is as good.
    pub fn stop(self, within: Duration) -> Result<(), String> {
        self.signal(Signal::STOP).map_err(|error| format!("process {} cannot be stopped: {error}", self.pid))?;
        let deadline = Instant::now() + within;
        while self.look().is_some_and(|seen| !seen.stopped()) {
            if Instant::now() >= deadline {
                return Err(format!("process {} does not stop", self.pid));
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        Ok(())
    }

    /// Where it works; none when it is gone or may not be asked.
    pub fn folder(self) -> Option<PathBuf> {
        fs::read_link(format!("/proc/{}/cwd", self.pid)).ok()
    }

    /// The file it runs; none when it is gone or may not be asked.
    pub fn program(self) -> Option<PathBuf> {
        fs::read_link(format!("/proc/{}/exe", self.pid)).ok()
    }
}

/// Every living process that may be seen.
pub fn all() -> Vec<Seen> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).filter_map(look).collect()
}

/// Waits until none of these lives, or the time is over; answers with those that still do.
pub fn wait_gone(mut processes: Vec<Process>, within: Duration) -> Vec<Process> {
    let deadline = Instant::now() + within;
    loop {
        processes.retain(|process| process.alive());
        if processes.is_empty() || Instant::now() >= deadline {
            return processes;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn look(pid: u32) -> Option<Seen> {
    parse(pid, &fs::read_to_string(format!("/proc/{pid}/stat")).ok()?).filter(Seen::living)
}

/// Reads `/proc/PID/stat`: `PID (name) state ppid pgrp session ... starttime ...`; the name may hold anything, so it is cut at its last bracket.
pub fn parse(pid: u32, stat: &str) -> Option<Seen> {
    let (_, rest) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
    Some(Seen {
        process: Process { pid, start: fields.get(19)?.parse().ok()? },
        state: fields.first()?.chars().next()?,
        parent: fields.get(1)?.parse().ok()?,
        session: fields.get(3)?.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_name_with_brackets_and_blanks_does_not_shift_the_fields() {
        let stat = "42 (a) b) (c) T 7 42 9 0 -1 4 0 0 0 0 0 0 0 0 20 0 1 0 12345 0 0";
        let seen = parse(42, stat).unwrap();
        assert_eq!(seen, Seen { process: Process { pid: 42, start: 12345 }, state: 'T', parent: 7, session: 9 });
        assert!(seen.stopped());
    }

    #[test]
    fn another_start_time_is_another_process() {
        let me = Process::myself().unwrap();
        assert!(me.alive());
        let earlier = Process { start: me.start.wrapping_sub(1), ..me };
        assert!(!earlier.alive());
        earlier.signal(Signal::KILL).unwrap();
    }
}
