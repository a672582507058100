//! What holds the files of a repository: a folder or a bucket. It knows keys and bytes, and nothing of backups.

use std::io::Write;
use std::ops::Range;

use bytes::Bytes;
use tokio::task::AbortHandle;

use crate::domain::failure::Failure;
use crate::domain::time::Stamp;
use crate::ports::Promise;

/// Something that lies in a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Its key: names with slashes between.
    pub key: String,
    /// Its size.
    pub bytes: u64,
    /// When it was written, by the store's clock.
    pub modified: Option<Stamp>,
}

/// A folder or a bucket.
pub trait Store: Send + Sync {
    /// Everything under a key, at any depth, in no order.
    fn list<'a>(&'a self, under: &'a str) -> Promise<'a, Vec<Item>>;

    /// The size of what lies at a key, where something does.
    fn size<'a>(&'a self, key: &'a str) -> Promise<'a, Option<u64>>;

    /// A part of what lies at a key. Less than was asked for only where it ends there.
    fn read<'a>(&'a self, key: &'a str, range: Range<u64>) -> Promise<'a, Bytes>;

    /// Puts something small at a key, whole or not at all, and durably.
    fn write<'a>(&'a self, key: &'a str, bytes: Bytes) -> Promise<'a, ()>;

    /// Begins something large, that shall lie at a key once it is finished.
    fn draft<'a>(&'a self, key: &'a str) -> Promise<'a, Box<dyn Draft>>;

    /// Removes what lies at a key, durably. What is not there is no failure.
    fn remove<'a>(&'a self, key: &'a str) -> Promise<'a, ()>;

    /// Removes a key with everything under it. What is not there is no failure.
    fn clear<'a>(&'a self, key: &'a str) -> Promise<'a, ()>;

    /// Keeps others of this host from publishing at the same time, until it is dropped.
    fn turn(&self) -> Promise<'_, Box<dyn Send>>;

    /// How people call what lies at a key: a path or an address.
    fn told(&self, key: &str) -> String;
}

/// Something large that is being written, from a thread that may block. Its errors carry a [`Failure`]. Dropped before
/// [`finish`](Self::finish), it leaves nothing at its key.
pub trait Draft: Write + Send {
    /// Makes it lie at its key, durably.
    fn finish(self: Box<Self>) -> Result<(), Failure>;

    /// Frees a thread that waits for a server, where it may have to.
    fn abort(&self) -> Option<AbortHandle> {
        None
    }
}
