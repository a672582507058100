//! What a process costs, as `/proc` tells it (`proc(5)`).

use std::collections::BTreeMap;
use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Resident memory now, bytes.
pub fn resident(pid: u32) -> Option<u64> {
    status(pid, "VmRSS:")
}

/// As much of it as is no part of a file: what the program is made of is there once for all who run it.
pub fn private(pid: u32) -> Option<u64> {
    status(pid, "RssAnon:")
}

/// The most it ever was, bytes.
pub fn peak(pid: u32) -> Option<u64> {
    status(pid, "VmHWM:")
}

fn status(pid: u32, field: &str) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let kilobytes = status.lines().find_map(|line| line.strip_prefix(field)?.trim().strip_suffix(" kB"))?;
    Some(kilobytes.parse::<u64>().ok()? * 1024)
}

/// Processor time by the nanosecond: the ticks of `/proc/PID/stat` are too coarse for what costs 2 ms a second.
#[derive(Debug, Default)]
pub struct Meter(BTreeMap<String, u64>);

impl Meter {
    /// Reads every thread; what one that has ended used is kept as it was read last.
    pub fn read(&mut self, pid: u32) -> Duration {
        for thread in fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten() {
            let stat = fs::read_to_string(thread.path().join("schedstat")).unwrap_or_default();
            if let Some(nanoseconds) = stat.split(' ').next().and_then(|field| field.parse().ok()) {
                self.0.insert(thread.file_name().to_string_lossy().into_owned(), nanoseconds);
            }
        }
        Duration::from_nanos(self.0.values().sum())
    }
}

/// Both cores busy, as a backup keeps them: its worker runs at nice 10. It ends when dropped.
pub struct Busy(Vec<Child>);

impl Busy {
    pub fn begin() -> Self {
        let cores = std::thread::available_parallelism().unwrap().get();
        let mut spin = Command::new("nice");
        spin.args(["-n", "10", "sh", "-c", "while :; do :; done"]).stdin(Stdio::null());
        Self((0..cores).map(|_| spin.spawn().unwrap()).collect())
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        for child in &mut self.0 {
            drop(child.kill());
            drop(child.wait());
        }
    }
}

/// How long until `done`; none where that is longer than anybody waits.
pub fn until(patience: Duration, mut done: impl FnMut() -> bool) -> Option<Duration> {
    let began = Instant::now();
    while !done() {
        if began.elapsed() > patience {
            return None;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    Some(began.elapsed())
}
