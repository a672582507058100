//! What a scenario is: something that can be broken for a while, as data. A drill is the same routine for all of them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::domain::chaos::offer::{Hit, Miss, Offer, Part};
use crate::domain::control::ControlSpec;
use crate::domain::failure::Failure;
use crate::domain::name::Name;
use crate::domain::plan::StepSpec;
use crate::domain::service::ServiceKind;
use crate::domain::service::spec::{self, ServiceSpec};
use crate::domain::time::human;
use crate::jobs::routine::Ask;
use crate::jobs::routines::control::Survey;
use crate::ports::Promise;
use crate::ports::tools::Tools;

pub mod by_control;
pub mod by_group;
pub mod by_holder;
pub mod by_network;

/// Something that can be broken for a while. One file in `scenarios/` and one line in [`scenarios::ALL`](crate::jobs::scenarios::ALL).
pub struct Scenario {
    /// Its name: what is broken, and how.
    pub name: &'static str,
    /// What happens then, one line.
    pub help: &'static str,
    /// What it can be done to.
    pub kinds: &'static [ServiceKind],
    /// The alerts that should fire, as midwatch's own rules call them. One that does not is a finding.
    pub expects: &'static [&'static str],
    /// The alerts that may fire too, within the blast radius, as lists that scenarios share. Any other aborts the drill.
    pub allows: &'static [&'static [&'static str]],
    /// The longest it may stay.
    pub longest: Duration,
    /// How its end is armed, for people.
    pub end: &'static str,
    /// Whether data can be lost by it: then it is refused without a proved backup within the RPO.
    pub loses: bool,
    /// Whether it may hit the only one there is.
    pub sole: bool,
    /// The part that its target must play in a replication; any where none is named.
    pub part: Option<Part>,
    /// What may be said beside its name, and what that means: `("on", "a table")`.
    pub takes: &'static [(&'static str, &'static str)],
    /// How it is broken.
    pub means: Means,
}

/// How a scenario breaks its target, and what that needs.
#[derive(Clone, Copy)]
pub enum Means {
    /// By the control of the service, which must have one.
    Control(fn(&Survey<'_>) -> Result<Faults, Failure>),
    /// In the service's own protocol, by the rights that midwatch has there: fit for managed databases. It looks first whether those
    /// suffice, and says what is missing.
    Protocol(for<'a> fn(&'a Case<'a>) -> Promise<'a, Faults>),
    /// By a process that holds something where the service runs; its control, which it must have, says where that is.
    Holder(fn(&Case<'_>) -> Result<Vec<StepSpec>, Failure>),
    /// By the controls of several instances at once. It sees to it itself that one of them is left.
    Several(for<'a> fn(&'a Case<'a>) -> Promise<'a, Faults>),
}

/// How much longer than a fault is to stay the server itself keeps it, where it counts that: until then others have ended it.
pub const SPARE: Duration = Duration::from_secs(10);

/// What a scenario is asked to break.
pub struct Case<'a> {
    /// What was asked for.
    pub ask: &'a Ask<'a>,
    /// The target, as it was found.
    pub survey: &'a Survey<'a>,
    /// How long it is to stay broken.
    pub lasts: Duration,
}

impl Case<'_> {
    /// Refuses a fault that ends before the expression of an alert can hold: a transaction is not long before it has lasted.
    pub fn outlasts(&self, alert: &str, least: Duration) -> Result<(), Failure> {
        // Beside its threshold, and as long as the rules let it be pending and look.
        let least = least + Duration::from_secs(30);
        if self.lasts >= least || self.ask.given.has("expect") {
            return Ok(());
        }
        let what = format!("{} is too short: {alert} cannot fire before {}", human(self.lasts), human(least));
        Err(Failure::refused(what).mend(format!("--for {}s", least.as_secs())))
    }

    /// What was named of the target by `--on`: a table, a role.
    pub fn on(&self) -> Option<&str> {
        self.ask.given.get("on")
    }

    /// The database that is meant of a PostgreSQL.
    pub fn database(&self) -> &str {
        self.survey.service.access.database.as_deref().unwrap_or("postgres")
    }

    /// The tools of the target.
    pub fn tools(&self) -> Arc<dyn Tools> {
        self.ask.world.tools(&self.survey.service.access)
    }

    /// Who midwatch is there.
    pub fn role(&self) -> &str {
        self.survey.service.access.user.as_deref().unwrap_or("midwatch")
    }

    /// Refuses: the target is not as it would have to be.
    pub fn refuse(&self, why: &str) -> Failure {
        Failure::refused(format!("{} {why}", self.survey.target.words()))
    }
}

/// What a scenario comes to here.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Faults {
    /// The steps that break it. Each says itself what undoes it, from the state before.
    pub steps: Vec<StepSpec>,
    /// What the person should know before saying yes.
    pub notes: Vec<String>,
    /// The other services that they hit, each with what is locked of it.
    pub besides: BTreeMap<Name, Vec<String>>,
}

impl Faults {
    /// Of the target alone.
    pub fn new(steps: Vec<StepSpec>, notes: Vec<String>) -> Self {
        Self { steps, notes, besides: BTreeMap::new() }
    }
}

impl Scenario {
    /// Whether it can be done to a service among others, as far as their configuration tells.
    pub fn fits(&self, service: &ServiceSpec, services: &[ServiceSpec]) -> bool {
        self.is_for(service) && self.unfit(service, services).is_none()
    }

