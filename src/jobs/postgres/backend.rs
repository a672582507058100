//! One session of a server: who it is, whether it may be ended, and ending it. Process ids are used again, so that a session is
//! told by when it began too; and a query by when that began.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::domain::clean::{Clean, fit};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::time::human;
use crate::domain::triage::locks::{self, Waits};
use crate::domain::triage::masked::masked;
use crate::domain::triage::postgres::{SessionId, Who};
use crate::jobs::postgres::session::{Session, identifier};

/// How much of a query's shape a plan tells.
const SHAPE: usize = 120;

/// What is done to a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    /// Its query is cancelled; it stays connected.
    Cancel,
    /// It is disconnected, and what it had open is rolled back.
    Terminate,
}

/// A session as the server tells of it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Backend {
    #[serde(flatten)]
    id: SessionId,
    kind: String,
    #[serde(flatten)]
    who: Who,
    state: String,
    /// When its query began, microseconds since 1970.
    query_started: Option<i64>,
    age: Option<f64>,
    wait: String,
    query: String,
    /// Whether it is an autovacuum that the server cannot do without.
    wraparound: bool,
    /// Whether the server lets us end it.
    allowed: bool,
    /// Who we are there.
    me: String,
    /// Whether the server hides from us what it is: we are no member of `pg_monitor`.
    hidden: bool,
}

/// Which session, and which query of it: what a plan freezes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Aim {
    /// The session.
    pub session: SessionId,
    /// When its query began; only where that query is meant, and not the session.
    pub query_started: Option<i64>,
}

const SESSION: &str = "\
SELECT a.pid, coalesce((extract(epoch FROM a.backend_start) * 1000000)::bigint, 0) AS started, a.backend_start IS NULL AS hidden, coalesce(a.backend_type, '') AS kind,
  coalesce(a.usename, '') AS user, coalesce(a.datname, '') AS database, coalesce(a.application_name, '') AS application,
  coalesce(host(a.client_addr), '') AS client, coalesce(a.state, '') AS state,
  (extract(epoch FROM a.query_start) * 1000000)::bigint AS query_started,
  extract(epoch FROM clock_timestamp() - CASE WHEN a.state = 'active' THEN a.query_start ELSE a.state_change END) AS age,
  coalesce(a.wait_event_type || ':' || a.wait_event, '') AS wait, left(coalesce(a.query, ''), 1000) AS query,
  coalesce(a.backend_type = 'autovacuum worker' AND a.query LIKE '%to prevent wraparound%', false) AS wraparound,
  me.rolsuper OR coalesce(NOT their.rolsuper AND (pg_has_role(me.oid, their.oid, 'USAGE')
    OR pg_has_role(me.oid, 'pg_signal_backend', 'USAGE')), false) AS allowed, me.rolname AS me
FROM pg_stat_activity AS a LEFT JOIN pg_roles AS their ON their.oid = a.usesysid, pg_roles AS me
WHERE me.rolname = current_user AND a.pid <> pg_backend_pid() AND a.pid = ";

#[derive(Deserialize)]
struct Waiting {
    pid: i32,
    of: Vec<i32>,
}

const WAITING: &str =
    "SELECT pid, pg_blocking_pids(pid) AS of FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND pid <> pg_backend_pid()";

/// The session that has a process id now.
pub async fn find(session: &mut Session, pid: i32) -> Result<Option<Backend>, Failure> {
    let found: Option<Backend> = session.rows(&format!("{SESSION}{pid}")).await?.pop();
    found.map(Backend::seen).transpose()
}

/// Who waits for whom now.
pub async fn waits(session: &mut Session) -> Result<Waits, Failure> {
    let waiting: Vec<Waiting> = session.rows(WAITING).await?;
    Ok(waiting.into_iter().map(|one| (one.pid, one.of.into_iter().collect())).collect::<BTreeMap<_, _>>())
}

#[derive(Deserialize)]
struct Sent {
    sent: bool,
}

/// Ends what is aimed at. The server looks once more, in the same statement, whether it is still that; false where it is not.
pub async fn end(session: &mut Session, aim: Aim, ending: Ending) -> Result<bool, Failure> {
    let function = match ending {
        Ending::Cancel => "pg_cancel_backend",
        Ending::Terminate => "pg_terminate_backend",
    };
    let SessionId { pid, started } = aim.session;
    let query = aim.query_started.map_or_else(String::new, |began| {
        format!(" AND state = 'active' AND (extract(epoch FROM query_start) * 1000000)::bigint = {began}")
    });
    let sql = format!(
        "SELECT {function}(pid) AS sent FROM pg_stat_activity \
         WHERE pid = {pid} AND (extract(epoch FROM backend_start) * 1000000)::bigint = {started}{query}"
    );
    Ok(session.rows::<Sent>(&sql).await?.iter().any(|sent| sent.sent))
}

