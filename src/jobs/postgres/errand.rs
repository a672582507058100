//! What a drill has a PostgreSQL do for a while: statements that the server itself carries on and ends, whoever lives meanwhile. Their
//! sessions bear the drill's name, so that whoever ends the drill finds them there; nobody has to stay connected for them.

use std::time::Duration;

use futures_util::future::{select_all, try_join_all};
use serde::Deserialize;
use tokio::time::{Instant, sleep};

use crate::domain::failure::{Failure, FailureKind};
use crate::domain::number::counted;
use crate::jobs::postgres::identity::maintenance;
use crate::jobs::postgres::session::{Session, literal};
use crate::jobs::step::Cx;
use crate::ports::tools::Tools;

/// How long a statement may wait for a lock before it gives up.
const LOCKS: Duration = Duration::from_secs(5);
/// How long the server may take until statements do what they are for, and until ended sessions are gone.
const OBEYS: Duration = Duration::from_secs(10);
/// Between two tries to get in.
const RETRIES: Duration = Duration::from_secs(1);
/// Between two looks.
const LOOKS: Duration = Duration::from_millis(100);
/// How long a name the server keeps.
const NAME: usize = 63;
/// What tells a statement of a drill from the others of its session.
const MARK: &str = "/* midwatch drill */";
/// How many are begun at once: each takes a process here until the server carries it on.
const AT_ONCE: usize = 8;
/// What the server counts beyond the time of a statement, so that it ends by its own words first.
const BEYOND: Duration = Duration::from_secs(5);

/// A statement that the server carries on.
pub struct Errand<'a> {
    /// What its sessions are called.
    pub name: &'a str,
    /// In which database.
    pub database: &'a str,
    /// The statement; it ends by itself.
    pub sql: &'a str,
    /// What its sessions wait for once it does what it is for: `PgSleep`; anything where none is named.
    pub waits: Option<&'a str>,
    /// After how long it ends.
    pub lasts: Duration,
}

#[derive(Deserialize)]
struct Count {
    many: usize,
}

/// What the sessions of a drill are called: `midwatch-drill-12 web1`.
pub fn name(cx: &Cx<'_>) -> String {
    let host: String = cx.host.chars().filter(|c| c.is_ascii_alphanumeric() || "-._".contains(*c)).collect();
    format!("midwatch-drill-{} {host}", cx.job.0).chars().take(NAME).collect()
}

/// A statement that sleeps for a while, after others.
pub fn sleeping(before: &str, lasts: Duration, after: &str) -> String {
    let seconds = lasts.as_secs_f64();
    format!("DO $midwatch$ BEGIN {before} PERFORM pg_catalog.pg_sleep({seconds}); {after} END $midwatch$")
}

/// How many sessions of a name there are, that do what they are for.
async fn running(watch: &mut Session, errand: &Errand<'_>) -> Result<usize, Failure> {
    let (name, mark) = (literal(errand.name), literal(&format!("{MARK}%")));
    let waits = errand.waits.map_or_else(String::new, |event| format!(" AND wait_event = {}", literal(event)));
    let sql = format!(
        "SELECT count(*) AS many FROM pg_stat_activity \
         WHERE application_name = {name} AND state = 'active' AND query LIKE {mark}{waits}"
    );
    Ok(watch.row::<Count>(&sql).await?.many)
}

impl Errand<'_> {
    /// Has so many sessions begin it, and returns when all do what they are for.
    pub async fn begin(&self, tools: &dyn Tools, sessions: usize) -> Result<(), Failure> {
        let mut watch = maintenance(tools).await?;
        let mut begun = 0;
        while begun < sessions {
            let some = AT_ONCE.min(sessions - begun);
            let mut left = try_join_all((0..some).map(|_| self.leave(tools))).await?;
            begun += some;
            // From here on the server needs none of them.
            self.is_on(&mut watch, &mut left, begun).await?;
        }
        watch.close().await
    }

    async fn leave(&self, tools: &dyn Tools) -> Result<Session, Failure> {
        let mut session = Session::named(tools, self.database, self.name).await?;
        let millis = |time: Duration| time.as_millis().to_string();
        let (ends, locks) = (millis(self.lasts + BEYOND), millis(LOCKS));
        // Else some servers would end it with whoever asked for it.
        let alone = ("client_connection_check_interval", "0");
        session.set(&[("statement_timeout", &ends), ("lock_timeout", &locks), alone]).await?;
        session.start(&format!("{MARK} {}", self.sql)).await?;
        Ok(session)
    }

    async fn is_on(&self, watch: &mut Session, left: &mut [Session], wanted: usize) -> Result<(), Failure> {
        let early = select_all(left.iter_mut().map(|session| Box::pin(session.ended())));
        let seen = async {
            let began = Instant::now();
            while running(watch, self).await? < wanted {
                if began.elapsed() >= OBEYS {
                    let what = format!("the server has not begun what it was told to after {} s", OBEYS.as_secs());
                    return Err(Failure::new(FailureKind::Stalled, what));
                }
                sleep(LOOKS).await;
            }
            Ok(())
        };
        tokio::select! {
            (ended, ..) = early => {
                ended?;
                Err(Failure::new(FailureKind::Unavailable, "what the server was told to do ended at once"))
            }
            seen = seen => seen,
        }
    }
}

/// A session, as soon as one is to be had. Where waiting clients have taken every connection, that is once the server has ended by
/// itself what they wait for: `lasts` after it began.
pub async fn way_in(tools: &dyn Tools, lasts: Duration) -> Result<Session, Failure> {
    let began = Instant::now();
    loop {
        match maintenance(tools).await {
            Err(failure) if failure.kind == FailureKind::Unavailable && began.elapsed() < lasts + OBEYS => sleep(RETRIES).await,
            session => return session,
        }
    }
}

/// Ends every session of a name, and makes sure that none is left; how many there were. They may be of another server than was
/// meant: there are none there.
pub async fn end(session: &mut Session, name: &str) -> Result<usize, Failure> {
    let sql = format!(
        "SELECT count(pg_terminate_backend(pid)) AS many FROM pg_stat_activity \
         WHERE application_name = {} AND pid <> pg_backend_pid()",
        literal(name)
    );
    let (began, mut most) = (Instant::now(), 0);
    loop {
        let left = session.row::<Count>(&sql).await?.many;
        most = left.max(most);
        if left == 0 {
            return Ok(most);
        }
        if began.elapsed() >= OBEYS {
            let left = counted(left, "session");
            let what = format!("{left} called {name} still there {} s after being ended", OBEYS.as_secs());
            return Err(Failure::new(FailureKind::Stalled, what));
        }
        sleep(LOOKS).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_sleeps_between_what_it_does_and_what_it_undoes() {
        let sql = sleeping("LOCK TABLE t;", Duration::from_millis(1500), "");
        assert_eq!(sql, "DO $midwatch$ BEGIN LOCK TABLE t; PERFORM pg_catalog.pg_sleep(1.5);  END $midwatch$");
    }
}
