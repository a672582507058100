//! `end-session`: cancels a query of a PostgreSQL or ends a session, after it was made sure that it is still the one that was
//! confirmed; and waits until it is gone.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::domain::access::Access;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::name::Name;
use crate::domain::plan::StepSpec;
use crate::jobs::postgres::backend::{self, Aim, Ending};
use crate::jobs::postgres::identity::{self, maintenance};
use crate::jobs::postgres::session::Session;
use crate::jobs::step::{Checked, Cx, StepKind};
use crate::ports::Promise;
use crate::ports::tools::Tools;

/// How long a query or a session may take to end before it is said that it does not obey.
const OBEYS: Duration = Duration::from_secs(15);
/// Between two looks.
const LOOKS: Duration = Duration::from_millis(250);

/// The step's arguments.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EndArgs {
    /// The service.
    pub service: Name,
    /// How it is reached.
    pub access: Access,
    /// Which server it must be: what tells it from every other.
    pub server: String,
    /// Which session, and which query of it.
    pub aim: Aim,
    /// What is done to it.
    pub ending: Ending,
    /// Whether it is ended even if a follower needs it.
    pub force: bool,
}

/// The step kind.
pub const END_SESSION: &dyn StepKind = &EndSession;

struct EndSession;

impl StepKind for EndSession {
    fn name(&self) -> &'static str {
        "end-session"
    }

    /// What is rolled back stays rolled back.
    fn undo<'a>(&'a self, _: &'a Cx<'a>) -> Promise<'a, Vec<StepSpec>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn run<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Value> {
        Box::pin(async move { cx.unless_cancelled(end(cx, &cx.args()?)).await })
    }

    /// Whatever happened, a session that is gone needs no ending; one that is there is ended again.
    fn check<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Checked> {
        Box::pin(async move {
            let args: EndArgs = cx.args()?;
            let tools = cx.world.tools(&args.access);
            if let Err(other) = confirmed(&*tools, &args).await {
                return Ok(Checked::Unknown(other.what));
            }
            let gone = !is_there(&mut maintenance(&*tools).await?, &args.aim).await?;
            Ok(if gone { Checked::Done(json!({ "gone": true })) } else { Checked::Absent })
        })
    }
}

async fn end(cx: &Cx<'_>, args: &EndArgs) -> Result<Value, Failure> {
    let tools = cx.world.tools(&args.access);
    confirmed(&*tools, args).await?;
    let mut session = maintenance(&*tools).await?;
    let Some(found) = backend::find(&mut session, args.aim.session.pid).await? else { return Ok(by_itself()) };
    if !found.is(&args.aim)? {
        return Ok(by_itself());
    }
    found.may_end(args.force)?;
    cx.reporter.log(&found.words());
    if !backend::end(&mut session, args.aim, args.ending).await? {
        return Ok(by_itself());
    }
    let took = obeyed(&mut session, args).await?;
    session.close().await?;
    Ok(json!({ "gone": true, "took_ms": took.as_millis() as u64 }))
}

/// Refuses another server than the one that was confirmed.
async fn confirmed(tools: &dyn Tools, args: &EndArgs) -> Result<(), Failure> {
    let server = identity::identify(tools).await?;
    if server.key() == args.server {
        return Ok(());
    }
    let what = format!("{} is another server than was confirmed: it is {}", args.service, server.key());
    Err(Failure::refused(what).mend("look which server answers there now, and ask again"))
}

/// It ended before it was asked to: what was wanted is so.
fn by_itself() -> Value {
    json!({ "gone": true, "by_itself": true })
}

/// Whether the query or the session is still there. One whose process id somebody else has is gone.
async fn is_there(session: &mut Session, aim: &Aim) -> Result<bool, Failure> {
    let found = backend::find(session, aim.session.pid).await?;
    Ok(found.is_some_and(|found| found.is(aim) == Ok(true)))
}

async fn obeyed(session: &mut Session, args: &EndArgs) -> Result<Duration, Failure> {
    let began = Instant::now();
    while is_there(session, &args.aim).await? {
        if began.elapsed() >= OBEYS {
            return Err(stubborn(session, args).await?);
        }
        sleep(LOOKS).await;
    }
    Ok(began.elapsed())
}

async fn stubborn(session: &mut Session, args: &EndArgs) -> Result<Failure, Failure> {
    let pid = args.aim.session.pid;
    let found = backend::find(session, pid).await?;
    let waits = found.map_or_else(|| "nobody knows what for".to_owned(), |found| found.waits_for());
    let (subject, mend) = match args.ending {
        Ending::Cancel => ("the query of session", format!("midwatch terminate {} --pid {pid} ends the session", args.service)),
        Ending::Terminate => {
            ("session", "it goes as soon as it gets out of what it waits for; the last means is a restart".to_owned())
        }
    };
    let what = format!("{subject} {pid} was told to end {} s ago and is still there; it waits for {waits}", OBEYS.as_secs());
    Ok(Failure::new(FailureKind::Stalled, what).mend(mend))
}
