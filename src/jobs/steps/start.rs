//! `start`: starts what does not run of a service, but nothing from which another has taken over.

use serde_json::Value;

use crate::domain::failure::Failure;
use crate::domain::plan::{StepId, StepSpec};
use crate::jobs::recovery::heir;
use crate::jobs::step::{Checked, Cx, StepKind};
use crate::jobs::target::{Target, Wanted, output};
use crate::ports::Promise;

/// The step kind.
pub const START: &dyn StepKind = &Start;

struct Start;

impl StepKind for Start {
    fn name(&self) -> &'static str {
        "start"
    }

    /// What ran before is left running.
    fn undo<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Vec<StepSpec>> {
        Box::pin(async move {
            let target: Target = cx.args()?;
            let condition = target.control(cx.world)?.condition().await?;
            let down = target.meant(&condition).into_iter().filter(|one| !one.phase.is_up());
            Ok(down.map(|one| target.only(&one.name).stop(StepId(0), false)).collect())
        })
    }

    fn run<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Value> {
        Box::pin(async move { started(cx, &cx.args()?).await })
    }

    fn check<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Checked> {
        Box::pin(async move { cx.args::<Target>()?.probed(cx, Wanted::Up).await })
    }
}

/// Starts what does not run of it.
pub async fn started(cx: &Cx<'_>, target: &Target) -> Result<Value, Failure> {
    let control = target.control(cx.world)?;
    if target.meant(&control.condition().await?).iter().any(|one| !one.phase.is_up()) {
        heir::must_have_none(cx.world, &target.kin, &target.service).await?;
    }
    let asked = control.start(target.instance.as_deref());
    Ok(output(&target.change(cx, &*control, asked, Wanted::Up).await?))
}
