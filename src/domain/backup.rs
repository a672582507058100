//! A backup, its manifest and its proofs: what a repository holds, as plain values that are also its files' formats.
//!
//! Everything of one backup lies in `backups/ID/`: its files as their tools write them, `manifest.json` written last, and
//! `proofs/STAMP.json`. Times are milliseconds since 1970 UTC, sizes bytes, hashes SHA-256 in lower-case hex.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::domain::name::Name;
use crate::domain::time::Stamp;

pub mod catalogue;
pub mod policy;
pub mod postgres;
pub mod redis;
pub mod retention;

/// The version of the manifests and proofs that this midwatch writes.
pub const FORMAT: u32 = 1;
/// The size of the blocks that are hashed one by one, so that damage has a place.
pub const BLOCK: u64 = 8 << 20;

/// A backup's id: `20261122T031500Z-shop-db-logical-7f3a`. Letters, digits, `.`, `_` and `-`, so it is a file name too.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BackupId(pub String);

impl fmt::Display for BackupId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// How a backup was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// PostgreSQL: `pg_dump` of each database, with the roles.
    Logical,
    /// PostgreSQL: `pg_basebackup` of the whole cluster, with the WAL it needs.
    Physical,
    /// Redis, Valkey: the RDB.
    Rdb,
    /// Somebody else's files, adopted as they are.
    Foreign,
}

impl Method {
    /// Every method.
    pub const ALL: [Self; 4] = [Self::Logical, Self::Physical, Self::Rdb, Self::Foreign];

    /// The word of the configuration, the shell and the screen.
    pub fn word(self) -> &'static str {
        match self {
            Self::Logical => "logical",
            Self::Physical => "physical",
            Self::Rdb => "rdb",
            Self::Foreign => "foreign",
        }
    }

    /// The method of a word.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.word() == word)
    }
}

/// What a backup is. It exists when this does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// [`FORMAT`].
    pub format: u32,
    /// Its id.
    pub id: BackupId,
    /// Its place in the catalogue: greater than that of every backup that was there when it was published. Order is by this, not
    /// by clocks.
    pub sequence: u64,
    /// What was backed up.
    pub source: Origin,
    /// How.
    pub method: Method,
    /// When, and the moment its data is of.
    pub times: Times,
    /// Its files, in the order they were written.
    pub files: Vec<FileFacts>,
    /// What was counted in the very state that was saved.
    pub census: Census,
    /// Who, by which job: told to people.
    pub made: Made,
}

/// What was backed up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The environment.
    pub environment: Name,
    /// The service.
    pub service: Name,
    /// `postgresql`, `redis`, `valkey`.
    pub flavour: String,
    /// The server's version as it tells it: `15.14`, `7.0.15`.
    pub version: String,
    /// What tells the server from others: PostgreSQL's system identifier, the run id of a Redis.
    pub system: String,
    /// Where it was reached.
    pub address: String,
}

impl Origin {
    /// The major version, as far as compatibility goes: `15`, `9.6`, `7`.
    pub fn major(&self) -> &str {
        let parts = if self.version.starts_with("9.") && self.flavour == "postgresql" { 2 } else { 1 };
        let end = self.version.match_indices('.').nth(parts - 1).map_or(self.version.len(), |(at, _)| at);
        &self.version[..end]
    }
}

/// When a backup was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Times {
    /// When it began.
    pub began: Stamp,
    /// The moment its data is of: what was written later is not in it.
    pub consistent: Stamp,
    /// When it ended.
    pub ended: Stamp,
}

/// Who made a backup, with what.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    /// The login.
    pub operator: String,
    /// The host whose ledger knows the job.
    pub host: String,
    /// The job's number there.
    pub job: Option<i64>,
    /// The tools and their versions: `pg_dump` to `15.14`.
    pub tools: BTreeMap<String, String>,
}

/// One file of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileFacts {
    /// Its name in the backup's folder: `shop.dump.zst`, `globals.sql.zst.age`.
    pub name: String,
    /// What it is to its kind of backup: the name of a database, `globals`, `base`, `pg_wal`, `rdb`.
    pub role: String,
    /// How it was compressed.
    pub compression: Compression,
    /// Whether it is encrypted with `age`.
    pub encrypted: bool,
    /// Its size as it lies there.
    pub bytes: u64,
    /// Its hash as it lies there.
    pub sha256: String,
    /// The first 16 hex digits of the hash of each [`BLOCK`] as it lies there.
    pub blocks: Vec<String>,
    /// The size of what the tool wrote.
    pub plain_bytes: u64,
}

/// How a file is compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Compression {
    /// Not by midwatch.
    None,
    /// `.zst`
    #[default]
    Zstd,
    /// `.gz`
    Gzip,
}

/// What was counted in the very state that was saved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "kebab-case")]
pub enum Census {
    /// A PostgreSQL's.
    Postgres(postgres::Census),
    /// A Redis's.
    Redis(self::redis::Census),
    /// Nothing was counted: the files are somebody else's.
    None,
}

/// The record that a backup was restored into a scratch server and checked, or could not be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Proof {
    /// [`FORMAT`].
    pub format: u32,
    /// Of which backup.
    pub backup: BackupId,
    /// The hash of that backup's manifest as it lay there: a proof of another manifest proves nothing.
    pub manifest_sha256: String,
    /// When it began.
    pub at: Stamp,
    /// How long the restore took until the server answered and its data was whole: the RTO measured.
    pub restore: Duration,
    /// How long all of it took, checks included.
    pub took: Duration,
    /// Every check, in order. Proved when none failed.
    pub checks: Vec<Check>,
    /// The scratch server's version.
    pub server: String,
    /// Who, by which job.
    pub made: Made,
}

impl Proof {
    /// Whether the backup is proved by this.
    pub fn is_good(&self) -> bool {
        !self.checks.is_empty() && self.checks.iter().all(|check| check.passed)
    }

    /// The first check that failed.
    pub fn cause(&self) -> Option<&Check> {
        self.checks.iter().find(|check| !check.passed)
    }
}

/// One check of a proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// What was checked: `files`, `restore`, `rows`, `amcheck`, `assertion: orders are there`.
    pub name: String,
    /// Whether it held.
    pub passed: bool,
    /// What was seen: counts; or the cause, with file and offset.
    pub detail: String,
}

impl Check {
    /// One that held.
    pub fn passed(name: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { name: name.into(), passed: true, detail: detail.into() }
    }

    /// One that did not.
    pub fn failed(name: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { name: name.into(), passed: false, detail: detail.into() }
    }
}
