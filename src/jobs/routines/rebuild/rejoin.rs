//! `rebuild` of a Redis: the old primary is started and made a replica of the new one before it can take many writes; what it has and
//! the new one has not is dropped, which has to be said.

use crate::domain::failure::{Failure, FailureKind};
use crate::domain::plan::{Plan, StepId};
use crate::domain::service::ServiceKind;
use crate::domain::service::spec::ServiceSpec;
use crate::jobs::failover::{self, Held};
use crate::jobs::redis::succession::{self, Asked, Other};
use crate::jobs::routine::Ask;
use crate::jobs::routines::target;
use crate::jobs::steps::redis_failover::{FollowArgs, Successor};
use crate::jobs::steps::redis_rejoin::RejoinArgs;
use crate::jobs::target::{RECOVERY, Target};

/// Its plan.
pub(super) async fn plan(ask: &Ask<'_>, service: &ServiceSpec) -> Result<Plan, Failure> {
    let (primary, asked) = primary(ask, service).await?;
    let (new, old) = (&primary.name, &service.name);
    let Some(to) = failover::seen_from(primary, service) else {
        let what = format!("{new} is not reached by tcp from here: how {old} could connect to it is not known");
        return Err(Failure::refused(what).mend(format!("on the host of {old}: redis-cli REPLICAOF HOST PORT")));
    };
    let successor = Successor { service: primary.clone(), run: asked.server.origin.system.clone() };
    let target = Target::of(&ask.site.environment, service);
    let mut notes = vec![format!("{new} takes writes: {}", asked.server.words)];
    let mut keys = asked.server.keys.clone();
    let first = match succession::other(ask.world, &ask.site.environment, service).await {
        Other::Silent(_) => {
            must_be_said(ask, service, primary)?;
            let held = failover::held(ask, service).await.map_err(|why| cannot_start(service, &to, &why))?;
            notes.extend(started(&held, service, primary));
            keys.extend(held.keys);
            RejoinArgs { target: target.clone(), primary: successor, to: to.clone() }.step(StepId(1))
        }
        Other::Follows(its) => {
            notes.push(format!("{old} is a replica already: it is pointed to {new}, and what it has beside that is dropped"));
            keys.extend(its.server.keys.iter().cloned());
            let replica = Successor { service: service.clone(), run: its.server.origin.system.clone() };
            FollowArgs { replica, to: to.clone() }.step(StepId(1))
        }
        Other::Writes(_) | Other::Mute(_) => {
            let what = format!("{old} answers, and may take writes itself: they would be dropped");
            return Err(Failure::refused(what).mend(format!("midwatch stop {old} first, where it is the wrong one")));
        }
    };
    keys.push(format!("failover:redis:{}", asked.following.history));
    let words = format!("{old}, a replica of {new} at {}:{}", to.0, to.1);
    let steps = vec![first, target.healthy(StepId(2), RECOVERY)];
    Ok(target::plan(ask, target::identity(old.clone(), keys, words), notes, steps))
}

/// Who is followed: it is named, or it takes writes and belongs to this one by `depends_on`. Of others nobody guesses: the data of
/// this one is dropped for theirs.
async fn primary<'a>(ask: &'a Ask<'_>, service: &ServiceSpec) -> Result<(&'a ServiceSpec, Box<Asked>), Failure> {
    let named = ask.given.get("from").map(|name| ask.site.service(name)).transpose()?;
    let is_related = |other: &&ServiceSpec| {
        other.depends_on.contains(&service.name) || service.depends_on.contains(&other.name) || named.is_some()
    };
    let is_meant = |other: &&ServiceSpec| {
        other.kind == ServiceKind::Redis && other.name != service.name && named.is_none_or(|named| named.name == other.name)
    };
    let mut found = Vec::new();
    for other in ask.site.services.iter().filter(is_meant).filter(is_related) {
        if let Other::Writes(asked) = succession::other(ask.world, &ask.site.environment, other).await {
            found.push((other, asked));
        }
    }
    let only = found.pop().filter(|_| found.is_empty());
    only.ok_or_else(|| {
        let which = named.map_or_else(|| "which Redis".to_owned(), |named| format!("that {}", named.name));
        let what = format!("{which} takes writes and is to be followed by {} cannot be told", service.name);
        Failure::refused(what).mend("name the one that takes writes: --from NAME")
    })
}

/// Nothing is dropped that was not said to be.
fn must_be_said(ask: &Ask<'_>, service: &ServiceSpec, primary: &ServiceSpec) -> Result<(), Failure> {
    if ask.given.has("discard") {
        return Ok(());
    }
    let (old, new) = (&service.name, &primary.name);
    let what = format!("what {old} wrote and {new} has not received would be dropped, and cannot be seen while {old} is down");
    Err(Failure::refused(what).mend("keep a copy of its dump.rdb and appendonlydir, if that matters; then --discard"))
}

fn cannot_start(service: &ServiceSpec, (host, port): &(String, u16), why: &str) -> Failure {
    let what = format!("{} cannot be started from here: {why}", service.name);
    let mend = format!("where it runs: start it with --replicaof {host} {port}");
    Failure::new(FailureKind::Refused, what).mend(mend)
}

fn started(held: &Held, service: &ServiceSpec, primary: &ServiceSpec) -> Vec<String> {
    let (old, new) = (&service.name, &primary.name);
    vec![
        format!("{old} does not answer ({}); it is started, and made a replica in the moment in which it answers", held.words),
        format!("what {old} wrote and {new} has not received is dropped"),
        format!("who still writes to {old} in that moment loses it; where it does not come to follow, it is stopped again"),
        format!("its configuration is rewritten (CONFIG REWRITE), so that it follows {new} after a restart too"),
    ]
}
