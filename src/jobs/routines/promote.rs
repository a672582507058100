//! `promote`: lets a standby of PostgreSQL take over from its primary, which is fenced first: a primary that may still take writes
//! is never left beside another.

use std::time::Duration;

use futures_util::future::join_all;

use crate::domain::failure::{Failure, FailureKind};
use crate::domain::plan::{Plan, StepId};
use crate::domain::service::ServiceKind;
use crate::domain::service::spec::ServiceSpec;
use crate::domain::time::human;
use crate::domain::unit::Unit;
use crate::jobs::failover::{self, Case, FENCED, Held, Manner, is_at};
use crate::jobs::postgres::identity::Server;
use crate::jobs::postgres::succession::{self, Following, Primary};
use crate::jobs::routine::{Ask, Form, Param, Routine};
use crate::jobs::routines::target;
use crate::jobs::steps::fence::FenceArgs;
use crate::jobs::steps::postgres_promote::PromoteArgs;
use crate::jobs::target::Target;
use crate::ports::Promise;

/// The routine.
pub const PROMOTE: &Routine = &Routine {
    name: "promote",
    help: "Let a standby of PostgreSQL take over; its primary is stopped first",
    params: &[
        Param { name: "standby", help: "Which standby", form: Form::Positional },
        Param { name: "primary", help: "The service that it follows, where that cannot be told", form: Form::Valued(&[]) },
        FENCED,
    ],
    plan,
};

fn plan<'a>(ask: &'a Ask<'a>) -> Promise<'a, Plan> {
    Box::pin(async move {
        let standby = ask.site.service(ask.given.need("promote", "standby")?)?;
        postgres(standby)?;
        let (server, following) = succession::following(ask.world, standby).await?;
        succession::must_be_promotable(standby, &server, &following)?;
        let (primary, state) = find(ask, standby, &server, &following).await?;
        let held = failover::held(ask, primary).await;
        let manner = failover::decide(&Case {
            primary: &primary.name,
            answer: state.answer(),
            is_controlled: held.as_ref().map(|_| ()).map_err(Clone::clone),
            is_fenced: ask.given.has("fenced"),
            is_streaming: following.is_streaming(),
        })?;
        let mut keys = vec![server.key(), format!("failover:postgres:{}", server.system)];
        keys.extend(held.iter().flat_map(|held| held.keys.iter().cloned()));
        let mut target = Target::of(&ask.site.environment, primary);
        if let Primary::Writes { server, .. } = &state {
            keys.push(server.key());
            target.server = vec![server.key()];
        }
        let force = manner == Manner::Kill;
        let fence = FenceArgs { target, force, successor: standby.clone(), system: server.system.clone() };
        let mut steps = Vec::new();
        if manner != Manner::Trust {
            steps.push(fence.step(StepId(1)));
        }
        let fence = steps.first().map(|step| step.id);
        let timeline = server.timeline.unwrap_or_default();
        let (system, primary_spec) = (server.system.clone(), primary.clone());
        let promote = PromoteArgs { standby: standby.clone(), primary: primary_spec, system, timeline, fence };
        steps.push(promote.step(StepId(steps.len() as u16 + 1)));
        let notes = notes(&Told { standby, primary, state: &state, following: &following, manner, held: held.ok().as_ref() });
        Ok(target::plan(ask, target::identity(standby.name.clone(), keys, server.words()), notes, steps))
    })
}

fn postgres(service: &ServiceSpec) -> Result<(), Failure> {
    if service.kind == ServiceKind::Postgres {
        return Ok(());
    }
    let what = format!("{} is no PostgreSQL (kind {})", service.name, service.kind.word());
    Err(Failure::new(FailureKind::Usage, what).mend("midwatch failover lets a replica of Redis take over"))
}

