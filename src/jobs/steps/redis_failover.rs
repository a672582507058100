//! The steps that let a replica of Redis take over: `redis-fence` stops the old primary once its replica has all that it wrote,
//! `redis-promote` makes the replica take writes, `redis-follow` points another replica to it.
//!
//! The fence's undo starts the old primary again, but never beside a replica that took over: `redis-still-follows` goes first.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::domain::failure::{Failure, FailureKind};
use crate::domain::plan::{Revert, StepId, StepSpec};
use crate::domain::service::spec::ServiceSpec;
use crate::domain::time::{Stamp, human};
use crate::jobs::failover;
use crate::jobs::redis::succession::{self, Asked, Other};
use crate::jobs::step::{Checked, Cx, StepKind, told};
use crate::jobs::steps;
use crate::jobs::steps::backup::step;
use crate::jobs::steps::fence::Fenced;
use crate::jobs::target::{RECOVERY, Target};
use crate::ports::Promise;

/// Stops the old primary.
pub const REDIS_FENCE: &dyn StepKind = &RedisFence;
/// What goes before a start of what was fenced.
pub const REDIS_STILL_FOLLOWS: &dyn StepKind = &RedisStillFollows;
/// Makes the replica take writes.
pub const REDIS_PROMOTE: &dyn StepKind = &RedisPromote;
/// Points another replica to it.
pub const REDIS_FOLLOW: &dyn StepKind = &RedisFollow;

/// How long a replica may take to receive the rest.
const REST: Duration = Duration::from_secs(60);
/// How long the other steps may take: a link that only looks alive is waited for, and a replica may copy everything anew.
const MOST: Duration = Duration::from_secs(10 * 60);
/// How often something that comes nearer is looked at.
const EVERY: Duration = Duration::from_millis(200);

/// The replica that takes over, as it was confirmed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Successor {
    /// Which service.
    pub service: ServiceSpec,
    /// Which process of the server it must be.
    pub run: String,
}

/// The arguments of `redis-fence` and `redis-still-follows`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FenceArgs {
    /// Whom to stop.
    pub target: Target,
    /// Which process of the server that must be, where it answered.
    pub run: Option<String>,
    /// Whether it is killed where it does not end by itself: it was not well when the plan was made.
    pub force: bool,
    /// Who takes over.
    pub successor: Successor,
}

/// The arguments of `redis-promote`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PromoteArgs {
    /// Who takes over.
    pub successor: Successor,
    /// From whom: it must be silent.
    pub primary: ServiceSpec,
    /// The step that fenced it; none where the operator did it.
    pub fence: Option<StepId>,
}

/// The arguments of `redis-follow`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FollowArgs {
    /// Who is pointed anew.
    pub replica: Successor,
    /// To which host and port.
    pub to: (String, u16),
}

impl Successor {
    /// Asks it, and refuses another process than the one that was confirmed.
    pub async fn ask(&self, cx: &Cx<'_>) -> Result<Asked, Failure> {
        let asked = succession::following(cx.world, &cx.plan.environment, &self.service).await?;
        asked.server.must_be(&self.run)?;
        Ok(asked)
    }
}

impl FenceArgs {
    /// The step; undone on failure where the server was well.
    pub fn step(&self, id: StepId) -> StepSpec {
        let stop = self.target.stop(id, self.force);
        let title = format!("Fence {}: {}", self.target.words(), if self.force { "stop it, or kill it" } else { "stop it" });
        let revert = if self.force { Revert::Never } else { Revert::OnFailure };
        let most = stop.deadline + REST;
        StepSpec { deadline: most, stall: most, revert, ..step(id, "redis-fence", title, self) }
    }

    async fn stop(&self, cx: &Cx<'_>) -> Result<(), Failure> {
        let stop = self.target.stop(cx.spec.id, self.force);
        let inner = Cx { spec: &stop, cancel: cx.cancel.clone(), ..*cx };
        steps::stop::STOP.run(&inner).await.map(drop)
    }

