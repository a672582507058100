//! A file system as a process finds it that wants to hold part of it: where it is, how full, and a file without a name, which is gone
//! with the process.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{OFlags, statvfs};

use crate::adapters::process::Process;
use crate::domain::chaos::hold::Disk;
use crate::domain::failure::{Failure, FailureKind};

/// A folder on a file system.
pub struct Room {
    /// The folder.
    pub folder: PathBuf,
    /// Which file system it is on.
    pub device: u64,
    /// How large that is, in bytes.
    pub size: u64,
    /// How much of it may still be written, in bytes.
    pub free: u64,
}

impl Room {
    /// Where that is, as it is now.
    pub fn of(disk: &Disk) -> Result<Self, Failure> {
        let folder = match disk {
            Disk::Folder(folder) => folder.clone(),
            Disk::Of(file) => works_in(file)?,
        };
        let at = |e: std::io::Error| Failure { what: format!("{}: {e}", folder.display()), ..e.into() };
        let (about, system) = (fs::metadata(&folder).map_err(at)?, statvfs(&folder).map_err(|e| at(e.into()))?);
        let (size, free) = (system.f_blocks * system.f_frsize, system.f_bavail * system.f_frsize);
        Ok(Self { device: about.dev(), size, free, folder })
    }

    /// Whether the folder is the file system's own root.
    pub fn is_whole(&self) -> bool {
        let above = self.folder.parent().and_then(|above| fs::metadata(above).ok());
        above.is_some_and(|above| above.dev() != self.device)
    }

    /// A file on it that has no name: the kernel frees it with the process that holds it.
    pub fn file(&self) -> Result<File, Failure> {
        let flags = OFlags::TMPFILE.bits().cast_signed();
        let opened = OpenOptions::new().read(true).write(true).mode(0o600).custom_flags(flags).open(&self.folder);
        opened.map_err(|e| {
            let what = format!("{}: no file without a name can be made there: {e}", self.folder.display());
            Failure { what, ..e.into() }
        })
    }
}

/// Where a process works, whose number is in a file.
fn works_in(file: &Path) -> Result<PathBuf, Failure> {
    let text = fs::read_to_string(file).map_err(|e| Failure { what: format!("{}: {e}", file.display()), ..e.into() })?;
    let process = text.lines().next().and_then(|line| line.trim().parse().ok()).and_then(Process::of);
    let gone = || Failure::new(FailureKind::Unavailable, format!("{}: no process of this number runs", file.display()));
    let denied = |process: Process| {
        let what = format!("where process {} works is not told to this user", process.pid);
        Failure::new(FailureKind::Denied, what).mend("run the drill as root, or as the user of that process")
    };
    let process = process.ok_or_else(gone)?;
    process.folder().ok_or_else(|| denied(process))
}
