//! A drill of ours as an experiment of Chaos Toolkit's: its action calls midwatch, so that the end is armed there, too.

use serde_json::{Value, json};

use crate::domain::chaos::{Ask, Probe};
use crate::domain::guard::Guard;
use crate::domain::plan::Plan;
use crate::jobs::drill::{Drill, hypothesis};

/// The experiment that a plan is; none where it is no drill. `flags` are those that midwatch is to be called with first.
pub fn experiment(plan: &Plan, flags: &[String]) -> Option<Value> {
    let drill = Drill::of(plan)?;
    let title = format!("{} on {}", drill.scenario, drill.target.words());
    let probes: Vec<Value> = drill.hypothesis.iter().filter_map(|probe| measured(probe, flags)).collect();
    let most = plan.steps.iter().map(|step| step.deadline.as_secs()).sum::<u64>();
    let action = json!({
        "type": "action",
        "name": title,
        "provider": { "type": "process", "path": "midwatch", "timeout": most, "arguments": with(flags, &run(plan)) },
    });
    let abort = json!({
        "type": "action",
        "name": "End the drill, where it still runs",
        "provider": { "type": "process", "path": "midwatch", "arguments": with(flags, &words(&["chaos", "abort"])) },
    });
    Some(json!({
        "version": "1.0.0",
        "title": title,
        "description": plan.notes.first(),
        "tags": ["midwatch", plan.environment],
        "steady-state-hypothesis": { "title": "All is well", "probes": probes },
        "method": [action],
        "rollbacks": [abort],
    }))
}

/// The call that makes this plan, confirmed beforehand as its guard wants it.
fn run(plan: &Plan) -> Vec<String> {
    let mut call = words(&["chaos", "run"]);
    call.extend(plan.call.iter().skip(1).cloned());
    call.push("--yes".to_owned());
    if plan.guard != Guard::Open {
        call.push(format!("--confirm={}", plan.target.name));
    }
    call
}

fn measured(probe: &Probe, flags: &[String]) -> Option<Value> {
    // What is only measured is no hypothesis.
    hypothesis::line(probe)?;
    let (call, pattern) = match &probe.ask {
        Ask::Service(name) => (words(&["services", name.as_str(), "--json"]), r#""health":\s*"up""#),
        // An `or` within it binds less than the bound.
        Ask::Promql(expr) => {
            let bounded = format!("({expr}) {}", probe.tolerance.words());
            (words(&["query", &bounded, "--json"]), r#""series":\s*\[\s*\{"#)
        }
    };
    Some(json!({
        "type": "probe",
        "name": probe.name,
        "tolerance": { "type": "regex", "target": "stdout", "pattern": pattern },
        "provider": { "type": "process", "path": "midwatch", "arguments": with(flags, &call) },
    }))
}

fn with(flags: &[String], call: &[String]) -> Vec<String> {
    [flags, call].concat()
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}
