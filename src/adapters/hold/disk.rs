//! A full disk: a file without a name that takes what is free, but for what must be left. Never where PostgreSQL writes its WAL, where
//! the ledger or backups are, or the host's journal: those would lose more than a drill may cost.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{FallocateFlags, fallocate};
use serde_json::Value;
use tokio::time::sleep;

use crate::adapters::hold::room::Room;
use crate::adapters::hold::{Grip, Kind, Part, bytes, read};
use crate::adapters::process;
use crate::domain::chaos::hold::{Disk, Fill};
use crate::domain::failure::{Failure, FailureKind};
use crate::ports::Promise;

/// The kind.
pub const DISK: &dyn Kind = &Full;

/// What is left at the least: so much of it, of 1, and so many bytes.
const LEFT: f64 = 0.05;
const LEAST: u64 = 2 << 30;
/// A file system of its own, no larger than this, is there to become full: nothing has to be left of it.
const SMALL: u64 = 256 << 20;
/// The host's own journal.
const JOURNALS: [&str; 2] = ["/var/log/journal", "/run/log/journal"];
/// How often it is looked whether others have filled what was left.
const OFTEN: Duration = Duration::from_secs(1);

struct Full;

impl Kind for Full {
    fn name(&self) -> &'static str {
        "disk"
    }

    fn judge<'a>(&'a self, args: &'a Value) -> Promise<'a, Vec<String>> {
        Box::pin(async {
            let args: Fill = read(args)?;
            let room = Room::of(&args.disk)?;
            let take = take(&room, &spared(&args)?)?;
            let left = bytes(room.free - take);
            Ok(vec![format!("{} of {} will be filled; {left} are left", bytes(take), room.folder.display())])
        })
    }

    fn hold<'a>(&'a self, part: &'a Part) -> Promise<'a, Grip> {
        Box::pin(async {
            let args: Fill = part.args()?;
            let room = Room::of(&args.disk)?;
            let take = take(&room, &spared(&args)?)?;
            let file = room.file()?;
            let full = |e: rustix::io::Errno| Failure {
                what: format!("{}: {} cannot be filled: {e}", room.folder.display(), bytes(take)),
                ..std::io::Error::from(e).into()
            };
            fallocate(&file, FallocateFlags::empty(), 0, take).map_err(full)?;
            let least = least(&room) / 2;
            let folder = room.folder.clone();
            Ok(Box::pin(async move {
                let _file = file;
                crowded(folder, least).await
            }) as Grip)
        })
    }
}

/// How much is taken; refused where nothing can be.
fn take(room: &Room, spared: &[PathBuf]) -> Result<u64, Failure> {
    let on = |path: &&PathBuf| fs::metadata(path).is_ok_and(|about| about.dev() == room.device);
    if let Some(path) = spared.iter().find(on) {
        let what = format!("{} is on the same file system as {}: that is never filled", path.display(), room.folder.display());
        return Err(Failure::refused(what).mend("--folder names one on another file system"));
    }
    let take = room.free.saturating_sub(least(room));
    if take == 0 {
        let what = format!("{} are free on the file system of {}", bytes(room.free), room.folder.display());
        return Err(Failure::refused(format!(
            "{what}: {} are left at the least, so there is nothing to fill",
            bytes(least(room))
        )));
    }
    Ok(take)
}

/// What is left at the least, in bytes.
fn least(room: &Room) -> u64 {
    if room.size <= SMALL && room.is_whole() { 0 } else { ((room.size as f64 * LEFT) as u64).max(LEAST) }
}

/// The folders on whose file systems nothing is filled.
fn spared(args: &Fill) -> Result<Vec<PathBuf>, Failure> {
    let journals = JOURNALS.iter().map(PathBuf::from);
    Ok(args.spare.iter().cloned().chain(journals).chain(write_ahead_logs()?).collect())
}

/// Where every PostgreSQL of this host writes its WAL: its postmaster works in its data's folder.
fn write_ahead_logs() -> Result<Vec<PathBuf>, Failure> {
    let mut found = Vec::new();
    for process in process::all().into_iter().map(|seen| seen.process) {
        let name = fs::read_to_string(format!("/proc/{}/comm", process.pid)).unwrap_or_default();
        let (is_postgres, folder) = (["postgres", "postmaster"].contains(&name.trim()), process.folder());
        match folder {
            Some(folder) if is_postgres => found.push(log_of(process.pid, &folder)),
            None if is_postgres && process.alive() => {
                let what = format!("where PostgreSQL (process {}) has its WAL is not told to this user", process.pid);
                return Err(Failure::new(FailureKind::Denied, what).mend("run the drill as root, or as the user of that process"));
            }
            _ => {}
        }
    }
    found.sort();
    found.dedup();
    Ok(found)
}

/// As this process sees it: that of a container is somewhere else.
fn log_of(pid: u32, folder: &Path) -> PathBuf {
    let path = PathBuf::from(format!("/proc/{pid}/cwd/pg_wal"));
    if path.exists() { path } else { folder.to_owned() }
}

/// Returns when others have filled half of what was left to them.
async fn crowded(folder: PathBuf, least: u64) -> Failure {
    loop {
        sleep(OFTEN).await;
        match Room::of(&Disk::Folder(folder.clone())) {
            Ok(room) if room.free >= least => {}
            Ok(room) => {
                let what =
                    format!("only {} are left on the file system of {}: it was let go", bytes(room.free), folder.display());
                return Failure::new(FailureKind::Full, what);
            }
            Err(failure) => return failure,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn room(size: u64, free: u64) -> Room {
        Room { folder: "/srv".into(), device: u64::MAX, size, free }
    }

    #[test]
    fn what_must_be_left_is_left() {
        let gib = 1 << 30;
        assert_eq!(take(&room(10 * gib, 5 * gib), &[]).unwrap(), 3 * gib, "2 GiB at the least");
        assert_eq!(take(&room(100 * gib, 50 * gib), &[]).unwrap(), 45 * gib, "or a twentieth");
        let refused = take(&room(100 * gib, 4 * gib), &[]).unwrap_err();
        assert!(refused.what.contains("nothing to fill"), "{refused}");
    }

    #[test]
    fn where_something_precious_lies_nothing_is_filled() {
        let here = tempfile::tempdir().unwrap();
        let device = fs::metadata(here.path()).unwrap().dev();
        let room = Room { device, ..room(100 << 30, 50 << 30) };
        let refused = take(&room, &[here.path().to_owned()]).unwrap_err();
        assert!(refused.what.contains("is on the same file system as /srv"), "{refused}");
    }
}
