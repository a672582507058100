//! Scratch servers of this host: a private folder each, owned by an unprivileged user where midwatch is root.
//!
//! Nothing is ever removed but a folder that bears our mark: a file that is locked while the folder is in use, so that what a
//! process that died has left is told from what another still works with.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::adapters::account::Account;
use crate::adapters::tools::here::{self, Home};
use crate::adapters::tools::surroundings::Surroundings;
use crate::domain::access::ToolPlace;
use crate::domain::failure::{Failure, FailureKind};
use crate::ports::Promise;
use crate::ports::tools::{Bench, Run, Running};

mod sweep;

/// The file that tells a folder of ours from others'.
const MARK: &str = "midwatch-bench";

/// A folder of ours that is taken. Dropped, it is removed.
pub struct Hold {
    folder: PathBuf,
    /// Locked until all is removed.
    mark: File,
    given_back: AtomicBool,
}

impl Hold {
    /// Makes a folder that others can only pass through, or takes one that bears our mark and nobody holds.
    pub fn take(folder: &Path) -> Result<Self, Failure> {
        let above = folder.parent().unwrap_or(folder);
        DirBuilder::new().recursive(true).mode(0o711).create(above).map_err(|e| io("making", above, &e))?;
        match DirBuilder::new().mode(0o711).create(folder) {
            Err(e) if e.kind() == ErrorKind::AlreadyExists => is_ours(folder)?,
            made => made.map_err(|e| io("making", folder, &e))?,
        }
        // Said apart, for a worker's mask takes from the mode of what it makes.
        fs::set_permissions(folder, fs::Permissions::from_mode(0o711)).map_err(|e| io("opening", folder, &e))?;
        let path = folder.join(MARK);
        let mark = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).custom_flags(NO_LINK).open(&path);
        let mark = mark.map_err(|e| io("writing", &path, &e))?;
        mark.try_lock().map_err(|why| match why {
            TryLockError::Error(e) => io("locking", &path, &e),
            TryLockError::WouldBlock => {
                Failure::new(FailureKind::Locked, format!("{} is in use by another midwatch", folder.display()))
            }
        })?;
        // As `/proc` shows it.
        let folder = folder.canonicalize().map_err(|e| io("entering", folder, &e))?;
        Ok(Self { folder, mark, given_back: AtomicBool::new(false) })
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Removes it. Once that is done another may make it anew.
    pub fn give_back(&self) -> Result<(), Failure> {
        if self.is_given_back() {
            return Ok(());
        }
        gone(&self.folder)?;
        self.given_back.store(true, Ordering::Release);
        self.mark.unlock().map_err(|e| io("unlocking", &self.folder, &e))
    }

    fn is_given_back(&self) -> bool {
        self.given_back.load(Ordering::Acquire)
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        if let Err(failure) = self.give_back() {
            tracing::warn!("a scratch folder was not removed: {failure}");
        }
    }
}

/// A folder of ours, and the room in it that a scratch server has to itself.
pub struct HereBench {
    hold: Arc<Hold>,
    room: PathBuf,
    place: ToolPlace,
    around: Surroundings,
    account: Option<Account>,
}

impl HereBench {
    /// Makes the folder, or takes over what a process that died has left of it.
    pub async fn open(folder: PathBuf, place: ToolPlace, around: Surroundings) -> Result<Self, Failure> {
        apart(move || Self::make(&folder, place, around)).await
    }

    fn make(folder: &Path, place: ToolPlace, around: Surroundings) -> Result<Self, Failure> {
        let hold = Hold::take(folder)?;
        let room = hold.folder().join("room");
        remove_room(&room)?;
        DirBuilder::new().mode(0o700).create(&room).map_err(|e| io("making", &room, &e))?;
        let account = Account::for_postgres()?;
        if let Some(account) = account {
            account.enters(hold.folder())?;
            account.own(&room)?;
        }
        Ok(Self { hold: Arc::new(hold), room, place, around, account })
    }
}

impl Bench for HereBench {
    fn folder(&self) -> &Path {
        &self.room
    }

    fn local(&self) -> Option<&Path> {
        Some(&self.room)
    }

    fn start<'a>(&'a self, run: &'a Run) -> Promise<'a, Box<dyn Running>> {
        let home = Home { folder: &self.room, account: self.account };
        Box::pin(async move { here::start(&self.place, run, &self.around, Some(home)) })
    }

    fn clear(&self) -> Promise<'_, ()> {
        let (hold, room) = (Arc::clone(&self.hold), self.room.clone());
        Box::pin(apart(move || remove_room(&room).and_then(|()| hold.give_back())))
    }
}

impl Drop for HereBench {
    fn drop(&mut self) {
        if self.hold.is_given_back() {
            return;
        }
        if let Err(failure) = remove_room(&self.room) {
            tracing::warn!("a scratch server was not removed: {failure}");
        }
    }
}

/// Opening never follows a link.
const NO_LINK: i32 = rustix::fs::OFlags::NOFOLLOW.bits().cast_signed();

/// A folder of this user that bears the mark, or holds nothing at all.
fn is_ours(folder: &Path) -> Result<(), Failure> {
    let about = fs::symlink_metadata(folder).map_err(|e| io("looking at", folder, &e))?;
    let is_empty = || folder.read_dir().is_ok_and(|mut entries| entries.next().is_none());
    let is_own = about.is_dir() && about.uid() == rustix::process::geteuid().as_raw();
    if is_own && (folder.join(MARK).symlink_metadata().is_ok() || is_empty()) {
        return Ok(());
    }
    let what = format!("{} is not a scratch folder of this midwatch: nothing in it is touched", folder.display());
    Err(Failure::new(FailureKind::Refused, what).mend(format!("ls -la {}, and move it away", folder.display())))
}

/// Ends what runs in the room, then removes it.
fn remove_room(room: &Path) -> Result<(), Failure> {
    sweep::end_all_in(room)?;
    gone(room)
}

fn gone(folder: &Path) -> Result<(), Failure> {
    match fs::remove_dir_all(folder) {
        Err(e) if e.kind() != ErrorKind::NotFound => Err(io("removing", folder, &e)),
        _ => Ok(()),
    }
}

/// On a thread that may block.
async fn apart<T: Send + 'static>(work: impl FnOnce() -> Result<T, Failure> + Send + 'static) -> Result<T, Failure> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|e| Err(Failure::new(FailureKind::Bug, format!("a scratch folder: {e}"))))
}

fn io(tried: &str, path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(FailureKind::of_io(error), format!("{tried} {}: {error}", path.display()))
}

#[cfg(test)]
mod tests;
