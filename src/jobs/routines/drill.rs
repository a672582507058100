//! `drill`: breaks something for a while on purpose, watches what that does and whether anybody is told, ends it, and reports. Its
//! end is armed outside of everything that could die meanwhile.

use std::time::Duration;

use serde_json::json;

use crate::domain::chaos::{Ask as Question, Probe, Tolerance};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::name::Name;
use crate::domain::plan::{Plan, Revert, StepId, StepSpec};
use crate::domain::problem::nearest;
use crate::domain::repository::RepositorySpec;
use crate::domain::service::spec::{self, ServiceSpec};
use crate::domain::signal::Signal;
use crate::domain::time::human;
use crate::domain::unit::Unit;
use crate::jobs::drill::{Begin, Drill, PREFLIGHT, hypothesis, preflight};
use crate::jobs::routine::{Ask, Form, Param, Routine};
use crate::jobs::routines::control::{INSTANCE, Survey};
use crate::jobs::scenario::{Case, Faults, Scenario};
use crate::jobs::scenarios;
use crate::jobs::steps::arm;
use crate::jobs::steps::backup::step;
use crate::ports::Promise;

/// The routine.
pub const DRILL: &Routine = &Routine {
    name: "drill",
    help: "Break something for a while, its end armed beforehand; measure who notices and how it recovers",
    params: &[
        Param { name: "scenario", help: "What is broken: midwatch chaos list", form: Form::Positional },
        Param { name: "target", help: "Which service; the only one that fits where none is named", form: Form::Valued(&[]) },
        INSTANCE,
        Param {
            name: "on",
            help: "What of it, where a scenario hits a part: a table, a role; the instance that is left of all",
            form: Form::Valued(&[]),
        },
        Param { name: "for", help: "How long it stays broken: 60s where nothing else is said", form: Form::Valued(&[]) },
        Param {
            name: "expect",
            help: "The alerts that should fire, with commas, instead of midwatch's own",
            form: Form::Valued(&[]),
        },
        Param {
            name: "allow",
            help: "More alerts that may fire, with commas; one that fires before is refused as the scenario's own are",
            form: Form::Valued(&[]),
        },
        Param {
            name: "most",
            help: "How much memory is held at the most, in MiB: 256 where nothing else is said, half of what is available at the most",
            form: Form::Valued(&[]),
        },
        Param {
            name: "folder",
            help: "A folder on the disk that is meant, instead of the one where the service works",
            form: Form::Valued(&[]),
        },
        Param {
            name: "hypothesis",
            help: "More of the steady state, with semicolons: redis answers; EXPRESSION < 5",
            form: Form::Valued(&[]),
        },
        Param { name: "abort-if", help: "An expression that aborts it when it answers anything", form: Form::Valued(&[]) },
    ],
    plan,
};

/// The lock that every drill of this ledger takes: one fault at a time.
const ONE_AT_A_TIME: &str = "drill:one-at-a-time";
/// How often it is looked.
const EVERY: Duration = Duration::from_secs(1);
/// How long the steady state is waited for where no RTO says otherwise, and at the least.
const STEADY: Duration = Duration::from_secs(180);
/// What a step takes beside what it waits for.
const ROOM: Duration = Duration::from_secs(60);

fn plan<'a>(ask: &'a Ask<'a>) -> Promise<'a, Plan> {
    Box::pin(async move {
        let scenario = scenarios::find(ask.given.need("drill", "scenario")?)?;
        heeded(ask, scenario)?;
        let lasts = lasts(ask, scenario)?;
        preflight::guarded(&ask.site.environment, ask.site.guard)?;
        let service = target(ask, scenario)?;
        fits(scenario, service, ask)?;
        let mut survey = Survey::on(ask, service).await?;
        let faults = scenario.faults(&Case { ask, survey: &survey, lasts }).await?;
        let mut drill = drill(ask, scenario, &survey, lasts, &faults);
        expect_more(ask, &mut drill)?;
        let begin = Begin { repository: repository(scenario, &survey, ask)?, drill };
        let drill = &begin.drill;
        let mut notes = vec![format!("{}; for {}", scenario.help, human(lasts))];
        notes.push(format!("its end is armed first: {}", scenario.end));
        notes.extend(ask.world.arm()?.beyond().map(str::to_owned));
        notes.push(radius(drill));
        notes.extend(faults.notes);
        notes.extend(preflight::judge(ask.world, &begin).await?);
        survey.lock(ONE_AT_A_TIME.to_owned());
        faults.besides.into_values().flatten().for_each(|key| survey.lock(key));
        Ok(survey.plan(notes, steps(&begin)))
    })
}

