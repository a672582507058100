//! Stopping every process of a PostgreSQL server, and waking them again.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::adapters::process::{self, Process, Seen};
use crate::demo::dial;
use crate::demo::secret::Secrets;

/// How long a signal may take to act, and the server to answer again.
const ACTS_WITHIN: Duration = Duration::from_secs(2);
const ANSWERS_WITHIN: Duration = Duration::from_secs(10);

/// Stops the postmaster first: then no new child can appear while its children are stopped.
pub fn inject(data: &Path) -> Result<(), String> {
    let postmaster = postmaster(data).ok_or("the server is not running")?;
    postmaster.stop(ACTS_WITHIN)?;
    loop {
        let awake: Vec<Process> =
            children(postmaster).into_iter().filter(|seen| !seen.stopped()).map(|seen| seen.process).collect();
        if awake.is_empty() {
            return Ok(());
        }
        for child in awake {
            child.stop(ACTS_WITHIN)?;
        }
    }
}

/// Wakes everything that works in the data directory. Asked by folder, not by a list: so it also finds what lost its parent.
pub async fn revert(dir: &Path, port: u16, data: &Path) -> Result<String, String> {
    let password = Secrets::at(dir.join("secrets")).read("midwatch");
    let Ok(password) = password else { return Ok("the demo is gone".to_owned()) };
    let deadline = Instant::now() + ANSWERS_WITHIN;
    let mut woken = 0;
    loop {
        let stopped = stopped_in(data);
        woken += stopped.len();
        for process in stopped {
            process.signal(Signal::CONT).map_err(|error| format!("process {} cannot be woken: {error}", process.pid))?;
        }
        if working_in(data).is_empty() {
            return Ok("the server is gone".to_owned());
        }
        let answer = dial::postgres(port, "midwatch", "shop", &password).await;
        match answer {
            Ok(_) if stopped_in(data).is_empty() => return Ok(format!("{woken} processes woken; the server answers")),
            Err(why) if Instant::now() >= deadline => return Err(why),
            _ => {}
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn postmaster(data: &Path) -> Option<Process> {
    let text = fs::read_to_string(data.join("postmaster.pid")).ok()?;
    Process::of(text.lines().next()?.trim().parse().ok()?).filter(|process| process.folder().as_deref() == Some(data))
}

fn children(parent: Process) -> Vec<Seen> {
    process::all().into_iter().filter(|seen| seen.parent == parent.pid).collect()
}

fn working_in(data: &Path) -> Vec<Seen> {
    process::all().into_iter().filter(|seen| seen.process.folder().as_deref() == Some(data)).collect()
}

fn stopped_in(data: &Path) -> Vec<Process> {
    working_in(data).into_iter().filter(Seen::stopped).map(|seen| seen.process).collect()
}