/// The service that is followed: the one that is named, the one that takes writes of the same system, the one at the address the
/// standby was told, or the only other one.
async fn find<'a>(
    ask: &'a Ask<'a>,
    standby: &ServiceSpec,
    server: &Server,
    following: &Following,
) -> Result<(&'a ServiceSpec, Primary), Failure> {
    let named = ask.given.get("primary").map(|name| ask.site.service(name)).transpose()?;
    named.map_or(Ok(()), postgres)?;
    let others = ask.site.services.iter().filter(|other| other.kind == ServiceKind::Postgres && other.name != standby.name);
    let mut looks: Vec<(&ServiceSpec, Primary)> =
        join_all(others.map(async |other| (other, succession::primary(ask.world, other).await))).await;
    looks.retain(|(_, state)| !is_stranger(state, server));
    let writes = looks.iter().position(|(_, state)| matches!(state, Primary::Writes { .. }));
    let source = following.source();
    let told = || looks.iter().position(|(other, _)| source.as_ref().is_some_and(|source| is_at(other, source)));
    let only = || (looks.len() == 1).then_some(0);
    let by_name = named.map(|named| looks.iter().position(|(other, _)| other.name == named.name));
    let found = match (by_name, writes) {
        (Some(None), _) => {
            let name = named.map(|named| named.name.to_string()).unwrap_or_default();
            return Err(Failure::refused(format!("{} does not follow {name}: that is another system", standby.name)));
        }
        (Some(Some(named)), Some(writes)) if named != writes => {
            let name = &looks[writes].0.name;
            return Err(
                Failure::refused(format!("{name} is of the same system and takes writes")).mend(format!("--primary {name}"))
            );
        }
        (Some(named), _) => named,
        (None, writes) => writes.or_else(told).or_else(only),
    };
    let unknown = || {
        let what = format!("which service {} follows cannot be told", standby.name);
        Failure::refused(what).mend("name it: --primary NAME")
    };
    let found = looks.swap_remove(found.ok_or_else(unknown)?);
    match found.1 {
        Primary::Follows => {
            Err(Failure::refused(format!("{} is a standby itself: it is no primary to take over from", found.0.name)))
        }
        _ => Ok(found),
    }
}

/// Whether it is known to be no server of this system.
fn is_stranger(state: &Primary, standby: &Server) -> bool {
    matches!(state, Primary::Writes { server, .. } if server.system != standby.system)
}

/// What the notes tell.
struct Told<'a> {
    standby: &'a ServiceSpec,
    primary: &'a ServiceSpec,
    state: &'a Primary,
    following: &'a Following,
    manner: Manner,
    held: Option<&'a Held>,
}

fn notes(told: &Told<'_>) -> Vec<String> {
    let Told { standby, primary, state, manner, held, .. } = told;
    let (name, old) = (&standby.name, &primary.name);
    let mut notes = vec![match state {
        Primary::Writes { server, .. } => format!("{old} answers and takes writes: {}", server.words()),
        Primary::Silent(fault) => format!("{old} does not answer ({fault})"),
        Primary::Mute(words) => format!("{old} answers, but does not say what it is: {words}"),
        Primary::Follows => format!("{old} is a standby"),
    }];
    notes.extend(lag(told));
    notes.push(manner.words(old, *held));
    notes.push(format!("{old} must not come back as it is: midwatch rebuild {old} --from {name} makes it a standby"));
    notes.push(format!("clients must find {name} by themselves; what they do meanwhile fails"));
    notes
}

/// What has not arrived, in bytes and time.
fn lag(told: &Told<'_>) -> Vec<String> {
    let Told { following, state, standby, primary, .. } = told;
    let end = following.end();
    let replayed = following.replayed.unwrap_or(end);
    let since = following.age.map_or_else(|| "an unknown time".to_owned(), |age| human(Duration::from_secs_f64(age.max(0.0))));
    let mut notes = vec![format!(
        "{} has received WAL up to {end} and replayed up to {replayed} ({} to replay); its newest transaction is {since} old",
        standby.name,
        bytes(end.since(replayed)),
    )];
    notes.push(match state {
        Primary::Writes { written, .. } => {
            let missing = written.since(end);
            format!(
                "un-replicated WAL: {} ({missing} bytes up to {written}) now; nothing is lost: all of it is awaited",
                bytes(missing)
            )
        }
        _ => {
            format!(
                "un-replicated WAL: unknown; what {} wrote after {end}, {since} ago, is lost to {}",
                primary.name, standby.name
            )
        }
    });
    notes
}

fn bytes(count: u64) -> String {
    Unit("bytes".to_owned()).format(count as f64, None).to_string()
}
