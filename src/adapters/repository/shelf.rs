//! What lies in a repository, read as backups, proofs and orphans.

use std::collections::BTreeMap;

use bytes::Bytes;
use futures_util::stream::{self, StreamExt};
use sha2::{Digest, Sha256};

use crate::adapters::repository::keys::{self, PROOFS, ROOT};
use crate::adapters::repository::seal::{SealKey, hex, unseal};
use crate::adapters::repository::store::{Item, Store};
use crate::domain::backup::catalogue::{Attestation, Catalogue, Entry, Orphan};
use crate::domain::backup::{BackupId, FORMAT, Manifest, Proof};
use crate::domain::failure::Failure;

/// How many documents are read at a time.
const AT_ONCE: usize = 16;
/// The longest document that is read: the manifest of a backup of some hundred terabytes.
const LONGEST: u64 = 256 << 20;

/// Everything that lies there.
pub async fn catalogue(store: &dyn Store, key: Option<&SealKey>) -> Result<Catalogue, Failure> {
    let shelves = shelves(store.list(ROOT).await?);
    let found: Vec<_> =
        stream::iter(shelves).map(|(id, items)| look(store, key, id, items)).buffer_unordered(AT_ONCE).collect().await;
    let mut catalogue = Catalogue::default();
    for one in found {
        match one {
            Found::Backup(entry) => catalogue.entries.push(*entry),
            Found::Orphan(orphan) => catalogue.orphans.push(orphan),
        }
    }
    // Two that were published at the same time by two hosts may share a sequence.
    catalogue.entries.sort_by(|a, b| (b.manifest.sequence, &b.manifest.id).cmp(&(a.manifest.sequence, &a.manifest.id)));
    catalogue.orphans.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(catalogue)
}

/// What lies under one id.
pub enum Found {
    /// A backup.
    Backup(Box<Entry>),
    /// No backup, or one that cannot be read.
    Orphan(Orphan),
}

/// What lies there, by the backup that it would belong to. What is hidden is the repository's own.
fn shelves(items: Vec<Item>) -> BTreeMap<BackupId, Vec<Item>> {
    let mut shelves: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for item in items {
        let id = item.key.split('/').nth(1).filter(|id| !id.starts_with('.'));
        if let Some(id) = id.map(|id| BackupId(id.to_owned())) {
            shelves.entry(id).or_default().push(item);
        }
    }
    shelves
}

/// One that cannot be read hides no other.
pub async fn look(store: &dyn Store, key: Option<&SealKey>, id: BackupId, items: Vec<Item>) -> Found {
    match judge(store, key, &id, &items).await {
        Ok(Ok(entry)) => Found::Backup(Box::new(entry)),
        Ok(Err(why)) => Found::Orphan(orphan(id, &items, why)),
        Err(failure) => Found::Orphan(Orphan { unread: true, ..orphan(id, &items, Some(failure.what)) }),
    }
}

/// The backup, or why there is none. It fails where that cannot be told.
async fn judge(
    store: &dyn Store,
    key: Option<&SealKey>,
    id: &BackupId,
    items: &[Item],
) -> Result<Result<Entry, Option<String>>, Failure> {
    let manifest = keys::manifest(id).ok().and_then(|key| items.iter().find(|item| item.key == key));
    let Some(item) = manifest else { return Ok(Err(None)) };
    // Its backup is being removed: what is left of it is none.
    let Some(bytes) = document(store, item).await? else { return Ok(Err(None)) };
    match read(id, &bytes, key) {
        Err(why) => Ok(Err(Some(format!("{}: {why}", store.told(&item.key))))),
        Ok((manifest, attestation)) => {
            let manifest_sha256 = hex(&Sha256::digest(&bytes));
            let proofs = proofs(store, key, id, &manifest_sha256, items).await?;
            Ok(Ok(Entry { manifest, manifest_sha256, attestation, proofs }))
        }
    }
}

/// None where another job has removed it since it was listed.
async fn document(store: &dyn Store, item: &Item) -> Result<Option<Bytes>, Failure> {
    match store.read(&item.key, 0..item.bytes.min(LONGEST)).await {
        Err(_) if store.size(&item.key).await?.is_none() => Ok(None),
        read => read.map(Some),
    }
}

fn read(id: &BackupId, bytes: &[u8], key: Option<&SealKey>) -> Result<(Manifest, Attestation), String> {
    let (manifest, attestation): (Manifest, _) = unseal(bytes, key)?;
    if manifest.format > FORMAT {
        return Err(format!("it is of format {}, which only a later midwatch knows", manifest.format));
    }
    if manifest.id != *id {
        return Err(format!("it is the manifest of another backup, {}", manifest.id));
    }
    Ok((manifest, attestation))
}

fn orphan(id: BackupId, items: &[Item], why: Option<String>) -> Orphan {
    Orphan {
        id,
        files: items.len(),
        bytes: items.iter().map(|item| item.bytes).sum(),
        modified: items.iter().filter_map(|item| item.modified).max(),
        live: false,
        why,
        unread: false,
    }
}

/// The proofs that count: of this very manifest, sealed by this host. The newest first, by their names, which only grow.
async fn proofs(
    store: &dyn Store,
    key: Option<&SealKey>,
    id: &BackupId,
    manifest: &str,
    items: &[Item],
) -> Result<Vec<Proof>, Failure> {
    let mut counting = Vec::new();
    for item in sorted(items) {
        let Some(bytes) = document(store, item).await? else { continue };
        match unseal::<Proof>(&bytes, key) {
            Ok((proof, Attestation::Attested)) if proof.backup == *id && proof.manifest_sha256 == manifest => {
                counting.push(proof);
            }
            Ok(_) => {}
            Err(why) => tracing::warn!("{}: {why}", store.told(&item.key)),
        }
    }
    Ok(counting)
}

fn sorted(items: &[Item]) -> Vec<&Item> {
    let mut proofs: Vec<_> = items.iter().filter(|item| is_proof(&item.key)).collect();
    proofs.sort_by(|a, b| b.key.cmp(&a.key));
    proofs
}

/// `backups/ID/proofs/STAMP.json`
fn is_proof(key: &str) -> bool {
    let mut parts = key.split('/').skip(2);
    parts.next() == Some(PROOFS) && parts.next().is_some_and(|name| !name.starts_with('.')) && parts.next().is_none()
}

/// The name of the next proof: its time, but always behind those that are there, whatever the clock says.
pub async fn next_proof(store: &dyn Store, proof: &Proof) -> Result<String, Failure> {
    let folder = format!("{}/{PROOFS}", keys::backup(&proof.backup)?);
    let items = store.list(&folder).await?;
    let last = sorted(&items).first().and_then(|item| item.key.rsplit('/').next()?.strip_suffix(".json")?.parse().ok());
    let stamp = proof.at.0.max(last.map_or(0, |last: i64| last + 1));
    Ok(format!("{folder}/{stamp:014}.json"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::adapters::repository::folder::Folder;

    #[tokio::test]
    async fn what_is_removed_while_it_is_listed_keeps_nobody_from_publishing() {
        let folder = tempfile::tempdir().unwrap();
        let store = Folder::open(folder.path()).unwrap();
        let id = BackupId("a".to_owned());
        let gone = |key: &str| Item { key: key.to_owned(), bytes: 9, modified: None };
        let items = vec![gone("backups/a/manifest.json"), gone("backups/a/proofs/1.json")];
        assert_eq!(proofs(&store, None, &id, "", &items).await.unwrap(), []);
        assert!(matches!(look(&store, None, id, items).await, Found::Orphan(orphan) if orphan.why.is_none()));
    }
}
