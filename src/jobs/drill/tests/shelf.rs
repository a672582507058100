//! A repository of which nothing but its catalogue is read.

use crate::domain::backup::catalogue::Catalogue;
use crate::domain::backup::{BackupId, Compression, FileFacts, Manifest, Proof};
use crate::domain::repository::RepositorySpec;
use crate::ports::Promise;
use crate::ports::repository::{FileSink, Plain, Repository};

/// Where it is, and what lies there.
pub struct Shelf(pub RepositorySpec, pub Catalogue);

impl Repository for Shelf {
    fn spec(&self) -> &RepositorySpec {
        &self.0
    }

    fn catalogue(&self) -> Promise<'_, Catalogue> {
        Box::pin(async { Ok(self.1.clone()) })
    }

    fn create<'a>(&'a self, _: &'a BackupId, _: &'a str, _: &'a str, _: Compression) -> Promise<'a, Box<dyn FileSink>> {
        unreachable!()
    }

    fn check<'a>(&'a self, _: &'a BackupId, _: &'a FileFacts) -> Promise<'a, ()> {
        unreachable!()
    }

    fn open<'a>(&'a self, _: &'a BackupId, _: &'a FileFacts) -> Promise<'a, Plain> {
        unreachable!()
    }

    fn publish(&self, _: Manifest) -> Promise<'_, Manifest> {
        unreachable!()
    }

    fn attach<'a>(&'a self, _: &'a Proof) -> Promise<'a, ()> {
        unreachable!()
    }

    fn remove<'a>(&'a self, _: &'a BackupId) -> Promise<'a, ()> {
        unreachable!()
    }

    fn sweep<'a>(&'a self, _: &'a BackupId) -> Promise<'a, bool> {
        unreachable!()
    }
}
