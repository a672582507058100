//! The files in which faults and their ends are written down, one for each kind.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::adapters::process::Process;
use crate::demo::faults::{Ended, FaultKind};

/// The latest fault of its kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// What.
    pub what: FaultKind,
    /// For how many seconds.
    pub seconds: u64,
    /// The process that ends it.
    pub ender: Process,
    /// When that was ready to, in milliseconds since 1970.
    pub armed_at_ms: u64,
    /// How it ended.
    pub ended: Option<Ended>,
}

impl Record {
    /// Writes it, whole or not at all. Never brings back a demo's folder that is gone.
    pub fn write(&self, dir: &Path) -> io::Result<()> {
        let folder = folder(dir);
        match fs::create_dir(&folder) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        let part = folder.join(format!("{}.part", self.what.word()));
        fs::write(&part, serde_json::to_vec_pretty(self)?)?;
        fs::rename(part, file(dir, self.what))
    }

    /// Reads the latest of a kind.
    pub fn read(dir: &Path, what: FaultKind) -> Option<Self> {
        serde_json::from_slice(&fs::read(file(dir, what)).ok()?).ok()
    }
}

/// The latest of each kind.
pub fn all(dir: &Path) -> Vec<Record> {
    FaultKind::ALL.into_iter().filter_map(|what| Record::read(dir, what)).collect()
}

/// Milliseconds since 1970.
pub fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |age| age.as_millis() as u64)
}

fn folder(dir: &Path) -> PathBuf {
    dir.join("faults")
}

fn file(dir: &Path, what: FaultKind) -> PathBuf {
    folder(dir).join(format!("{}.json", what.word()))
}
