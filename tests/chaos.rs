//! Drills on a real demo: what they measure, and that their faults end whoever is killed in the middle.
//!
//! Demos are shared by all that does not break them. `MIDWATCH_SOAK=1` has the bad days repeated `MIDWATCH_TRIALS` times (100) for each
//! scenario, on `MIDWATCH_DEMOS` demos at once, and writes the catalogue in the README.

#![allow(clippy::unwrap_used)]

#[path = "chaos/bastion.rs"]
mod bastion;
#[path = "support/catalogue.rs"]
mod catalogue;
#[path = "chaos/days.rs"]
mod days;
#[path = "demo/host.rs"]
#[allow(dead_code, reason = "other tests use the rest of it")]
mod host;
#[path = "chaos/places.rs"]
mod places;
#[path = "shell/schema.rs"]
#[allow(dead_code, reason = "other tests use the rest of it")]
mod schema;
#[path = "demo/stack.rs"]
#[allow(dead_code, reason = "other tests use the rest of it")]
mod stack;
#[path = "chaos/state.rs"]
mod state;
#[path = "support/trials.rs"]
#[allow(dead_code, reason = "other tests use the rest of it")]
mod trials;

use std::fs;
use std::thread;
use std::time::Duration;

use bastion::{Bastion, Quiet, SOON, text};
use host::until;
use midwatch::domain::service::ServiceKind;
use midwatch::jobs::scenarios;
use places::hosted;
use rustix::process::Signal;
use stack::{Place, fits};
use trials::{Field as _, Trials, chosen, is_soak, left, newest, watchdogs, worker};

/// How long trials may begin where nobody waits for the soak.
const BUDGET: Duration = Duration::from_secs(120);

/// On how many demos trials are made at once.
fn demos() -> usize {
    std::env::var("MIDWATCH_DEMOS").map_or(2, |count| count.parse().unwrap())
}

#[test]
fn rule_19_drills_measure_their_fault_end_it_whoever_is_killed_and_leave_nothing() {
    let trials = Trials::of(&chosen(hosted()), BUDGET);
    thread::scope(|scope| {
        for _ in 1..demos() {
            scope.spawn(|| beside(&trials));
        }
        first(&trials);
    });
    trials.end();
}

/// What is looked at once, before it helps the others.
fn first(trials: &Trials) {
    let place = Place::new();
    let stack = place.start(&[]);
    let loud = Bastion::new(&place, &stack);
    loud.settle();
    refused_without_a_proof(&loud);
    measured(&loud);
    let prometheus = Quiet::start(&stack);
    let quiet = loud.with(&prometheus.config);
    swept(&quiet);
    days::gameday(&quiet);
    days::experiments(&quiet);
    trials.run(&quiet);
}

/// A demo on which nothing but trials are run.
fn beside(trials: &Trials) {
    let place = Place::beside();
    let stack = place.start(&[]);
    let loud = Bastion::new(&place, &stack);
    loud.settle();
    prove(&loud);
    let prometheus = Quiet::start(&stack);
    trials.run(&loud.with(&prometheus.config));
}

/// With the rules' own waiting times: an hour for all of them.
#[test]
fn the_alerts_of_every_scenario_fire() {
    if !is_soak() {
        eprintln!("skipped: only make soak has the time");
        return;
    }
    let place = Place::new();
    let stack = place.start(&[]);
    let loud = Bastion::new(&place, &stack);
    refused_without_a_proof(&loud);
    let drills = chosen(hosted()).into_iter().map(|place| format!("{} {}", place.scenario, place.words));
    let unnoticed: Vec<String> = drills.filter_map(|drill| unnoticed(&loud, &drill)).collect();
    assert_eq!(unnoticed, Vec::<String>::new());
}

/// What can lose data wants a proved backup.
fn refused_without_a_proof(bastion: &Bastion<'_>) {
    let refused = bastion.run("chaos run redis-down --target redis --for 30s --yes");
    assert_eq!(refused.status.code(), Some(77), "{refused:?}");
    assert!(text(&refused.stderr).contains("no backup of redis was ever proved"));
    prove(bastion);
}

