//! `kill-client`: disconnects one client of a Redis, after it was made sure that it is still the one that was confirmed.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::domain::access::Access;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::name::Name;
use crate::domain::plan::StepSpec;
use crate::domain::triage::redis::Client;
use crate::jobs::redis::identity::Server;
use crate::jobs::redis::{self, client};
use crate::jobs::step::{Checked, Cx, StepKind};
use crate::ports::Promise;

/// How long a client may take to go.
const OBEYS: Duration = Duration::from_secs(5);
/// Between two looks.
const LOOKS: Duration = Duration::from_millis(100);

/// The step's arguments.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KillArgs {
    /// The service.
    pub service: Name,
    /// How it is reached.
    pub access: Access,
    /// Which process of the server it must be: clients are numbered anew after a restart.
    pub run: String,
    /// Which client.
    pub client: u64,
    /// Where that connects from.
    pub address: String,
    /// Whether it goes even if it is a replica or a primary.
    pub force: bool,
}

/// The step kind.
pub const KILL_CLIENT: &dyn StepKind = &KillClient;

struct KillClient;

impl StepKind for KillClient {
    fn name(&self) -> &'static str {
        "kill-client"
    }

    /// A client connects again by itself, or does not.
    fn undo<'a>(&'a self, _: &'a Cx<'a>) -> Promise<'a, Vec<StepSpec>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn run<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Value> {
        Box::pin(async move { cx.unless_cancelled(kill(cx, &cx.args()?)).await })
    }

    fn check<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Checked> {
        Box::pin(async move {
            let args: KillArgs = cx.args()?;
            let link = redis::link(cx.world, &args.access).await?;
            let server = Server::identify(&*link, &args.access, &cx.plan.environment, &args.service).await?;
            if let Err(other) = server.must_be(&args.run) {
                return Ok(Checked::Unknown(other.what));
            }
            let found = client::find(&*link, args.client).await?;
            Ok(if found.is_none() { Checked::Done(json!({ "gone": true })) } else { Checked::Absent })
        })
    }
}

async fn kill(cx: &Cx<'_>, args: &KillArgs) -> Result<Value, Failure> {
    let link = redis::link(cx.world, &args.access).await?;
    let server = Server::identify(&*link, &args.access, &cx.plan.environment, &args.service).await?;
    server.must_be(&args.run)?;
    let Some(found) = client::find(&*link, args.client).await? else {
        return Ok(json!({ "gone": true, "by_itself": true }));
    };
    confirmed(&found, args)?;
    cx.reporter.log(&client::words(&found));
    link.ask(0, &["CLIENT", "KILL", "ID", &args.client.to_string()]).await?;
    let began = Instant::now();
    while client::find(&*link, args.client).await?.is_some() {
        if began.elapsed() >= OBEYS {
            let what = format!("client {} is still there {} s after it was disconnected", args.client, OBEYS.as_secs());
            return Err(Failure::new(FailureKind::Stalled, what));
        }
        sleep(LOOKS).await;
    }
    Ok(json!({ "gone": true }))
}

/// Numbers are not used again while a server runs; that it comes from where it came from costs nothing to ask.
fn confirmed(found: &Client, args: &KillArgs) -> Result<(), Failure> {
    if found.address != args.address {
        let what = format!("client {} comes from {}, confirmed was {}", found.id, found.address, args.address);
        return Err(Failure::refused(what));
    }
    client::may_go(found, args.force)
}