    /// Why it cannot be done to a service of its kind, as far as the configuration tells; none where it can.
    pub fn unfit(&self, service: &ServiceSpec, services: &[ServiceSpec]) -> Option<&'static str> {
        let is_many = service.control.as_ref().is_some_and(ControlSpec::is_many);
        match self.means {
            _ if self.needs_control() && service.control.is_none() => Some("no control"),
            _ if is_many || self.sole => None,
            Means::Several(_) => (by_group::behind(service, services).len() < 2).then_some("one instance only"),
            _ => spec::beside(services, service).is_empty().then_some("nothing stands beside it"),
        }
    }

    /// Whether it is for services of this kind at all.
    pub fn is_for(&self, service: &ServiceSpec) -> bool {
        self.kinds.contains(&service.kind)
    }

    /// `postgres`, `postgres, redis or http`.
    pub fn whom(&self) -> String {
        let words: Vec<&str> = self.kinds.iter().map(|kind| kind.word()).collect();
        match words.as_slice() {
            [most @ .., last] if !most.is_empty() => format!("{} or {last}", most.join(", ")),
            words => words.concat(),
        }
    }

    /// The alerts that may fire beside those that should.
    pub fn allowed(&self) -> impl Iterator<Item = &'static str> {
        let lists = self.allows.iter().copied().flatten().copied();
        lists.filter(|alert| !self.expects.contains(alert))
    }

    /// Whether it goes by the control of its target.
    pub fn needs_control(&self) -> bool {
        !matches!(self.means, Means::Protocol(_))
    }

    /// What it comes to.
    pub async fn faults(&self, case: &Case<'_>) -> Result<Faults, Failure> {
        self.part.map_or(Ok(()), |part| plays(part, case.survey))?;
        match self.means {
            Means::Control(faults) => faults(case.survey),
            Means::Protocol(faults) | Means::Several(faults) => faults(case).await,
            Means::Holder(steps) => Ok(Faults::new(steps(case)?, Vec::new())),
        }
    }

    /// What it is in an environment of these services.
    pub fn offer(&self, services: &[ServiceSpec]) -> Offer {
        let alike: Vec<&ServiceSpec> = services.iter().filter(|service| self.is_for(service)).collect();
        let hit = |service: &&&ServiceSpec| self.fits(service, services);
        let miss = |service: &&ServiceSpec| self.unfit(service, services).map(|why| Miss { target: service.name.clone(), why });
        Offer {
            scenario: self.name,
            help: self.help,
            whom: self.whom(),
            expects: self.expects,
            longest: self.longest,
            end: self.end,
            loses: self.loses,
            sole: self.sole,
            part: self.part,
            hits: alike.iter().filter(hit).map(|service| self.hit(service, services)).collect(),
            misses: alike.iter().filter_map(miss).collect(),
        }
    }

    /// A service, with all that may suffer with it.
    fn hit(&self, service: &ServiceSpec, services: &[ServiceSpec]) -> Hit {
        let group = if matches!(self.means, Means::Several(_)) { by_group::behind(service, services) } else { Vec::new() };
        let group = group.iter().map(|one| &one.name);
        let radius = group.chain(spec::needed_by(services, &service.name)).cloned().collect();
        Hit { target: service.name.clone(), radius }
    }
}

