//! What the steps that stop, start and pause services share: whom they mean, that it is still the one that was confirmed, and
//! how what they did is checked. What a control says is not enough: a stopped service must not answer any more.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::domain::control::{Condition, Instance, Phase};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::fault::FaultKind;
use crate::domain::name::Name;
use crate::domain::plan::{Revert, StepId, StepSpec};
use crate::domain::service::Facts;
use crate::domain::service::spec::ServiceSpec;
use crate::jobs::recovery::heir;
use crate::jobs::server::{self, Server};
use crate::jobs::step::{Checked, Cx};
use crate::jobs::steps::backup::step;
use crate::ports::control::Control;
use crate::ports::{Promise, World};

/// How often a service is looked at that is to become silent, or healthy.
pub const EVERY: Duration = Duration::from_millis(500);
/// How often a service that was stopped may be found to answer: what is in front of it may take a moment to notice.
const ECHOES: u32 = 10;
/// How long a service may take to become healthy: a database that ended badly reads its journal first.
pub const RECOVERY: Duration = Duration::from_secs(180);
/// What a control may take beside the time that the service itself takes.
const ROOM: Duration = Duration::from_secs(60);

/// Whom a step means. Alone it is all that `start`, `pause` and `unpause` are told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Target {
    /// The environment.
    pub environment: Name,
    /// The service; it has a control, but for a step that only waits for its health.
    pub service: ServiceSpec,
    /// One of its instances; all where none is named.
    pub instance: Option<String>,
    /// The server's own keys as they were confirmed; none where it did not say who it is.
    pub server: Vec<String>,
    /// How often it is looked at while something is waited for.
    pub every: Duration,
    /// The services that may have taken over from it: it is not started beside one that has.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kin: Vec<ServiceSpec>,
}

/// The arguments of `stop`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StopArgs {
    /// Whom.
    pub target: Target,
    /// Whether it is killed where it does not end by itself.
    pub force: bool,
}

/// The arguments of `start-again`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AgainArgs {
    /// Whom.
    pub target: Target,
    /// What ran before the stop.
    pub lives: Vec<Life>,
}

/// The arguments of `scale`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScaleArgs {
    /// Whom: never one instance.
    pub target: Target,
    /// To how many instances.
    pub to: u16,
}

/// The arguments of `healthy`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HealthyArgs {
    /// Whom.
    pub target: Target,
    /// How long it may take.
    pub within: Duration,
}

/// What the control must say of every instance that is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// It runs.
    Up,
    /// There are no processes of it.
    Down,
    /// It holds still.
    Paused,
    /// It does not hold still.
    Awake,
}

impl Wanted {
    /// Whether an instance in such a phase is as it should be.
    pub fn holds(self, phase: Phase) -> bool {
        match self {
            Self::Up => matches!(phase, Phase::Running | Phase::Starting),
            Self::Down => !phase.is_up() && phase != Phase::Restarting,
            // What was down when the others were paused stays down.
            Self::Paused => phase == Phase::Paused || Self::Down.holds(phase),
            Self::Awake => phase != Phase::Paused,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Up => "running",
            Self::Down => "stopped",
            Self::Paused => "paused",
            Self::Awake => "going on",
        }
    }
}

impl Target {
    /// All of a service.
    pub fn of(environment: &Name, service: &ServiceSpec) -> Self {
        let (environment, service) = (environment.clone(), service.clone());
        Self { environment, service, instance: None, server: Vec::new(), every: EVERY, kin: Vec::new() }
    }

    /// The same, which is started beside none of the environment's services that has taken over from it.
    #[must_use]
    pub fn beside(self, services: &[ServiceSpec]) -> Self {
        Self { kin: heir::kin(services, &self.service), ..self }
    }

    /// The same of one instance. One of several is no server of its own.
    #[must_use]
    pub fn only(&self, instance: &str) -> Self {
        Self { instance: Some(instance.to_owned()), server: Vec::new(), ..self.clone() }
    }

    /// The same, which is given no more time than that to end by itself.
    #[must_use]
    pub fn given(&self, grace: Duration) -> Self {
        let mut given = self.clone();
        given.service.control.iter_mut().for_each(|control| control.grace = control.grace.min(grace));
        given
    }

    /// `worker-2 of worker`, `worker`.
    pub fn words(&self) -> String {
        let name = &self.service.name;
        self.instance
            .as_ref()
            .filter(|one| *one != name.as_str())
            .map_or_else(|| name.to_string(), |one| format!("{one} of {name}"))
    }

    /// The same, known by heart: whatever is done to the clock meanwhile, what is held up now is known again.
    pub async fn by_heart(&self, control: &dyn Control) -> Result<Self, Failure> {
        let (mut target, way) = (self.clone(), control.by_heart().await?);
        if let (Some(spec), Some(way)) = (&mut target.service.control, way) {
            spec.way = way;
        }
        Ok(target)
    }

