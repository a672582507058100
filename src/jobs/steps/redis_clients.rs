//! `drop-clients`: disconnects every client of a Redis once, and makes sure that they are gone. Replicas, subscribers and the primary
//! stay. There is nothing to take back: they connect again by themselves, or do not.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::domain::failure::{Failure, FailureKind};
use crate::domain::number::subject;
use crate::domain::plan::{StepId, StepSpec};
use crate::domain::triage::redis::Client;
use crate::jobs::redis;
use crate::jobs::step::{Checked, Cx, StepKind};
use crate::jobs::steps::backup::step;
use crate::jobs::target::{RECOVERY, Target};
use crate::ports::Promise;
use crate::ports::redis::RedisLink;

/// The step kind.
pub const DROP_CLIENTS: &dyn StepKind = &DropClients;

/// What it asks the server for.
pub const KILL: &[&str] = &["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"];
/// How long clients may take to go.
const OBEYS: Duration = Duration::from_secs(5);
/// Between two looks.
const LOOKS: Duration = Duration::from_millis(100);

/// The step, of a target.
pub fn drop_clients(target: &Target) -> StepSpec {
    step(StepId(0), "drop-clients", format!("Disconnect every client of {}", target.words()), target)
}

/// The clients that are connected, but for replication and subscribers: a number of one is never used again.
pub async fn normal(link: &dyn RedisLink) -> Result<BTreeSet<u64>, Failure> {
    let all = link.ask(0, &["CLIENT", "LIST", "TYPE", "normal"]).await?;
    Ok(all.lines().filter_map(Client::parse).map(|client| client.id).collect())
}

struct DropClients;

impl StepKind for DropClients {
    fn name(&self) -> &'static str {
        "drop-clients"
    }

    /// That it is well is all that can be made sure of.
    fn undo<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Vec<StepSpec>> {
        Box::pin(async move { Ok(vec![cx.args::<Target>()?.healthy(StepId(0), RECOVERY)]) })
    }

    fn run<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Value> {
        Box::pin(async move {
            let target: Target = cx.args()?;
            target.confirm_server(cx.world).await?;
            let link = redis::link(cx.world, &target.service.access).await?;
            let before = normal(&*link).await?;
            let dropped = link.ask(0, KILL).await?;
            gone(&*link, &before).await?;
            let words = format!("clients disconnected: {dropped}");
            cx.reporter.log(&words);
            Ok(json!({ "words": words }))
        })
    }

    fn check<'a>(&'a self, _: &'a Cx<'a>) -> Promise<'a, Checked> {
        Box::pin(async { Ok(Checked::Absent) })
    }
}

async fn gone(link: &dyn RedisLink, before: &BTreeSet<u64>) -> Result<(), Failure> {
    let began = Instant::now();
    loop {
        let left = normal(link).await?.intersection(before).count();
        if left == 0 {
            return Ok(());
        }
        if began.elapsed() >= OBEYS {
            let left = subject(left, "client", "is", "are");
            let what = format!("{left} still there {} s after being disconnected", OBEYS.as_secs());
            return Err(Failure::new(FailureKind::Stalled, what));
        }
        sleep(LOOKS).await;
    }
}
