//! `postgres-base-backup`: the physical copy of a PostgreSQL's cluster into a repository.

use serde_json::Value;

use crate::domain::plan::StepSpec;
use crate::jobs::postgres::physical;
use crate::jobs::step::{Checked, Cx, StepKind, told};
use crate::jobs::steps::backup::CopyArgs;
use crate::ports::Promise;

/// The step kind.
pub const POSTGRES_BASE_BACKUP: &dyn StepKind = &PostgresBaseBackup;

struct PostgresBaseBackup;

impl StepKind for PostgresBaseBackup {
    fn name(&self) -> &'static str {
        "postgres-base-backup"
    }

    fn undo<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Vec<StepSpec>> {
        Box::pin(async { Ok(cx.args::<CopyArgs>()?.undo()) })
    }

    fn run<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Value> {
        Box::pin(async move {
            let args: CopyArgs = cx.args()?;
            // It stops by itself, for it has something to put away.
            told(&physical::copy(cx, &args).await?)
        })
    }

    /// What a worker that died left is no backup, and is written anew.
    fn check<'a>(&'a self, _: &'a Cx<'a>) -> Promise<'a, Checked> {
        Box::pin(async { Ok(Checked::Absent) })
    }
}
