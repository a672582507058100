//! `end`: has a fault ended now by whoever its end was armed with, and waits until that is verified.

use serde_json::{Value, json};

use crate::domain::plan::StepSpec;
use crate::jobs::step::{Checked, Cx, StepKind, told};
use crate::ports::Promise;

/// The step kind.
pub const END: &dyn StepKind = &End;

struct End;

impl StepKind for End {
    fn name(&self) -> &'static str {
        "end"
    }

    /// What was mended is not broken again.
    fn undo<'a>(&'a self, _: &'a Cx<'a>) -> Promise<'a, Vec<StepSpec>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn run<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Value> {
        Box::pin(async move {
            match cx.world.arm()?.end(cx.job).await? {
                Some(ended) => {
                    cx.reporter.log(&format!("the fault was ended, and that was verified: {}", ended.why.words()));
                    told(&ended)
                }
                None => Ok(json!(null)),
            }
        })
    }

    fn check<'a>(&'a self, _: &'a Cx<'a>) -> Promise<'a, Checked> {
        Box::pin(async { Ok(Checked::Absent) })
    }
}
