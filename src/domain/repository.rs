//! A repository: where backups live, and how long they stay. As configured; frozen into plans, without a secret.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::domain::name::Name;
use crate::domain::secret::SecretRef;

/// A repository as it is configured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepositorySpec {
    /// Its name in the configuration.
    pub name: Name,
    /// Where it is.
    pub place: RepositoryPlace,
    /// `age` recipients; files are encrypted to each of them, and to nobody where there are none.
    pub encrypt: Vec<String>,
    /// The `age` identity that opens them again, needed to prove and to restore.
    pub identity: Option<SecretRef>,
    /// What retention leaves.
    pub keep: Keep,
}

impl RepositorySpec {
    /// Every secret that it refers to, with what it is for: `s3.secret_key`.
    pub fn secrets(&self) -> Vec<(&'static str, &SecretRef)> {
        let keys = match &self.place {
            RepositoryPlace::Folder(_) => None,
            RepositoryPlace::S3 { access_key, secret_key, .. } => {
                Some([("s3.access_key", access_key), ("s3.secret_key", secret_key)])
            }
        };
        let identity = self.identity.as_ref().map(|identity| ("identity", identity));
        keys.into_iter().flatten().chain(identity).collect()
    }
}

/// Where a repository is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RepositoryPlace {
    /// A folder on this host.
    Folder(PathBuf),
    /// A bucket of an S3 server.
    S3 {
        /// The bucket.
        bucket: String,
        /// What every key begins with; empty, or without a slash at either end.
        prefix: String,
        /// `https://host:port`; Amazon's of the region where none is given.
        endpoint: Option<String>,
        /// The region.
        region: String,
        /// The access key's id.
        access_key: SecretRef,
        /// The access key's secret.
        secret_key: SecretRef,
        /// Certificates to trust instead of the system's, PEM.
        ca: Option<PathBuf>,
    },
}

/// The folder's path, or `s3://bucket/prefix`.
impl fmt::Display for RepositoryPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(path) => write!(f, "{}", path.display()),
            Self::S3 { bucket, prefix, .. } if prefix.is_empty() => write!(f, "s3://{bucket}"),
            Self::S3 { bucket, prefix, .. } => write!(f, "s3://{bucket}/{prefix}"),
        }
    }
}

/// What retention leaves of each service's backups, counted by the catalogue's order. A backup that any of these wants stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keep {
    /// The newest so many.
    pub last: u32,
    /// The newest of each of the newest so many days (UTC).
    pub daily: u32,
    /// The newest of each of the newest so many ISO weeks.
    pub weekly: u32,
    /// The newest of each of the newest so many months.
    pub monthly: u32,
    /// The newest so many *proved* ones: the floor, at least 1.
    pub proved: u32,
}

impl Default for Keep {
    fn default() -> Self {
        Self { last: 7, daily: 14, weekly: 8, monthly: 12, proved: 2 }
    }
}
