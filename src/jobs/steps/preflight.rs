//! `preflight`: refuses a drill that must not begin. What was true when the plan was made may not be any more.

use serde_json::{Value, json};

use crate::domain::failure::Failure;
use crate::domain::plan::StepSpec;
use crate::jobs::drill::{Begin, PREFLIGHT as NAME, preflight};
use crate::jobs::step::{Checked, Cx, StepKind};
use crate::ports::Promise;

/// The step kind.
pub const PREFLIGHT: &dyn StepKind = &Preflight;

struct Preflight;

impl StepKind for Preflight {
    fn name(&self) -> &'static str {
        NAME
    }

    /// It changes nothing.
    fn undo<'a>(&'a self, _: &'a Cx<'a>) -> Promise<'a, Vec<StepSpec>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn run<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Value> {
        Box::pin(async move {
            let begin: Begin = cx.args()?;
            let notes = cx.unless_cancelled(preflight::judge(cx.world, &begin)).await?;
            Ok(json!({ "notes": notes }))
        })
    }

    fn check<'a>(&'a self, _: &'a Cx<'a>) -> Promise<'a, Checked> {
        Box::pin(async { Ok::<_, Failure>(Checked::Absent) })
    }
}
