//! What a repository holds, as it was found.

use std::time::Duration;

use crate::domain::backup::{BackupId, Manifest, Proof};
use crate::domain::name::Name;
use crate::domain::time::Stamp;

/// For how long files without a manifest are taken for what a job may still be writing.
const WRITTEN: Duration = Duration::from_secs(2 * 86_400);

/// Everything that lies in a repository.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Catalogue {
    /// The backups, the newest first, by their sequence.
    pub entries: Vec<Entry>,
    /// What belongs to no backup.
    pub orphans: Vec<Orphan>,
}

/// A backup and what is known of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// What it is.
    pub manifest: Manifest,
    /// The hash of the manifest as it lies there.
    pub manifest_sha256: String,
    /// Whether midwatch wrote that manifest.
    pub attestation: Attestation,
    /// Its proofs, the newest first; only those of this very manifest and with a seal that holds.
    pub proofs: Vec<Proof>,
}

/// Whether a manifest's seal holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attestation {
    /// It was written with a key that this host has.
    Attested,
    /// It was sealed with a key that this host does not have, whose name this is: another bastion's. It can be proved again.
    Unattested(String),
    /// It was edited after it was sealed.
    Forged,
}

/// What a backup's word is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// Restored and checked.
    Proved,
    /// Written whole and read back; never restored.
    ChecksumOnly,
    /// The newest proof failed.
    Failed,
    /// Its manifest was edited.
    Forged,
}

impl Standing {
    /// The words of the screen.
    pub fn words(self) -> &'static str {
        match self {
            Self::Proved => "proved",
            Self::ChecksumOnly => "checksum only",
            Self::Failed => "proof failed",
            Self::Forged => "manifest edited",
        }
    }
}

impl Entry {
    /// What its word is worth.
    pub fn standing(&self) -> Standing {
        match (&self.attestation, self.proofs.first()) {
            (Attestation::Forged, _) => Standing::Forged,
            (_, Some(proof)) if proof.is_good() => Standing::Proved,
            (_, Some(_)) => Standing::Failed,
            (_, None) => Standing::ChecksumOnly,
        }
    }

    /// Its size as it lies there.
    pub fn bytes(&self) -> u64 {
        self.manifest.files.iter().map(|file| file.bytes).sum()
    }

    /// The RTO that its newest good proof measured.
    pub fn restore(&self) -> Option<Duration> {
        self.proofs.iter().find(|proof| proof.is_good()).map(|proof| proof.restore)
    }
}

impl Catalogue {
    /// A backup by its id.
    pub fn find(&self, id: &BackupId) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.manifest.id == *id)
    }

    /// The backups of a service, the newest first.
    pub fn of<'a>(&'a self, environment: &'a Name, service: &'a Name) -> impl Iterator<Item = &'a Entry> {
        self.entries
            .iter()
            .filter(move |entry| entry.manifest.source.service == *service && entry.manifest.source.environment == *environment)
    }
}

/// Files without a manifest: what a backup that did not end left behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Orphan {
    /// Whose they would have been.
    pub id: BackupId,
    /// How many.
    pub files: usize,
    /// Their size together.
    pub bytes: u64,
    /// When the youngest was written, by the store's clock.
    pub modified: Option<Stamp>,
    /// Whether a job that still runs is writing them. The repository cannot tell: whoever knows the jobs fills it in.
    pub live: bool,
    /// Why the manifest that is there cannot be read: it is damaged, another's, or a later midwatch's. Such a one may hold good
    /// files, and is removed only by its name.
    pub why: Option<String>,
    /// Whether that is because the repository does not give what lies there: it may be a good backup, and nothing removes it.
    pub unread: bool,
}

impl Orphan {
    /// Whether a job of another host or ledger, which cannot be asked here, may still be writing it.
    pub fn is_fresh(&self, now: Stamp) -> bool {
        self.modified.is_none_or(|at| now.since(at) < WRITTEN)
    }
}
