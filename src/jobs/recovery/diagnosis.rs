//! What a service suffers from, and which repair fits. Pure: the same signs always lead to the same finding.

use crate::domain::control::{Condition, Instance, Phase};
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::name::Name;
use crate::domain::recovery::Lack;
use crate::domain::service::{Facts, RedisFacts, Report, Role};
use crate::jobs::recovery::look::Seen;

/// What was found of one service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// It is well.
    Well,
    /// It is ill, and this mends it.
    Repair(Repair, String),
    /// It is ill because these that it needs are: once they are well it is given time.
    Waits(Vec<Name>, String),
    /// Something is missing that no repair brings back.
    Lacks(Lack),
    /// It is ill, and nothing that may be done unasked mends it: a person decides.
    Person(Lack),
}

/// What mends a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repair {
    /// Start what does not run.
    Start,
    /// Let go on what was stopped in its tracks.
    Unpause,
    /// Stop it and start it again.
    Restart,
}

impl Finding {
    /// Whether all is well.
    pub fn is_well(&self) -> bool {
        *self == Self::Well
    }

    /// In words: `it is paused`.
    pub fn words(&self) -> String {
        match self {
            Self::Well => "it is well".to_owned(),
            Self::Repair(_, why) => why.clone(),
            Self::Waits(on, why) => {
                let names: Vec<_> = on.iter().map(Name::as_str).collect();
                let verb = if names.len() == 1 { "is" } else { "are" };
                format!("{why}, while {} {verb} ill, which it needs", names.join(" and "))
            }
            Self::Lacks(lack) | Self::Person(lack) => lack.to_string(),
        }
    }
}

/// Judges one service; `ill` are those of the ones it needs that are not well.
pub fn judge(seen: &Seen<'_>, ill: &[Name]) -> Finding {
    let name = &seen.service.name;
    let condition = match &seen.condition {
        Some(Err(failure)) => {
            let mend = failure.mend.clone().unwrap_or_else(|| "midwatch check".to_owned());
            return Finding::Lacks(Lack { what: format!("the control of {name} does not answer: {}", failure.what), mend });
        }
        Some(Ok(condition)) => Some(condition),
        None => None,
    };
    if let Some(finding) = condition.and_then(|condition| of_phases(seen, condition)) {
        return finding;
    }
    match &seen.report {
        Ok(report) => of_report(seen, report, ill),
        Err(fault) => of_fault(seen, fault, ill),
    }
}

/// What its control says is enough to know. Of several instances some may be down on purpose, while another serves.
fn of_phases(seen: &Seen<'_>, condition: &Condition) -> Option<Finding> {
    let (name, instances) = (&seen.service.name, &condition.instances);
    let among = |phase: Phase| instances.iter().filter(|one| one.phase == phase).map(told).collect::<Vec<_>>().join(", ");
    let any = |phase: Phase| instances.iter().any(|one| one.phase == phase);
    if any(Phase::Restarting) {
        let what = format!("{} is started over and over, and ends by itself each time", among(Phase::Restarting));
        return Some(person(what, format!("midwatch logs {name} --tail 50")));
    }
    if any(Phase::Paused) {
        return Some(Finding::Repair(
            Repair::Unpause,
            format!("{} is paused: it holds everything and does nothing", among(Phase::Paused)),
        ));
    }
    if instances.iter().any(|one| one.phase.is_up()) {
        return None;
    }
    if !instances.is_empty() && instances.iter().all(|one| one.phase == Phase::Absent) {
        let what = format!("{name} is not there: its control knows of nothing that could be started");
        return Some(person(what, "make it again as it was deployed, or correct its control in midwatch.toml"));
    }
    let down =
        if instances.is_empty() { "nothing of it".to_owned() } else { instances.iter().map(told).collect::<Vec<_>>().join(", ") };
    Some(Finding::Repair(Repair::Start, format!("it does not run: {down}")))
}

fn told(instance: &Instance) -> String {
    let detail = instance.detail.as_ref().map(|detail| format!(", {detail}")).unwrap_or_default();
    format!("{} ({}{detail})", instance.name, instance.phase.word())
}

