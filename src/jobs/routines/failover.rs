//! `failover`: lets a replica of Redis take over from its primary, which is fenced first: a primary that may still take writes is
//! never left beside another. The other replicas follow the new one.

use futures_util::future::join_all;

use crate::domain::failure::{Failure, FailureKind};
use crate::domain::plan::{Plan, StepId, StepSpec};
use crate::domain::service::ServiceKind;
use crate::domain::service::spec::ServiceSpec;
use crate::domain::time::human;
use crate::domain::unit::Unit;
use crate::jobs::failover::{self, Case, FENCED, Held, Manner, is_at};
use crate::jobs::redis::succession::{self, Asked, Other};
use crate::jobs::routine::{Ask, Form, Param, Routine};
use crate::jobs::routines::target;
use crate::jobs::steps::redis_failover::{FenceArgs, FollowArgs, PromoteArgs, Successor, came_back, followed};
use crate::jobs::target::Target;
use crate::ports::Promise;

/// The routine.
pub const FAILOVER: &Routine = &Routine {
    name: "failover",
    help: "Let a replica of Redis take over; its primary is stopped first, the other replicas follow the new one",
    params: &[
        Param { name: "replica", help: "Which replica", form: Form::Positional },
        Param { name: "primary", help: "The service that it follows, where that cannot be told", form: Form::Valued(&[]) },
        FENCED,
    ],
    plan,
};

/// A service beside the replica, and what it answers.
type Look<'a> = (&'a ServiceSpec, Other);

fn plan<'a>(ask: &'a Ask<'a>) -> Promise<'a, Plan> {
    Box::pin(async move {
        let replica = ask.site.service(ask.given.need("failover", "replica")?)?;
        redis(replica)?;
        let asked = succession::following(ask.world, &ask.site.environment, replica).await?;
        succession::must_be_promotable(replica, &asked)?;
        succession::must_be_allowed(&*asked.link, replica).await?;
        let ((primary, state), others) = find(ask, replica, &asked).await?;
        let held = failover::held(ask, primary).await;
        let manner = failover::decide(&Case {
            primary: &primary.name,
            answer: state.answer(),
            is_controlled: held.as_ref().map(|_| ()).map_err(Clone::clone),
            is_fenced: ask.given.has("fenced"),
            is_streaming: asked.following.linked,
        })?;
        let held = held.ok();
        let told = Told { replica, asked: &asked, primary, state: &state, manner, held: held.as_ref() };
        let (steps, left) = steps(ask, &told, &others);
        let target = target::identity(replica.name.clone(), keys(&told), asked.server.words.clone());
        let mut notes = told.notes(&left);
        notes.extend(succession::is_watched(&*asked.link).await.then(|| {
            let way = "SENTINEL FAILOVER NAME is its own way";
            format!("a Sentinel watches {}: it may take over by itself, or take this back; {way}", replica.name)
        }));
        Ok(target::plan(ask, target, notes, steps))
    })
}

fn redis(service: &ServiceSpec) -> Result<(), Failure> {
    if service.kind == ServiceKind::Redis {
        return Ok(());
    }
    let what = format!("{} is no Redis (kind {})", service.name, service.kind.word());
    Err(Failure::new(FailureKind::Usage, what).mend("midwatch promote lets a standby of PostgreSQL take over"))
}

/// The service that is followed, and the others: the one that is named, the one at the address that the replica was told, or the
/// one that takes writes with the same history.
async fn find<'a>(ask: &'a Ask<'a>, replica: &ServiceSpec, asked: &Asked) -> Result<(Look<'a>, Vec<Look<'a>>), Failure> {
    let named = ask.given.get("primary").map(|name| ask.site.service(name)).transpose()?;
    named.map_or(Ok(()), redis)?;
    let others = ask.site.services.iter().filter(|other| other.kind == ServiceKind::Redis && other.name != replica.name);
    let mut looks: Vec<Look<'_>> =
        join_all(others.map(async |other| (other, succession::other(ask.world, &ask.site.environment, other).await))).await;
    let is_told = |other: &ServiceSpec| asked.following.source.as_ref().is_some_and(|source| is_at(other, source));
    let writes = |state: &Other| matches!(state, Other::Writes(other) if other.following.history == asked.following.history);
    let by_name = named.and_then(|named| looks.iter().position(|(other, _)| other.name == named.name));
    let by_address = || looks.iter().position(|(other, _)| is_told(other));
    let by_history = || looks.iter().position(|(_, state)| writes(state));
    let found = match (by_name, by_address()) {
        (None, _) if named.is_some() => return Err(Failure::refused(format!("{} does not follow itself", replica.name))),
        // One that is silent cannot say that it is another: it would be stopped for nothing.
        (Some(named), Some(told)) if named != told => {
            let what = format!("{} follows {}, not {}", replica.name, looks[told].0.name, looks[named].0.name);
            return Err(Failure::refused(what).mend(format!("--primary {}", looks[told].0.name)));
        }
        (named, told) => named.or(told).or_else(by_history),
    };
    let found = found.ok_or_else(|| {
        let what = format!("which service {} follows cannot be told", replica.name);
        Failure::refused(what).mend("name it: --primary NAME")
    })?;
    let (primary, state) = looks.swap_remove(found);
    match &state {
        Other::Follows(_) => {
            Err(Failure::refused(format!("{} is a replica itself: it is no primary to take over from", primary.name)))
        }
        Other::Writes(other) if other.following.history != asked.following.history && !is_told(primary) => {
            Err(Failure::refused(format!("{} does not follow {}: that has another history", replica.name, primary.name)))
        }
        _ => Ok(((primary, state), looks)),
    }
}

