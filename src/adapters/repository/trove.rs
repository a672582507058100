//! A folder or a bucket of somebody else's backups, read through the same stores as our own.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::FutureExt;

use crate::adapters::repository::bucket::{Bucket, Patience};
use crate::adapters::repository::folder::Folder;
use crate::adapters::repository::store::Store;
use crate::domain::failure::Failure;
use crate::domain::repository::RepositoryPlace;
use crate::ports::Promise;
use crate::ports::trove::{Listed, Trove};

/// Opens a folder, a bucket, or one file.
pub async fn open(place: &RepositoryPlace) -> Result<Arc<dyn Trove>, Failure> {
    Ok(match place {
        RepositoryPlace::Folder(path) => Arc::new(in_folder(path)?),
        RepositoryPlace::S3 { .. } => Arc::new(StoredTrove {
            store: Arc::new(Bucket::open(place, Patience::default()).await?),
            is_local: false,
            only: None,
        }),
    })
}

/// A path that is a file is a trove of that one.
fn in_folder(path: &Path) -> Result<StoredTrove, Failure> {
    let (root, only) = match (path.is_file(), path.parent(), path.file_name()) {
        (true, Some(root), Some(name)) => (root, Some(name.to_string_lossy().into_owned())),
        _ => (path, None),
    };
    Ok(StoredTrove { store: Arc::new(Folder::open(root)?), is_local: true, only })
}

struct StoredTrove {
    store: Arc<dyn Store>,
    is_local: bool,
    /// The one file that is meant; what is called after it is its checksum.
    only: Option<String>,
}

impl Trove for StoredTrove {
    fn list(&self) -> Promise<'_, Vec<Listed>> {
        async move {
            let mut found = Vec::new();
            for item in self.store.list("").await? {
                let is_meant = self.only.as_ref().is_none_or(|only| item.key.starts_with(only.as_str()));
                // A link has no size of its own.
                if is_meant && (!self.is_local || self.store.size(&item.key).await?.is_some()) {
                    found.push(Listed { path: item.key, bytes: item.bytes, modified: item.modified });
                }
            }
            found.sort_by(|a, b| a.path.cmp(&b.path));
            Ok(found)
        }
        .boxed()
    }

    fn read<'a>(&'a self, path: &'a str, range: Range<u64>) -> Promise<'a, Bytes> {
        self.store.read(path, range)
    }

    fn told(&self, path: &str) -> String {
        self.store.told(path)
    }
}
