//! What a repair needs before it may begin: everything that is missing is told at once, each with the command that mends it.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::domain::secret::SecretRef;

/// What must be there where midwatch runs, besides what a service's configuration already implies:
/// `[environments.NAME.services.NAME.requires]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requires {
    /// Folders on which something must be mounted.
    pub mounts: Vec<PathBuf>,
    /// Programs that must be found.
    pub programs: Vec<String>,
    /// Files that must be readable.
    pub files: Vec<PathBuf>,
}

/// One thing that must be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Prerequisite {
    /// An environment variable that is set.
    Variable(String),
    /// A folder on which something is mounted.
    Mount(PathBuf),
    /// A program in `PATH`, or at its path, that may be run.
    Program(String),
    /// A file that can be read.
    File(PathBuf),
    /// A secret that can be had.
    Secret(SecretRef),
}

/// Something that is missing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lack {
    /// What, and what needs it.
    pub what: String,
    /// The command that mends it.
    pub mend: String,
}

impl fmt::Display for Lack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} — {}", self.what, self.mend)
    }
}
