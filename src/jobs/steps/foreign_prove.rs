//! `foreign-prove`: proves an adopted backup by restoring it. That it cannot be proved is a result, which `verdict` judges.

use serde_json::Value;

use crate::domain::plan::StepSpec;
use crate::jobs::foreign::prove;
use crate::jobs::step::{Checked, Cx, StepKind, told};
use crate::jobs::steps::backup::ProveArgs;
use crate::ports::Promise;

/// The step kind.
pub const FOREIGN_PROVE: &dyn StepKind = &ForeignProve;

struct ForeignProve;

impl StepKind for ForeignProve {
    fn name(&self) -> &'static str {
        "foreign-prove"
    }

    fn undo<'a>(&'a self, _: &'a Cx<'a>) -> Promise<'a, Vec<StepSpec>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn run<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Value> {
        Box::pin(async move {
            let args: ProveArgs = cx.args()?;
            told(&cx.unless_cancelled(prove::prove(cx, &args)).await?)
        })
    }

    /// A scratch server that was left is removed by the next one.
    fn check<'a>(&'a self, _: &'a Cx<'a>) -> Promise<'a, Checked> {
        Box::pin(async { Ok(Checked::Absent) })
    }
}