impl Backend {
    /// Refuses what is hidden: when it began is not told, and without that nobody knows whether it is still the same.
    fn seen(self) -> Result<Self, Failure> {
        if !self.hidden {
            return Ok(self);
        }
        let what = format!("what session {} of {} is and does is hidden from {}", self.id.pid, self.who, self.me);
        let rights = if self.allowed { "pg_monitor" } else { "pg_monitor, pg_signal_backend" };
        Err(Failure::new(FailureKind::Denied, what).mend(format!("as a superuser: GRANT {rights} TO {};", identifier(&self.me))))
    }

    /// Which it is.
    pub fn id(&self) -> SessionId {
        self.id
    }

    /// What is aimed at: the query it runs, or the session itself.
    ///
    /// # Errors
    /// There is no query to cancel.
    pub fn aim(&self, ending: Ending, service: &str) -> Result<Aim, Failure> {
        let Self { id, state, .. } = self;
        match ending {
            Ending::Terminate => Ok(Aim { session: *id, query_started: None }),
            Ending::Cancel if state == "active" => Ok(Aim { session: *id, query_started: self.query_started }),
            Ending::Cancel => {
                let doing = if state.is_empty() { "doing nothing that the server tells" } else { state };
                let what = format!("session {} is {doing}: it runs no query that could be cancelled", id.pid);
                Err(Failure::refused(what).mend(format!("midwatch terminate {service} --pid {} ends the session", id.pid)))
            }
        }
    }

    /// Whether it is still what was aimed at. Another session that has its process id by now is refused, not ended.
    pub fn is(&self, aim: &Aim) -> Result<bool, Failure> {
        if self.id != aim.session {
            let what =
                format!("process {} is another session by now ({}): the one that was confirmed is gone", self.id.pid, self.who);
            return Err(Failure::refused(what).mend("nothing was ended; look again who is there"));
        }
        Ok(aim.query_started.is_none() || self.state == "active" && self.query_started == aim.query_started)
    }

    /// Refuses what the server or its followers cannot do without, unless it is forced, and what we may not end.
    pub fn may_end(&self, forced: bool) -> Result<(), Failure> {
        let pid = self.id.pid;
        let forceable = match self.kind.as_str() {
            "client backend" | "parallel worker" => None,
            "autovacuum worker" if !self.wraparound => None,
            "autovacuum worker" => Some("an autovacuum that keeps the server from stopping for want of transaction ids"),
            "walsender" => Some("what a standby, a backup or a subscriber follows"),
            kind if kind.starts_with("logical replication") && kind != "logical replication launcher" => {
                Some("a subscription's own")
            }
            kind => {
                let what = format!(
                    "process {pid} is the server's own {}: it is no session",
                    if kind.is_empty() { "process" } else { kind }
                );
                return Err(Failure::refused(what));
            }
        };
        if let Some(what) = forceable.filter(|_| !forced) {
            return Err(Failure::refused(format!("session {pid} is {what}")).mend("--force ends it all the same"));
        }
        if self.allowed { Ok(()) } else { Err(self.denied()) }
    }

    fn denied(&self) -> Failure {
        let what = format!("{} may not end session {} of {}", self.me, self.id.pid, self.who);
        let me = identifier(&self.me);
        let mend = format!("GRANT pg_signal_backend TO {me}; a superuser's sessions are ended by a superuser alone");
        Failure::new(FailureKind::Denied, what).mend(mend)
    }

    /// `session 4711, shop@shop (app-1) from 10.0.0.7, active for 42s`.
    pub fn words(&self) -> String {
        let age = self.age.and_then(|age| Duration::try_from_secs_f64(age.max(0.0)).ok());
        let age = age.map_or_else(String::new, |age| format!(" for {}", human(age)));
        let state = if self.state.is_empty() { &self.kind } else { &self.state };
        format!("session {}, {}, {state}{age}", self.id.pid, self.who)
    }

    /// What it does, without the values in it; nothing where that is hidden.
    pub fn shape(&self) -> String {
        fit(Clean::new(&masked(&self.query)).as_str(), SHAPE, "…")
    }

    /// What it waits for, for people.
    pub fn waits_for(&self) -> String {
        if self.wait.is_empty() { "nothing: it works".to_owned() } else { self.wait.clone() }
    }

