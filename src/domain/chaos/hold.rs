//! A fault that exists only as long as a process holds it: memory, processors, a full disk, a lock. Plain data: what is held, and
//! nothing of how.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::control::ControlSpec;
use crate::domain::name::Name;

/// What is held. Frozen into plans: places and references, no secret.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Held {
    /// The word of its kind: `memory`.
    pub kind: Name,
    /// What that kind is told.
    pub args: Value,
}

/// Where something is held that all who are there share.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Seat {
    /// On this host.
    Host,
    /// Within the limits of one container on this host; its control means no other.
    Container(ControlSpec),
}

/// What `memory` is told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Memory {
    /// Where.
    pub seat: Seat,
    /// How much of what is available there, of 1; never more than half is taken.
    pub share: f64,
    /// Never more than so many bytes.
    pub most: u64,
}

/// What `cpu` is told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cpu {
    /// Where.
    pub seat: Seat,
    /// How much of every processor, of 1.
    pub load: f64,
}

/// Which file system is meant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Disk {
    /// That of a folder.
    Folder(PathBuf),
    /// That of the folder in which a process works, whose number is in this file.
    Of(PathBuf),
}

/// What `io` is told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Io {
    /// Where it writes.
    pub disk: Disk,
}

/// What `disk` is told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fill {
    /// What is filled.
    pub disk: Disk,
    /// Folders on whose file systems it never is: backups, the ledger.
    pub spare: Vec<PathBuf>,
}

/// What `proxy` is told.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SlowLine {
    /// Where it listens, on the loopback interface only.
    pub listen: u16,
    /// Before which port it stands.
    pub before: u16,
    /// How long it keeps what it is told, each way.
    pub delay: Duration,
}
