//! `kill-client`: disconnects one client of a Redis.

use crate::domain::failure::{Failure, FailureKind};
use crate::domain::plan::{Plan, StepId};
use crate::domain::service::ServiceKind;
use crate::jobs::redis::{self, client, identity};
use crate::jobs::routine::{Ask, Form, Param, Routine};
use crate::jobs::routines::target;
use crate::jobs::steps::backup::step;
use crate::jobs::steps::kill_client::KillArgs;
use crate::ports::Promise;

/// The routine.
pub const KILL_CLIENT: &Routine = &Routine {
    name: "kill-client",
    help: "Disconnect a client of a Redis",
    params: &[
        Param { name: "service", help: "Which Redis", form: Form::Positional },
        Param { name: "id", help: "The client's number on the server", form: Form::Valued(&[]) },
        Param { name: "force", help: "Even if replication runs through it", form: Form::Flag },
    ],
    plan,
};

fn plan<'a>(ask: &'a Ask<'a>) -> Promise<'a, Plan> {
    Box::pin(async move {
        let service = ask.site.service(ask.given.need("kill-client", "service")?)?;
        if service.kind != ServiceKind::Redis {
            return Err(Failure::new(FailureKind::Usage, format!("{} is no Redis: it has no such clients", service.name)));
        }
        let given = ask.given.need("kill-client", "id")?;
        let number: u64 =
            given.parse().map_err(|_| Failure::new(FailureKind::Usage, format!("--id {given:?} is no client's number")))?;
        let link = redis::link(ask.world, &service.access).await?;
        let server = identity::Server::identify(&*link, &service.access, &ask.site.environment, &service.name).await?;
        let gone = || Failure::refused(format!("{} has no client {number} now: it left, or never was", service.name));
        let found = client::find(&*link, number).await?.ok_or_else(gone)?;
        let force = ask.given.has("force");
        client::may_go(&found, force)?;
        let args = KillArgs {
            service: service.name.clone(),
            access: service.access.clone(),
            run: server.origin.system.clone(),
            client: number,
            address: found.address.clone(),
            force,
        };
        let keys = vec![format!("client:{}/{number}", server.origin.system)];
        let target = target::identity(service.name.clone(), keys, format!("{} of {}", client::words(&found), server.words));
        let mut notes = vec!["It may connect again at once: what it is part of decides that.".to_owned()];
        notes.extend(found.is_replication().then(|| "Replication stops until it connects again.".to_owned()));
        let title = format!("Disconnect client {number} of {}, and see that it is gone", service.name);
        Ok(target::plan(ask, target, notes, vec![step(StepId(1), "kill-client", title, &args)]))
    })
}
