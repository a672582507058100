//! `drop-sessions`: ends every session of one role of a PostgreSQL once, and makes sure that they are gone. There is nothing to take
//! back: the role's clients connect again by themselves, or do not.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::domain::failure::{Failure, FailureKind};
use crate::domain::number::{counted, subject};
use crate::domain::plan::{StepId, StepSpec};
use crate::jobs::postgres::identity::maintenance;
use crate::jobs::postgres::session::{Session, literal};
use crate::jobs::step::{Checked, Cx, StepKind};
use crate::jobs::steps::backup::step;
use crate::jobs::target::{RECOVERY, Target};
use crate::ports::Promise;

/// The step kind.
pub const DROP_SESSIONS: &dyn StepKind = &DropSessions;

/// How long sessions may take to end.
const OBEYS: Duration = Duration::from_secs(10);
/// Between two looks.
const LOOKS: Duration = Duration::from_millis(100);

/// The arguments of `drop-sessions`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DropArgs {
    /// Whom.
    pub target: Target,
    /// Whose sessions.
    pub role: String,
}

impl DropArgs {
    /// The step.
    pub fn step(&self) -> StepSpec {
        step(StepId(0), "drop-sessions", format!("End every session of {} in {}", self.role, self.target.words()), self)
    }
}

/// A session that ends: its process id, and when it began, for the ids are used again.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
struct One {
    pid: i32,
    began: String,
}

/// The sessions of a role, each with what else is asked of it.
async fn sessions(session: &mut Session, role: &str, ending: bool) -> Result<BTreeSet<One>, Failure> {
    let does = if ending { ", pg_terminate_backend(pid) AS sent" } else { "" };
    let sql = format!(
        "SELECT pid, coalesce(backend_start::text, '') AS began{does} FROM pg_stat_activity WHERE usename = {} \
         AND datid IS NOT NULL AND coalesce(backend_type, 'client backend') = 'client backend' AND pid <> pg_backend_pid()",
        literal(role)
    );
    Ok(session.rows(&sql).await?.into_iter().collect())
}

struct DropSessions;

impl StepKind for DropSessions {
    fn name(&self) -> &'static str {
        "drop-sessions"
    }

    /// That it is well is all that can be made sure of.
    fn undo<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Vec<StepSpec>> {
        Box::pin(async move { Ok(vec![cx.args::<DropArgs>()?.target.healthy(StepId(0), RECOVERY)]) })
    }

    fn run<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Value> {
        Box::pin(async move {
            let DropArgs { target, role } = cx.args()?;
            target.confirm_server(cx.world).await?;
            let mut session = maintenance(&*cx.world.tools(&target.service.access)).await?;
            let ended = sessions(&mut session, &role, true).await?;
            let began = Instant::now();
            while let left @ 1.. = sessions(&mut session, &role, false).await?.intersection(&ended).count() {
                if began.elapsed() >= OBEYS {
                    let left = subject(left, "session", "is", "are");
                    let what = format!("{left} still there {} s after being ended", OBEYS.as_secs());
                    return Err(Failure::new(FailureKind::Stalled, what));
                }
                sleep(LOOKS).await;
            }
            session.close().await?;
            let words = format!("{} of {role} ended", counted(ended.len(), "session"));
            cx.reporter.log(&words);
            Ok(json!({ "words": words }))
        })
    }

    fn check<'a>(&'a self, _: &'a Cx<'a>) -> Promise<'a, Checked> {
        Box::pin(async { Ok(Checked::Absent) })
    }
}