    /// Stops one that is well: it takes no more writes, its replica receives the rest, and only then it ends. Where that does not
    /// come about, it takes writes again.
    async fn in_order(&self, cx: &Cx<'_>) -> Result<u64, Failure> {
        let primary = succession::following(cx.world, &self.target.environment, &self.target.service).await?;
        if let Some(run) = &self.run {
            primary.server.must_be(run)?;
        }
        let grace = self.target.service.control.as_ref().map(|control| control.grace).unwrap_or_default();
        succession::hold_writes(&*primary.link, REST + grace + RECOVERY).await?;
        let stopped = async {
            let offset = self.rest(cx).await?;
            self.stop(cx).await?;
            Ok(offset)
        };
        let stopped: Result<u64, Failure> = cx.unless_cancelled(stopped).await;
        if stopped.is_err()
            && let Err(failure) = succession::let_write(&*primary.link).await
        {
            let name = &self.target.service.name;
            cx.reporter.log(&format!("{name} takes no writes until its pause ends, or: redis-cli CLIENT UNPAUSE ({failure})"));
        }
        stopped
    }

    /// Waits until the replica has received everything.
    async fn rest(&self, cx: &Cx<'_>) -> Result<u64, Failure> {
        let began = Instant::now();
        loop {
            let written = succession::following(cx.world, &self.target.environment, &self.target.service).await?.following;
            let received = self.successor.ask(cx).await?.following;
            if received.linked && received.offset >= written.offset && received.history == written.history {
                return Ok(received.offset);
            }
            if began.elapsed() >= REST {
                let (name, missing) = (&self.successor.service.name, written.offset.saturating_sub(received.offset));
                let what = format!("{name} has not received all within {}: {missing} bytes are missing", human(REST));
                return Err(Failure::new(FailureKind::Stalled, what));
            }
            tokio::time::sleep(EVERY).await;
        }
    }
}

struct RedisFence;

impl StepKind for RedisFence {
    fn name(&self) -> &'static str {
        "redis-fence"
    }

    fn undo<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Vec<StepSpec>> {
        Box::pin(async move {
            let args: FenceArgs = cx.args()?;
            let title = format!("Make sure that {} has not taken over", args.successor.service.name);
            let first = step(StepId(0), REDIS_STILL_FOLLOWS.name(), title, &args);
            Ok(vec![first, args.target.start(StepId(0)), args.target.healthy(StepId(0), RECOVERY)])
        })
    }

    fn run<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Value> {
        Box::pin(async move {
            let args: FenceArgs = cx.args()?;
            let successor = args.successor.ask(cx).await?;
            succession::must_be_promotable(&args.successor.service, &successor)?;
            let at = cx.world.now();
            let (old, new) = (args.target.words(), &args.successor.service.name);
            let words = if args.force {
                args.stop(cx).await?;
                format!("{old} is stopped; what it wrote last is not known")
            } else {
                let offset = args.in_order(cx).await?;
                format!("{old} is stopped; {new} has everything it wrote, up to {offset}")
            };
            cx.reporter.log(&words);
            told(&Fenced { at, words })
        })
    }

    /// One that is down already is stopped again: that hurts nobody.
    fn check<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Checked> {
        Box::pin(async move {
            let args: FenceArgs = cx.args()?;
            let is_silent = failover::must_be_silent(cx.world, &args.target.service).await.is_ok();
            let words = format!("{} is stopped; what it wrote last is not known", args.target.words());
            let done = || told(&Fenced { at: cx.world.now(), words });
            Ok(if is_silent { Checked::Done(done()?) } else { Checked::Absent })
        })
    }
}

struct RedisStillFollows;

impl StepKind for RedisStillFollows {
    fn name(&self) -> &'static str {
        "redis-still-follows"
    }

    fn undo<'a>(&'a self, _: &'a Cx<'a>) -> Promise<'a, Vec<StepSpec>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    /// What it was asked it does at once: one that still follows was not asked.
    fn run<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Value> {
        Box::pin(async move {
            let args: FenceArgs = cx.args()?;
            let (new, old) = (&args.successor.service, &args.target.service.name);
            let asked = succession::following(cx.world, &cx.plan.environment, new).await?;
            if asked.following.replica {
                return Ok(Value::Null);
            }
            let what = format!("{} has taken over: {old} is not started beside it", new.name);
            Err(Failure::refused(what).mend(came_back(old.as_str(), new.name.as_str())))
        })
    }

    fn check<'a>(&'a self, _: &'a Cx<'a>) -> Promise<'a, Checked> {
        Box::pin(async { Ok(Checked::Absent) })
    }
}

/// How an old primary comes back.
pub fn came_back(old: &str, new: &str) -> String {
    format!("midwatch rebuild {old} --from {new} --discard makes it a replica")
}