    /// What holds it up.
    pub fn control(&self, world: &dyn World) -> Result<Arc<dyn Control>, Failure> {
        world.control(self.service.controlled(&self.environment)?)
    }

    /// Refuses what is broken by somebody who is logged in, and could not be mended when they are gone.
    pub async fn outlasts(&self, world: &dyn World) -> Result<(), Failure> {
        self.control(world)?.outlasts().await
    }

    /// The instances that are meant, of those that there are.
    pub fn meant<'a>(&self, condition: &'a Condition) -> Vec<&'a Instance> {
        let meant = |instance: &&Instance| self.instance.as_ref().is_none_or(|name| *name == instance.name);
        condition.instances.iter().filter(meant).collect()
    }

    /// A step that starts what does not run.
    pub fn start(&self, id: StepId) -> StepSpec {
        self.step(id, "start", format!("Start {}", self.words()), self)
    }

    /// A step that starts it again after a forced stop, which these had not survived.
    pub fn start_again(&self, id: StepId, lives: Vec<Life>) -> StepSpec {
        self.step(id, "start-again", format!("Start {} again", self.words()), &AgainArgs { target: self.clone(), lives })
    }

    /// A step that stops it.
    pub fn stop(&self, id: StepId, force: bool) -> StepSpec {
        let title = if force { "Stop {}, and kill what does not end" } else { "Stop {}" }.replace("{}", &self.words());
        self.step(id, "stop", title, &StopArgs { target: self.clone(), force })
    }

    /// A step that stops it in its tracks.
    pub fn pause(&self, id: StepId) -> StepSpec {
        self.step(id, "pause", format!("Pause {}", self.words()), self)
    }

    /// A step that lets it go on.
    pub fn unpause(&self, id: StepId) -> StepSpec {
        self.step(id, "unpause", format!("Let {} go on", self.words()), self)
    }

    /// A step that makes it so many.
    pub fn scale(&self, id: StepId, to: u16) -> StepSpec {
        self.step(id, "scale", format!("Scale {} to {to}", self.words()), &ScaleArgs { target: self.clone(), to })
    }

    /// A step that waits until it is healthy, and fails where it does not become so.
    pub fn healthy(&self, id: StepId, within: Duration) -> StepSpec {
        let args = HealthyArgs { target: self.clone(), within };
        let spec = step(id, "healthy", format!("Wait until {} is healthy", self.words()), &args);
        StepSpec { deadline: within + ROOM, stall: within + ROOM, ..spec }
    }

    fn step(&self, id: StepId, kind: &str, title: String, args: &impl Serialize) -> StepSpec {
        let grace = self.service.control.as_ref().map(|control| control.grace).unwrap_or_default();
        // One after the other, where a control takes them so.
        let most = grace * 16 + ROOM;
        StepSpec { deadline: most, stall: most, revert: Revert::Never, ..step(id, kind, title, args) }
    }

    /// Refuses what is not the target that was confirmed: another container of the same name, another server at the same address.
    /// To be asked right before the effect. A server that does not answer is known by its control only.
    pub async fn confirm(&self, cx: &Cx<'_>, control: &dyn Control) -> Result<(), Failure> {
        let confirmed = &cx.plan.target.keys;
        let keys = control.keys().await?;
        let other = keys.iter().find(|key| !confirmed.contains(key)).cloned();
        if let Some(key) = other {
            return Err(refused(&format!("{} is {key} now, which was not confirmed", self.service.name)));
        }
        if self.server.is_empty() || cx.world.probe(&self.service).await.is_err() {
            return Ok(());
        }
        match server::told(cx.world, &self.environment, &self.service).await {
            Some(server) => self.is_still(&server),
            None => Ok(()),
        }
    }

    /// Refuses what is not the server that was confirmed, where the server alone says who it is: one that does not say so is not it.
    pub async fn confirm_server(&self, world: &dyn World) -> Result<(), Failure> {
        let silent = || unavailable(format!("{} does not say which server it is now", self.service.name));
        self.is_still(&server::told(world, &self.environment, &self.service).await.ok_or_else(silent)?)
    }

    fn is_still(&self, server: &Server) -> Result<(), Failure> {
        if server.keys == self.server {
            return Ok(());
        }
        Err(refused(&format!("{} is {} now, which was not confirmed", self.service.name, server.words)))
    }

    /// The same of a service whose instances come and go: one that was confirmed must be among them, where there was one.
    pub async fn confirm_some(&self, cx: &Cx<'_>, control: &dyn Control) -> Result<(), Failure> {
        let keys = control.keys().await?;
        let kind = |key: &str| key.split(':').next().unwrap_or_default().to_owned();
        let alike = |key: &&String| keys.iter().any(|other| kind(other) == kind(key));
        let mut confirmed = cx.plan.target.keys.iter().filter(alike).peekable();
        if confirmed.peek().is_none() || confirmed.any(|key| keys.contains(key)) {
            return Ok(());
        }
        Err(refused(&format!("{} is {} now, which was not confirmed", self.service.name, keys.join(", "))))
    }

    /// Waits for what was asked of the control, then looks itself. A control that did not answer in the middle has done something
    /// or nothing: what is seen then decides, and where nothing is seen, it failed.
    pub async fn change(
        &self,
        cx: &Cx<'_>,
        control: &dyn Control,
        asked: Promise<'_, ()>,
        wanted: Wanted,
    ) -> Result<Condition, Failure> {
        let asked = cx.unless_cancelled(asked).await;
        match &asked {
            Err(failure) if !is_open(failure) => return Err(failure.clone()),
            Err(failure) => cx.reporter.log(&format!("{failure}: what came of it is not known, so it is looked at")),
            Ok(()) => {}
        }
        let seen = control.condition().await.and_then(|condition| self.all(&condition, wanted).map(|()| condition));
        match (asked, seen) {
            (_, Ok(condition)) => Ok(condition),
            (Err(failure), Err(_)) | (Ok(()), Err(failure)) => Err(failure),
        }
    }

    /// That the control says so of all that are meant.
    pub fn all(&self, condition: &Condition, wanted: Wanted) -> Result<(), Failure> {
        let meant = self.meant(condition);
        let others: Vec<String> =
            meant.iter().filter(|one| !wanted.holds(one.phase)).map(|one| format!("{} is {}", one.name, told(one))).collect();
        match (others.is_empty(), meant.is_empty() && matches!(wanted, Wanted::Up)) {
            (true, false) => Ok(()),
            (true, true) => Err(unavailable(format!("{} has no instance", self.words()))),
            (false, _) => Err(unavailable(format!("{}, not {}", others.join(", "), wanted.word()))),
        }
    }

    /// That nothing answers any more, where nothing of the service is left to answer: a control may say what it likes.
    pub async fn silent(&self, cx: &Cx<'_>, condition: &Condition) -> Result<(), Failure> {
        if condition.running() > 0 {
            return Ok(());
        }
        for _ in 0..ECHOES {
            if !self.answers(cx.world).await {
                return Ok(());
            }
            tokio::time::sleep(self.every).await;
        }
        let place = &self.service.access.reach;
        let listener = cx.world.listener(&self.service).await.ok().flatten();
        let who = listener.map_or_else(String::new, |who| format!(": {who} listens there"));
        let what = format!("its control says that {} does not run, but {place} still answers{who}", self.service.name);
        Err(Failure::new(FailureKind::Damaged, what).mend("another one runs there, or the control is not this service's"))
    }

    /// What stands before a service answers for it in its own way.
    async fn answers(&self, world: &dyn World) -> bool {
        match world.probe(&self.service).await.map(|report| report.facts) {
            Ok(Facts::Http(facts)) => !matches!(facts.status, 502..=504),
            Ok(_) => true,
            Err(fault) => fault.kind == FaultKind::Failing,
        }
    }

    /// After a crash: whether all that are meant are as they should be.
    pub async fn probed(&self, cx: &Cx<'_>, wanted: Wanted) -> Result<Checked, Failure> {
        let condition = self.control(cx.world)?.condition().await?;
        let holds = self.all(&condition, wanted).is_ok();
        let is_quiet = match wanted {
            Wanted::Down | Wanted::Paused if holds => self.silent(cx, &condition).await.is_ok(),
            _ => true,
        };
        Ok(if holds && is_quiet { Checked::Done(output(&condition)) } else { Checked::Absent })
    }
}

