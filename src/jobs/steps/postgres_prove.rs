//! `postgres-prove`: restores a backup of a PostgreSQL into a scratch server, and checks it.

use serde_json::Value;

use crate::domain::plan::StepSpec;
use crate::jobs::postgres::proof;
use crate::jobs::step::{Checked, Cx, StepKind, told};
use crate::jobs::steps::backup::ProveArgs;
use crate::ports::Promise;

/// The step kind.
pub const POSTGRES_PROVE: &dyn StepKind = &PostgresProve;

struct PostgresProve;

impl StepKind for PostgresProve {
    fn name(&self) -> &'static str {
        "postgres-prove"
    }

    /// A proof is a record; the scratch server goes with the step.
    fn undo<'a>(&'a self, _: &'a Cx<'a>) -> Promise<'a, Vec<StepSpec>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn run<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Value> {
        Box::pin(async move {
            let args: ProveArgs = cx.args()?;
            told(&cx.unless_cancelled(proof::prove(cx, &args)).await?)
        })
    }

    /// What a worker that died left of its scratch server is removed when it is made anew.
    fn check<'a>(&'a self, _: &'a Cx<'a>) -> Promise<'a, Checked> {
        Box::pin(async { Ok(Checked::Absent) })
    }
}
