//! `midwatch services`: how the services of an environment are — what they answer, and what holds them up says of them.

use std::process::ExitCode;

use clap::{Arg, ArgMatches, Command};
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::app::screens::overview::{Health, judge};
use crate::cli::sheet::{Cell, Sheet};
use crate::cli::{Subcommand, desk, exit::Exit, open, print};
use crate::config::Overrides;
use crate::domain::control::{Condition, Instance, Phase, Usage};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::fault::Fault;
use crate::domain::name::Name;
use crate::domain::service::Report;
use crate::domain::service::spec::ServiceSpec;
use crate::domain::time::{Stamp, human};
use crate::domain::unit::Unit;
use crate::ports::World;
use crate::runtime::planner;
use crate::runtime::world::Outside;
use crate::ui::theme::Role;

pub(super) const SUBCOMMAND: Subcommand = Subcommand { command, run };

fn command() -> Command {
    Command::new("services")
        .about("List the services of an environment: how they answer, what runs, since when, and what it uses")
        .arg(Arg::new("service").value_name("SERVICE").help("Only this one"))
        .arg(print::json_argument())
        .after_help(
            "Exits with 0, also where a service is down; with 69 where a control could not be asked: what is known is listed all\n\
             the same. midwatch start, stop, restart, pause, unpause and scale change what runs; midwatch logs reads it.",
        )
}

fn run(overrides: &Overrides, matches: &ArgMatches) -> ExitCode {
    super::wait_for(async { desk::exit(list(overrides, matches).await) })
}

/// A service as it was found.
struct Found<'a> {
    service: &'a ServiceSpec,
    report: Result<Report, Fault>,
    /// None where the configuration names no control.
    condition: Option<Result<Condition, Failure>>,
}

async fn list(overrides: &Overrides, matches: &ArgMatches) -> Result<Exit, Failure> {
    let config = open::config(overrides)?;
    let site = planner::site(&config, &config.environment)?;
    let meant: Vec<&ServiceSpec> = match matches.get_one::<String>("service") {
        Some(name) => vec![site.service(name)?],
        None => site.services.iter().collect(),
    };
    if meant.is_empty() {
        let what = format!("the environment {} has no services", site.environment);
        return Err(
            Failure::new(FailureKind::Config, what).mend(format!("add [environments.{}.services.NAME]", site.environment))
        );
    }
    let world = Outside::new(None, config.scratch.as_deref())?;
    let found = join_all(meant.into_iter().map(|service| look(&world, service))).await;
    let (paper, now) = (open::paper(&config)?, world.now());
    let heads = ["SERVICE", "HEALTH", "INSTANCE", "PHASE", "SINCE", "RESTARTS", "CPU", "MEMORY", "IMAGE", "WHAT"];
    let sheet = || Sheet::of(heads, found.iter().flat_map(|one| rows(one, now))).text(&paper);
    print::told(matches, || found.iter().map(|one| object(&site.environment, one)), sheet)?;
    let dark = found.iter().find_map(|one| Some((one.service, one.condition.as_ref()?.as_ref().err()?)));
    Ok(dark.map_or(Exit::status(0), |(service, failure)| {
        Exit::because(69, format!("{}: its control could not be asked: {failure}", service.name))
    }))
}

async fn look<'a>(world: &Outside, service: &'a ServiceSpec) -> Found<'a> {
    let condition = async {
        match &service.control {
            None => None,
            Some(spec) => Some(match world.control(spec) {
                Ok(control) => control.condition().await,
                Err(failure) => Err(failure),
            }),
        }
    };
    let (report, condition) = tokio::join!(world.probe(service), condition);
    Found { service, report, condition }
}

fn health(report: &Result<Report, Fault>) -> Health {
    report.as_ref().map_or(Health::Down, |report| judge(&report.facts))
}

fn health_word(health: Health) -> (Role, &'static str) {
    match health {
        Health::Down => (Role::Critical, "down"),
        Health::Unknown => (Role::Unknown, "unknown"),
        Health::Impaired => (Role::Warning, "impaired"),
        Health::Up => (Role::Good, "up"),
    }
}

/// What is wrong with it, in words.
fn trouble(report: &Result<Report, Fault>) -> Option<String> {
    match report {
        Ok(report) => report.facts.trouble(),
        Err(fault) => Some(fault.to_string()),
    }
}

