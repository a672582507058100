//! `scale`: makes a service so many instances.

use serde_json::Value;

use crate::domain::control::{Condition, Phase};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::plan::{StepId, StepSpec};
use crate::jobs::step::{Checked, Cx, StepKind};
use crate::jobs::target::{ScaleArgs, counted, output};
use crate::ports::Promise;

/// The step kind.
pub const SCALE: &dyn StepKind = &Scale;

struct Scale;

impl StepKind for Scale {
    fn name(&self) -> &'static str {
        "scale"
    }

    /// Back to as many as there were.
    fn undo<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Vec<StepSpec>> {
        Box::pin(async move {
            let ScaleArgs { target, .. } = cx.args()?;
            let before = up(&target.control(cx.world)?.condition().await?);
            Ok(vec![target.scale(StepId(0), before)])
        })
    }

    fn run<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Value> {
        Box::pin(async move {
            let ScaleArgs { target, to } = cx.args()?;
            let control = target.control(cx.world)?;
            target.confirm_some(cx, &*control).await?;
            let asked = cx.unless_cancelled(control.scale(to)).await;
            // What a control says after it did not answer in the middle decides; else it failed as it says.
            let condition = control.condition().await;
            match (asked, condition) {
                (asked, Ok(condition)) if up(&condition) == to => {
                    asked.or_else(|failure| if failure.kind == FailureKind::Cancelled { Err(failure) } else { Ok(()) })?;
                    Ok(output(&condition))
                }
                (Err(failure), _) | (Ok(()), Err(failure)) => Err(failure),
                (Ok(()), Ok(condition)) => Err(off(&target.words(), to, &condition)),
            }
        })
    }

    fn check<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Checked> {
        Box::pin(async move {
            let ScaleArgs { target, to } = cx.args()?;
            let condition = target.control(cx.world)?.condition().await?;
            Ok(if up(&condition) == to { Checked::Done(output(&condition)) } else { Checked::Absent })
        })
    }
}

/// How many there are, whatever they are doing.
pub fn up(condition: &Condition) -> u16 {
    let up = |phase: Phase| phase.is_up() || phase == Phase::Restarting;
    condition.instances.iter().filter(|one| up(one.phase)).count() as u16
}

fn off(words: &str, to: u16, condition: &Condition) -> Failure {
    Failure::new(FailureKind::Unavailable, format!("{words} was to be {to}, but {}", counted(condition)))
}
