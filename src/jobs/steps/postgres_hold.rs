//! `postgres-hold`: has a PostgreSQL hold something for a while that gets in its clients' way: a lock, its connections, its processors;
//! `postgres-let-go` ends that. The server ends it by itself a little later.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::domain::failure::{Failure, FailureKind};
use crate::domain::number::subject;
use crate::domain::plan::{StepId, StepSpec};
use crate::jobs::postgres::errand::{self, Errand};
use crate::jobs::postgres::identity::maintenance;
use crate::jobs::postgres::session::Session;
use crate::jobs::step::{Checked, Cx, Ready, StepKind};
use crate::jobs::steps::backup::step;
use crate::jobs::target::Target;
use crate::ports::Promise;
use crate::ports::tools::Tools;

/// The step kind that has something held.
pub const POSTGRES_HOLD: &dyn StepKind = &Hold;
/// The step kind that ends it.
pub const POSTGRES_LET_GO: &dyn StepKind = &LetGo;

/// The arguments of `postgres-hold` and of `postgres-let-go`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HoldArgs {
    /// Whom.
    pub target: Target,
    /// In which database.
    pub database: String,
    /// What is held.
    pub held: Held,
    /// After how long the server ends it.
    pub lasts: Duration,
}

/// What a PostgreSQL can hold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Held {
    /// A table, for nobody else to read or to write.
    Table(String),
    /// Connections, until so few are left that others may take.
    Connections(usize),
    /// Processors, by so many sessions that count.
    Processors(usize),
}

/// How the server's connections stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct Room {
    /// `max_connections`.
    pub most: usize,
    /// Those that are kept for superusers, and for whom they are reserved else.
    pub reserved: usize,
    /// Those that are in use.
    pub used: usize,
    /// How many the role and its database may have, where there is a limit.
    pub own: Option<usize>,
}

/// Sessions of the server's own processes have no database, or are none of clients.
const ROOM: &str = "\
SELECT current_setting('max_connections')::int AS most,
  (SELECT coalesce(sum(setting::int), 0) FROM pg_settings
    WHERE name IN ('superuser_reserved_connections', 'reserved_connections')) AS reserved,
  (SELECT count(*) FROM pg_stat_activity
    WHERE datid IS NOT NULL AND coalesce(backend_type, 'client backend') = 'client backend') AS used,
  (SELECT min(own.most) FROM (SELECT rolconnlimit FROM pg_roles WHERE rolname = current_user AND NOT rolsuper
    UNION ALL SELECT datconnlimit FROM pg_database WHERE datname = current_database()) AS own (most)
    WHERE own.most >= 0) AS own";

/// Asks for it.
pub async fn room(tools: &dyn Tools) -> Result<Room, Failure> {
    let mut session = maintenance(tools).await?;
    let room = session.row(ROOM).await?;
    session.close().await?;
    Ok(room)
}

impl Room {
    /// How many must be taken until only `free` are left.
    pub fn taken(self, free: usize) -> usize {
        // The session that asked is one of them, and gone by then.
        self.most.saturating_sub(self.reserved + free + self.used.saturating_sub(1))
    }
}

impl HoldArgs {
    /// The step that has it held.
    pub fn step(&self) -> StepSpec {
        let whose = self.target.words();
        let title = match &self.held {
            Held::Table(table) => format!("Have {whose} lock the table {table}"),
            Held::Connections(free) => format!("Take every connection of {whose} but {free}"),
            Held::Processors(many) => format!("Have {many} sessions of {whose} count as fast as they can"),
        };
        step(StepId(0), "postgres-hold", title, self)
    }

    async fn begin(&self, cx: &Cx<'_>) -> Result<usize, Failure> {
        let tools = cx.world.tools(&self.target.service.access);
        let lasts = self.lasts;
        let (sql, waits, sessions) = match &self.held {
            Held::Table(table) => {
                let sql = errand::sleeping(&format!("LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE;"), lasts, "");
                (sql, Some("PgSleep"), 1)
            }
            Held::Connections(free) => (errand::sleeping("", lasts, ""), Some("PgSleep"), room(&*tools).await?.taken(*free)),
            Held::Processors(many) => (counting(lasts), None, *many),
        };
        let (name, database) = (errand::name(cx), &*self.database);
        let errand = Errand { name: &name, database, sql: &sql, waits, lasts };
        errand.begin(&*tools, sessions).await?;
        Ok(sessions)
    }
}

