//! `recover`: finds out what a service and all that it needs suffer from, and mends what can be mended without losing anything.

use crate::domain::control::ControlSpec;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::name::Name;
use crate::domain::plan::{Plan, Revert, StepId, StepSpec};
use crate::domain::recovery::Lack;
use crate::domain::service::spec::ServiceSpec;
use crate::jobs::recovery::diagnosis::{Finding, Repair, judge};
use crate::jobs::recovery::look::{Seen, look};
use crate::jobs::recovery::{around, choices, heir, lacks, order};
use crate::jobs::routine::{Ask, Form, Param, Routine};
use crate::jobs::routines::target;
use crate::jobs::site::Site;
use crate::jobs::steps::backup::step;
use crate::jobs::steps::collect::{CollectArgs, EscalateArgs, Known};
use crate::jobs::target::{RECOVERY, Target};
use crate::ports::{Promise, World};

/// The routine.
pub const RECOVER: &Routine = &Routine {
    name: "recover",
    help: "Find out what a service and all that it needs suffer from, and mend what can be mended without loss",
    params: &[Param {
        name: "service",
        help: "Which service, with all that it needs; all of the environment where none is named",
        form: Form::Positional,
    }],
    plan,
};

fn plan<'a>(ask: &'a Ask<'a>) -> Promise<'a, Plan> {
    Box::pin(async move {
        let wanted = wanted(ask)?;
        let services = order::with_needs(&ask.site.services, &wanted);
        let seen = look(ask.world, &services).await;
        let found = inherited(ask, judged(&seen)).await;
        let missing = missing(ask, &services, &found).await;
        if !missing.is_empty() {
            return Err(refuse(&wanted, &missing));
        }
        let steps = steps(ask, &found).await;
        let name = ask.given.get("service").map_or_else(|| ask.site.environment.clone(), Name::from);
        let (keys, words) = (keys(ask.world, &seen, &found).await, words(&found));
        let mut notes = notes(&found);
        notes.extend(around::look(ask.world, &ask.site.environment, &ask.site.services, &services).await.notes);
        Ok(target::plan(ask, target::identity(name, keys, words), notes, numbered(steps)))
    })
}

/// What was found of a service.
type Found<'a> = (&'a ServiceSpec, Finding);

fn wanted<'a>(ask: &'a Ask<'_>) -> Result<Vec<&'a ServiceSpec>, Failure> {
    match ask.given.get("service") {
        Some(name) => ask.site.service(name).map(|service| vec![service]),
        None if ask.site.services.is_empty() => {
            let what = format!("environment {} has no services", ask.site.environment);
            Err(Failure::new(FailureKind::Config, what).mend("add [environments.NAME.services.NAME]"))
        }
        None => Ok(ask.site.services.iter().collect()),
    }
}

/// Judges each after those that it needs.
fn judged<'a>(seen: &[Seen<'a>]) -> Vec<Found<'a>> {
    let mut found: Vec<Found<'a>> = Vec::new();
    for one in seen {
        let ill = |name: &&Name| found.iter().any(|(other, finding)| other.name == **name && !finding.is_well());
        let ill: Vec<Name> = one.service.depends_on.iter().filter(ill).cloned().collect();
        found.push((one.service, judge(one, &ill)));
    }
    found
}

/// What another has taken over from is not brought back beside it.
async fn inherited<'a>(ask: &Ask<'_>, found: Vec<Found<'a>>) -> Vec<Found<'a>> {
    let mut judged = Vec::with_capacity(found.len());
    for (service, finding) in found {
        let heir = if matches!(finding, Finding::Repair(..)) {
            heir::of(ask.world, &heir::kin(&ask.site.services, service), service).await
        } else {
            None
        };
        judged.push((service, heir.map_or(finding, Finding::Person)));
    }
    judged
}

/// Asked only where something is to be mended: a service that is well lacks nothing.
async fn missing(ask: &Ask<'_>, services: &[&ServiceSpec], found: &[Found<'_>]) -> Vec<Lack> {
    if found.iter().all(|(_, finding)| finding.is_well()) {
        return Vec::new();
    }
    let mut all = lacks::missing(ask.world, ask.site, services).await;
    let of_findings = found.iter().filter_map(|(_, finding)| match finding {
        Finding::Lacks(lack) => Some(lack.clone()),
        _ => None,
    });
    all.extend(of_findings);
    all
}

fn refuse(wanted: &[&ServiceSpec], missing: &[Lack]) -> Failure {
    let of = if let [one] = wanted { one.name.to_string() } else { "the environment".to_owned() };
    let count = if missing.len() == 1 { "1 thing is".to_owned() } else { format!("{} things are", missing.len()) };
    let lines: Vec<String> = missing.iter().map(|lack| format!("\n  {lack}")).collect();
    Failure::refused(format!("{count} missing for a recovery of {of}; nothing was changed:{}", lines.concat()))
}

