//! `redis-copy`: takes a server's snapshot and writes it into a repository, counted and hashed on its way.

use serde_json::Value;

use crate::domain::plan::StepSpec;
use crate::jobs::redis::copy;
use crate::jobs::step::{Checked, Cx, StepKind, told};
use crate::jobs::steps::backup::CopyArgs;
use crate::ports::Promise;

/// The step kind.
pub const REDIS_COPY: &dyn StepKind = &RedisCopy;

struct RedisCopy;

impl StepKind for RedisCopy {
    fn name(&self) -> &'static str {
        "redis-copy"
    }

    fn undo<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Vec<StepSpec>> {
        Box::pin(async move { Ok(cx.args::<CopyArgs>()?.undo()) })
    }

    fn run<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Value> {
        Box::pin(async move {
            let args: CopyArgs = cx.args()?;
            told(&cx.unless_cancelled(copy::copy(cx, &args)).await?)
        })
    }

    /// What was copied is no backup yet, and is written anew.
    fn check<'a>(&'a self, _: &'a Cx<'a>) -> Promise<'a, Checked> {
        Box::pin(async { Ok(Checked::Absent) })
    }
}
