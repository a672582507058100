//! A shop's repository, and backups in it.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use midwatch::adapters::repository::{SealKey, open};
use midwatch::domain::backup::{BackupId, Census, Compression, FORMAT, FileFacts, Made, Manifest, Method, Origin, Times};
use midwatch::domain::failure::Failure;
use midwatch::domain::repository::{Keep, RepositoryPlace, RepositorySpec};
use midwatch::domain::time::Stamp;
use midwatch::ports::repository::Repository;
use tokio::io::AsyncReadExt;

/// A tenth of the trials, unless all were asked for.
pub fn trials(all: usize) -> usize {
    if std::env::var_os("MIDWATCH_SOAK").is_some() { all } else { all.div_ceil(10) }
}

pub fn key(byte: u8) -> SealKey {
    SealKey::new([byte; 32])
}

pub fn spec(folder: &Path) -> RepositorySpec {
    RepositorySpec {
        name: "main".into(),
        place: RepositoryPlace::Folder(folder.to_owned()),
        encrypt: vec![],
        identity: None,
        keep: Keep::default(),
    }
}

pub async fn folder(path: &Path) -> Arc<dyn Repository> {
    open(&spec(path), Some(key(1))).await.unwrap()
}

pub fn id(text: &str) -> BackupId {
    BackupId(text.to_owned())
}

/// Bytes that nothing makes smaller, the same for each seed.
pub fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    fastrand::Rng::with_seed(seed).fill(&mut bytes);
    bytes
}

pub async fn save(
    repository: &dyn Repository,
    of: &str,
    name: &str,
    compression: Compression,
    plain: &[u8],
) -> Result<FileFacts, Failure> {
    let mut sink = repository.create(&id(of), name, name, compression).await?;
    for piece in plain.chunks(256 << 10) {
        sink.write(Bytes::copy_from_slice(piece)).await?;
    }
    sink.finish().await
}

/// A backup with these files, published.
pub async fn publish(repository: &dyn Repository, of: &str, files: Vec<FileFacts>) -> Result<Manifest, Failure> {
    repository.publish(manifest(of, files)).await
}

pub fn manifest(of: &str, files: Vec<FileFacts>) -> Manifest {
    let source = Origin {
        environment: "production".into(),
        service: "shop-db".into(),
        flavour: "postgresql".into(),
        version: "15.14".into(),
        system: "7312".into(),
        address: "db-1:5432".into(),
    };
    Manifest {
        format: FORMAT,
        id: id(of),
        sequence: 0,
        source,
        method: Method::Logical,
        times: Times { began: Stamp(1), consistent: Stamp(2), ended: Stamp(3) },
        files,
        census: Census::None,
        made: Made::default(),
    }
}

/// A file as it was saved, or why it cannot be had.
pub async fn read(repository: &dyn Repository, of: &str, file: &FileFacts) -> Result<Vec<u8>, Failure> {
    let mut plain = Vec::new();
    repository.open(&id(of), file).await?.read_to_end(&mut plain).await?;
    Ok(plain)
}
