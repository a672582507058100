//! `postgres-promote`: lets a standby take writes, once its primary is fenced, and makes sure that it does.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::failure::{Failure, FailureKind};
use crate::domain::plan::{StepId, StepSpec};
use crate::domain::service::spec::ServiceSpec;
use crate::domain::time::{Stamp, human};
use crate::jobs::failover;
use crate::jobs::postgres::advisory;
use crate::jobs::postgres::identity;
use crate::jobs::postgres::succession::{self, Writable};
use crate::jobs::step::{Checked, Cx, StepKind, told};
use crate::jobs::steps::backup::step;
use crate::jobs::steps::fence::Fenced;
use crate::ports::Promise;

/// The step kind.
pub const POSTGRES_PROMOTE: &dyn StepKind = &PostgresPromote;

/// How long it may take: all that was received is replayed first.
const MOST: Duration = Duration::from_secs(30 * 60);
/// How often a server that was asked is looked at.
const EVERY: Duration = Duration::from_millis(500);

/// The arguments.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PromoteArgs {
    /// Who takes over.
    pub standby: ServiceSpec,
    /// From whom: it must be silent.
    pub primary: ServiceSpec,
    /// The system identifier of both.
    pub system: String,
    /// The timeline before, where it is told: the new one is higher.
    pub timeline: u32,
    /// The step that fenced the primary; none where the operator did it.
    pub fence: Option<StepId>,
}

/// What it tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Promoted {
    /// What was seen of it.
    #[serde(flatten)]
    pub writable: Writable,
    /// From the beginning of the fence until it took writes, in milliseconds.
    pub took_ms: u64,
    /// For people.
    pub words: String,
}

impl PromoteArgs {
    /// The step.
    pub fn step(&self, id: StepId) -> StepSpec {
        let title = format!("Promote {}, and see that it takes writes", self.standby.name);
        StepSpec { deadline: MOST, stall: MOST, ..step(id, "postgres-promote", title, self) }
    }

    /// When nothing was written any more.
    fn since(&self, cx: &Cx<'_>, now: Stamp) -> Result<Stamp, Failure> {
        self.fence.map_or(Ok(now), |fence| cx.output::<Fenced>(fence).map(|fenced| fenced.at))
    }

    /// Everything that must hold right before: who it is, that it may be promoted, and that nobody else takes writes.
    async fn confirm(&self, cx: &Cx<'_>) -> Result<(), Failure> {
        let (server, following) = succession::following(cx.world, &self.standby).await?;
        server.confirmed(&self.system, &cx.plan.target)?;
        succession::must_be_promotable(&self.standby, &server, &following)?;
        succession::must_hear_nothing(cx.world, &self.standby).await?;
        failover::must_be_silent(cx.world, &self.primary).await
    }

    /// Waits until it takes writes: an answer that was lost on the way says nothing.
    async fn wait(&self, cx: &Cx<'_>) -> Result<Writable, Failure> {
        let tools = cx.world.tools(&self.standby.access);
        loop {
            let mut session = identity::maintenance(&*tools).await?;
            if let Some(writable) = succession::writable(&mut session).await? {
                return Ok(writable);
            }
            cx.unless_cancelled(async {
                tokio::time::sleep(EVERY).await;
                Ok(())
            })
            .await?;
        }
    }

    fn judge(&self, writable: Writable, took: Duration) -> Result<Promoted, Failure> {
        if writable.timeline <= self.timeline {
            let what = format!("{} takes writes, but on its old timeline {}", self.standby.name, writable.timeline);
            return Err(Failure::new(FailureKind::Damaged, what));
        }
        let Writable { timeline, written } = &writable;
        let seconds = took.as_secs_f64();
        let words =
            format!("{} takes writes {seconds:.1}s after the fence: timeline {timeline}, from {written} on", self.standby.name);
        Ok(Promoted { took_ms: took.as_millis() as u64, words, writable })
    }
}

struct PostgresPromote;

impl StepKind for PostgresPromote {
    fn name(&self) -> &'static str {
        "postgres-promote"
    }

    /// A server that took writes does not go back: its old primary is made its standby.
    fn undo<'a>(&'a self, _: &'a Cx<'a>) -> Promise<'a, Vec<StepSpec>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn run<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Value> {
        Box::pin(async move {
            let args: PromoteArgs = cx.args()?;
            let since = args.since(cx, cx.world.now())?;
            let tools = cx.world.tools(&args.standby.access);
            let mut held = advisory::take(&*tools, &format!("promote {} by {} on {}", cx.job, cx.operator, cx.host)).await?;
            args.confirm(cx).await?;
            match succession::promote(held.session()).await {
                Ok(true) => {}
                Ok(false) => cx.reporter.log(&format!("not within a minute: {} still replays", args.standby.name)),
                Err(failure) if failure.kind == FailureKind::Denied => return Err(failure),
                Err(failure) => cx.reporter.log(&format!("{failure}: what came of it is not known, so it is looked at")),
            }
            let writable = args.wait(cx).await?;
            let promoted = args.judge(writable, cx.world.now().since(since))?;
            cx.reporter.log(&promoted.words);
            told(&promoted)
        })
    }

    /// One that was not promoted is asked again: that is the same promotion.
    fn check<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Checked> {
        Box::pin(async move {
            let args: PromoteArgs = cx.args()?;
            let mut session = identity::maintenance(&*cx.world.tools(&args.standby.access)).await?;
            match succession::writable(&mut session).await? {
                None => Ok(Checked::Absent),
                Some(writable) => {
                    let since = args.since(cx, cx.world.now())?;
                    let took = cx.world.now().since(since);
                    let words = format!("{} takes writes; found {} after the fence", args.standby.name, human(took));
                    Ok(Checked::Done(told(&Promoted { writable, took_ms: took.as_millis() as u64, words })?))
                }
            }
        })
    }
}
