//! An action of an experiment as a drill: ours, or a program that does what one of our scenarios does.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use crate::domain::chaos::gameday::Turn;
use crate::domain::control::Way;
use crate::domain::service::ServiceKind;
use crate::domain::service::spec::ServiceSpec;
use crate::jobs::drill::experiment::provider::{self, Call};
use crate::jobs::scenarios;

/// What a foreign action does to whom it hits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effect {
    Pause,
    Stop,
    Kill,
}

/// A foreign action does this to a service of this kind: our scenario.
const SAME: &[(ServiceKind, Effect, &str)] = &[
    (ServiceKind::Postgres, Effect::Pause, "postgres-paused"),
    (ServiceKind::Postgres, Effect::Stop, "postgres-down"),
    (ServiceKind::Redis, Effect::Pause, "redis-paused"),
    (ServiceKind::Redis, Effect::Stop, "redis-down"),
    (ServiceKind::Http, Effect::Pause, "app-instance-paused"),
    (ServiceKind::Http, Effect::Kill, "app-instance-killed"),
];

/// The drill that an activity of the method is, or why it is none.
pub fn turn(activity: &Value, environment: &str, services: &[ServiceSpec]) -> Result<Turn, String> {
    if activity["type"] != "action" {
        return Err("a probe in the method: midwatch measures the hypothesis all the time".to_owned());
    }
    let provider = &activity["provider"];
    let foreign = || format!("nothing here does what {} does, its end armed", provider::words(provider));
    let call = Call::of(provider).ok_or_else(foreign)?;
    let why = activity["name"].as_str().map(str::to_owned);
    if let Some((words, meant)) = call.midwatch() {
        if let Some(meant) = meant.filter(|meant| *meant != environment) {
            return Err(format!("it is meant for the environment {meant}, and this is {environment}"));
        }
        return own(words)
            .map(|turn| Turn { why, ..turn })
            .ok_or_else(|| "midwatch is called for something else than a drill".to_owned());
    }
    let (effect, service) = hit(&call, services).ok_or_else(foreign)?;
    let kind = service.kind;
    let same = SAME.iter().find(|(its, does, _)| *its == kind && *does == effect);
    let (_, _, scenario) = same.ok_or_else(|| format!("no scenario does that to a {}", kind.word()))?;
    // Whoever wrote it asked for the hypothesis alone: what fires is told, and nothing has to.
    let own = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let mut given = vec![own("target", service.name.as_str()), own("expect", ",")];
    let lasts = pause(activity, "after");
    if !lasts.is_zero() {
        given.push(("for".to_owned(), format!("{}s", lasts.as_secs().max(1))));
    }
    Ok(Turn { scenario: (*scenario).to_owned(), given, why, ..Turn::default() })
}

/// `pauses.before` or `pauses.after`.
pub fn pause(activity: &Value, when: &str) -> Duration {
    let seconds = activity["pauses"][when].as_f64().filter(|seconds| seconds.is_finite() && *seconds > 0.0);
    Duration::from_secs_f64(seconds.unwrap_or_default().min(86_400.0))
}

/// `chaos run SCENARIO --for 60s`, `drill SCENARIO`: the drill alone; who confirms it is whoever runs it here.
fn own(words: &[String]) -> Option<Turn> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let ("chaos", "run") = (*words.first()?, *words.get(1)?) else {
        return if words[0] == "drill" { drill(&words[1..]) } else { None };
    };
    drill(&words[2..])
}

fn drill(words: &[&str]) -> Option<Turn> {
    let (mut scenario, mut given, mut words) = (None, Vec::new(), words.iter().copied());
    while let Some(word) = words.next() {
        let Some(option) = word.strip_prefix("--") else {
            scenario = Some(word.to_owned());
            continue;
        };
        let (name, value) = match option.split_once('=') {
            Some((name, value)) => (name, value),
            None if ["yes", "json", "detach", "dry-run"].contains(&option) => continue,
            None => (option, words.next()?),
        };
        if name != "confirm" {
            given.push((name.to_owned(), value.to_owned()));
        }
    }
    let scenario = scenario.filter(|name| scenarios::find(name).is_ok())?;
    Some(Turn { scenario, given, ..Turn::default() })
}

/// What a program does, and to which service.
fn hit<'a>(call: &Call, services: &'a [ServiceSpec]) -> Option<(Effect, &'a ServiceSpec)> {
    let last = call.arguments.last()?.as_str();
    let controlled = |is: &dyn Fn(&Way) -> bool| {
        services.iter().find(|service| service.control.as_ref().is_some_and(|control| control.ssh.is_none() && is(&control.way)))
    };
    let verb = call.arguments.first()?.as_str();
    match call.program.as_str() {
        "docker" => {
            let effect = match verb {
                "pause" => Effect::Pause,
                "stop" => Effect::Stop,
                "kill" => call.option("-s", "--signal").map_or(Some(Effect::Kill), signal)?,
                _ => return None,
            };
            controlled(&|way| matches!(way, Way::Docker { container } if container == last)).map(|service| (effect, service))
        }
        "systemctl" => {
            let effect = match verb {
                "stop" => Effect::Stop,
                "kill" => signal(call.option("-s", "--signal")?)?,
                _ => return None,
            };
            let name = |unit: &str| unit.trim_end_matches(".service").to_owned();
            controlled(&|way| matches!(way, Way::Systemd { unit, .. } if name(unit) == name(last)))
                .map(|service| (effect, service))
        }
        "pkill" => {
            let effect = call.arguments.iter().find_map(|argument| signal(argument.strip_prefix('-')?))?;
            let file = Path::new(call.option("-F", "--pidfile")?);
            controlled(&|way| matches!(way, Way::Process(process) if process.pid_file == file)).map(|service| (effect, service))
        }
        _ => None,
    }
}

fn signal(name: &str) -> Option<Effect> {
    match name.trim_start_matches("SIG") {
        "STOP" | "19" => Some(Effect::Pause),
        "TERM" | "INT" | "QUIT" | "15" => Some(Effect::Stop),
        "KILL" | "9" => Some(Effect::Kill),
        _ => None,
    }
}
