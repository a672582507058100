//! The files of a job, `jobs/ID/`: what is written all the time, and what shows that its worker is alive.
//!
//! `log` is appended to in whole lines, each with its UTC time; `progress` is replaced by a rename; `stderr` is what the worker
//! itself says; `alive` is locked by the worker as long as it lives. None of it is needed to know what happened: facts are in
//! the database.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::home::{Home, at};
use super::told;
use crate::domain::clean::Clean;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::job::{JobId, Log, Progress};
use crate::domain::plan::StepId;
use crate::domain::time::Stamp;

/// The most of a log that is read at once.
const PIECE: u64 = 256 << 10;
/// How many lines of a log a console holds.
const HELD: usize = 5_000;
/// How often, and how long apart, a lock is tried that a console may only be looking at.
const TRIES: u32 = 40;
const PAUSE: Duration = Duration::from_millis(50);

/// A job's progress as it lies in its file.
#[derive(Serialize, Deserialize)]
struct Told {
    at: Stamp,
    step: StepId,
    progress: Progress,
}

fn folder(id: JobId) -> PathBuf {
    PathBuf::from("jobs").join(id.0.to_string())
}

/// The folder of a job's files, and the file that a worker locks.
pub(super) fn make(home: &Home, id: JobId) -> Result<(), Failure> {
    home.folder("jobs")?;
    home.folder(folder(id))?;
    home.file(folder(id).join("alive")).map(drop)
}

/// Takes a job for this process, for as long as the file is open. A console that asks whether a worker is alive holds the lock
/// for an instant: that is waited for.
pub(super) fn take(home: &Home, id: JobId) -> Result<File, Failure> {
    let file = home.file(folder(id).join("alive"))?;
    for _ in 0..TRIES {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => std::thread::sleep(PAUSE),
            Err(TryLockError::Error(error)) => return Err(at(&home.path().join(folder(id)), &error)),
        }
    }
    Err(Failure::new(FailureKind::Locked, format!("another worker has job {id}")))
}

/// Whether a worker has the job. Where that cannot be told it counts as alive: nobody takes it then.
pub fn is_alive(home: &Home, id: JobId) -> bool {
    let path = home.path().join(folder(id)).join("alive");
    match File::open(&path) {
        Ok(file) => file.try_lock_shared().is_err(),
        Err(error) => error.kind() != io::ErrorKind::NotFound,
    }
}

/// Where a worker's own words go.
pub(super) fn stderr(home: &Home, id: JobId) -> Result<File, Failure> {
    home.appending(folder(id).join("stderr"))
}

/// A job's log, for its worker.
pub(super) fn log(home: &Home, id: JobId) -> Result<File, Failure> {
    home.appending(folder(id).join("log"))
}

/// A line for the log, as one write: with its time, cleaned, for logs are printed.
pub(super) fn write_line(mut log: &File, now: Stamp, line: &str) -> io::Result<()> {
    let time = told(now);
    let lines: Vec<String> = Clean::lines(line).iter().map(|line| format!("{time}  {line}\n")).collect();
    log.write_all(lines.concat().as_bytes())
}

/// Says how far a step is.
pub(super) fn write_progress(home: &Home, id: JobId, step: StepId, now: Stamp, progress: &Progress) -> io::Result<()> {
    let told = Told { at: now, step, progress: progress.clone() };
    let path = home.path().join(folder(id)).join("progress");
    home.replace(&path, &serde_json::to_vec(&told).map_err(io::Error::other)?)
}

/// How far the running step was when it last said so.
pub(super) fn progress(home: &Home, id: JobId) -> Option<(Stamp, StepId, Progress)> {
    let bytes = fs::read(home.path().join(folder(id)).join("progress")).ok()?;
    let told: Told = serde_json::from_slice(&bytes).ok()?;
    Some((told.at, told.step, told.progress))
}

impl super::Ledger {
    /// A line in a job's log from somebody who does not hold it; as well as the disk allows.
    pub fn note(&self, id: JobId, line: &str) {
        drop(log(&self.home, id).map(|file| write_line(&file, super::now(), line)));
    }

    /// A job's log from an offset in bytes: whole lines, at most 256 KiB, and where to go on. Empty where there is no more yet.
    pub fn log(&self, id: JobId, offset: u64) -> Result<(String, u64), Failure> {
        let path = self.home.path().join(folder(id)).join("log");
        let mut piece = Vec::new();
        let read = File::open(&path).and_then(|mut file| {
            file.seek(SeekFrom::Start(offset))?;
            file.take(PIECE).read_to_end(&mut piece)
        });
        match read {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((String::new(), offset)),
            read => read.map_err(|e| at(&path, &e))?,
        };
        // A line longer than a piece, which we do not write, is better cut than waited for.
        let whole = piece.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let whole = if whole == 0 && piece.len() as u64 == PIECE { piece.len() } else { whole };
        Ok((String::from_utf8_lossy(&piece[..whole]).into_owned(), offset + whole as u64))
    }

    /// The end of a job's log, as many lines as a console holds.
    pub fn log_tail(&self, id: JobId) -> Result<Log, Failure> {
        let path = self.home.path().join(folder(id)).join("log");
        let bytes = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            read => read.map_err(|e| at(&path, &e))?,
        };
        let text = String::from_utf8_lossy(&bytes);
        let lines: Vec<&str> = text.lines().collect();
        let skipped = lines.len().saturating_sub(HELD);
        Ok(Log { skipped, lines: lines[skipped..].iter().map(|&line| line.to_owned()).collect() })
    }

    /// Where a worker of this job writes what it has to say of itself.
    pub fn stderr(&self, id: JobId) -> Result<File, Failure> {
        stderr(&self.home, id)
    }

    /// The last lines of what a job's workers said of themselves.
    pub fn last_words(&self, id: JobId) -> String {
        const LINES: usize = 5;
        let text = fs::read(self.home.path().join(folder(id)).join("stderr")).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
        lines[lines.len().saturating_sub(LINES)..].join("\n")
    }
}