fn prove(bastion: &Bastion<'_>) {
    let kinds = [(ServiceKind::Redis, "redis"), (ServiceKind::Postgres, "postgres")];
    let can_lose = |kind| scenarios::ALL.iter().any(|scenario| scenario.loses && scenario.kinds.contains(&kind));
    for (_, service) in kinds.into_iter().filter(|(kind, _)| can_lose(*kind)) {
        bastion.succeed(&format!("backup {service} --prove --yes"));
    }
}

fn measured(bastion: &Bastion<'_>) {
    let before = bastion.state();
    fits("plan", &bastion.json("chaos plan postgres-paused --target postgres --for 30s --json"));
    assert!(bastion.text("chaos list").contains("hits app-1, app-2, app-3"));
    bastion.succeed("chaos run postgres-paused --target postgres --for 30s --yes");
    let report = bastion.json("chaos report --json");
    fits("drill", &report);
    assert_eq!(report["findings"], serde_json::json!([]), "{report}");
    let detection = &report["detections"][0];
    assert_eq!(detection["alert"], "PostgresDown");
    assert!(detection["after_seconds"].as_f64().unwrap() >= 15.0, "not before its `for`: {detection}");
    assert!(report["recovered_seconds"].as_f64().is_some() && report["requests_lost"].as_f64() > Some(1.0), "{report}");
    assert_eq!(report["ended"]["why"], "asked");
    let own = report["hypothesis"].as_array().unwrap().iter().find(|probe| probe["name"] == "postgres").unwrap();
    assert!(own["broken"].as_u64() > Some(10), "the probe of the service saw it: {own}");
    let page = bastion.text("chaos report");
    assert!(page.contains("| PostgresDown (expected) | after ") && page.contains("**No findings.**"), "{page}");
    assert_eq!(left(bastion, &before, SOON), Vec::<String>::new());
}

/// Runs a drill for as long as its alerts take; what it found, where it found something: an alert that did not fire, or what did not
/// recover.
fn unnoticed(bastion: &Bastion<'_>, drill: &str) -> Option<String> {
    bastion.settle();
    let before = bastion.state();
    let planned = bastion.run(&format!("chaos plan {drill} --for 35s"));
    let said = text(&planned.stderr);
    // Where that is too short, it says how long it must be.
    let lasts = said.split_whitespace().skip_while(|word| *word != "--for").nth(1).unwrap_or("35s").to_owned();
    let ran = bastion.run(&format!("chaos run {drill} --for {lasts} --yes"));
    assert_eq!(left(bastion, &before, SOON), Vec::<String>::new(), "{drill}");
    let said = format!("{drill} --for {lasts}: {}", text(&ran.stderr));
    eprintln!("{said}");
    (!ran.status.success()).then_some(said)
}

/// Console, worker and watchdog are killed: the next midwatch ends it.
fn swept(bastion: &Bastion<'_>) {
    let before = bastion.state();
    let mut console = bastion.start("drill redis-paused --target redis --for 60s --expect , --yes");
    until("the fault is on", SOON, || {
        let redis = bastion.stack.process("redis");
        redis["state"] == "stopped"
    });
    let worker = worker(&newest(bastion)).unwrap();
    console.kill().unwrap();
    // The worker first: it would start another watchdog.
    worker.signal(Signal::KILL).unwrap();
    for watchdog in watchdogs(bastion) {
        watchdog.signal(Signal::KILL).unwrap();
    }
    until("all are gone", SOON, || !worker.alive() && watchdogs(bastion).is_empty());
    let _ = console.wait();
    assert_eq!(bastion.stack.process("redis")["state"], "stopped", "nobody is left to end it");
    let told = bastion.text("chaos sweep --dry-run");
    assert!(told.contains("NOT ENDED, and nobody waits to end it"), "{told}");
    let swept = bastion.json("chaos sweep --json");
    fits("fault", &swept);
    assert_eq!(swept["ended"]["why"], "deserted", "{swept}");
    assert_eq!(bastion.text("chaos sweep"), "nothing is left of any drill\n");
    let audited = bastion.text("audit list");
    assert!(audited.contains("the fault was ended, and that was verified: the drill's worker was gone"), "{audited}");
    trials::end_job(bastion);
    assert_eq!(left(bastion, &before, Duration::from_secs(30)), Vec::<String>::new());
    let records = fs::read_dir(bastion.stack.dir().join("state/drills")).unwrap().count();
    assert!(records > 0, "what was found is on record");
}
