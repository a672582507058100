//! What a backup costs those who use the database meanwhile: the 99th percentile of pgbench's own transactions.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// The 99th percentile of select-only transactions over some seconds, from two clients.
pub fn p99(pgbench: &str, seconds: u32) -> Duration {
    let folder = tempfile::tempdir().unwrap();
    let prefix = folder.path().join("log");
    let script = format!("{pgbench} -n -b select-only -c 2 -T {seconds} -l --log-prefix={} bench", prefix.display());
    let status = Command::new("bash").args(["-c", &script]).stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
    assert!(status.success(), "{script}");
    let mut times: Vec<u64> = std::fs::read_dir(folder.path())
        .unwrap()
        .flat_map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap().lines().filter_map(time).collect::<Vec<_>>())
        .collect();
    times.sort_unstable();
    Duration::from_micros(times[times.len() * 99 / 100])
}

/// The third column: microseconds.
fn time(line: &str) -> Option<u64> {
    line.split(' ').nth(2)?.parse().ok()
}

/// The same while something else runs again and again.
pub fn p99_under(pgbench: &str, seconds: u32, load: &str) -> Duration {
    let again = format!("while :; do {load} >/dev/null || exit 1; done");
    let mut load: Child = Command::new("setsid").args(["bash", "-c", &again]).stdout(Stdio::null()).spawn().unwrap();
    let under = p99(pgbench, seconds);
    assert!(load.try_wait().unwrap().is_none(), "the load failed: {again}");
    let group = rustix::process::Pid::from_child(&load);
    rustix::process::kill_process_group(group, rustix::process::Signal::KILL).unwrap();
    load.wait().unwrap();
    under
}
