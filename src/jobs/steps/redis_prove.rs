//! `redis-prove`: restores a snapshot into a scratch server, checks it, and records the proof.

use serde_json::Value;

use crate::domain::plan::StepSpec;
use crate::jobs::redis::prove;
use crate::jobs::step::{Checked, Cx, StepKind, told};
use crate::jobs::steps::backup::{Judged, ProveArgs};
use crate::ports::Promise;

/// The step kind.
pub const REDIS_PROVE: &dyn StepKind = &RedisProve;

struct RedisProve;

impl StepKind for RedisProve {
    fn name(&self) -> &'static str {
        "redis-prove"
    }

    /// The scratch server ends with the step, or when the next one takes its folder.
    fn undo<'a>(&'a self, _: &'a Cx<'a>) -> Promise<'a, Vec<StepSpec>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn run<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Value> {
        Box::pin(async move {
            let args: ProveArgs = cx.args()?;
            let proof = cx.unless_cancelled(prove::prove(cx, &args)).await?;
            told(&Judged::of(&proof))
        })
    }

    /// Another proof does no harm.
    fn check<'a>(&'a self, _: &'a Cx<'a>) -> Promise<'a, Checked> {
        Box::pin(async { Ok(Checked::Absent) })
    }
}