/// Refuses what plays another part, or does not say which it plays.
fn plays(part: Part, survey: &Survey<'_>) -> Result<(), Failure> {
    let name = &survey.service.name;
    let report =
        survey.report.as_ref().map_err(|fault| Failure::refused(format!("nobody knows which part {name} plays: {fault}")));
    part.against(&report?.facts).map_or(Ok(()), |why| {
        let mend = match part {
            Part::Leads => "name its primary with --target",
            Part::Follows => "name a standby with --target",
        };
        Err(Failure::refused(format!("{name} is {why}")).mend(mend))
    })
}

/// The alerts that may fire when something is wrong with a whole service, and with all that needs it.
pub mod outage {
    /// What customers notice when something that an app needs is slow or away.
    pub const CUSTOMERS: &[&str] =
        &["HighErrorRate", "HighLatencyP95", "CriticalLatencyP99", "ProxyLatencyP95", "ProxyErrorRate", "OrdersFailing"];
    /// What an app's own work in the background comes to then.
    pub const WORK: &[&str] = &["JobsFailing", "QueueBacklog"];
    /// What follows when an app stands still for it.
    pub const STANDSTILL: &[&str] = &["AppPoolExhausted", "ProxyNoBackends", "QueueStalled", "TrafficStopped"];

    /// With one of several instances of an app.
    pub const APP: &[&[&str]] = &[&["AppRestartLoop", "AppPoolExhausted"], CUSTOMERS];

    /// With a PostgreSQL.
    pub const POSTGRES: &[&[&str]] = &[
        &["PostgresReplicaLost", "PostgresReplicationLag", "PostgresLongTransaction", "PostgresTooManyConnections"],
        CUSTOMERS,
        WORK,
        STANDSTILL,
    ];

    /// With a Redis.
    pub const REDIS: &[&[&str]] = &[
        &[
            "RedisReplicaLost",
            "RedisReplicationBroken",
            "RedisRefusesWrites",
            "RedisRejectsConnections",
            "RedisPersistenceFailing",
        ],
        CUSTOMERS,
        WORK,
        STANDSTILL,
    ];

    /// With a bad line to any of them: what is far away enough counts as down.
    pub const NETWORK: &[&[&str]] = &[
        &[
            "AppInstanceDown",
            "PostgresDown",
            "PostgresReplicaLost",
            "PostgresReplicationLag",
            "PostgresLongTransaction",
            "PostgresTooManyConnections",
            "RedisDown",
            "RedisReplicaLost",
            "RedisReplicationBroken",
        ],
        CUSTOMERS,
        WORK,
        STANDSTILL,
    ];

    /// With a host that has too little of something. What takes ten minutes to fire does not before a drill is over.
    pub const HOST: &[&[&str]] = &[
        &[
            "HostMemoryCritical",
            "HostDiskSpaceLow",
            "HostDiskSpaceCritical",
            "PostgresReplicationLag",
            "RedisRefusesWrites",
            "RedisPersistenceFailing",
            "AppPoolExhausted",
            "QueueStalled",
            "TrafficStopped",
        ],
        CUSTOMERS,
        WORK,
    ];
}