async fn steps(ask: &Ask<'_>, found: &[Found<'_>]) -> Vec<StepSpec> {
    let environment = &ask.site.environment;
    let services: Vec<ServiceSpec> = found.iter().map(|(service, _)| (*service).clone()).collect();
    let mended: Vec<StepSpec> = found.iter().flat_map(|(service, finding)| mend(ask.site, service, finding)).collect();
    if found.iter().all(|(_, finding)| finding.is_well()) {
        let last = services.last().map(|service| Target::of(environment, service).healthy(StepId(0), RECOVERY));
        return last.into_iter().collect();
    }
    let title = "Write down what is known before anything is changed".to_owned();
    let choices = if_it_stays_down(ask, found).await;
    let collect = step(StepId(0), "collect", title, &CollectArgs { known: known(ask, &services), lines: false, choices });
    let mut steps = vec![StepSpec { revert: Revert::OnFailure, ..collect }];
    steps.extend(mended);
    steps.extend(escalation(ask, found, services).await);
    steps
}

/// What is written down: the services, and what the environment measures of itself.
fn known(ask: &Ask<'_>, services: &[ServiceSpec]) -> Known {
    let signals = ask.site.signals.iter().map(|signal| (signal.name.to_string(), signal.query.to_string())).collect();
    Known { services: services.to_vec(), signals }
}

/// The steps that mend one service, and wait until it is well.
fn mend(site: &Site, service: &ServiceSpec, finding: &Finding) -> Vec<StepSpec> {
    let (target, id) = (Target::of(&site.environment, service).beside(&site.services), StepId(0));
    let healthy = target.healthy(id, RECOVERY);
    match finding {
        Finding::Repair(Repair::Start, _) => vec![target.start(id), healthy],
        Finding::Repair(Repair::Unpause, _) => vec![target.unpause(id), healthy],
        Finding::Repair(Repair::Restart, _) => {
            // Whatever happens on the way, what ran is started again.
            let stop = StepSpec { revert: Revert::Always, ..target.stop(id, false) };
            vec![stop, target.start(id), healthy]
        }
        Finding::Waits(..) => vec![healthy],
        Finding::Well | Finding::Lacks(_) | Finding::Person(_) => Vec::new(),
    }
}

/// What a person may choose where a repair does not bring a service back.
async fn if_it_stays_down(ask: &Ask<'_>, found: &[Found<'_>]) -> Vec<String> {
    let mut left = Vec::new();
    for (service, _) in found.iter().filter(|(_, finding)| matches!(finding, Finding::Repair(..))) {
        left.extend(choices::left(ask.world, ask.site, service).await);
    }
    left
}

/// What is left for people, after what could be mended.
async fn escalation(ask: &Ask<'_>, found: &[Found<'_>], services: Vec<ServiceSpec>) -> Option<StepSpec> {
    let (mut people, mut left) = (Vec::new(), Vec::new());
    for (service, finding) in found {
        if let Finding::Person(lack) = finding {
            people.push(lack.clone());
            left.extend(choices::left(ask.world, ask.site, service).await);
        }
    }
    let title = "Hand over what only a person can mend, with all that is known".to_owned();
    (!people.is_empty())
        .then(|| step(StepId(0), "escalate", title, &EscalateArgs { known: known(ask, &services), people, choices: left }))
}

/// Everything that is changed is locked.
async fn keys(world: &dyn World, seen: &[Seen<'_>], found: &[Found<'_>]) -> Vec<String> {
    let mut keys = Vec::new();
    for (one, (_, finding)) in seen.iter().zip(found) {
        if matches!(finding, Finding::Repair(..)) {
            keys.extend(locked(world, one.service.control.as_ref()).await);
        }
    }
    keys
}

async fn locked(world: &dyn World, spec: Option<&ControlSpec>) -> Vec<String> {
    let Some(spec) = spec else { return Vec::new() };
    let mut keys = vec![format!("control:{spec}")];
    if let Ok(control) = world.control(spec) {
        keys.extend(control.keys().await.unwrap_or_default());
    }
    keys
}

fn words(found: &[Found<'_>]) -> String {
    let ill = found.iter().filter(|(_, finding)| !finding.is_well()).count();
    match (ill, found) {
        (0, [(only, _)]) => format!("{} is well", only.name),
        (1, [(only, _)]) => format!("{} is ill", only.name),
        (0, all) => format!("{} services, all well", all.len()),
        (1, all) => format!("1 of {} services is ill", all.len()),
        (ill, all) => format!("{ill} of {} services are ill", all.len()),
    }
}

/// One sentence for each service that is not well; what a recovery never does.
fn notes(found: &[Found<'_>]) -> Vec<String> {
    let ill = found.iter().filter(|(_, finding)| !finding.is_well());
    let mut notes: Vec<String> = ill.map(|(service, finding)| format!("{}: {}", service.name, finding.words())).collect();
    if notes.is_empty() {
        return vec!["nothing is wrong: it is only looked at again".to_owned()];
    }
    notes.push("nothing is deleted or restored, and no other server takes over: those choices are yours".to_owned());
    notes
}

fn numbered(steps: Vec<StepSpec>) -> Vec<StepSpec> {
    (1..).zip(steps).map(|(n, step)| StepSpec { id: StepId(n), ..step }).collect()
}