impl PromoteArgs {
    /// The step.
    pub fn step(&self, id: StepId) -> StepSpec {
        let title = format!("Promote {}, and see that it takes writes", self.successor.service.name);
        StepSpec { deadline: MOST, stall: MOST, ..step(id, "redis-promote", title, self) }
    }

    fn output(&self, cx: &Cx<'_>, asked: &Asked) -> Result<Value, Failure> {
        let since: Stamp = self.fence.map_or(Ok(cx.world.now()), |fence| cx.output::<Fenced>(fence).map(|fenced| fenced.at))?;
        let took = cx.world.now().since(since);
        let (name, offset) = (&self.successor.service.name, asked.following.offset);
        let words = format!("{name} takes writes {:.1}s after the fence, from {offset} on", took.as_secs_f64());
        cx.reporter.log(&words);
        Ok(json!({ "offset": offset, "took_ms": took.as_millis() as u64, "words": words }))
    }
}

struct RedisPromote;

impl StepKind for RedisPromote {
    fn name(&self) -> &'static str {
        "redis-promote"
    }

    /// A server that took writes does not go back: it would lose them.
    fn undo<'a>(&'a self, _: &'a Cx<'a>) -> Promise<'a, Vec<StepSpec>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn run<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Value> {
        Box::pin(async move {
            let args: PromoteArgs = cx.args()?;
            let new = &args.successor.service;
            cx.unless_cancelled(succession::must_hear_nothing(cx.world, &cx.plan.environment, new)).await?;
            failover::must_be_silent(cx.world, &args.primary).await?;
            let asked = args.successor.ask(cx).await?;
            succession::must_be_promotable(new, &asked)?;
            succession::promote(&*asked.link).await?;
            let asked = args.successor.ask(cx).await?;
            if asked.following.replica {
                let what = format!("{} was told to follow nobody, and still follows", new.name);
                return Err(Failure::new(FailureKind::Damaged, what));
            }
            succession::must_take_writes(&*asked.link, cx.job).await?;
            args.output(cx, &asked)
        })
    }

    fn check<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Checked> {
        Box::pin(async move {
            let args: PromoteArgs = cx.args()?;
            let asked = args.successor.ask(cx).await?;
            Ok(if asked.following.replica { Checked::Absent } else { Checked::Done(args.output(cx, &asked)?) })
        })
    }
}

impl FollowArgs {
    /// The step.
    pub fn step(&self, id: StepId) -> StepSpec {
        let (host, port) = &self.to;
        let title = format!("Let {} follow {host}:{port}", self.replica.service.name);
        StepSpec { deadline: MOST, stall: MOST, ..step(id, "redis-follow", title, self) }
    }

    fn is_so(&self, asked: &Asked) -> bool {
        asked.following.linked && asked.following.source.as_ref() == Some(&self.to)
    }
}

struct RedisFollow;

impl StepKind for RedisFollow {
    fn name(&self) -> &'static str {
        "redis-follow"
    }

    /// Whom it followed is gone.
    fn undo<'a>(&'a self, _: &'a Cx<'a>) -> Promise<'a, Vec<StepSpec>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    /// The driver's deadline ends it.
    fn run<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Value> {
        Box::pin(async move {
            let args: FollowArgs = cx.args()?;
            let asked = args.replica.ask(cx).await?;
            let name = &args.replica.service.name;
            if !asked.following.replica {
                return Err(Failure::refused(format!("{name} takes writes itself now: it is not made to drop them")));
            }
            succession::follow(&*asked.link, &args.to).await?;
            while !args.is_so(&args.replica.ask(cx).await?) {
                cx.unless_cancelled(async {
                    tokio::time::sleep(EVERY).await;
                    Ok(())
                })
                .await?;
            }
            let words = format!("{name} follows {}:{}", args.to.0, args.to.1);
            cx.reporter.log(&words);
            Ok(json!({ "words": words }))
        })
    }

    fn check<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Checked> {
        Box::pin(async move {
            let args: FollowArgs = cx.args()?;
            let is_so = args.is_so(&args.replica.ask(cx).await?);
            Ok(if is_so { Checked::Done(Value::Null) } else { Checked::Absent })
        })
    }
}

/// Whether another replica is to be pointed to the new primary: it followed the old one.
pub fn followed(other: &Other, old: &ServiceSpec, successor: &Asked) -> bool {
    let Other::Follows(asked) = other else { return false };
    let source = &asked.following.source;
    source.as_ref().is_some_and(|source| failover::is_at(old, source)) || *source == successor.following.source
}
