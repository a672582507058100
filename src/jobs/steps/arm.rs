//! `arm`: works out what would undo a fault from the state before it, and has somebody wait to do that who needs neither this
//! process nor a console.

use std::time::Duration;

use serde_json::{Value, json};

use crate::domain::chaos::end::{Standing, Undoing};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::plan::{StepId, StepSpec};
use crate::jobs::drill::Drill;
use crate::jobs::step::{Checked, Cx, StepKind};
use crate::jobs::steps;
use crate::jobs::steps::backup::step;
use crate::jobs::target::RECOVERY;
use crate::ports::Promise;

/// The step kind.
pub const ARM: &dyn StepKind = &Arm;

/// How long it may take until a watchdog is ready and the fault is on: its own time begins after that.
pub const ROOM: Duration = Duration::from_secs(25);

struct Arm;

impl StepKind for Arm {
    fn name(&self) -> &'static str {
        "arm"
    }

    fn undo<'a>(&'a self, _: &'a Cx<'a>) -> Promise<'a, Vec<StepSpec>> {
        Box::pin(async { Ok(vec![end(StepId(0))]) })
    }

    fn run<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Value> {
        Box::pin(async move {
            let drill = Drill::around(cx)?;
            let mut undoing = Vec::new();
            for fault in &drill.faults {
                let undo = undo(cx, fault).await?;
                // What was broken last is mended first.
                undoing.splice(0..0, undo);
            }
            if undoing.is_empty() {
                return Err(Failure::refused("nothing would undo this fault: it is as it would leave things already"));
            }
            let (plan, operator, host) = (cx.plan.clone(), cx.operator.to_owned(), cx.host.to_owned());
            let undoing = Undoing { job: cx.job, plan, operator, host, steps: undoing };
            let due = cx.world.arm()?.arm(undoing, drill.lasts + ROOM).await?;
            Ok(json!({ "due": due }))
        })
    }

    /// One whose end is open is reverted by the next worker, and never armed again.
    fn check<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Checked> {
        Box::pin(async move {
            Ok(match cx.world.arm()?.look(cx.job).await? {
                Standing::Unarmed => Checked::Absent,
                _ => Checked::Done(Value::Null),
            })
        })
    }
}

/// What would undo a fault, as its own step kind says.
async fn undo(cx: &Cx<'_>, fault: &StepSpec) -> Result<Vec<StepSpec>, Failure> {
    let unknown = || Failure::new(FailureKind::Bug, format!("no step is of the kind {:?}", fault.kind));
    let kind = steps::find(&fault.kind).ok_or_else(unknown)?;
    kind.undo(&Cx { spec: fault, cancel: cx.cancel.clone(), ..*cx }).await
}

/// A step that ends the fault now, and verifies it.
pub fn end(id: StepId) -> StepSpec {
    let most = RECOVERY + Duration::from_secs(120);
    let title = "End the fault, and verify that nothing of it is left".to_owned();
    StepSpec { deadline: most, stall: most, ..step(id, "end", title, &json!({})) }
}
