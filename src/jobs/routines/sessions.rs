//! `cancel-query` and `terminate`: ends what one session of a PostgreSQL does, or the session.

use std::time::Duration;

use crate::domain::failure::{Failure, FailureKind};
use crate::domain::plan::{Plan, StepId, StepSpec};
use crate::domain::service::ServiceKind;
use crate::domain::service::spec::ServiceSpec;
use crate::jobs::postgres::backend::{self, Backend, Ending};
use crate::jobs::postgres::identity::{self, maintenance};
use crate::jobs::routine::{Ask, Form, Param, Routine};
use crate::jobs::routines::target;
use crate::jobs::steps::backup::step;
use crate::jobs::steps::end_session::EndArgs;
use crate::ports::Promise;

/// Longer than anything in it may take.
const DEADLINE: Duration = Duration::from_secs(90);

const PARAMS: &[Param] = &[
    Param { name: "service", help: "Which PostgreSQL", form: Form::Positional },
    Param { name: "pid", help: "The session's process on the server", form: Form::Valued(&[]) },
    Param {
        name: "started",
        help: "When the session began, microseconds since 1970: any other of that process is refused",
        form: Form::Valued(&[]),
    },
    Param { name: "force", help: "Even if a standby follows through it, or an autovacuum must not wait", form: Form::Flag },
];

/// The routine that cancels.
pub const CANCEL_QUERY: &Routine = &Routine {
    name: "cancel-query",
    help: "Cancel the query that a PostgreSQL session runs",
    params: PARAMS,
    plan: |ask| plan(ask, Ending::Cancel),
};

/// The routine that disconnects.
pub const TERMINATE: &Routine =
    &Routine { name: "terminate", help: "End a PostgreSQL session", params: PARAMS, plan: |ask| plan(ask, Ending::Terminate) };

fn plan<'a>(ask: &'a Ask<'a>, ending: Ending) -> Promise<'a, Plan> {
    Box::pin(async move {
        let service = postgres(ask, ending)?;
        let tools = ask.world.tools(&service.access);
        let server = identity::identify(&*tools).await?;
        let mut session = maintenance(&*tools).await?;
        let pid = pid(ask, ending)?;
        let found = backend::find(&mut session, pid).await?.ok_or_else(|| nobody(service, pid))?;
        let waits = backend::waits(&mut session).await?;
        session.close().await?;
        same(ask, &found)?;
        found.may_end(ask.given.has("force"))?;
        let aim = found.aim(ending, service.name.as_str())?;
        let args = EndArgs {
            service: service.name.clone(),
            access: service.access.clone(),
            server: server.key(),
            aim,
            ending,
            force: ask.given.has("force"),
        };
        // Not the server's own lock: a backup that runs for hours must not keep anybody from ending a query.
        let keys = vec![format!("session:{}/{}", server.key(), found.id())];
        let target = target::identity(service.name.clone(), keys, format!("{} of {}", found.words(), server.words()));
        Ok(target::plan(ask, target, found.notes(ending, &waits), vec![only(&args)]))
    })
}

fn only(args: &EndArgs) -> StepSpec {
    let pid = args.aim.session.pid;
    let title = match args.ending {
        Ending::Cancel => format!("Cancel the query of session {pid} of {}, and see that it is gone", args.service),
        Ending::Terminate => format!("End session {pid} of {}, and see that it is gone", args.service),
    };
    StepSpec { deadline: DEADLINE, stall: DEADLINE, ..step(StepId(1), "end-session", title, args) }
}

fn word(ending: Ending) -> &'static str {
    match ending {
        Ending::Cancel => CANCEL_QUERY.name,
        Ending::Terminate => TERMINATE.name,
    }
}

fn postgres<'a>(ask: &'a Ask<'_>, ending: Ending) -> Result<&'a ServiceSpec, Failure> {
    let service = ask.site.service(ask.given.need(word(ending), "service")?)?;
    if service.kind == ServiceKind::Postgres {
        return Ok(service);
    }
    let failure = Failure::new(FailureKind::Usage, format!("{} is no PostgreSQL: it has no such sessions", service.name));
    let redis = || format!("midwatch kill-client {} --id N", service.name);
    Err(if service.kind == ServiceKind::Redis { failure.mend(redis()) } else { failure })
}

fn pid(ask: &Ask<'_>, ending: Ending) -> Result<i32, Failure> {
    let given = ask.given.need(word(ending), "pid")?;
    let pid = given.parse().ok().filter(|pid| *pid > 0);
    pid.ok_or_else(|| Failure::new(FailureKind::Usage, format!("--pid {given:?} is no process's number")))
}

/// What was chosen on a screen is what is planned.
fn same(ask: &Ask<'_>, found: &Backend) -> Result<(), Failure> {
    match ask.given.get("started") {
        Some(started) if started != found.id().started.to_string() => {
            let what = format!("the session that was chosen is gone; process {} is {} now", found.id().pid, found.words());
            Err(Failure::refused(what).mend("look again who is there"))
        }
        _ => Ok(()),
    }
}

fn nobody(service: &ServiceSpec, pid: i32) -> Failure {
    Failure::refused(format!("{} has no session {pid} now: it ended, or never was", service.name))
}
