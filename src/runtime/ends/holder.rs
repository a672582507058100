//! What holds the fault of one drill: a process of its own, and the fault ends with it, whatever ends it. It holds nothing unless its
//! end is armed; and it lets go by itself when its time is over, when it is told to, and when nobody is left who waits to end it.
//!
//! It takes its lock before it looks whether the fault is being ended, and whoever ends it writes that down before they look for the
//! lock: so one of the two always sees the other.

use std::ffi::OsString;
use std::io::{Read as _, Write as _};
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::time::sleep;

use crate::adapters::hold::{self, Grip, Part};
use crate::adapters::ledger::Home;
use crate::domain::chaos::hold::Held;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::job::JobId;
use crate::runtime::ends::clock;
use crate::runtime::ends::shelf::Shelf;
use crate::runtime::worker::{self, copy};

/// Its subcommand.
pub const SUBCOMMAND: &str = "fault-hold";

/// What it says once, as a line: that the fault is on, or why it is not.
pub type Word = Result<(), Failure>;

/// How often it looks whether somebody waits to end the fault.
const OFTEN: Duration = Duration::from_millis(200);
/// How many looks in a row must find nobody.
const DESERTED: u32 = 15;
/// How long after its time it ends even where it does not get to do so in order.
const GRACE: Duration = Duration::from_secs(5);

/// The end of the command line of a process that stands in for a drill.
pub(super) fn words(home: &Home, subcommand: &str, job: JobId) -> [OsString; 4] {
    ["--state".into(), home.path().into(), subcommand.into(), job.0.to_string().into()]
}

/// Leaves the session it was started from, so that nothing ends it with others. To be called first, while there is one thread.
pub fn detach(home: &Home) -> Result<(), Failure> {
    worker::leave(home)
}

/// Reads what it is to hold, holds it, and says so; returns when it was let go.
pub async fn run(home: Home, job: JobId) -> Result<(), Failure> {
    let _copy = copy::hold_mine();
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let _hangup = signal(SignalKind::hangup())?;
    let shelf = Shelf::new(home);
    let held: Held = told()?;
    let (word, kept) = match take(&shelf, job, &held).await {
        Ok(kept) => (Ok(()), Some(kept)),
        Err(failure) => (Err(failure), None),
    };
    // Nobody is left to hear it: nobody knows that it is on, either.
    say(&word)?;
    let Some((_lock, grip, time)) = kept else { return word };
    let let_go = |why: &str| Err(Failure::new(FailureKind::Unavailable, why));
    tokio::select! {
        lost = grip => Err(lost),
        () = sleep(time) => Ok(()),
        () = deserted(&shelf, job) => let_go("nobody waited to end it any more, so it was let go"),
        _ = terminate.recv() => Ok(()),
        _ = interrupt.recv() => Ok(()),
    }
}

fn told() -> Result<Held, Failure> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text)?;
    let unread = |e| Failure::new(FailureKind::Usage, format!("what is to be held cannot be read: {e}"));
    serde_json::from_str(&text).map_err(unread)
}

fn say(word: &Word) -> Result<(), Failure> {
    let mut line = serde_json::to_vec(word).map_err(std::io::Error::from)?;
    line.push(b'\n');
    let mut stdout = std::io::stdout();
    Ok(stdout.write_all(&line).and_then(|()| stdout.flush())?)
}

/// Puts it on, where its end is armed.
async fn take(shelf: &Shelf, job: JobId, held: &Held) -> Result<(std::fs::File, Grip, Duration), Failure> {
    let taken = || Failure::refused(format!("drill {job} has something held already"));
    let lock = shelf.hold(job)?.ok_or_else(taken)?;
    let time = armed(shelf, job)?;
    ends_at_the_latest(time + GRACE);
    let part = Part { job, args: held.args.clone(), most: time };
    let grip = hold::kind(held)?.hold(&part).await?;
    Ok((lock, grip, time))
}

/// How long until its end; refused where nobody waits for that.
fn armed(shelf: &Shelf, job: JobId) -> Result<Duration, Failure> {
    let refused = |what: &str| Failure::refused(format!("{what}: nothing was held"));
    let record = shelf.read(job)?.ok_or_else(|| refused("the end of the fault is not armed"))?;
    if record.ending || record.ended.is_some() || shelf.is_asked(job) {
        return Err(refused("the fault was ended before it began"));
    }
    if !record.armed || !shelf.is_watched(job) {
        return Err(refused("nobody waits to end the fault"));
    }
    let time = clock::left(&record.deadline)?;
    if time.is_zero() { Err(refused("the time of the fault was over before it began")) } else { Ok(time) }
}

/// On a thread of its own, that needs nothing of what this process does besides.
fn ends_at_the_latest(after: Duration) {
    std::thread::spawn(move || {
        std::thread::sleep(after);
        eprintln!("it did not let go in time, so it was ended");
        std::process::exit(1);
    });
}

/// Returns when nobody waits to end it.
async fn deserted(shelf: &Shelf, job: JobId) {
    let mut absent = 0;
    while absent < DESERTED {
        sleep(OFTEN).await;
        absent = if shelf.is_watched(job) { 0 } else { absent + 1 };
    }
}
