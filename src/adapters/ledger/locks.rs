//! Locks on what jobs act on: one file a key, locked by the kernel for as long as its process lives. However old, none is
//! stolen: a process that was stopped has not let go.

use std::collections::BTreeSet;
use std::fs::{File, TryLockError};
use std::io::{self, Read as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::audit::digest;
use super::home::{Home, at};
use super::told;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::job::JobId;
use crate::domain::time::Stamp;

const FOLDER: &str = "locks";
/// How often, and how long apart, is asked who holds a lock that was taken this instant.
const ASKS: u32 = 20;
const PAUSE: Duration = Duration::from_millis(5);

/// Who holds a lock, for the one who does not get it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The login that the job is done for.
    pub who: String,
    /// What it does: `backup shop-db`.
    pub what: String,
    /// Since when.
    pub since: Stamp,
    /// The job.
    pub job: JobId,
}

/// Keys that are held, until this is dropped or its process dies.
pub struct Held {
    files: Vec<File>,
}

impl Drop for Held {
    fn drop(&mut self) {
        for file in &self.files {
            // Only words: what frees the lock is that the file is closed.
            drop(file.set_len(0));
        }
    }
}

/// Takes every key, all or none. The failure says who holds which, doing what, since when.
pub fn take(home: &Home, keys: &[String], holder: &Holder) -> Result<Held, Failure> {
    let folder = home.folder(FOLDER)?;
    let words = serde_json::to_vec(holder).map_err(io::Error::other)?;
    let mut held = Held { files: Vec::with_capacity(keys.len()) };
    // Always in the same order, so that of two who want the same keys one gets them.
    for key in keys.iter().collect::<BTreeSet<_>>() {
        let path = folder.join(format!("{}.lock", digest(key)));
        held.files.push(lock(home, &path, key)?);
    }
    for file in &held.files {
        // Who holds it is said as well as the disk allows; that it is held does not depend on it.
        drop(file.set_len(0).and_then(|()| file.write_all_at(&words, 0)));
    }
    Ok(held)
}

fn lock(home: &Home, path: &PathBuf, key: &str) -> Result<File, Failure> {
    let file = home.file(path)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(locked(key, holder(path))),
        Err(TryLockError::Error(error)) => Err(at(path, &error)),
    }
}

/// Who holds a lock; it may have been taken this instant, and its holder not yet have said so.
fn holder(path: &Path) -> Option<Holder> {
    let read = || {
        let mut text = String::new();
        File::open(path).ok()?.take(64 << 10).read_to_string(&mut text).ok()?;
        serde_json::from_str(&text).ok()
    };
    (0..ASKS).find_map(|ask| {
        if ask > 0 {
            std::thread::sleep(PAUSE);
        }
        read()
    })
}

fn locked(key: &str, holder: Option<Holder>) -> Failure {
    let Some(holder) = holder else {
        return Failure::new(FailureKind::Locked, format!("{key} is held by somebody who has not said who they are"));
    };
    let Holder { who, what, since, job } = holder;
    let what = format!("{key} is held by {who}: {what} (job {job}), since {}", told(since));
    Failure::new(FailureKind::Locked, what).mend(format!("see what it does: midwatch jobs attach {}", job.0))
}

#[cfg(test)]
mod tests;
