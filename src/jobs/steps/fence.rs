//! `fence`: makes sure that a server takes no writes any more, before another takes over: stops it by its control, sees that it
//! is silent, and, where it was well, that its successor has received everything that it wrote.
//!
//! Its undo starts it again, but never beside a successor that took over: `still-follows` goes first, and fails where that
//! could be.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::failure::{Failure, FailureKind};
use crate::domain::plan::{Revert, StepId, StepSpec};
use crate::domain::service::spec::ServiceSpec;
use crate::domain::time::{Stamp, human};
use crate::jobs::postgres::advisory;
use crate::jobs::postgres::lsn::Lsn;
use crate::jobs::postgres::succession::{self, Following, Primary};
use crate::jobs::step::{Checked, Cx, StepKind, told};
use crate::jobs::steps;
use crate::jobs::steps::backup::step;
use crate::jobs::target::{RECOVERY, Target, Wanted};
use crate::ports::Promise;

/// The step kind.
pub const FENCE: &dyn StepKind = &Fence;
/// What goes before a start of what was fenced.
pub const STILL_FOLLOWS: &dyn StepKind = &StillFollows;

/// How long a successor may take to receive the rest.
const REST: Duration = Duration::from_secs(60);
/// How often it is looked at whether a successor is about to take over.
const LOOKS: u32 = 6;

/// The arguments.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FenceArgs {
    /// Whom to stop.
    pub target: Target,
    /// Whether it is killed where it does not end by itself: it was not well when the plan was made.
    pub force: bool,
    /// Who is to take over.
    pub successor: ServiceSpec,
    /// The system identifier of both.
    pub system: String,
}

/// What it tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fenced {
    /// When its stop began: since then nothing was written.
    pub at: Stamp,
    /// For people.
    pub words: String,
}

impl FenceArgs {
    /// The step; undone on failure where the server was well.
    pub fn step(&self, id: StepId) -> StepSpec {
        let stop = self.target.stop(id, self.force);
        let title = format!("Fence {}: {}", self.target.words(), if self.force { "stop it, or kill it" } else { "stop it" });
        let revert = if self.force { Revert::Never } else { Revert::OnFailure };
        let most = stop.deadline + REST;
        StepSpec { deadline: most, stall: most, revert, ..step(id, "fence", title, self) }
    }

    /// That the successor is still the one that was confirmed, and can take over: else nothing is stopped.
    async fn successor(&self, cx: &Cx<'_>) -> Result<Following, Failure> {
        let (server, following) = succession::following(cx.world, &self.successor).await?;
        server.confirmed(&self.system, &cx.plan.target)?;
        succession::must_be_promotable(&self.successor, &server, &following)?;
        Ok(following)
    }

    /// Waits until the successor has received everything.
    async fn rest(&self, cx: &Cx<'_>, written: Lsn) -> Result<Lsn, Failure> {
        let mut left = REST;
        loop {
            let (_, following) = succession::following(cx.world, &self.successor).await?;
            let end = following.end();
            if end >= written && !following.is_streaming() {
                return Ok(end);
            }
            if left.is_zero() {
                let (name, missing) = (&self.successor.name, written.since(end));
                let what = format!("{name} has not received all within {}: {missing} bytes of WAL are missing", human(REST));
                return Err(Failure::new(FailureKind::Stalled, what));
            }
            tokio::time::sleep(self.target.every).await;
            left = left.saturating_sub(self.target.every);
        }
    }
}

struct Fence;

impl StepKind for Fence {
    fn name(&self) -> &'static str {
        "fence"
    }

    fn undo<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Vec<StepSpec>> {
        Box::pin(async move {
            let args: FenceArgs = cx.args()?;
            let title = format!("Make sure that {} has not taken over", args.successor.name);
            let first = step(StepId(0), STILL_FOLLOWS.name(), title, &args);
            Ok(vec![first, args.target.start(StepId(0)), args.target.healthy(StepId(0), RECOVERY)])
        })
    }

    fn run<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Value> {
        Box::pin(async move {
            let args: FenceArgs = cx.args()?;
            let tools = cx.world.tools(&args.successor.access);
            let held = advisory::take(&*tools, &format!("promote {} by {} on {}", cx.job, cx.operator, cx.host)).await?;
            args.successor(cx).await?;
            let written = match succession::primary(cx.world, &args.target.service).await {
                Primary::Writes { server, written } => {
                    server.confirmed(&args.system, &cx.plan.target)?;
                    Some(written)
                }
                _ => None,
            };
            let at = cx.world.now();
            let stop = args.target.stop(cx.spec.id, args.force);
            let inner = Cx { spec: &stop, cancel: cx.cancel.clone(), ..*cx };
            steps::stop::STOP.run(&inner).await?;
            let words = match written.filter(|_| !args.force) {
                Some(written) => {
                    let end = args.rest(cx, written).await?;
                    format!("{} is stopped; {} has everything it wrote, up to {end}", args.target.words(), args.successor.name)
                }
                None => format!("{} is stopped; what it wrote last is not known", args.target.words()),
            };
            cx.reporter.log(&words);
            if let Err(failure) = held.release().await {
                cx.reporter.log(&format!("the lock at {} was lost: {failure}", args.successor.name));
            }
            told(&Fenced { at, words })
        })
    }

    /// One that is down already is stopped again: that hurts nobody.
    fn check<'a>(&'a self, _: &'a Cx<'a>) -> Promise<'a, Checked> {
        Box::pin(async { Ok(Checked::Absent) })
    }
}

struct StillFollows;

impl StepKind for StillFollows {
    fn name(&self) -> &'static str {
        "still-follows"
    }

    fn undo<'a>(&'a self, _: &'a Cx<'a>) -> Promise<'a, Vec<StepSpec>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    /// A promotion that was asked for happens as soon as all that was received is replayed: a standby that has replayed all, and
    /// still is one a moment later, was not asked.
    fn run<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Value> {
        Box::pin(async move {
            let args: FenceArgs = cx.args()?;
            if let Checked::Done(_) = args.target.probed(cx, Wanted::Up).await? {
                return Ok(Value::Null);
            }
            for _ in 0..LOOKS {
                let (_, following) = succession::following(cx.world, &args.successor).await?;
                let (name, old) = (&args.successor.name, &args.target.service.name);
                if !following.standby || !following.is_settled() {
                    let why = if following.standby { "may be about to take over" } else { "has taken over" };
                    let what = format!("{name} {why}: {old} is not started beside it");
                    return Err(Failure::refused(what).mend(format!("look at {name}; then midwatch start {old}, or rebuild it")));
                }
                tokio::time::sleep(args.target.every).await;
            }
            Ok(Value::Null)
        })
    }

    fn check<'a>(&'a self, _: &'a Cx<'a>) -> Promise<'a, Checked> {
        Box::pin(async { Ok(Checked::Absent) })
    }
}
