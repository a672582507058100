//! Passwords of a demo: made for it, kept in files that only its user can read, gone with its folder.

use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use crate::demo::error::DemoError;

/// Whose passwords a demo has, which are also the names of their files.
pub const OWNERS: [&str; 6] = ["postgres", "replicator", "shop", "midwatch", "exporter", "redis"];

/// The folder with one file for each owner.
#[derive(Clone, Debug)]
pub struct Secrets(PathBuf);

impl Secrets {
    /// Makes a password for each owner in a new folder.
    pub fn make(folder: PathBuf) -> Result<Self, DemoError> {
        fs::create_dir(&folder).map_err(DemoError::io(format!("making {}", folder.display())))?;
        for owner in OWNERS {
            write_private(&folder.join(owner), &random()?)?;
        }
        Ok(Self(folder))
    }

    /// Those in a folder made before.
    pub fn at(folder: PathBuf) -> Self {
        Self(folder)
    }

    /// The file with an owner's password.
    pub fn file(&self, owner: &str) -> PathBuf {
        self.0.join(owner)
    }

    /// An owner's password: letters and digits only.
    pub fn read(&self, owner: &str) -> Result<String, DemoError> {
        let file = self.file(owner);
        fs::read_to_string(&file).map_err(DemoError::io(format!("reading {}", file.display())))
    }
}

/// Writes a new file that only its owner can read.
pub fn write_private(path: &Path, text: &str) -> Result<(), DemoError> {
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(DemoError::io(format!("writing {}", path.display())))
}

fn random() -> Result<String, DemoError> {
    let mut bytes = [0_u8; 16];
    File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut bytes)).map_err(DemoError::io("reading /dev/urandom"))?;
    Ok(format!("{:032x}", u128::from_ne_bytes(bytes)))
}
