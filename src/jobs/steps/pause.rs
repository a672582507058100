//! `pause`: stops a service in its tracks, and makes sure that it holds still: its control says so, and it answers no more.

use serde_json::Value;

use crate::domain::control::{Condition, Instance};
use crate::domain::failure::Failure;
use crate::domain::plan::{StepId, StepSpec};
use crate::jobs::step::{Checked, Cx, StepKind, args};
use crate::jobs::target::{RECOVERY, Target, Wanted, output};
use crate::ports::control::Control;
use crate::ports::{Promise, World};

/// The step kind.
pub const PAUSE: &dyn StepKind = &Pause;

struct Pause;

impl StepKind for Pause {
    fn name(&self) -> &'static str {
        "pause"
    }

    fn judge<'a>(&'a self, world: &'a dyn World, spec: &'a StepSpec) -> Promise<'a, Vec<String>> {
        Box::pin(async move { args::<Target>(spec)?.outlasts(world).await.map(|()| Vec::new()) })
    }

    /// What held still before goes on doing so.
    fn undo<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Vec<StepSpec>> {
        Box::pin(async move {
            let target: Target = cx.args()?;
            let control = target.control(cx.world)?;
            let (target, condition) = (target.by_heart(&*control).await?, control.condition().await?);
            let meant = target.meant(&condition);
            let awake: Vec<&Instance> = meant.iter().copied().filter(|one| Wanted::Up.holds(one.phase)).collect();
            // Where none held still, whatever does afterwards was paused: also one that came up meanwhile.
            let each = match awake.len() {
                0 => Vec::new(),
                all if all == meant.len() => vec![target.clone()],
                _ => awake.into_iter().map(|one| target.only(&one.name)).collect(),
            };
            let both = |one: Target| [one.unpause(StepId(0)), one.healthy(StepId(0), RECOVERY)];
            Ok(each.into_iter().flat_map(both).collect())
        })
    }

    fn run<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Value> {
        Box::pin(async move {
            let target: Target = cx.args()?;
            let control = target.control(cx.world)?;
            target.confirm(cx, &*control).await?;
            match pause(cx, &target, &*control).await {
                Ok(condition) => Ok(output(&condition)),
                Err(failure) => Err(taken_back(&target, &*control, failure).await),
            }
        })
    }

    fn check<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Checked> {
        Box::pin(async move { cx.args::<Target>()?.probed(cx, Wanted::Paused).await })
    }
}

async fn pause(cx: &Cx<'_>, target: &Target, control: &dyn Control) -> Result<Condition, Failure> {
    let condition = target.change(cx, control, control.pause(target.instance.as_deref()), Wanted::Paused).await?;
    target.silent(cx, &condition).await?;
    Ok(condition)
}

/// Half a pause is worse than none: some hold locks that others wait for.
async fn taken_back(target: &Target, control: &dyn Control, failure: Failure) -> Failure {
    match control.unpause(target.instance.as_deref()).await {
        Ok(()) => Failure { what: format!("{}; it was let go on", failure.what), ..failure },
        Err(left) => Failure { what: format!("{}; and it could not be let go on: {}", failure.what, left.what), ..failure },
    }
}
