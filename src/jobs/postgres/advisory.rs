//! The lock that the server itself keeps while it is copied: jobs of other bastions, which share no ledger, meet here.

use serde::Deserialize;

use crate::domain::failure::{Failure, FailureKind};
use crate::jobs::postgres::identity;
use crate::jobs::postgres::session::{Session, literal};
use crate::ports::tools::Tools;

/// `midw` and `back`, as the two numbers of an advisory lock.
const KEYS: (i32, i32) = (0x6d69_6477, 0x6261_636b);
/// How long the name of an application may be; the server cuts the rest.
const NAME: usize = 63;

/// A held lock: free when this is closed or dropped, and when the process dies.
pub struct Held(Session);

#[derive(Deserialize)]
struct Taken {
    taken: bool,
}

#[derive(Deserialize)]
struct Holder {
    pid: i64,
    who: Option<String>,
    what: Option<String>,
    since: Option<String>,
}

/// Takes the server's lock for a copy. `what` tells the loser of another attempt what is going on: `backup #12 by anna on web1`.
pub async fn take(tools: &dyn Tools, what: &str) -> Result<Held, Failure> {
    let mut session = identity::maintenance(tools).await?;
    let name: String = format!("midwatch {what}").chars().take(NAME).collect();
    session.rows::<serde::de::IgnoredAny>(&format!("SELECT set_config('application_name', {}, false)", literal(&name))).await?;
    let (first, second) = KEYS;
    let taken: Taken = session.row(&format!("SELECT pg_try_advisory_lock({first}, {second}) AS taken")).await?;
    if taken.taken {
        return Ok(Held(session));
    }
    let holders: Vec<Holder> = session.rows(&holders()).await?;
    Err(lost(&tools.access().reach.to_string(), holders.first()))
}

fn holders() -> String {
    let (first, second) = KEYS;
    format!(
        "SELECT held.pid, there.usename::text AS who, there.application_name AS what, \
           to_char(there.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') AS since \
         FROM pg_locks AS held LEFT JOIN pg_stat_activity AS there ON there.pid = held.pid \
         WHERE held.locktype = 'advisory' AND held.granted AND held.objsubid = 2 \
           AND held.classid = {first} AND held.objid = {second} \
           AND held.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
}

fn lost(address: &str, holder: Option<&Holder>) -> Failure {
    let Some(holder) = holder else {
        return Failure::new(FailureKind::Locked, format!("somebody else was copying {address} just now")).mend("try again");
    };
    let or = |text: &Option<String>, or: &str| text.clone().filter(|text| !text.is_empty()).unwrap_or_else(|| or.to_owned());
    let what = format!(
        "{address} is being copied already: {:?} by role {}, since {} UTC (server process {})",
        or(&holder.what, "an unnamed session"),
        or(&holder.who, "unknown"),
        or(&holder.since, "unknown"),
        holder.pid
    );
    Failure::new(FailureKind::Locked, what).mend("wait until it has ended")
}

impl Held {
    /// The session that holds it: what lives as long as the copy, such as a temporary replication slot, belongs to it too.
    pub fn session(&mut self) -> &mut Session {
        &mut self.0
    }

    /// Gives it back. A failure tells that it was lost before: the server had restarted, or somebody ended the session.
    pub async fn release(self) -> Result<(), Failure> {
        self.0.close().await
    }
}
