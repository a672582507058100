//! What routines lock and how their plans are put together.

use crate::domain::backup::BackupId;
use crate::domain::name::Name;
use crate::domain::plan::{Identity, Plan, StepSpec, VERSION};
use crate::domain::repository::RepositorySpec;
use crate::jobs::routine::Ask;

/// The lock of a backup that is being made, kept apart from those who clean up.
pub fn draft(spec: &RepositorySpec, id: &BackupId) -> String {
    format!("draft:{}/{id}", spec.place)
}

/// The lock of a repository as a whole: held while backups are removed from it.
pub fn repository(spec: &RepositorySpec) -> String {
    format!("repository:{}", spec.place)
}

/// What a job acts on; the keys are sorted, so that two jobs take them in the same order.
pub fn identity(name: Name, mut keys: Vec<String>, words: String) -> Identity {
    keys.sort();
    keys.dedup();
    Identity { name, keys, words }
}

/// A plan for what was asked.
pub fn plan(ask: &Ask<'_>, target: Identity, notes: Vec<String>, steps: Vec<StepSpec>) -> Plan {
    let site = ask.site;
    let (environment, guard) = (site.environment.clone(), site.guard);
    Plan { version: VERSION, call: ask.call.to_vec(), environment, guard, target, notes, steps }
}
