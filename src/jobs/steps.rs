//! The step kinds, one file and one line each.

use crate::jobs::step::StepKind;

pub mod adopt;
pub mod backup;
mod foreign_prove;
mod postgres_base_backup;
mod postgres_dump;
mod postgres_prove;
mod prune;
mod publish;
mod read_back;
mod redis_copy;
mod redis_prove;
mod sweep;
mod verdict;

/// Every step kind.
pub const ALL: &[&dyn StepKind] = &[
    postgres_dump::POSTGRES_DUMP,
    redis_copy::REDIS_COPY,
    redis_prove::REDIS_PROVE,
    postgres_base_backup::POSTGRES_BASE_BACKUP,
    postgres_prove::POSTGRES_PROVE,
    read_back::READ_BACK,
    publish::PUBLISH,
    sweep::SWEEP,
    prune::PRUNE,
    verdict::VERDICT,
    adopt::ADOPT,
    foreign_prove::FOREIGN_PROVE,
];

/// A step kind by its name.
pub fn find(name: &str) -> Option<&'static dyn StepKind> {
    ALL.iter().copied().find(|kind| kind.name() == name)
}
