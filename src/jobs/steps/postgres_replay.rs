//! `pause-replay`: has a standby receive and not apply, so that it falls behind; `resume-replay` lets it go on. The server itself goes
//! on after a while: the session that pauses it sleeps there, and resumes it then.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::domain::failure::{Failure, FailureKind};
use crate::domain::plan::{StepId, StepSpec};
use crate::jobs::postgres::errand::{self, Errand};
use crate::jobs::postgres::identity::maintenance;
use crate::jobs::postgres::session::Session;
use crate::jobs::step::{Checked, Cx, StepKind};
use crate::jobs::steps::backup::step;
use crate::jobs::target::Target;
use crate::ports::Promise;

/// The step kind that pauses it.
pub const PAUSE_REPLAY: &dyn StepKind = &Pause;
/// The step kind that lets it go on.
pub const RESUME_REPLAY: &dyn StepKind = &Resume;

/// The arguments of `pause-replay`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReplayArgs {
    /// Whom.
    pub target: Target,
    /// In which database: that which [`maintenance`] finds, where the right is granted.
    pub database: String,
    /// After how long the server goes on by itself.
    pub lasts: Duration,
}

/// How a server replays.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Replay {
    /// Whether it is a standby at all.
    pub standby: bool,
    /// Whether it is paused; unknown of what is none.
    pub paused: Option<bool>,
    /// Whether we may pause it and let it go on.
    pub allowed: bool,
    /// The database that was asked in: the right is of that one alone.
    pub database: String,
    /// Who we are there.
    pub me: String,
}

const REPLAY: &str = "\
SELECT pg_is_in_recovery() AS standby, CASE WHEN pg_is_in_recovery() THEN pg_is_wal_replay_paused() END AS paused,
  has_function_privilege('pg_catalog.pg_wal_replay_pause()', 'execute')
    AND has_function_privilege('pg_catalog.pg_wal_replay_resume()', 'execute') AS allowed,
  current_database()::text AS database, current_user::text AS me";

/// Asks for it.
pub async fn replay(session: &mut Session) -> Result<Replay, Failure> {
    session.row(REPLAY).await
}

impl ReplayArgs {
    /// The step that pauses it.
    pub fn step(&self) -> StepSpec {
        step(StepId(0), "pause-replay", format!("Have {} apply nothing that it receives", self.target.words()), self)
    }
}

struct Pause;

impl StepKind for Pause {
    fn name(&self) -> &'static str {
        "pause-replay"
    }

    /// One that somebody else has paused is not let go on.
    fn undo<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Vec<StepSpec>> {
        Box::pin(async move {
            let ReplayArgs { target, .. } = cx.args()?;
            let mut session = maintenance(&*cx.world.tools(&target.service.access)).await?;
            let before = replay(&mut session).await?;
            session.close().await?;
            if before.paused != Some(false) {
                return Err(Failure::refused(format!("{} does not replay now", target.words())));
            }
            Ok(vec![step(StepId(0), "resume-replay", format!("Let {} apply what it receives", target.words()), &target)])
        })
    }

    fn run<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Value> {
        Box::pin(async move {
            let args: ReplayArgs = cx.args()?;
            args.target.confirm_server(cx.world).await?;
            let tools = cx.world.tools(&args.target.service.access);
            let sql = errand::sleeping("PERFORM pg_wal_replay_pause();", args.lasts, "PERFORM pg_wal_replay_resume();");
            let (name, lasts) = (errand::name(cx), args.lasts);
            let errand = Errand { name: &name, database: &args.database, sql: &sql, waits: Some("PgSleep"), lasts };
            errand.begin(&*tools, 1).await?;
            let mut session = maintenance(&*tools).await?;
            let now = replay(&mut session).await?;
            session.close().await?;
            if now.paused == Some(true) {
                return Ok(json!({ "words": "it receives, and applies nothing" }));
            }
            Err(Failure::new(FailureKind::Unavailable, format!("{} was paused, and goes on", args.target.words())))
        })
    }

    fn check<'a>(&'a self, _: &'a Cx<'a>) -> Promise<'a, Checked> {
        Box::pin(async { Ok(Checked::Absent) })
    }
}

struct Resume;

impl StepKind for Resume {
    fn name(&self) -> &'static str {
        "resume-replay"
    }

    /// What goes on is not paused again.
    fn undo<'a>(&'a self, _: &'a Cx<'a>) -> Promise<'a, Vec<StepSpec>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    /// First it is resumed, then the session that would do so is ended: never is it paused with nobody to resume it.
    fn run<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Value> {
        Box::pin(async move {
            let target: Target = cx.args()?;
            let tools = cx.world.tools(&target.service.access);
            let mut session = maintenance(&*tools).await?;
            if replay(&mut session).await?.paused == Some(true) {
                session.execute("SELECT FROM pg_wal_replay_resume()").await?;
            }
            errand::end(&mut session, &errand::name(cx)).await?;
            let now = replay(&mut session).await?;
            session.close().await?;
            match now.paused {
                Some(true) => Err(Failure::new(FailureKind::Unavailable, format!("{} does not go on", target.words()))),
                Some(false) => Ok(json!({ "words": "it applies what it receives" })),
                // Whoever took over applies nothing any more.
                None => Ok(json!({ "words": "it is no standby any more" })),
            }
        })
    }

    fn check<'a>(&'a self, _: &'a Cx<'a>) -> Promise<'a, Checked> {
        Box::pin(async { Ok(Checked::Absent) })
    }
}
