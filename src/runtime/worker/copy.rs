//! The copy of this very program that a worker runs from: named after what it contains, so that an upgrade changes nothing under
//! a running job. Copies that no worker runs from are removed.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use sha2::{Digest as _, Sha256};

use crate::adapters::ledger::Home;
use crate::domain::failure::{Failure, FailureKind};

/// This program, whatever has become of its file since it was started.
const MYSELF: &str = "/proc/self/exe";
const PROGRAM: &str = "midwatch";

/// A copy that is in use as long as this is held.
pub struct InUse {
    /// The program.
    pub program: PathBuf,
    _lock: File,
}

/// A copy of this program below a ledger's folder, whole, and nobody's but this user's.
pub fn of_myself(home: &Home) -> Result<InUse, Failure> {
    let name = myself().map_err(|e| Failure::new(FailureKind::Io, format!("{MYSELF}: {e}")))?;
    let folder = own_folder(home)?;
    let copy = prepare(&folder, name).map_err(|e| Failure { what: format!("{}: {e}", folder.display()), ..e.into() })?;
    sweep(&folder, name);
    Ok(copy)
}

/// Holds the copy that this process runs from, so that nobody removes it; where it runs from none, nothing.
pub fn hold_mine() -> Option<File> {
    let file = File::open(std::env::current_exe().ok()?).ok()?;
    file.try_lock_shared().ok()?;
    Some(file)
}

/// What this program contains, as the hash of it; read once.
fn myself() -> io::Result<&'static str> {
    static HASH: OnceLock<String> = OnceLock::new();
    if let Some(hash) = HASH.get() {
        return Ok(hash);
    }
    let hash = hash(Path::new(MYSELF))?;
    Ok(HASH.get_or_init(|| hash))
}

fn hash(path: &Path) -> io::Result<String> {
    let mut hash = Sha256::new();
    let (mut file, mut piece) = (File::open(path)?, vec![0; 1 << 20]);
    loop {
        match file.read(&mut piece)? {
            0 => break,
            read => hash.update(&piece[..read]),
        }
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat())
}

/// `bin/UID`, this user's alone: in a shared ledger nobody may put a program there for another to run.
fn own_folder(home: &Home) -> Result<PathBuf, Failure> {
    let me = rustix::process::geteuid().as_raw();
    let folder = home.folder("bin")?.join(me.to_string());
    let made = DirBuilder::new().mode(0o700).create(&folder);
    let meta = match made {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => fs::symlink_metadata(&folder),
    };
    let meta = meta.map_err(|e| Failure { what: format!("{}: {e}", folder.display()), ..e.into() })?;
    if meta.is_dir() && meta.uid() == me && meta.mode() & 0o022 == 0 {
        return Ok(folder);
    }
    let what = format!("{}: somebody else may write there, so nothing is run from it", folder.display());
    Err(Failure::new(FailureKind::Refused, what).mend(format!("rm -r {}", folder.display())))
}

fn prepare(folder: &Path, name: &str) -> io::Result<InUse> {
    let program = folder.join(name).join(PROGRAM);
    loop {
        if !program.exists() {
            make(folder, name)?;
        }
        let lock = File::open(&program)?;
        lock.lock_shared()?;
        // Whoever swept may have been quicker.
        if fs::metadata(&program).is_ok_and(|meta| lock.metadata().is_ok_and(|mine| mine.ino() == meta.ino())) {
            return Ok(InUse { program, _lock: lock });
        }
    }
}

/// Whole before it has its name.
fn make(folder: &Path, name: &str) -> io::Result<()> {
    let draft = tempfile::Builder::new().prefix(".new-").tempdir_in(folder)?;
    let program = draft.path().join(PROGRAM);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o700).open(&program)?;
    io::copy(&mut File::open(MYSELF)?, &mut file)?;
    file.sync_all()?;
    drop(file);
    if hash(&program)? != name {
        return Err(io::Error::other("the copy of this program is not what was copied"));
    }
    match fs::rename(draft.path(), folder.join(name)) {
        Err(_) if folder.join(name).join(PROGRAM).exists() => Ok(()),
        renamed => renamed.map(|()| drop(draft.keep())),
    }
}

/// Removes the other copies that no worker runs from. What cannot be removed now will be another time.
fn sweep(folder: &Path, mine: &str) {
    let others = fs::read_dir(folder).into_iter().flatten().flatten();
    for other in others.filter(|other| other.file_name() != mine) {
        let program = other.path().join(PROGRAM);
        let unused = File::open(&program).is_ok_and(|file| !matches!(file.try_lock(), Err(TryLockError::WouldBlock)));
        if unused {
            drop(fs::remove_dir_all(other.path()));
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn home() -> (tempfile::TempDir, Home) {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::find(Some(folder.path())).unwrap();
        (folder, home)
    }

    /// Another version's copy, as it lies there.
    fn older(home: &Home) -> PathBuf {
        let folder = own_folder(home).unwrap().join("0ld");
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join(PROGRAM), "old").unwrap();
        folder
    }

    #[test]
    fn a_worker_runs_from_a_copy_that_is_named_after_what_it_contains() {
        let (_folder, home) = home();
        let copy = of_myself(&home).unwrap();
        assert_eq!(copy.program.parent().unwrap().file_name().unwrap().to_str().unwrap(), hash(&copy.program).unwrap());
        assert_eq!(fs::read(&copy.program).unwrap(), fs::read(MYSELF).unwrap());
        assert_eq!(of_myself(&home).unwrap().program, copy.program);
    }

    #[test]
    fn copies_that_no_worker_runs_from_are_removed() {
        let (_folder, home) = home();
        let old = older(&home);
        let used = File::open(old.join(PROGRAM)).unwrap();
        used.lock_shared().unwrap();
        of_myself(&home).unwrap();
        assert!(old.exists(), "a worker runs from it");
        drop(used);
        of_myself(&home).unwrap();
        assert!(!old.exists());
    }

    #[test]
    fn nothing_is_run_from_where_others_may_write() {
        let (_folder, home) = home();
        let folder = own_folder(&home).unwrap();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o770)).unwrap();
        assert_eq!(of_myself(&home).map(drop).unwrap_err().kind, FailureKind::Refused);
    }
}
