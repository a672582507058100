//! A repository of backups, as jobs use it.

use bytes::Bytes;
use tokio::io::AsyncRead;

use crate::domain::backup::catalogue::Catalogue;
use crate::domain::backup::{BackupId, Compression, FileFacts, Manifest, Proof};
use crate::domain::repository::RepositorySpec;
use crate::ports::Promise;

/// Bytes as a tool wrote them: decrypted and decompressed.
pub type Plain = Box<dyn AsyncRead + Send + Unpin>;

/// Where backups live.
pub trait Repository: Send + Sync {
    /// As it is configured.
    fn spec(&self) -> &RepositorySpec;

    /// What lies there.
    fn catalogue(&self) -> Promise<'_, Catalogue>;

    /// Begins a file of a backup that has no manifest yet. `role` as in [`FileFacts::role`]; the name gets `.zst`, `.gz` and
    /// `.age` as it must. Refused where the backup exists.
    fn create<'a>(
        &'a self,
        id: &'a BackupId,
        name: &'a str,
        role: &'a str,
        compression: Compression,
    ) -> Promise<'a, Box<dyn FileSink>>;

    /// Reads a file back as it lies there and compares hashes and sizes. A difference is [`Damaged`] and tells file, offset and
    /// what is wrong there.
    ///
    /// [`Damaged`]: crate::domain::failure::FailureKind::Damaged
    fn check<'a>(&'a self, id: &'a BackupId, file: &'a FileFacts) -> Promise<'a, ()>;

    /// Opens a file. Reading fails at the first block whose hash is wrong, telling file and offset, and at the end when the
    /// whole is not what its facts say: bytes that were read are only to be trusted once the end was reached.
    fn open<'a>(&'a self, id: &'a BackupId, file: &'a FileFacts) -> Promise<'a, Plain>;

    /// Makes a backup exist: gives the manifest its sequence, seals it with this host's key and writes it last. Refused where any
    /// of its files is missing or of another size.
    fn publish(&self, manifest: Manifest) -> Promise<'_, Manifest>;

    /// Writes a proof beside its backup, sealed.
    fn attach<'a>(&'a self, proof: &'a Proof) -> Promise<'a, ()>;

    /// Removes a backup: its manifest first, so that it never exists in part. What is not there is no failure.
    fn remove<'a>(&'a self, id: &'a BackupId) -> Promise<'a, ()>;

    /// Removes what a backup that did not come to be left behind. Says whether it did: one that exists is left alone, and it fails
    /// where that cannot be told.
    fn sweep<'a>(&'a self, id: &'a BackupId) -> Promise<'a, bool>;
}

/// A file that is being written. Dropped before [`finish`](Self::finish), nothing of it gets its final name and no part of an
/// upload is kept, as far as that can be helped.
pub trait FileSink: Send {
    /// Takes bytes as the tool writes them; waits while too many are under way, so that memory stays small.
    fn write(&mut self, bytes: Bytes) -> Promise<'_, ()>;

    /// Completes the file durably under its final name.
    fn finish(self: Box<Self>) -> Promise<'static, FileFacts>;
}