/// The steps, and the replicas that nobody here can point anew.
fn steps(ask: &Ask<'_>, told: &Told<'_>, others: &[Look<'_>]) -> (Vec<StepSpec>, Vec<String>) {
    let successor = Successor { service: told.replica.clone(), run: told.asked.server.origin.system.clone() };
    let mut steps = Vec::new();
    if told.manner != Manner::Trust {
        let mut target = Target::of(&ask.site.environment, told.primary);
        let server = if let Other::Writes(asked) = told.state { Some(&asked.server) } else { None };
        target.server = server.map(|server| server.keys.clone()).unwrap_or_default();
        let run = server.map(|server| server.origin.system.clone());
        steps.push(FenceArgs { target, run, force: told.manner == Manner::Kill, successor: successor.clone() }.step(StepId(1)));
    }
    let fence = steps.first().map(|step| step.id);
    steps.push(PromoteArgs { successor, primary: told.primary.clone(), fence }.step(StepId(steps.len() as u16 + 1)));
    let mut left = Vec::new();
    for (other, state) in others.iter().filter(|(_, state)| followed(state, told.primary, told.asked)) {
        let Other::Follows(asked) = state else { continue };
        match failover::seen_from(told.replica, other) {
            Some(to) => {
                let replica = Successor { service: (*other).clone(), run: asked.server.origin.system.clone() };
                steps.push(FollowArgs { replica, to }.step(StepId(steps.len() as u16 + 1)));
            }
            None => left.push(other.name.to_string()),
        }
    }
    (steps, left)
}

/// What the plan tells.
struct Told<'a> {
    replica: &'a ServiceSpec,
    asked: &'a Asked,
    primary: &'a ServiceSpec,
    state: &'a Other,
    manner: Manner,
    held: Option<&'a Held>,
}

/// Both servers, what holds the old one up, and their history: of two replicas of one primary only one takes over.
fn keys(told: &Told<'_>) -> Vec<String> {
    let mut keys = told.asked.server.keys.clone();
    keys.push(format!("failover:redis:{}", told.asked.following.history));
    keys.extend(told.held.iter().flat_map(|held| held.keys.iter().cloned()));
    if let Other::Writes(asked) = told.state {
        keys.extend(asked.server.keys.iter().cloned());
    }
    keys
}

impl Told<'_> {
    fn notes(&self, left: &[String]) -> Vec<String> {
        let (name, old) = (&self.replica.name, &self.primary.name);
        let mut notes = vec![match self.state {
            Other::Writes(asked) => format!("{old} answers and takes writes: {}", asked.server.words),
            Other::Silent(fault) => format!("{old} does not answer ({fault})"),
            Other::Mute(words) => format!("{old} answers, but does not say what it is: {words}"),
            Other::Follows(_) => format!("{old} is a replica"),
        }];
        notes.push(self.lag());
        notes.push(self.manner.words(old, self.held));
        notes.push(format!("{old} must not come back as it is: {}", came_back(old.as_str(), name.as_str())));
        notes.push(format!("after a restart {name} follows whom its own configuration names: take replicaof out of it"));
        notes.extend(left.iter().map(|other| format!("{other} must be pointed to {name} by hand: REPLICAOF HOST PORT")));
        notes.push(format!(
            "clients must find {name} by themselves (their configuration, DNS, a proxy): midwatch changes none of that, and what \
             they write meanwhile fails"
        ));
        notes
    }

    /// What has not arrived, in bytes and time.
    fn lag(&self) -> String {
        let (name, following) = (&self.replica.name, &self.asked.following);
        let offset = following.offset;
        let silence = following.silence.map_or_else(|| "an unknown time".to_owned(), human);
        match self.state {
            Other::Writes(asked) => {
                let missing = asked.following.offset.saturating_sub(offset);
                let words = Unit("bytes".to_owned()).format(missing as f64, None);
                format!(
                    "{name} is at offset {offset}, {words} behind; nothing is lost: writes are held until all of it has arrived"
                )
            }
            _ => format!(
                "{name} is at offset {offset} and has heard nothing for {silence}; what {} wrote after that is lost",
                self.primary.name
            ),
        }
    }
}
