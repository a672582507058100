//! Repositories: backups in a folder or a bucket, written in one pass, sealed, and read with suspicion. What is below knows
//! either bytes and keys ([`store`]) or documents ([`shelf`], [`seal`]); here the two are joined to
//! [`ports::repository`](crate::ports::repository).

use std::collections::BTreeMap;
use std::sync::Arc;

use age::x25519::{Identity, Recipient};
use futures_util::FutureExt;
use secrecy::ExposeSecret;

use crate::adapters::repository::bucket::Bucket;
pub use crate::adapters::repository::bucket::Patience;
use crate::adapters::repository::folder::Folder;
use crate::adapters::repository::pack::{Pack, Recipe};
pub use crate::adapters::repository::seal::SealKey;
use crate::adapters::repository::shelf::Found;
use crate::adapters::repository::store::Store;
use crate::adapters::repository::unpack::{Packed, Unpacked};
use crate::adapters::secret;
use crate::domain::backup::catalogue::{Catalogue, Orphan};
use crate::domain::backup::{BackupId, Compression, FileFacts, Manifest, Method, Proof};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::repository::{RepositoryPlace, RepositorySpec};
use crate::domain::time::Stamp;
use crate::ports::Promise;
use crate::ports::repository::{FileSink, Plain, Repository};

mod blocks;
mod bucket;
mod compare;
mod folder;
mod keys;
mod pack;
mod seal;
mod shelf;
mod store;
pub mod trove;
mod unpack;

/// Opens a repository. Without a key it can be read, and everything in it is unattested; nothing can be published.
pub async fn open(spec: &RepositorySpec, key: Option<SealKey>) -> Result<Arc<dyn Repository>, Failure> {
    open_patiently(spec, key, Patience::default()).await
}

/// The same with another patience for S3 servers.
pub async fn open_patiently(
    spec: &RepositorySpec,
    key: Option<SealKey>,
    patience: Patience,
) -> Result<Arc<dyn Repository>, Failure> {
    let recipients = spec.encrypt.iter().map(|one| recipient(spec, one)).collect::<Result<_, _>>()?;
    let store: Arc<dyn Store> = match &spec.place {
        RepositoryPlace::Folder(path) => Arc::new(Folder::open(path)?),
        place @ RepositoryPlace::S3 { .. } => Arc::new(Bucket::open(place, patience).await?),
    };
    Ok(Arc::new(StoredRepository { spec: spec.clone(), store, key, recipients }))
}

fn recipient(spec: &RepositorySpec, text: &str) -> Result<Recipient, Failure> {
    let wrong = |why| Failure::new(FailureKind::Config, format!("repositories.{}.encrypt: {text:?}: {why}", spec.name));
    text.parse().map_err(|why| wrong(why).mend("age-keygen prints one: age1…"))
}

struct StoredRepository {
    spec: RepositorySpec,
    store: Arc<dyn Store>,
    key: Option<SealKey>,
    recipients: Arc<[Recipient]>,
}

impl StoredRepository {
    fn sealing(&self) -> Result<&SealKey, Failure> {
        self.key.as_ref().ok_or_else(|| {
            Failure::new(FailureKind::Denied, "this login cannot read the key that backups are sealed with")
                .mend("join the group that owns the ledger")
        })
    }

    async fn refuse_existing(&self, id: &BackupId) -> Result<(), Failure> {
        match self.store.size(&keys::manifest(id)?).await? {
            None => Ok(()),
            Some(_) => Err(Failure::new(FailureKind::Refused, format!("the backup {id} exists: it is never written again"))),
        }
    }

    /// What opens encrypted files. Read only when it is needed: the host that backs up need not have it.
    async fn identities(&self) -> Result<Vec<Identity>, Failure> {
        let name = &self.spec.name;
        let from = self.spec.identity.as_ref().ok_or_else(|| {
            Failure::new(FailureKind::Config, format!("repositories.{name}: its files are encrypted, and it has no identity"))
                .mend("identity = \"file:/etc/midwatch/age.key\"")
        })?;
        let text = secret::resolve(from).await.map_err(|e| Failure::new(FailureKind::Denied, e.to_string()))?;
        let lines = text.expose_secret().lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let read: Result<Vec<_>, _> = lines.map(str::parse).collect();
        read.map_err(|why: &str| Failure::new(FailureKind::Config, format!("{from}: this is no age identity: {why}")))
    }

