//! `hold`: has a process of its own hold a fault, which ends with that process. `release`: ends it, and makes sure that nothing of
//! it is left. What can be held is no business of either.

use serde::Serialize;
use serde_json::{Value, json};

use crate::domain::chaos::hold::Held;
use crate::domain::failure::Failure;
use crate::domain::plan::{StepId, StepSpec};
use crate::jobs::drill::Drill;
use crate::jobs::step::{Checked, Cx, StepKind, args, told};
use crate::jobs::steps::backup::step;
use crate::ports::{Promise, World};

/// The step kind that puts it on.
pub const HOLD: &dyn StepKind = &Hold;
/// The step kind that ends it.
pub const RELEASE: &dyn StepKind = &Release;

const NAME: &str = "hold";

struct Hold;
struct Release;

impl StepKind for Hold {
    fn name(&self) -> &'static str {
        NAME
    }

    fn judge<'a>(&'a self, world: &'a dyn World, spec: &'a StepSpec) -> Promise<'a, Vec<String>> {
        Box::pin(async move { world.hold()?.judge(&args(spec)?).await })
    }

    fn undo<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Vec<StepSpec>> {
        Box::pin(async move {
            let title = format!("End it: {}", cx.spec.title);
            Ok(vec![step(StepId(0), "release", title, &cx.args::<Held>()?)])
        })
    }

    fn run<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Value> {
        Box::pin(async move {
            let held: Held = cx.args()?;
            confirm(cx).await?;
            cx.world.hold()?.hold(cx.job, &held).await?;
            Ok(json!(null))
        })
    }

    /// One whose worker died is ended before anything else.
    fn check<'a>(&'a self, _: &'a Cx<'a>) -> Promise<'a, Checked> {
        Box::pin(async { Ok(Checked::Absent) })
    }
}

impl StepKind for Release {
    fn name(&self) -> &'static str {
        "release"
    }

    /// What was let go is not taken again.
    fn undo<'a>(&'a self, _: &'a Cx<'a>) -> Promise<'a, Vec<StepSpec>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn run<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Value> {
        Box::pin(async move {
            let held: Held = cx.args()?;
            cx.world.hold()?.release(cx.job, &held).await?;
            Ok(json!(null))
        })
    }

    fn check<'a>(&'a self, _: &'a Cx<'a>) -> Promise<'a, Checked> {
        Box::pin(async { Ok(Checked::Absent) })
    }
}

/// A step that has something held: a kind, and what that is told.
pub fn hold(title: String, kind: &str, args: &impl Serialize) -> Result<StepSpec, Failure> {
    Ok(step(StepId(0), NAME, title, &Held { kind: kind.into(), args: told(args)? }))
}

/// Why a fault of a drill is not held any more.
pub async fn lost(cx: &Cx<'_>, drill: &Drill) -> Option<String> {
    helds(drill).next()?;
    let lost = match cx.world.hold() {
        Ok(hold) => hold.lost(cx.job).await,
        Err(failure) => Err(failure),
    };
    lost.unwrap_or_else(|failure| Some(format!("nobody knows whether the fault is still held: {failure}")))
}

/// That the target is still the one that was confirmed, where its control can tell.
async fn confirm(cx: &Cx<'_>) -> Result<(), Failure> {
    let target = Drill::around(cx)?.target;
    if target.service.control.is_none() {
        return Ok(());
    }
    target.confirm(cx, &*target.control(cx.world)?).await
}

fn helds(drill: &Drill) -> impl Iterator<Item = Held> {
    let faults = drill.faults.iter().filter(|fault| fault.kind == NAME);
    faults.filter_map(|fault| serde_json::from_value(fault.args.clone()).ok())
}
