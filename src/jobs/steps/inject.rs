//! `inject`: breaks what a scenario breaks, where its end is armed and nowhere else.

use std::time::Duration;

use serde_json::Value;

use crate::domain::chaos::Injected;
use crate::domain::chaos::end::Standing;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::plan::StepSpec;
use crate::jobs::drill::Drill;
use crate::jobs::step::{Checked, Cx, StepKind, told};
use crate::jobs::steps;
use crate::ports::Promise;

/// The step kind.
pub const INJECT: &dyn StepKind = &Inject;

/// How much of the end's time must be left: with less the drill would show nothing.
const LEAST: Duration = Duration::from_secs(2);
/// How often it is looked whether there is still time.
const OFTEN: Duration = Duration::from_millis(200);

struct Inject;

impl StepKind for Inject {
    fn name(&self) -> &'static str {
        "inject"
    }

    /// What undoes it was armed before.
    fn undo<'a>(&'a self, _: &'a Cx<'a>) -> Promise<'a, Vec<StepSpec>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn run<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Value> {
        Box::pin(async move {
            let drill = Drill::around(cx)?;
            let _open = cx.world.arm()?.injecting(cx.job, LEAST).await?;
            let at = cx.world.now();
            for fault in &drill.faults {
                let unknown = || Failure::new(FailureKind::Bug, format!("no step is of the kind {:?}", fault.kind));
                let kind = steps::find(&fault.kind).ok_or_else(unknown)?;
                let inner = Cx { spec: fault, cancel: cx.cancel.clone(), ..*cx };
                tokio::select! {
                    broken = kind.run(&inner) => drop(broken?),
                    late = over(cx) => return Err(late),
                }
            }
            told(&Injected { at })
        })
    }

    /// Whether it happened does not matter: its end is performed before anything else.
    fn check<'a>(&'a self, _: &'a Cx<'a>) -> Promise<'a, Checked> {
        Box::pin(async { Ok(Checked::Absent) })
    }
}

/// Returns once the end of the fault has begun, or nobody would perform it: what is broken from then on would be broken again.
async fn over(cx: &Cx<'_>) -> Failure {
    loop {
        tokio::time::sleep(OFTEN).await;
        let standing = async { cx.world.arm()?.look(cx.job).await };
        match standing.await {
            Ok(Standing::Armed(left)) if !left.is_zero() => {}
            // One that cannot be read now is no reason to leave a fault half made.
            Err(_) => {}
            Ok(_) => return Failure::new(FailureKind::Stalled, "the time of the fault was over before it was on"),
        }
    }
}