/// The words that only some scenarios heed.
const PECULIAR: [&str; 3] = ["on", "most", "folder"];

/// Refuses what would be ignored, and says where it would not be.
fn heeded(ask: &Ask<'_>, scenario: &Scenario) -> Result<(), Failure> {
    let takes = |scenario: &Scenario, word: &str| scenario.takes.iter().find(|(name, _)| *name == word).map(|(_, what)| *what);
    let ignored = PECULIAR.into_iter().find(|word| ask.given.has(word) && takes(scenario, word).is_none());
    ignored.map_or(Ok(()), |word| {
        let others = scenarios::ALL.iter().filter_map(|other| Some(format!("{} of {}", takes(other, word)?, other.name)));
        let mend = format!("--{word} names {}", others.collect::<Vec<_>>().join(", "));
        Err(Failure::new(FailureKind::Usage, format!("{} takes no --{word}", scenario.name)).mend(mend))
    })
}

/// The service that was named, or the only one that the scenario fits.
fn target<'a>(ask: &Ask<'a>, scenario: &Scenario) -> Result<&'a ServiceSpec, Failure> {
    if let Some(name) = ask.given.get("target") {
        return ask.site.service(name);
    }
    let fit: Vec<&ServiceSpec> = ask.site.services.iter().filter(|service| scenario.fits(service, &ask.site.services)).collect();
    match fit.as_slice() {
        [one] => Ok(one),
        [] => {
            let here = scenario.offer(&ask.site.services).here();
            let what = format!("in {}, {} {here}", ask.site.environment, scenario.name);
            Err(Failure::new(FailureKind::Config, what))
        }
        several => {
            let names: Vec<&str> = several.iter().map(|service| service.name.as_str()).collect();
            let what = format!("drill {} needs a --target: {}", scenario.name, names.join(", "));
            Err(Failure::new(FailureKind::Usage, what))
        }
    }
}

fn lasts(ask: &Ask<'_>, scenario: &Scenario) -> Result<Duration, Failure> {
    let text = ask.given.get("for").unwrap_or("60s");
    let wrong = || Failure::new(FailureKind::Usage, format!("--for cannot be {text:?}")).mend("--for 60s, --for 2m");
    let read = text.parse::<jiff::SignedDuration>().ok().and_then(|read| Duration::try_from(read).ok());
    let lasts = read.filter(|read| !read.is_zero()).ok_or_else(wrong)?;
    if lasts <= scenario.longest {
        return Ok(lasts);
    }
    let what = format!("{} stays {} at the longest, not {}", scenario.name, human(scenario.longest), human(lasts));
    Err(Failure::refused(what))
}

fn fits(scenario: &Scenario, service: &ServiceSpec, ask: &Ask<'_>) -> Result<(), Failure> {
    let name = &service.name;
    if scenario.is_for(service) {
        let Some(why) = scenario.unfit(service, &ask.site.services) else { return Ok(()) };
        if scenario.needs_control() {
            service.controlled(&ask.site.environment)?;
        }
        let failure = Failure::refused(format!("{} cannot be done to {name}: {why}", scenario.name));
        return Err(failure.mend("depends_on says which services stand behind another, and so beside each other"));
    }
    let kind = service.kind.word();
    let what = format!("{} is for a {}, and {name} is a {kind}", scenario.name, scenario.whom());
    let alike: Vec<_> = scenarios::ALL.iter().filter(|other| other.is_for(service)).map(|other| other.name).collect();
    let near = nearest(scenario.name, alike.iter().copied()).or(alike.first().copied());
    let failure = Failure::new(FailureKind::Usage, what);
    Err(match near {
        Some(near) => failure.mend(format!("did you mean {near:?}?")),
        None => failure,
    })
}

/// Where the backup must be that was proved within the RPO; none where nothing can be lost.
fn repository(scenario: &Scenario, survey: &Survey<'_>, ask: &Ask<'_>) -> Result<Option<RepositorySpec>, Failure> {
    if !scenario.loses {
        return Ok(None);
    }
    let policy = survey.service.policy(&ask.site.environment)?;
    ask.site.repository(policy.repository.as_str()).cloned().map(Some)
}

