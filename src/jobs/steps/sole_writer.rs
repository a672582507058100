//! `sole-writer`: the gate after a start. A server that turns out to take writes beside another of its own history is stopped at
//! once: where its data could not be read before, that is when it is known.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::domain::failure::Failure;
use crate::domain::plan::{StepId, StepSpec};
use crate::jobs::recovery::heir::{self, Stand};
use crate::jobs::step::{Checked, Cx, StepKind};
use crate::jobs::steps::backup::step;
use crate::jobs::target::{RECOVERY, Target};
use crate::ports::Promise;

/// The step kind.
pub const SOLE_WRITER: &dyn StepKind = &SoleWriter;

/// What a stop may take beside the grace.
const ROOM: Duration = Duration::from_secs(60);

/// How often one that is well may not say what it is: that it never does must not hold up a start.
const MUTE: u32 = 10;

/// The arguments.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SoleArgs {
    /// Who was started.
    pub target: Target,
    /// Whether it was said to follow: then it takes no writes at all.
    pub must_follow: bool,
}

impl SoleArgs {
    /// The step.
    pub fn step(&self, id: StepId) -> StepSpec {
        let title = format!("Make sure that no two take writes, or stop {} again", self.target.words());
        let grace = self.target.service.control.as_ref().map(|control| control.grace).unwrap_or_default();
        let most = RECOVERY + grace + ROOM;
        StepSpec { deadline: most, stall: most, ..step(id, "sole-writer", title, self) }
    }

    /// Why it must not run on, once it says what it is. One that never does is for the gate that follows.
    async fn wrong(&self, cx: &Cx<'_>) -> Option<String> {
        let (began, target, mut mute) = (Instant::now(), &self.target, 0);
        loop {
            match heir::stand(cx.world, &target.environment, &target.service).await {
                Stand::Follows => return None,
                Stand::Writes(_) if self.must_follow => return Some("takes writes, and was said to follow".to_owned()),
                Stand::Writes(histories) => {
                    let rival = heir::rival(cx.world, &target.environment, &target.kin, &histories).await?;
                    return Some(format!("takes writes of the same history as {rival}, which has taken over from it"));
                }
                Stand::Unknown if began.elapsed() >= RECOVERY || mute >= MUTE => {
                    return self.must_follow.then(|| "does not say whether it follows".to_owned());
                }
                Stand::Unknown => {
                    mute += u32::from(cx.world.probe(&target.service).await.is_ok());
                    tokio::time::sleep(target.every).await;
                }
            }
        }
    }
}

struct SoleWriter;

impl StepKind for SoleWriter {
    fn name(&self) -> &'static str {
        "sole-writer"
    }

    fn undo<'a>(&'a self, _: &'a Cx<'a>) -> Promise<'a, Vec<StepSpec>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn run<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Value> {
        Box::pin(async move {
            let args: SoleArgs = cx.args()?;
            let name = &args.target.service.name;
            let Some(why) = cx.unless_cancelled(async { Ok(args.wrong(cx).await) }).await? else {
                return Ok(json!({ "words": format!("no other takes writes beside {name}") }));
            };
            let stopped = match args.target.control(cx.world)?.stop(None, true).await {
                Ok(()) => "it was stopped again".to_owned(),
                Err(failure) => format!("it could not be stopped ({failure}), and two may take writes"),
            };
            Err(Failure::refused(format!("{name} {why}: {stopped}")).mend(format!("midwatch rebuild {name}")))
        })
    }

    fn check<'a>(&'a self, _: &'a Cx<'a>) -> Promise<'a, Checked> {
        Box::pin(async { Ok(Checked::Absent) })
    }
}
