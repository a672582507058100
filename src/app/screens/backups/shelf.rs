//! A shelf: one service's backups in one repository, and how they stand against what its team promised.

use std::time::Duration;

use crate::app::model::Shared;
use crate::app::need::{Data, Source};
use crate::domain::backup::BackupId;
use crate::domain::backup::catalogue::{Catalogue, Entry, Orphan, Standing};
use crate::domain::backup::policy::Policy;
use crate::domain::name::Name;
use crate::domain::time::Stamp;

/// One service's backups in one repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shelf {
    /// Where they lie.
    pub repository: Name,
    /// Where the service runs: not always the environment that is open, for repositories can be shared.
    pub environment: Name,
    /// Whose they are.
    pub service: Name,
}

/// One thing on a shelf.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Lying<'a> {
    /// A backup.
    Backup(&'a Entry),
    /// Files without a manifest.
    Orphan(&'a Orphan),
}

impl<'a> Lying<'a> {
    /// What identifies it.
    pub fn id(self) -> &'a BackupId {
        match self {
            Self::Backup(entry) => &entry.manifest.id,
            Self::Orphan(orphan) => &orphan.id,
        }
    }

    /// The backup that it is.
    pub fn backup(self) -> Option<&'a Entry> {
        match self {
            Self::Backup(entry) => Some(entry),
            Self::Orphan(_) => None,
        }
    }

    /// When it was taken, or written.
    pub fn taken(self) -> Option<Stamp> {
        match self {
            Self::Backup(entry) => Some(entry.manifest.times.consistent),
            Self::Orphan(orphan) => orphan.modified,
        }
    }
}

/// How something measured stands against its target. Unknown is never well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// The repository has not answered.
    Unknown,
    /// Nothing was ever proved.
    Never,
    /// So long, of a target where there is one.
    Measured(Duration, Option<Duration>),
}

impl Clock {
    /// Whether it is within its target; unknown where there is nothing to compare.
    pub fn is_kept(self) -> Option<bool> {
        match self {
            Self::Unknown => None,
            Self::Never => Some(false),
            Self::Measured(is, target) => target.map(|target| is <= target),
        }
    }
}

/// What a repository holds, as far as it is known.
pub fn catalogue<'a>(shared: &'a Shared, repository: &Name) -> Option<&'a Catalogue> {
    match shared.store.data(&Source::Catalogue(repository.clone())) {
        Some(Data::Catalogue(catalogue)) => Some(catalogue),
        _ => None,
    }
}

/// Every shelf: what the environment backs up in the order of its configuration, then whatever else its repositories hold.
pub fn shelves(shared: &Shared) -> Vec<Shelf> {
    let env = shared.environment();
    let kept = env.services.iter().filter_map(|service| Some((service, service.backup.as_ref()?)));
    let mut shelves: Vec<Shelf> = kept
        .map(|(service, policy)| Shelf {
            repository: policy.repository.clone(),
            environment: env.name.clone(),
            service: service.name.clone(),
        })
        .collect();
    for spec in &env.repositories {
        let entries = catalogue(shared, &spec.name).map_or(&[][..], |catalogue| &catalogue.entries);
        for source in entries.iter().map(|entry| &entry.manifest.source) {
            let (environment, service) = (source.environment.clone(), source.service.clone());
            let shelf = Shelf { repository: spec.name.clone(), environment, service };
            if !shelves.contains(&shelf) {
                shelves.push(shelf);
            }
        }
    }
    shelves
}

/// The shelf that a service of the open environment is backed up to.
pub fn of_service(shared: &Shared, service: &Name) -> Option<Shelf> {
    shelves(shared).into_iter().find(|shelf| shelf.service == *service && policy(shared, shelf).is_some())
}

/// How a shelf's service is backed up to it; none for what only lies there.
pub fn policy<'a>(shared: &'a Shared, shelf: &Shelf) -> Option<&'a Policy> {
    let env = shared.environment();
    let service = env.services.iter().find(|service| env.name == shelf.environment && service.name == shelf.service)?;
    service.backup.as_ref().filter(|policy| policy.repository == shelf.repository)
}

/// The backups of a shelf, the newest first.
pub fn backups<'a>(shared: &'a Shared, shelf: &Shelf) -> Vec<&'a Entry> {
    let entries = catalogue(shared, &shelf.repository).map_or(&[][..], |catalogue| &catalogue.entries);
    let source = |entry: &Entry| {
        let source = &entry.manifest.source;
        source.environment == shelf.environment && source.service == shelf.service
    };
    entries.iter().filter(|entry| source(entry)).collect()
}

/// Everything on a shelf, the newest first: an orphan stands where it would have stood as a backup.
pub fn lying<'a>(shared: &'a Shared, shelf: &Shelf) -> Vec<Lying<'a>> {
    let orphans = catalogue(shared, &shelf.repository).map_or(&[][..], |catalogue| &catalogue.orphans);
    let mut orphans: Vec<&Orphan> = orphans.iter().filter(|orphan| is_of(orphan, &shelf.service)).collect();
    orphans.sort_by(|a, b| a.id.cmp(&b.id));
    let mut all = Vec::new();
    for entry in backups(shared, shelf) {
        while let Some(orphan) = orphans.pop_if(|orphan| orphan.id > entry.manifest.id) {
            all.push(Lying::Orphan(orphan));
        }
        all.push(Lying::Backup(entry));
    }
    all.extend(orphans.into_iter().rev().map(Lying::Orphan));
    all
}

/// Whose an orphan would have been is all that its id tells: `STAMP-SERVICE-METHOD-RANDOM`.
fn is_of(orphan: &Orphan, service: &Name) -> bool {
    let name = orphan.id.0.split_once('-').map_or("", |(_, rest)| rest);
    name.rsplitn(3, '-').nth(2) == Some(service.as_str())
}

/// What could be lost at most: the age of the youngest data that was proved, against the target.
pub fn rpo(shared: &Shared, shelf: &Shelf) -> Clock {
    if catalogue(shared, &shelf.repository).is_none() {
        return Clock::Unknown;
    }
    let proved = backups(shared, shelf).into_iter().filter(|entry| entry.standing() == Standing::Proved);
    let Some(youngest) = proved.map(|entry| entry.manifest.times.consistent).max() else { return Clock::Never };
    Clock::Measured(shared.now.wall.since(youngest), policy(shared, shelf).and_then(|policy| policy.rpo))
}

/// How long a restore takes: as the newest proof measured it, against the target.
pub fn rto(shared: &Shared, shelf: &Shelf) -> Clock {
    if catalogue(shared, &shelf.repository).is_none() {
        return Clock::Unknown;
    }
    let proofs = backups(shared, shelf).into_iter().flat_map(|entry| &entry.proofs).filter(|proof| proof.is_good());
    match proofs.max_by_key(|proof| proof.at) {
        Some(proof) => Clock::Measured(proof.restore, policy(shared, shelf).and_then(|policy| policy.rto)),
        None => Clock::Never,
    }
}

/// The sizes of a shelf's backups, the oldest first: those taken as its newest was, for another way has another size.
pub fn sizes(shared: &Shared, shelf: &Shelf) -> Vec<u64> {
    let backups = backups(shared, shelf);
    let Some(method) = backups.first().map(|entry| entry.manifest.method) else { return vec![] };
    backups.iter().rev().filter(|entry| entry.manifest.method == method).map(|entry| entry.bytes()).collect()
}