fn drill(ask: &Ask<'_>, scenario: &Scenario, survey: &Survey<'_>, lasts: Duration, faults: &Faults) -> Drill {
    let list = |name: &str| -> Vec<String> {
        let given = ask.given.get(name).unwrap_or_default();
        given.split(',').map(str::trim).filter(|one| !one.is_empty()).map(str::to_owned).collect()
    };
    let own = |alerts: &[&str]| alerts.iter().map(|alert| (*alert).to_owned()).collect::<Vec<_>>();
    let expects = if ask.given.has("expect") { list("expect") } else { own(scenario.expects) };
    let mut allows: Vec<String> = scenario.allowed().map(str::to_owned).collect();
    allows.extend(if ask.given.has("expect") { own(scenario.expects) } else { Vec::new() });
    allows.extend(list("allow"));
    allows.retain(|alert| !expects.contains(alert));
    let rto = survey.service.backup.as_ref().and_then(|policy| policy.rto);
    Drill {
        scenario: scenario.name.to_owned(),
        target: survey.target.clone(),
        faults: faults.steps.clone(),
        lasts,
        radius: darkened(survey, faults, &ask.site.services),
        services: ask.site.services.clone(),
        hypothesis: hypothesis(&survey.service.name, &ask.site.signals),
        expects,
        allows,
        abort_if: ask.given.get("abort-if").map(str::to_owned).into_iter().collect(),
        every: EVERY,
        steady: rto.unwrap_or_default().max(STEADY),
    }
}

/// Who may suffer: the target, what is hit beside it, and all that need any of them.
fn darkened(survey: &Survey<'_>, faults: &Faults, services: &[ServiceSpec]) -> Vec<Name> {
    let mut radius: Vec<Name> = Vec::new();
    for hit in std::iter::once(&survey.service.name).chain(faults.besides.keys()) {
        let all = std::iter::once(hit).chain(spec::needed_by(services, hit));
        radius.extend(all.filter(|name| !radius.contains(name)).cloned().collect::<Vec<_>>());
    }
    radius
}

/// The steady state: the target answers, and the environment's signals are not bad.
fn hypothesis(target: &Name, signals: &[Signal]) -> Vec<Probe> {
    std::iter::once(Probe::service(target)).chain(signals.iter().filter_map(probe)).collect()
}

/// What was asked for besides of the steady state.
fn expect_more(ask: &Ask<'_>, drill: &mut Drill) -> Result<(), Failure> {
    for probe in hypothesis::parse(ask.given.get("hypothesis").unwrap_or_default(), &ask.site.services)? {
        if !drill.hypothesis.iter().any(|one| one.ask == probe.ask && one.tolerance == probe.tolerance) {
            drill.hypothesis.push(probe);
        }
    }
    Ok(())
}

/// A signal as a probe. One without a threshold is only measured, and only where it counts requests.
fn probe(signal: &Signal) -> Option<Probe> {
    let is_lower_worse = matches!((signal.warning, signal.critical), (Some(warning), Some(critical)) if critical < warning);
    let bound = signal.critical.or(signal.warning);
    let is_traffic = signal.unit.as_ref().is_some_and(|unit| *unit == Unit("reqps".to_owned()));
    let tolerance = match bound {
        Some(bound) if is_lower_worse => Tolerance::Above(bound),
        Some(bound) => Tolerance::Below(bound),
        None if is_traffic => Tolerance::Any,
        None => return None,
    };
    let ask = Question::Promql(signal.query.to_string());
    Some(Probe { name: signal.name.to_string(), ask, tolerance, unit: signal.unit.clone() })
}

fn radius(drill: &Drill) -> String {
    let names: Vec<&str> = drill.radius.iter().map(Name::as_str).collect();
    let alerts = if drill.expects.is_empty() {
        "none is expected".to_owned()
    } else {
        format!("{} should fire", drill.expects.join(", "))
    };
    format!("it may darken {}; {alerts}; it is aborted when anything else suffers", names.join(", "))
}

fn steps(begin: &Begin) -> Vec<StepSpec> {
    let drill = &begin.drill;
    let id = StepId(0);
    let plain = |kind: &str, title: String| step(id, kind, title, &json!({}));
    let waits = |spec: StepSpec, time: Duration| StepSpec { deadline: time + ROOM, stall: time + ROOM, ..spec };
    let titles: Vec<&str> = drill.faults.iter().map(|fault| fault.title.as_str()).collect();
    let lasts = human(drill.lasts);
    vec![
        step(id, PREFLIGHT, "See whether it may begin".to_owned(), begin),
        plain("baseline", "Measure the steady state".to_owned()),
        StepSpec {
            revert: Revert::Always,
            ..plain("arm", format!("Arm the end of the fault: {lasts} after it begins, whoever lives then"))
        },
        plain("inject", titles.join(", and ")),
        waits(plain("watch", format!("Watch for {lasts}")), drill.lasts),
        arm::end(id),
        waits(plain("steady", "Wait for the steady state".to_owned()), drill.steady),
        plain("report", "Report".to_owned()),
    ]
}
