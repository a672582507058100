//! Somebody else's backups: files in a folder or a bucket, as they lie there. They are only ever read.

use std::ops::Range;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::domain::time::Stamp;
use crate::ports::Promise;

/// A file of a trove.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// Its path in the trove, with slashes.
    pub path: String,
    /// Its size.
    pub bytes: u64,
    /// When it was written last, by the store's clock.
    pub modified: Option<Stamp>,
}

impl Listed {
    /// The last part of its path.
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// What stands before that; empty at the top.
    pub fn folder(&self) -> &str {
        self.path.rsplit_once('/').map_or("", |(folder, _)| folder)
    }
}

/// A folder or a bucket with somebody else's files.
pub trait Trove: Send + Sync {
    /// Every file at any depth, by path. Links are not followed: what they point at is listed where it lies.
    fn list(&self) -> Promise<'_, Vec<Listed>>;

    /// A part of a file; less than was asked for only where it ends there.
    fn read<'a>(&'a self, path: &'a str, range: Range<u64>) -> Promise<'a, Bytes>;

    /// How people call a file: its whole path, or `s3://bucket/key`.
    fn told(&self, path: &str) -> String;
}
