//! What the routines over a service's control find out before they plan: what its control says of it, how it answers, who else
//! needs it, what stopping it does to its clients.

use crate::domain::control::{Condition, ControlSpec, Instance, Phase};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::fault::Fault;
use crate::domain::name::Name;
use crate::domain::plan::{Plan, Revert, StepId, StepSpec};
use crate::domain::problem::nearest;
use crate::domain::service::Report;
use crate::domain::service::spec::{self, ServiceSpec};
use crate::domain::time::{Stamp, human};
use crate::jobs::recovery::heir;
use crate::jobs::routine::{Ask, Form, Param};
use crate::jobs::routines::target;
use crate::jobs::server;
use crate::jobs::steps::sole_writer::SoleArgs;
use crate::jobs::target::{Target, counted, told};

mod price;

pub use price::Blow;

/// Which service.
pub const SERVICE: Param = Param { name: "service", help: "Which service", form: Form::Positional };
/// One of several instances.
pub const INSTANCE: Param =
    Param { name: "instance", help: "Only this one of its instances; all where none is named", form: Form::Valued(&[]) };
/// For what does not end.
pub const FORCE: Param = Param { name: "force", help: "Kill what does not end within its grace", form: Form::Flag };

/// A service that is about to be stopped, started or paused, as it was found.
pub struct Survey<'a> {
    ask: &'a Ask<'a>,
    /// The service.
    pub service: &'a ServiceSpec,
    /// Whom the steps mean.
    pub target: Target,
    /// What its control says; nothing where it has none.
    pub condition: Condition,
    /// How it answers.
    pub report: Result<Report, Fault>,
    keys: Vec<String>,
    words: String,
}

impl<'a> Survey<'a> {
    /// Looks at the service, and at the instance, that were given.
    pub async fn of(ask: &'a Ask<'a>, routine: &str) -> Result<Self, Failure> {
        let service = ask.site.service(ask.given.need(routine, "service")?)?;
        service.controlled(&ask.site.environment)?;
        Self::on(ask, service).await
    }

    /// Looks at a service, and at the instance that was given. One without a control must say itself who it is.
    pub async fn on(ask: &'a Ask<'a>, service: &'a ServiceSpec) -> Result<Self, Failure> {
        let held = service.control.as_ref();
        let (condition, mut keys) = match held {
            Some(spec) => controlled(ask, spec).await?,
            None => (Condition { instances: Vec::new() }, Vec::new()),
        };
        let report = ask.world.probe(service).await;
        let server = match &report {
            Ok(_) => server::told(ask.world, &ask.site.environment, service).await,
            Err(_) => None,
        };
        let mut target = Target::of(&ask.site.environment, service).beside(&ask.site.services);
        let mut words = held.map(|spec| format!("{spec}: {}", counted(&condition))).unwrap_or_default();
        match server {
            Some(server) => {
                keys.extend(server.keys.iter().cloned());
                target.server = server.keys;
                words = if words.is_empty() { server.words } else { format!("{words}; {}", server.words) };
            }
            None if held.is_none() => return Err(anonymous(service, &report)),
            None => {}
        }
        if let Some(name) = ask.given.get("instance") {
            target = target.only(&instance(service, &condition, name)?.name);
        }
        Ok(Self { ask, service, target, condition, report, keys, words })
    }

    /// When it was looked.
    pub fn now(&self) -> Stamp {
        self.ask.world.now()
    }

    /// Locks something else, too, while the job runs.
    pub fn lock(&mut self, key: String) {
        self.keys.push(key);
    }

    /// What is locked of it while the job runs.
    pub fn keys(&self) -> &[String] {
        &self.keys
    }

    /// The instances that are meant.
    pub fn meant(&self) -> Vec<&Instance> {
        self.target.meant(&self.condition)
    }

    /// How many of them are in such a phase.
    pub fn count(&self, is: impl Fn(Phase) -> bool) -> usize {
        self.meant().iter().filter(|one| is(one.phase)).count()
    }

    /// Whether it answers and nothing is wrong with it.
    pub fn is_well(&self) -> bool {
        self.report.as_ref().is_ok_and(|report| report.facts.trouble().is_none())
    }

    /// Refuses what would take writes beside another that has taken over from it. One that answers is what it is already.
    pub async fn must_have_no_heir(&self) -> Result<(), Failure> {
        if self.report.is_ok() {
            return Ok(());
        }
        heir::must_have_none(self.ask.world, &self.target.kin, self.service).await
    }

    /// The gate after a start, where another of its kind takes writes.
    pub async fn sole(&self, must_follow: bool) -> Option<StepSpec> {
        let is_needed = must_follow || !heir::writers(self.ask.world, &self.target.kin).await.is_empty();
        is_needed.then(|| SoleArgs { target: self.target.clone(), must_follow }.step(StepId(0)))
    }