    /// What a person should know before it is ended.
    pub fn notes(&self, ending: Ending, waits: &Waits) -> Vec<String> {
        let shape = self.shape();
        let query = (!shape.is_empty()).then(|| format!("Its query, values left out: {shape}"));
        let freed = match locks::frees(waits, self.id.pid) {
            0 => None,
            1 => Some("1 session waits for it and can go on.".to_owned()),
            many => Some(format!("{many} sessions wait for it and for nobody else, and can go on.")),
        };
        let effect = match ending {
            Ending::Cancel => "Its transaction is rolled back; it stays connected.",
            Ending::Terminate => "It is disconnected, and what it had open is rolled back.",
        };
        let forced =
            self.wraparound.then(|| "The server starts this autovacuum again, and must: let it end before long.".to_owned());
        let follows = (self.kind == "walsender").then(|| "What follows through it stops until it connects again.".to_owned());
        [query, freed, Some(effect.to_owned()), forced, follows].into_iter().flatten().collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn backend() -> Backend {
        Backend {
            id: SessionId { pid: 7, started: 100 },
            kind: "client backend".into(),
            who: Who { user: "shop".into(), database: "shop".into(), application: "app-1".into(), client: String::new() },
            state: "active".into(),
            query_started: Some(200),
            age: Some(42.5),
            wait: String::new(),
            query: "ALTER ROLE shop PASSWORD 'hunter2'".into(),
            wraparound: false,
            allowed: true,
            me: "midwatch".into(),
            hidden: false,
        }
    }

    #[test]
    fn rule_11_a_process_id_that_was_used_again_is_refused() {
        let aim = backend().aim(Ending::Terminate, "db").unwrap();
        assert_eq!(backend().is(&aim), Ok(true));
        let reused = Backend { id: SessionId { pid: 7, started: 101 }, ..backend() };
        assert_eq!(reused.is(&aim).unwrap_err().kind, FailureKind::Refused);
    }

    #[test]
    fn rule_11_a_query_that_ended_is_not_mistaken_for_the_next_one() {
        let aim = backend().aim(Ending::Cancel, "db").unwrap();
        assert_eq!(backend().is(&aim), Ok(true));
        assert_eq!(Backend { query_started: Some(201), ..backend() }.is(&aim), Ok(false));
        assert_eq!(Backend { state: "idle".into(), ..backend() }.is(&aim), Ok(false));
        let session = backend().aim(Ending::Terminate, "db").unwrap();
        assert_eq!(Backend { query_started: Some(201), ..backend() }.is(&session), Ok(true));
    }

    #[test]
    fn what_is_hidden_is_refused_with_every_grant_that_is_missing() {
        let mend = |allowed, me: &str| {
            let refused = Backend { hidden: true, allowed, me: me.into(), ..backend() }.seen().unwrap_err();
            assert_eq!(refused.kind, FailureKind::Denied, "{refused}");
            refused.mend.unwrap()
        };
        assert_eq!(mend(false, "watch"), "as a superuser: GRANT pg_monitor, pg_signal_backend TO watch;");
        assert_eq!(mend(true, "on-call"), "as a superuser: GRANT pg_monitor TO \"on-call\";");
        assert!(backend().seen().is_ok());
    }

    #[test]
    fn what_runs_nothing_is_not_cancelled_but_terminated() {
        let holding = Backend { state: "idle in transaction".into(), ..backend() };
        let failure = holding.aim(Ending::Cancel, "shop-db").unwrap_err();
        assert_eq!(failure.mend.as_deref(), Some("midwatch terminate shop-db --pid 7 ends the session"));
        assert!(holding.aim(Ending::Terminate, "shop-db").is_ok());
    }

    #[test]
    fn what_the_server_needs_is_ended_by_force_or_not_at_all() {
        let of = |kind: &str, wraparound, forced| Backend { kind: kind.into(), wraparound, ..backend() }.may_end(forced).is_ok();
        assert!(of("client backend", false, false) && of("autovacuum worker", false, false));
        assert!(!of("autovacuum worker", true, false) && of("autovacuum worker", true, true));
        assert!(!of("walsender", false, false) && of("walsender", false, true));
        assert!(!of("checkpointer", false, true) && !of("", false, true) && !of("logical replication launcher", false, true));
        assert_eq!(Backend { allowed: false, ..backend() }.may_end(true).unwrap_err().kind, FailureKind::Denied);
    }

    #[test]
    fn rule_12_a_plan_tells_a_query_without_what_was_typed_into_it() {
        let backend = backend();
        assert_eq!(backend.words(), "session 7, shop@shop (app-1), active for 42s");
        let waits = [(8, [7].into()), (9, [8].into())].into();
        let notes = backend.notes(Ending::Cancel, &waits).join("\n");
        assert!(notes.contains("ALTER ROLE shop PASSWORD ?") && !notes.contains("hunter2"), "{notes}");
        assert!(notes.contains("2 sessions wait for it"), "{notes}");
    }
}