/// What tells one life of an instance from its next: its name, how often it was restarted, and since when it is up.
pub type Life = (String, Option<u64>, Option<i64>);

/// The life that an instance leads.
pub fn life(instance: &Instance) -> Life {
    (instance.name.clone(), instance.restarts, instance.since.map(|since| since.0))
}

/// What a step tells: how many run now.
pub fn output(condition: &Condition) -> serde_json::Value {
    serde_json::json!({ "running": condition.running(), "words": counted(condition) })
}

/// `2 of 3 run`.
pub fn counted(condition: &Condition) -> String {
    let all = condition.instances.iter().filter(|one| one.phase != Phase::Absent).count();
    match (condition.running(), all) {
        (0, _) => "none runs".to_owned(),
        (1, 1) => "it runs".to_owned(),
        (running, all) => format!("{running} of {all} run"),
    }
}

/// What a control says of an instance: `failed (exit code 137)`.
pub fn told(instance: &Instance) -> String {
    let detail = instance.detail.as_ref().map(|detail| format!(" ({detail})")).unwrap_or_default();
    format!("{}{detail}", instance.phase.word())
}

/// Whether a failure leaves open what happened.
fn is_open(failure: &Failure) -> bool {
    matches!(failure.kind, FailureKind::Unavailable | FailureKind::Stalled)
}

fn unavailable(what: String) -> Failure {
    Failure::new(FailureKind::Unavailable, what)
}

fn refused(what: &str) -> Failure {
    Failure::refused(what).mend("look what runs there now, and ask again")
}
