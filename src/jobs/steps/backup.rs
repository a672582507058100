//! What the steps of a backup hand each other: copy the files, read them back, publish the manifest, prove.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::access::Access;
use crate::domain::backup::policy::Policy;
use crate::domain::backup::{BackupId, Census, FileFacts, Method, Origin};
use crate::domain::name::Name;
use crate::domain::plan::StepId;
use crate::domain::repository::RepositorySpec;
use crate::domain::time::Stamp;

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
