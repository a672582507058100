//! `redis-rejoin`: starts an old primary and makes it a replica of the new one as soon as it answers. Until its own data is loaded
//! it takes no writes, and what comes after that is a moment.

use std::time::{Duration, Instant};

use futures_util::future::try_join;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::domain::failure::{Failure, FailureKind};
use crate::domain::plan::{Revert, StepId, StepSpec};
use crate::domain::time::human;
use crate::jobs::redis::{self, succession};
use crate::jobs::step::{Checked, Cx, StepKind};
use crate::jobs::steps::backup::step;
use crate::jobs::steps::redis_failover::Successor;
use crate::jobs::target::{RECOVERY, Target, Wanted};
use crate::ports::Promise;

/// The step kind.
pub const REDIS_REJOIN: &dyn StepKind = &RedisRejoin;

/// How long it may take until it has everything that the primary has.
const MOST: Duration = Duration::from_secs(30 * 60);
/// How long a link may be down without anything being copied: a password that is not known never mends itself.
const UNLINKED: Duration = Duration::from_secs(60);
/// How often a server that is starting is asked to follow: the shorter, the fewer writes it takes before.
const AT_ONCE: Duration = Duration::from_millis(20);

/// The arguments.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RejoinArgs {
    /// Who was the primary; it has a control.
    pub target: Target,
    /// Who is.
    pub primary: Successor,
    /// Where it is, as the old one sees it.
    pub to: (String, u16),
}

impl RejoinArgs {
    /// The step; a failure stops what it has started.
    pub fn step(&self, id: StepId) -> StepSpec {
        let (host, port) = &self.to;
        let title = format!("Start {}, and let it follow {host}:{port} at once", self.target.words());
        StepSpec { deadline: MOST, stall: MOST, revert: Revert::OnFailure, ..step(id, "redis-rejoin", title, self) }
    }

    /// Asks until it does: while it loads its data it refuses that, and every write with it.
    async fn follow(&self, cx: &Cx<'_>) -> Result<(), Failure> {
        let began = Instant::now();
        loop {
            let asked = async {
                let link = redis::link(cx.world, &self.target.service.access).await?;
                succession::follow(&*link, &self.to).await
            };
            match asked.await {
                Ok(()) => return Ok(()),
                Err(failure) if failure.kind == FailureKind::Denied || began.elapsed() >= RECOVERY => return Err(failure),
                Err(_) => tokio::time::sleep(AT_ONCE).await,
            }
        }
    }

    /// Waits until it has all that the primary has.
    async fn linked(&self, cx: &Cx<'_>) -> Result<Duration, Failure> {
        let (began, mut alone) = (Instant::now(), Instant::now());
        loop {
            let following = succession::following(cx.world, &self.target.environment, &self.target.service).await?.following;
            match (following.linked, following.copies) {
                (true, _) => return Ok(began.elapsed()),
                (false, true) => alone = Instant::now(),
                (false, false) if alone.elapsed() >= UNLINKED => return Err(self.unlinked()),
                (false, false) => {}
            }
            tokio::time::sleep(self.target.every).await;
        }
    }

    fn unlinked(&self) -> Failure {
        let (name, (host, port)) = (&self.target.service.name, &self.to);
        let what = format!("{name} was told to follow {host}:{port}, and has had no link for {}", human(UNLINKED));
        let mend = format!("masterauth and masteruser in its configuration; midwatch logs {name} --tail 50 says why");
        Failure::new(FailureKind::Stalled, what).mend(mend)
    }

    /// That it follows after a restart, too.
    async fn keep(&self, cx: &Cx<'_>) -> Result<(), Failure> {
        let link = redis::link(cx.world, &self.target.service.access).await?;
        if let Err(failure) = link.ask(0, &["CONFIG", "REWRITE"]).await {
            let (name, (host, port)) = (&self.target.service.name, &self.to);
            cx.reporter.log(&format!(
                "{name} takes writes after its next restart, unless its configuration says: replicaof {host} {port} ({failure})"
            ));
        }
        Ok(())
    }
}

struct RedisRejoin;

impl StepKind for RedisRejoin {
    fn name(&self) -> &'static str {
        "redis-rejoin"
    }

    /// Down it takes no writes.
    fn undo<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Vec<StepSpec>> {
        Box::pin(async move {
            let args: RejoinArgs = cx.args()?;
            Ok(vec![args.target.stop(StepId(0), true)])
        })
    }

    fn run<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Value> {
        Box::pin(async move {
            let args: RejoinArgs = cx.args()?;
            let control = args.target.control(cx.world)?;
            args.target.confirm(cx, &*control).await?;
            let primary = args.primary.ask(cx).await?;
            if primary.following.replica {
                return Err(Failure::refused(format!("{} takes no writes any more", args.primary.service.name)));
            }
            let asked = control.start(args.target.instance.as_deref());
            let started = args.target.change(cx, &*control, asked, Wanted::Up);
            try_join(started, cx.unless_cancelled(args.follow(cx))).await?;
            let took = cx.unless_cancelled(args.linked(cx)).await?;
            args.keep(cx).await?;
            let words = format!("{} follows {}:{}, linked after {}", args.target.words(), args.to.0, args.to.1, human(took));
            cx.reporter.log(&words);
            Ok(json!({ "words": words }))
        })
    }

    /// Asked again it is started and pointed again: that is the same.
    fn check<'a>(&'a self, _: &'a Cx<'a>) -> Promise<'a, Checked> {
        Box::pin(async { Ok(Checked::Absent) })
    }
}