    /// Whether every file lies there, as long as its facts say. Those of a foreign backup stay where they are.
    async fn refuse_incomplete(&self, manifest: &Manifest) -> Result<(), Failure> {
        if manifest.method == Method::Foreign {
            return Ok(());
        }
        let items = self.store.list(&keys::backup(&manifest.id)?).await?;
        let sizes: BTreeMap<_, _> = items.into_iter().map(|item| (item.key, item.bytes)).collect();
        for file in &manifest.files {
            let key = keys::file(&manifest.id, &file.name)?;
            let told = self.store.told(&key);
            let what = match sizes.get(&key) {
                None => format!("{told}: it is missing"),
                Some(bytes) if *bytes != file.bytes => format!("{told}: it has {bytes} bytes, {} were written", file.bytes),
                Some(_) => continue,
            };
            return Err(Failure::new(FailureKind::Damaged, what));
        }
        Ok(())
    }

    async fn put(&self, key: &str, document: &impl serde::Serialize) -> Result<(), Failure> {
        self.store.write(key, seal::seal(document, self.sealing()?)?.into()).await
    }
}

impl Repository for StoredRepository {
    fn spec(&self) -> &RepositorySpec {
        &self.spec
    }

    fn catalogue(&self) -> Promise<'_, Catalogue> {
        shelf::catalogue(&*self.store, self.key.as_ref()).boxed()
    }

    fn create<'a>(
        &'a self,
        id: &'a BackupId,
        name: &'a str,
        role: &'a str,
        compression: Compression,
    ) -> Promise<'a, Box<dyn FileSink>> {
        async move {
            self.refuse_existing(id).await?;
            let recipe = Recipe::new(name, role, compression, self.recipients.clone());
            let draft = self.store.draft(&keys::file(id, &recipe.name)?).await?;
            Ok(Box::new(Pack::new(recipe, draft)) as Box<dyn FileSink>)
        }
        .boxed()
    }

    fn check<'a>(&'a self, id: &'a BackupId, file: &'a FileFacts) -> Promise<'a, ()> {
        async move {
            let key = keys::file(id, &file.name)?;
            if compare::is_whole(&self.store, &key, file).await? {
                return Ok(());
            }
            let catalogue = self.catalogue().await?;
            Err(compare::explain(&self.store, &key, id, file, &catalogue).await?)
        }
        .boxed()
    }

    fn open<'a>(&'a self, id: &'a BackupId, file: &'a FileFacts) -> Promise<'a, Plain> {
        async move {
            let key = keys::file(id, &file.name)?;
            if self.store.size(&key).await? != Some(file.bytes) {
                self.check(id, file).await?;
            }
            let identities = if file.encrypted { self.identities().await? } else { Vec::new() };
            let told = self.store.told(&key);
            let stored = blocks::pieces(self.store.clone(), key, file.bytes);
            let packed = Packed { facts: file.clone(), told, stored, identities };
            Ok(Box::new(Unpacked::new(packed)) as Plain)
        }
        .boxed()
    }

    fn publish(&self, manifest: Manifest) -> Promise<'_, Manifest> {
        async move {
            let _turn = self.store.turn().await?;
            self.refuse_existing(&manifest.id).await?;
            self.refuse_incomplete(&manifest).await?;
            let sequence = next_sequence(&self.catalogue().await?, manifest.times.ended);
            let manifest = Manifest { sequence, ..manifest };
            self.put(&keys::manifest(&manifest.id)?, &manifest).await?;
            Ok(manifest)
        }
        .boxed()
    }

    fn attach<'a>(&'a self, proof: &'a Proof) -> Promise<'a, ()> {
        async move { self.put(&shelf::next_proof(&*self.store, proof).await?, proof).await }.boxed()
    }

    fn remove<'a>(&'a self, id: &'a BackupId) -> Promise<'a, ()> {
        async move {
            self.store.remove(&keys::manifest(id)?).await?;
            self.store.clear(&keys::backup(id)?).await
        }
        .boxed()
    }

    fn sweep<'a>(&'a self, id: &'a BackupId) -> Promise<'a, bool> {
        async move {
            let items = self.store.list(&keys::backup(id)?).await?;
            match shelf::look(&*self.store, self.key.as_ref(), id.clone(), items).await {
                Found::Backup(_) => Ok(false),
                Found::Orphan(Orphan { unread: true, why, .. }) => {
                    let why = why.unwrap_or_default();
                    Err(Failure::new(FailureKind::Io, format!("{why}: it may be a good backup, and nothing of it is removed")))
                }
                Found::Orphan(_) => self.remove(id).await.map(|()| true),
            }
        }
        .boxed()
    }
}

/// Behind every other. What cannot be read does not tell its sequence, and would come first once it can: no repository has seen as
/// many backups as milliseconds.
fn next_sequence(catalogue: &Catalogue, now: Stamp) -> u64 {
    let newest = catalogue.entries.iter().map(|entry| entry.manifest.sequence).max().unwrap_or_default();
    let is_known = catalogue.orphans.iter().all(|orphan| orphan.why.is_none());
    let least = if is_known { 0 } else { u64::try_from(now.0).unwrap_or_default() };
    least.max(newest + 1)
}

#[cfg(test)]
mod tests;
