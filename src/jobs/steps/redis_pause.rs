//! `pause-writes`: has a Redis hold back whatever writes, for a while that the server itself counts; its undo, `resume-writes`, ends
//! that before. Reads go on. Holding back everything could not be ended early: the server would not hear of it.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::domain::failure::{Failure, FailureKind};
use crate::domain::plan::{StepId, StepSpec};
use crate::jobs::redis::{self, knobs};
use crate::jobs::step::{Checked, Cx, StepKind};
use crate::jobs::steps::backup::step;
use crate::jobs::target::Target;
use crate::ports::Promise;

/// The step kind that holds writes back.
pub const PAUSE_WRITES: &dyn StepKind = &Pause;
/// The step kind that lets them go on.
pub const RESUME_WRITES: &dyn StepKind = &Resume;

/// The arguments of `pause-writes`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PauseArgs {
    /// Whom.
    pub target: Target,
    /// After how long the server lets writes go on by itself.
    pub lasts: Duration,
}

impl PauseArgs {
    /// The step that holds writes back.
    pub fn step(&self) -> StepSpec {
        step(StepId(0), "pause-writes", format!("Hold back every write to {}", self.target.words()), self)
    }
}

struct Pause;

impl StepKind for Pause {
    fn name(&self) -> &'static str {
        "pause-writes"
    }

    /// Writes that somebody else holds back are none of ours to let go on.
    fn undo<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Vec<StepSpec>> {
        Box::pin(async move {
            let PauseArgs { target, .. } = cx.args()?;
            let link = redis::link(cx.world, &target.service.access).await?;
            if !knobs::takes_writes(&*link).await? {
                return Err(Failure::refused(format!("{} takes no writes already", target.words())));
            }
            Ok(vec![step(StepId(0), "resume-writes", format!("Let writes to {} go on", target.words()), &target)])
        })
    }

    fn run<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Value> {
        Box::pin(async move {
            let PauseArgs { target, lasts } = cx.args()?;
            target.confirm_server(cx.world).await?;
            let link = redis::link(cx.world, &target.service.access).await?;
            link.ask(0, &["CLIENT", "PAUSE", &lasts.as_millis().to_string(), "WRITE"]).await?;
            if knobs::takes_writes(&*link).await? {
                let what = format!("{} was told to hold back writes, and takes them", target.words());
                return Err(Failure::new(FailureKind::Unavailable, what));
            }
            Ok(json!({ "words": "writes are held back" }))
        })
    }

    fn check<'a>(&'a self, _: &'a Cx<'a>) -> Promise<'a, Checked> {
        Box::pin(async { Ok(Checked::Absent) })
    }
}

struct Resume;

impl StepKind for Resume {
    fn name(&self) -> &'static str {
        "resume-writes"
    }

    /// What goes on again is not held back again.
    fn undo<'a>(&'a self, _: &'a Cx<'a>) -> Promise<'a, Vec<StepSpec>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn run<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Value> {
        Box::pin(async move {
            let target: Target = cx.args()?;
            let link = redis::link(cx.world, &target.service.access).await?;
            link.ask(0, &["CLIENT", "UNPAUSE"]).await?;
            if knobs::takes_writes(&*link).await? {
                return Ok(json!({ "words": "writes go on" }));
            }
            let what = format!("{} was told to let writes go on, and takes none", target.words());
            Err(Failure::new(FailureKind::Unavailable, what))
        })
    }

    fn check<'a>(&'a self, _: &'a Cx<'a>) -> Promise<'a, Checked> {
        Box::pin(async { Ok(Checked::Absent) })
    }
}