/// A statement that counts for a while, in memory.
fn counting(lasts: Duration) -> String {
    let seconds = lasts.as_secs_f64();
    format!(
        "DO $midwatch$ DECLARE until CONSTANT timestamptz := clock_timestamp() + {seconds} * interval '1 second'; \
         BEGIN WHILE clock_timestamp() < until LOOP \
         PERFORM count(*) FROM generate_series(1, 300) AS a, generate_series(1, 1000) AS b; END LOOP; END $midwatch$"
    )
}

struct Hold;

impl StepKind for Hold {
    fn name(&self) -> &'static str {
        "postgres-hold"
    }

    fn undo<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Vec<StepSpec>> {
        Box::pin(async move {
            let args: HoldArgs = cx.args()?;
            let title = format!("End what the drill holds in {}", args.target.words());
            Ok(vec![step(StepId(0), "postgres-let-go", title, &args)])
        })
    }

    fn run<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Value> {
        Box::pin(async move {
            let args: HoldArgs = cx.args()?;
            args.target.confirm_server(cx.world).await?;
            let sessions = args.begin(cx).await?;
            Ok(json!({ "words": format!("{sessions} sessions called {:?}", errand::name(cx)) }))
        })
    }

    fn check<'a>(&'a self, _: &'a Cx<'a>) -> Promise<'a, Checked> {
        Box::pin(async { Ok(Checked::Absent) })
    }
}

struct LetGo;

impl StepKind for LetGo {
    fn name(&self) -> &'static str {
        "postgres-let-go"
    }

    /// What was ended is not begun again.
    fn undo<'a>(&'a self, _: &'a Cx<'a>) -> Promise<'a, Vec<StepSpec>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    /// A session: those who wait for a lock may take every connection that there is.
    fn ready<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Option<Box<dyn Ready>>> {
        Box::pin(async move {
            let HoldArgs { target, .. } = cx.args()?;
            let session = maintenance(&*cx.world.tools(&target.service.access)).await?;
            Ok(Some(Box::new(WayIn(session)) as Box<dyn Ready>))
        })
    }

    fn run<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Value> {
        Box::pin(async move {
            let HoldArgs { target, lasts, .. } = cx.args()?;
            let mut session = errand::way_in(&*cx.world.tools(&target.service.access), lasts).await?;
            let ended = let_go(&mut session, cx).await?;
            session.close().await?;
            Ok(ended)
        })
    }

    fn check<'a>(&'a self, _: &'a Cx<'a>) -> Promise<'a, Checked> {
        Box::pin(async { Ok(Checked::Absent) })
    }
}

/// A session that was open before anything was held.
struct WayIn(Session);

impl Ready for WayIn {
    fn run<'a>(&'a mut self, cx: &'a Cx<'a>) -> Promise<'a, Value> {
        Box::pin(let_go(&mut self.0, cx))
    }
}

async fn let_go(session: &mut Session, cx: &Cx<'_>) -> Result<Value, Failure> {
    let ended = errand::end(session, &errand::name(cx)).await?;
    Ok(json!({ "words": format!("{} ended, none is left", subject(ended, "session", "was", "were")) }))
}

/// Refuses where there are not so many connections to be taken, or the role may not take them.
pub fn takeable(room: Room, taken: usize, role: &str) -> Result<usize, Failure> {
    if taken == 0 || taken > room.taken(0) {
        return Err(Failure::refused(format!("{} of {} connections are in use already", room.used, room.most)));
    }
    match room.own {
        // One is for whoever looks whether they are taken, and one for whoever ends it.
        Some(own) if own < taken + 2 => {
            let what = format!("{taken} more connections would have to be taken, and {role} may have {own}");
            let grant = format!("ALTER ROLE {role} CONNECTION LIMIT -1; the database may have a limit, too");
            Err(Failure::new(FailureKind::Denied, what).mend(grant))
        }
        _ => Ok(taken),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn connections_are_taken_but_those_of_superusers_and_a_few() {
        let room = Room { most: 100, reserved: 3, used: 11, own: None };
        assert_eq!(takeable(room, room.taken(3), "midwatch"), Ok(84));
        let full = Room { used: 95, ..room };
        assert_eq!(takeable(full, full.taken(3), "midwatch").unwrap_err().kind, FailureKind::Refused);
        let limited = takeable(Room { own: Some(85), ..room }, 84, "midwatch").unwrap_err();
        assert!(limited.kind == FailureKind::Denied && limited.to_string().contains("ALTER ROLE midwatch"), "{limited}");
        assert_eq!(takeable(Room { own: Some(86), ..room }, 84, "midwatch"), Ok(84));
    }
}
