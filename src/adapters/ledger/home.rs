//! The folder of a ledger: where it is, who may share it, and files and folders in it that all who share it can write.
//!
//! A shared ledger is a folder that its group may write and that hands its group on (mode 2770). Modes are set on the file
//! itself, so that no umask decides who is kept out. Knows nothing of what the files say.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{Access, AtFlags, CWD, NFS_SUPER_MAGIC, OFlags, accessat, statfs};

use crate::domain::failure::{Failure, FailureKind};

/// Where a team shares its ledger.
const SYSTEM: &str = "/var/lib/midwatch";
/// A folder that its group may write and that hands its group on.
const SHARED: u32 = 0o2070;

/// The folder of a ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home {
    path: PathBuf,
    shared: bool,
}

impl Home {
    /// The folder of this host: `chosen` (`MIDWATCH_STATE`), else `/var/lib/midwatch` where this user may write to it, else
    /// `$XDG_STATE_HOME/midwatch`. It is made where it is missing; but for the system's, which whoever installs midwatch makes.
    pub fn find(chosen: Option<&Path>) -> Result<Self, Failure> {
        match chosen {
            Some(path) => Self::at(path),
            None if is_writable(Path::new(SYSTEM)) => Self::at(Path::new(SYSTEM)),
            None => Self::at(&personal()?),
        }
    }

    fn at(path: &Path) -> Result<Self, Failure> {
        let path = std::path::absolute(path).map_err(|e| at(path, &e))?;
        if !path.exists() {
            let made = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| folder(&path, 0o700));
            made.map_err(|e| at(&path, &e))?;
        }
        let meta = fs::metadata(&path).map_err(|e| at(&path, &e))?;
        let shared = meta.mode() & SHARED == SHARED;
        if !shared && meta.uid() != rustix::process::geteuid().as_raw() {
            let what = format!("{}: it belongs to user id {}, who shares it with nobody", path.display(), meta.uid());
            let mend = format!(
                "share it: chgrp GROUP {0} && chmod 2770 {0}; or set MIDWATCH_STATE to a folder of yours",
                path.display()
            );
            return Err(Failure::new(FailureKind::Denied, what).mend(mend));
        }
        if statfs(&path).is_ok_and(|fs| fs.f_type == NFS_SUPER_MAGIC) {
            let what = format!("{}: a ledger cannot be kept on NFS, which does not lock reliably", path.display());
            return Err(Failure::new(FailureKind::Config, what).mend("set MIDWATCH_STATE to a folder on a local disk"));
        }
        Ok(Self { path, shared })
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether a group shares it.
    pub fn is_shared(&self) -> bool {
        self.shared
    }

    /// A folder below it, made where it is missing.
    pub fn folder(&self, name: impl AsRef<Path>) -> Result<PathBuf, Failure> {
        let path = self.path.join(name);
        folder(&path, if self.shared { 0o2770 } else { 0o700 }).map_err(|e| at(&path, &e))?;
        Ok(path)
    }

    /// A file below it, open for reading and writing, made empty where it is missing. It never exists with a mode that would
    /// keep others of the group out.
    pub fn file(&self, name: impl AsRef<Path>) -> Result<File, Failure> {
        let path = self.path.join(name);
        self.open(&path).map_err(|e| at(&path, &e))
    }

    fn open(&self, path: &Path) -> io::Result<File> {
        let no_link = OFlags::NOFOLLOW.bits().cast_signed();
        let existing = || OpenOptions::new().read(true).write(true).custom_flags(no_link).open(path);
        match existing() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            opened => return opened,
        }
        match self.draft(path)?.persist_noclobber(path) {
            Ok(file) => Ok(file),
            Err(lost) if lost.error.kind() == io::ErrorKind::AlreadyExists => existing(),
            Err(error) => Err(error.error),
        }
    }

    /// The same, open for appending alone: what several processes write does not overlap.
    pub fn appending(&self, name: impl AsRef<Path>) -> Result<File, Failure> {
        let file = self.file(name.as_ref())?;
        let flags = rustix::fs::fcntl_setfl(&file, OFlags::APPEND);
        flags.map_err(|e| at(&self.path.join(name), &e.into()))?;
        Ok(file)
    }

    /// Makes a file with its bytes in it, durably; fails where there is one.
    pub fn create(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut draft = self.draft(path)?;
        io::Write::write_all(&mut draft, bytes)?;
        draft.as_file().sync_all()?;
        draft.persist_noclobber(path)?;
        File::open(path.parent().unwrap_or(&self.path))?.sync_all()
    }

    /// Replaces a file by one rename: who reads it reads the old or the new.
    pub fn replace(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut draft = self.draft(path)?;
        io::Write::write_all(&mut draft, bytes)?;
        draft.persist(path)?;
        Ok(())
    }

    /// A file beside `path` that has no name of its own yet, with the mode of all files here.
    fn draft(&self, path: &Path) -> io::Result<tempfile::NamedTempFile> {
        let draft = tempfile::Builder::new().prefix(".new-").tempfile_in(path.parent().unwrap_or(&self.path))?;
        draft.as_file().set_permissions(Permissions::from_mode(if self.shared { 0o660 } else { 0o600 }))?;
        Ok(draft)
    }
}

fn folder(path: &Path, mode: u32) -> io::Result<()> {
    match DirBuilder::new().mode(mode & 0o777).create(path) {
        Ok(()) => fs::set_permissions(path, Permissions::from_mode(mode)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

fn is_writable(path: &Path) -> bool {
    path.is_dir() && accessat(CWD, path, Access::WRITE_OK | Access::EXEC_OK, AtFlags::EACCESS).is_ok()
}

fn personal() -> Result<PathBuf, Failure> {
    let absolute = |name| std::env::var_os(name).map(PathBuf::from).filter(|path: &PathBuf| path.is_absolute());
    let state = absolute("XDG_STATE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".local/state")));
    state.map(|state| state.join("midwatch")).ok_or_else(|| {
        let what =
            format!("there is no place for the ledger: {SYSTEM} cannot be written, and neither XDG_STATE_HOME nor HOME is set");
        Failure::new(FailureKind::Config, what).mend("set MIDWATCH_STATE to a folder")
    })
}

/// A failure to do with a file, which it names.
pub(super) fn at(path: &Path, error: &io::Error) -> Failure {
    let failure = Failure::from(io::Error::from(error.kind()));
    Failure { what: format!("{}: {error}", path.display()), ..failure }
}
