//! Having a fault held: starts the [`holder`](super::holder) process, waits for its word, and ends it. A holder is found by what it
//! is, its command line, and by the lock that it keeps: neither alone has to be believed.

use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::process::Stdio;
use std::time::Duration;

use futures_util::FutureExt as _;
use rustix::process::Signal;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::Child;
use tokio::time::timeout;

use crate::adapters::hold::{self, Part};
use crate::adapters::process::{self, Process};
use crate::domain::chaos::hold::Held;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::job::JobId;
use crate::ports::Promise;
use crate::ports::hold::Hold;
use crate::runtime::ends::holder::{self, Word};
use crate::runtime::ends::{Ends, OFTEN};

/// How long it may take until a fault is on.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a holder may take to let go by itself, and to be gone once it was killed: a great deal of memory is given back.
const LETS_GO: Duration = Duration::from_secs(3);
const DIES: Duration = Duration::from_secs(10);
/// How often it is looked whether the lock is free, that somebody may only be looking at.
const LOOKS: u32 = 20;

impl Hold for Ends {
    fn judge<'a>(&'a self, held: &'a Held) -> Promise<'a, Vec<String>> {
        async move { hold::kind(held)?.judge(&held.args).await }.boxed()
    }

    fn hold<'a>(&'a self, job: JobId, held: &'a Held) -> Promise<'a, ()> {
        async move {
            let (mut child, _copy) = self.spawn(holder::SUBCOMMAND, job, Stdio::piped)?;
            let on = timeout(PATIENCE, ask(&mut child, held)).await;
            let late = |_| Err(Failure::new(FailureKind::Stalled, format!("it is not on after {} s", PATIENCE.as_secs())));
            match on.unwrap_or_else(late)? {
                Some(word) => word,
                None => Err(self.died(job)),
            }
        }
        .boxed()
    }

    fn release<'a>(&'a self, job: JobId, held: &'a Held) -> Promise<'a, ()> {
        async move {
            self.end_holders(job).await?;
            let part = Part { job, args: held.args.clone(), most: Duration::ZERO };
            hold::kind(held)?.clear(&part).await
        }
        .boxed()
    }

    fn lost(&self, job: JobId) -> Promise<'_, Option<String>> {
        async move { Ok((!self.shelf.is_held(job)).then(|| self.died(job).what)) }.boxed()
    }
}

impl Ends {
    fn died(&self, job: JobId) -> Failure {
        let what = format!("the process that held the fault is gone: {}", self.said(job));
        Failure::new(FailureKind::Unavailable, what)
    }

    async fn end_holders(&self, job: JobId) -> Result<(), Failure> {
        let words = holder::words(self.shelf.home(), holder::SUBCOMMAND, job);
        let words: Vec<Vec<u8>> = words.iter().map(|word| word.as_bytes().to_vec()).collect();
        let ended = tokio::task::spawn_blocking(move || end(&words)).await;
        ended.map_err(|e| Failure::new(FailureKind::Bug, e.to_string()))??;
        for _ in 0..LOOKS {
            if !self.shelf.is_held(job) {
                return Ok(());
            }
            tokio::time::sleep(OFTEN).await;
        }
        let what = format!("something still holds the fault of drill {job}, and is no process that can be seen");
        Err(Failure::new(FailureKind::Unavailable, what).mend("as root: midwatch chaos sweep"))
    }
}

/// Tells it what to hold, and hears whether it does; nothing where it ended without a word.
async fn ask(child: &mut Child, held: &Held) -> Result<Option<Word>, Failure> {
    let (Some(mut stdin), Some(mut stdout)) = (child.stdin.take(), child.stdout.take()) else { return Ok(None) };
    let told = serde_json::to_vec(held).map_err(std::io::Error::from)?;
    // One that ended already says itself why.
    let _ = stdin.write_all(&told).await;
    drop(stdin);
    let mut word = Vec::new();
    // It may hold its end open for as long as the fault is on: its word is a line.
    while !word.ends_with(b"\n") && stdout.read_buf(&mut word).await? > 0 {}
    Ok(serde_json::from_slice(&word).ok())
}

/// Ends every holder of a drill, and waits until they are gone.
fn end(words: &[Vec<u8>]) -> Result<(), Failure> {
    let mut left = holders(words);
    for (signal, within) in [(Signal::TERM, LETS_GO), (Signal::KILL, DIES)] {
        let sent = left.iter().try_for_each(|holder| holder.signal(signal));
        sent.map_err(|e| Failure { what: format!("what holds the fault cannot be ended: {e}"), ..e.into() })?;
        left = process::wait_gone(left, within);
    }
    match left.first() {
        None => Ok(()),
        Some(holder) => {
            let what = format!("process {} still holds the fault, though it was killed", holder.pid);
            Err(Failure::new(FailureKind::Unavailable, what))
        }
    }
}

/// The processes whose command line ends in these words.
fn holders(words: &[Vec<u8>]) -> Vec<Process> {
    let is_one = |process: &Process| {
        let line = fs::read(format!("/proc/{}/cmdline", process.pid)).unwrap_or_default();
        let line: Vec<&[u8]> = line.strip_suffix(b"\0").unwrap_or(&line).split(|byte| *byte == 0).collect();
        line.len() > words.len() && line.ends_with(&words.iter().map(Vec::as_slice).collect::<Vec<_>>())
    };
    process::all().into_iter().map(|seen| seen.process).filter(is_one).collect()
}
