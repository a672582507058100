//! What the steps of a backup hand each other: copy the files, read them back, publish the manifest, prove.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::domain::access::Access;
use crate::domain::backup::policy::Policy;
use crate::domain::backup::{BackupId, Census, FileFacts, Method, Origin, Proof};
use crate::domain::job::Progress;
use crate::domain::name::Name;
use crate::domain::plan::{Revert, StepId, StepSpec};
use crate::domain::repository::RepositorySpec;
use crate::domain::time::{Stamp, human};

/// The arguments of a step that copies a service's data into a repository.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CopyArgs {
    /// The backup's id, chosen when the plan was made.
    pub backup: BackupId,
    /// The environment.
    pub environment: Name,
    /// The service.
    pub service: Name,
    /// How it is reached.
    pub access: Access,
    /// How it is backed up.
    pub policy: Policy,
    /// Which of the policy's methods.
    pub method: Method,
    /// Where to.
    pub repository: RepositorySpec,
    /// What [`Origin::system`] must be: the target that was confirmed.
    pub system: String,
}

/// What a step that copies tells: all of the manifest that it knows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Copied {
    /// What was backed up.
    pub origin: Origin,
    /// When copying began.
    pub began: Stamp,
    /// The moment the data is of.
    pub consistent: Stamp,
    /// The files, complete and durable, in the order they were written.
    pub files: Vec<FileFacts>,
    /// What was counted in the very state that was saved.
    pub census: Census,
    /// The tools and their versions.
    pub tools: BTreeMap<String, String>,
}

/// The arguments of the steps that act on the files of a backup that is being made: read back, publish, sweep.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DraftArgs {
    /// Which backup.
    pub backup: BackupId,
    /// Where it is.
    pub repository: RepositorySpec,
    /// The step that copied, whose output is [`Copied`].
    pub copied: StepId,
    /// How it was copied.
    pub method: Method,
}

/// The arguments of a step that proves a backup.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProveArgs {
    /// Which backup.
    pub backup: BackupId,
    /// Where it is.
    pub repository: RepositorySpec,
    /// Where its service's tools run: there the scratch server runs too.
    pub access: Access,
    /// What must hold in what was restored.
    pub policy: Policy,
}

/// The arguments of the steps that remove: `sweep` what is no backup, `prune` what retention no longer wants.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SweepArgs {
    /// Which.
    pub backups: Vec<BackupId>,
    /// Where they are.
    pub repository: RepositorySpec,
}

impl CopyArgs {
    /// What takes back a copy that does not become a backup: the undo of every step that copies.
    pub fn undo(&self) -> Vec<StepSpec> {
        let args = SweepArgs { backups: vec![self.backup.clone()], repository: self.repository.clone() };
        let title = format!("Remove what {} left in {}", self.backup, self.repository.name);
        vec![step(StepId(0), "sweep", title, &args)]
    }
}

/// A step that takes seconds and is not undone; the caller changes what differs.
pub fn step(id: StepId, kind: &str, title: String, args: &impl Serialize) -> StepSpec {
    let minutes = Duration::from_secs(300);
    let args = serde_json::to_value(args).unwrap_or_default();
    StepSpec { id, kind: kind.to_owned(), title, args, deadline: minutes, stall: minutes, revert: Revert::Never }
}

/// Progress over files as they lie in a repository, none read yet.
pub fn progress(files: &[FileFacts]) -> Progress {
    Progress { total: Some(files.iter().map(|file| file.bytes).sum()), ..Progress::default() }
}

/// What a step that proves tells. That a backup is not proved is a result, not a failure of the step: the proof that failed is
/// recorded, and [`VerdictArgs`]' step fails the job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Judged {
    /// Which backup.
    pub backup: BackupId,
    /// Whether it is proved.
    pub proved: bool,
    /// What was seen: counts; or the first check that failed, with its cause.
    pub words: String,
}

impl Judged {
    /// What a proof says.
    pub fn of(proof: &Proof) -> Self {
        let words = match proof.cause() {
            Some(check) => format!("{}: {}", check.name, check.detail),
            None => format!("{} to restore, {} checks", human(proof.restore), proof.checks.len()),
        };
        Self { backup: proof.backup.clone(), proved: proof.is_good(), words }
    }
}

/// The arguments of the step that judges all the proofs of a job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VerdictArgs {
    /// The steps that proved; each tells a [`Judged`].
    pub proofs: Vec<StepId>,
}