    /// Refuses where there is nothing to do.
    pub fn refuse(&self, verb: &str) -> Failure {
        let how: Vec<String> = self.meant().iter().map(|one| format!("{} is {}", one.name, told(one))).collect();
        let how = if how.is_empty() { "it has no instance".to_owned() } else { how.join(", ") };
        Failure::refused(format!("there is nothing to {verb} of {}: {how}", self.target.words()))
    }

    /// The plan, its steps numbered.
    pub fn plan(&self, notes: Vec<String>, steps: Vec<StepSpec>) -> Plan {
        let number = |(n, spec): (u16, StepSpec)| StepSpec { id: StepId(n), ..spec };
        let steps = (1..).zip(steps).map(number).collect();
        let target = target::identity(self.service.name.clone(), self.keys.clone(), self.words.clone());
        target::plan(self.ask, target, notes, steps)
    }

    /// What a blow to it means to others.
    pub fn price(&self, blow: Blow) -> Vec<String> {
        let is_last = self.condition.running() > 0 && self.condition.running() == self.count(|phase| phase == Phase::Running);
        let mut notes = Vec::new();
        if is_last {
            let all = self.condition.running();
            let which = if all == 1 { "the last that runs".to_owned() } else { format!("all {all} that run") };
            notes.push(format!("{which} will be {}", blow.words()));
            notes.extend(self.dependents(blow));
            notes.extend(self.report.iter().flat_map(|report| blow.hits(&report.facts)));
        } else if self.condition.running() > 0 {
            notes.push(format!("{} of it: the others go on", counted(&self.condition)));
        }
        if let Err(fault) = &self.report {
            notes.push(format!("it does not answer now ({fault}): which server it is is known by its control only"));
        }
        notes
    }

    /// The names of those who need it, by way of others too.
    pub fn needed_by(&self) -> Vec<&Name> {
        spec::needed_by(&self.ask.site.services, &self.service.name)
    }

    /// Who fails meanwhile.
    fn dependents(&self, blow: Blow) -> Option<String> {
        let names: Vec<&str> = self.needed_by().iter().map(|name| name.as_str()).collect();
        let (one_fails, many_fail) = if blow == Blow::Disturb { ("may fail", "may fail") } else { ("fails", "fail") };
        match names.as_slice() {
            [] => None,
            [one] => Some(format!("{one} depends on it, and {one_fails} meanwhile")),
            [most @ .., last] => Some(format!("{} and {last} depend on it, and {many_fail} meanwhile", most.join(", "))),
        }
    }

    /// What ends it, and what that costs.
    pub fn manner(&self, force: bool) -> String {
        let grace = human(self.service.control.as_ref().map(|control| control.grace).unwrap_or_default());
        if force {
            format!("it has {grace} to end; then it is killed, and what it had not written is lost")
        } else {
            format!("it has {grace} to end; one that does not goes on, and that is the failure (--force kills it)")
        }
    }
}

/// What a control says, and what is locked while it is changed.
async fn controlled(ask: &Ask<'_>, spec: &ControlSpec) -> Result<(Condition, Vec<String>), Failure> {
    let control = ask.world.control(spec)?;
    let (condition, mut keys) = (control.condition().await?, control.keys().await?);
    // One that has no instance now is locked all the same.
    keys.push(format!("control:{spec}"));
    Ok((condition, keys))
}

/// Without a control only the server itself says who it is.
fn anonymous(service: &ServiceSpec, report: &Result<Report, Fault>) -> Failure {
    let why = report.as_ref().err().map_or_else(|| "it does not say".to_owned(), ToString::to_string);
    let what = format!("which server {} is is not known, and it has no control to tell: {why}", service.name);
    Failure::new(FailureKind::Unavailable, what)
}

fn instance<'c>(service: &ServiceSpec, condition: &'c Condition, name: &str) -> Result<&'c Instance, Failure> {
    let names: Vec<&str> = condition.instances.iter().map(|one| one.name.as_str()).collect();
    condition.instances.iter().find(|one| one.name == name).ok_or_else(|| {
        let failure = Failure::new(FailureKind::Usage, format!("{} has no instance {name:?}", service.name));
        match nearest(name, names.iter().copied()) {
            Some(near) => failure.mend(format!("did you mean {near:?}?")),
            None if names.is_empty() => failure,
            None => failure.mend(format!("there are {}", names.join(", "))),
        }
    })
}

/// The same step, undone when an operator asks for that.
pub fn undoable(spec: StepSpec) -> StepSpec {
    StepSpec { revert: Revert::UntilReleased, ..spec }
}

#[cfg(test)]
pub(crate) mod tests;