fn rows(found: &Found<'_>, now: Stamp) -> Vec<[Cell; 10]> {
    let (role, word) = health_word(health(&found.report));
    let why = trouble(&found.report).unwrap_or_default();
    let head = [(Role::Text, found.service.name.to_string()), (role, word.to_owned())];
    let bare = |phase: &str, what: String| {
        let [name, health] = head.clone();
        let dash = || (Role::Dim, "-".to_owned());
        [name, health, dash(), (Role::Dim, phase.to_owned()), dash(), dash(), dash(), dash(), dash(), (Role::Dim, what)]
    };
    let and_why = |what: &str| [what, &why].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("; ");
    match &found.condition {
        None => vec![bare("-", why.clone())],
        Some(Err(failure)) => vec![bare("unknown", and_why(&failure.to_string()))],
        Some(Ok(condition)) if condition.instances.is_empty() => vec![bare("absent", and_why("it has no instance"))],
        Some(Ok(condition)) => {
            let what = |n: usize, one: &Instance| {
                let detail = one.detail.clone().unwrap_or_default();
                if n == 0 { and_why(&detail) } else { detail }
            };
            condition.instances.iter().enumerate().map(|(n, one)| row(head.clone(), one, what(n, one), now)).collect()
        }
    }
}

fn row([name, health]: [Cell; 2], one: &Instance, what: String, now: Stamp) -> [Cell; 10] {
    let role = match one.phase {
        Phase::Running => Role::Good,
        Phase::Failed | Phase::Restarting => Role::Critical,
        Phase::Absent => Role::Unknown,
        _ => Role::Warning,
    };
    let phase = if one.healthy == Some(false) { format!("{}, unhealthy", one.phase.word()) } else { one.phase.word().to_owned() };
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    [
        name,
        health,
        (Role::Accent, one.name.clone()),
        (role, phase),
        (Role::Text, or_dash(one.since.map(|since| human(now.since(since))))),
        (Role::Text, or_dash(one.restarts.map(|restarts| restarts.to_string()))),
        (Role::Text, or_dash(one.usage.map(|usage| cpu(usage, one, now)))),
        (Role::Text, or_dash(one.usage.map(memory))),
        (Role::Text, or_dash(one.image.clone())),
        (Role::Dim, what),
    ]
}

/// One look has no rate: what it used on average since it was started.
fn cpu(usage: Usage, one: &Instance, now: Stamp) -> String {
    let age = one.since.map(|since| now.since(since).as_secs_f64()).filter(|age| *age >= 1.0);
    age.map_or_else(|| format!("{:.1}s", usage.cpu_seconds), |age| format!("{:.1}%", usage.cpu_seconds / age * 100.0))
}

fn memory(usage: Usage) -> String {
    let bytes = |count: u64| Unit("bytes".to_owned()).format(count as f64, None).to_string();
    let used = bytes(usage.memory_bytes);
    usage.memory_limit_bytes.map_or(used.clone(), |limit| format!("{used} of {}", bytes(limit)))
}

fn object(environment: &Name, found: &Found<'_>) -> Value {
    let instances = found.condition.as_ref().and_then(|condition| condition.as_ref().ok());
    let instances = instances.map(|condition| condition.instances.iter().map(instance).collect::<Vec<_>>());
    json!({
        "environment": environment,
        "service": found.service.name,
        "kind": found.service.kind.word(),
        "health": health_word(health(&found.report)).1,
        "trouble": trouble(&found.report),
        "control": found.service.control.as_ref().map(ToString::to_string),
        "depends_on": found.service.depends_on,
        "instances": instances,
        "error": found.condition.as_ref().and_then(|condition| condition.as_ref().err()).map(ToString::to_string),
    })
}

fn instance(one: &Instance) -> Value {
    json!({
        "instance": one.name,
        "phase": one.phase.word(),
        "since": one.since.map(print::time),
        "restarts": one.restarts,
        "image": one.image,
        "healthy": one.healthy,
        "cpu_seconds": one.usage.map(|usage| usage.cpu_seconds),
        "memory_bytes": one.usage.map(|usage| usage.memory_bytes),
        "memory_limit_bytes": one.usage.and_then(|usage| usage.memory_limit_bytes),
        "detail": one.detail,
    })
}
