//! `unpause`: lets a service go on that was stopped in its tracks.

use serde_json::Value;

use crate::domain::control::Phase;
use crate::domain::plan::{StepId, StepSpec};
use crate::jobs::step::{Checked, Cx, StepKind};
use crate::jobs::target::{Target, Wanted, output};
use crate::ports::Promise;

/// The step kind.
pub const UNPAUSE: &dyn StepKind = &Unpause;

struct Unpause;

impl StepKind for Unpause {
    fn name(&self) -> &'static str {
        "unpause"
    }

    fn undo<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Vec<StepSpec>> {
        Box::pin(async move {
            let target: Target = cx.args()?;
            let condition = target.control(cx.world)?.condition().await?;
            let still = target.meant(&condition).into_iter().filter(|one| one.phase == Phase::Paused);
            Ok(still.map(|one| target.only(&one.name).pause(StepId(0))).collect())
        })
    }

    fn run<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Value> {
        Box::pin(async move {
            let target: Target = cx.args()?;
            let control = target.control(cx.world)?;
            let asked = control.unpause(target.instance.as_deref());
            Ok(output(&target.change(cx, &*control, asked, Wanted::Awake).await?))
        })
    }

    fn check<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Checked> {
        Box::pin(async move { cx.args::<Target>()?.probed(cx, Wanted::Awake).await })
    }
}
