//! `stop`: asks a service to end, and makes sure that it has: its control says so, and it answers no more.

use serde_json::Value;

use crate::domain::control::Instance;
use crate::domain::plan::{StepId, StepSpec};
use crate::jobs::step::{Checked, Cx, StepKind, args};
use crate::jobs::target::{Life, RECOVERY, StopArgs, Target, Wanted, life, output};
use crate::ports::{Promise, World};

/// The step kind.
pub const STOP: &dyn StepKind = &Stop;

struct Stop;

impl StepKind for Stop {
    fn name(&self) -> &'static str {
        "stop"
    }

    fn judge<'a>(&'a self, world: &'a dyn World, spec: &'a StepSpec) -> Promise<'a, Vec<String>> {
        Box::pin(async move { args::<StopArgs>(spec)?.target.outlasts(world).await.map(|()| Vec::new()) })
    }

    /// What ran before is started again, and nothing else.
    fn undo<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Vec<StepSpec>> {
        Box::pin(async move {
            let StopArgs { target, force } = cx.args()?;
            let control = target.control(cx.world)?;
            let (target, condition) = (target.by_heart(&*control).await?, control.condition().await?);
            let meant = target.meant(&condition);
            let up: Vec<&Instance> = meant.iter().copied().filter(|one| one.phase.is_up()).collect();
            let each: Vec<(Target, Vec<Life>)> = match up.len() {
                0 => return Ok(Vec::new()),
                all if all == meant.len() => vec![(target, up.into_iter().map(life).collect())],
                _ => up.into_iter().map(|one| (target.only(&one.name), vec![life(one)])).collect(),
            };
            let healthy: Vec<StepSpec> = each.iter().map(|(one, _)| one.healthy(StepId(0), RECOVERY)).collect();
            let start = |(one, lives): (Target, _)| if force { one.start_again(StepId(0), lives) } else { one.start(StepId(0)) };
            Ok(each.into_iter().map(start).chain(healthy).collect())
        })
    }

    fn run<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Value> {
        Box::pin(async move {
            let StopArgs { target, force } = cx.args()?;
            let control = target.control(cx.world)?;
            target.confirm(cx, &*control).await?;
            let asked = control.stop(target.instance.as_deref(), force);
            let condition = target.change(cx, &*control, asked, Wanted::Down).await?;
            target.silent(cx, &condition).await?;
            Ok(output(&condition))
        })
    }

    /// One that is on its way down is asked again: that hurts nobody.
    fn check<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Checked> {
        Box::pin(async move { cx.args::<StopArgs>()?.target.probed(cx, Wanted::Down).await })
    }
}