/// It answers; that is not yet health.
fn of_report(seen: &Seen<'_>, report: &Report, ill: &[Name]) -> Finding {
    let name = &seen.service.name;
    match &report.facts {
        Facts::Redis(redis) if is_full(redis) => {
            let limit = redis.max_memory.unwrap_or_default();
            let what = format!(
                "{name} is full: {} of {limit} bytes are used, and {} lets nothing go, so it refuses writes",
                redis.used_memory, redis.eviction
            );
            return person(
                what,
                "look what grew: redis-cli --bigkeys; or give it more: CONFIG SET maxmemory. A restart would not help",
            );
        }
        Facts::Redis(redis) if !redis.persistence.healthy => {
            let what = format!("{name} cannot write its data to disk: after a restart it would come back with old data");
            return person(what, "make room on its disk, then redis-cli BGSAVE. It must not be restarted before");
        }
        Facts::Postgres(postgres) if matches!(postgres.role, Role::Replica { linked: Some(false), .. }) => {
            return unlinked(seen, ill);
        }
        Facts::Redis(redis) if matches!(redis.role, Role::Replica { linked: Some(false), .. }) => return unlinked(seen, ill),
        _ => {}
    }
    match report.facts.trouble() {
        None => Finding::Well,
        Some(why) => restart(seen, why, ill),
    }
}

fn is_full(redis: &RedisFacts) -> bool {
    redis.eviction == "noeviction" && redis.max_memory.is_some_and(|limit| redis.used_memory >= limit)
}

fn unlinked(seen: &Seen<'_>, ill: &[Name]) -> Finding {
    let name = &seen.service.name;
    let why = format!("{name} answers, but does not follow its primary");
    if !ill.is_empty() {
        return Finding::Waits(ill.to_vec(), why);
    }
    person(
        why,
        format!(
            "midwatch logs {name} --tail 50 says why; where its primary no longer has what it lacks: midwatch rebuild {name}"
        ),
    )
}

/// It runs, and does not answer as it should.
fn of_fault(seen: &Seen<'_>, fault: &Fault, ill: &[Name]) -> Finding {
    let name = &seen.service.name;
    let mend = |otherwise: &str| fault.mend.map_or_else(|| otherwise.to_owned(), str::to_owned);
    let lacks = |what: String, mend: String| Finding::Lacks(Lack { what, mend });
    if is_crowded(&fault.detail) {
        let what = format!("{name} has no connection left for anybody: {}", fault.detail);
        return person(what, format!("midwatch services {name}: end what is idle with midwatch terminate {name} --pid N"));
    }
    match fault.kind {
        FaultKind::Denied => {
            lacks(format!("{name} does not let midwatch in: {}", fault.detail), mend("correct its user and password"))
        }
        FaultKind::Tls => lacks(format!("{name}: TLS cannot be agreed on: {}", fault.detail), mend("look at its certificate")),
        FaultKind::Refused => lacks(format!("{name} refuses the question: {}", fault.detail), mend("midwatch check")),
        _ => restart(seen, fault.to_string(), ill),
    }
}

/// PostgreSQL's words when `max_connections` is reached, and Redis's at `maxclients`.
fn is_crowded(detail: &str) -> bool {
    ["too many clients", "remaining connection slots", "too many connections", "max number of clients"]
        .iter()
        .any(|words| detail.contains(words))
}

/// What is ill because another is needs no restart of its own; what nobody can restart is for a person.
fn restart(seen: &Seen<'_>, why: String, ill: &[Name]) -> Finding {
    if !ill.is_empty() {
        return Finding::Waits(ill.to_vec(), why);
    }
    if seen.condition.is_none() {
        let name = &seen.service.name;
        return person(
            format!("{name} is ill ({why}), and nothing says how it is restarted"),
            format!("add a control to [services.{name}]"),
        );
    }
    Finding::Repair(Repair::Restart, format!("it runs, but {why}"))
}

fn person(what: String, mend: impl Into<String>) -> Finding {
    Finding::Person(Lack { what, mend: mend.into() })
}

#[cfg(test)]
pub(super) mod tests;
