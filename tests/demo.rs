//! `midwatch demo` on real servers: the program as a person would call it, and its processes as the kernel shows them.
//!
//! Each test starts a whole stack; nextest runs them one at a time. Where the programs of the stack are missing, they fail.

#![allow(clippy::unwrap_used)]

#[path = "demo/host.rs"]
#[allow(dead_code, reason = "other tests use the rest of it")]
mod host;
#[path = "demo/recovery.rs"]
mod recovery;
#[path = "shell/schema.rs"]
mod schema;
#[path = "demo/stack.rs"]
#[allow(dead_code, reason = "other tests use the rest of it")]
mod stack;
#[path = "demo/trouble.rs"]
mod trouble;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Output;
use std::time::Duration;

use host::{Process, get, in_folder, members, until};
use midwatch::domain::triage::postgres::{Follower, PostgresTriage};
use serde_json::Value;
use stack::{Place, Stack};
use trouble::{Reader, named, node};

/// How long something may take that should take seconds.
const SOON: Duration = Duration::from_secs(60);

#[test]
fn two_demos_beside_each_other_are_whole_and_leave_nothing() {
    let place = Place::new();
    let (first, second) = std::thread::scope(|scope| {
        let first = scope.spawn(|| place.start(&["--name", "first"]));
        let second = place.start(&["--name", "second"]);
        (first.join().unwrap(), second)
    });
    for stack in [&first, &second] {
        assert_whole(stack);
    }
    assert_eq!(place.names(), ["first", "second"]);

    let taken = place.midwatch(&["demo", "--headless", "--name", "first"]).output().unwrap();
    assert_eq!(taken.status.code(), Some(75), "{taken:?}");

    let (first_left, second_left) = (first.traces(), second.traces());
    let printed = first.end_by_signal();
    assert_eq!(printed.lines().count(), 1, "one JSON object and nothing else: {printed}");
    first_left.assert_gone();
    assert_eq!(place.names(), ["second"]);
    assert_whole(&second);

    let stopped = place.midwatch(&["demo", "stop", "--json"]).output().unwrap();
    assert!(stopped.status.success(), "{stopped:?}");
    stack::fits("demo-ended", &serde_json::from_slice(&stopped.stdout).unwrap());
    // `stop` has waited: there is nothing to wait for.
    second_left.assert_gone();
    second.has_ended();
    place.assert_empty();
}

/// As the control of a service does it.
#[test]
fn a_server_that_was_ended_is_started_again_where_it_was() {
    let place = Place::new();
    let stack = place.start(&[]);
    let config: toml::Table = fs::read_to_string(stack.dir().join("midwatch.toml")).unwrap().parse().unwrap();
    let control = &config["environments"]["demo"]["services"]["app-1"]["control"];
    let words: Vec<&str> = control["start"].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect();
    let start = || std::process::Command::new(words[0]).args(&words[1..]).env_clear().status().unwrap();
    let number = || fs::read_to_string(stack.dir().join(control["process"].as_str().unwrap())).unwrap().trim().parse().unwrap();
    let health = format!("{}/healthz", stack.text("/apps/0/url"));

    let first = Process::of(number()).unwrap();
    assert!(start().success(), "one that runs stays as it is");
    assert_eq!(Process::of(number()).as_ref(), Some(&first));
    first.signal("KILL");
    until("the instance is gone", SOON, || stack.process("app-1")["state"] == "ended");
    assert!(start().success());
    until("the instance answers again", SOON, || get(&health).is_some_and(|(status, _)| status == 200));
    assert_ne!(Process::of(number()), Some(first));
    let traces = stack.traces();
    stack.end_by_signal();
    traces.assert_gone();
}

#[test]
fn each_fault_ends_by_itself_and_heals() {
    let place = Place::new();
    let stack = place.start(&[]);
    let health = format!("{}/healthz", stack.text("/shop/url"));
    assert_eq!(get(&health).map(|(status, _)| status), Some(200));

    for what in ["fill-redis", "stop-app", "pause-postgres"] {
        assert!(stack.breaks(what, 20), "{what}");
        assert!(!stack.breaks(what, 20), "a second {what} is refused while the first is on");
        let remaining = stack.fault(what)["remaining"].as_f64().unwrap();
        assert!((0.0..=20.0).contains(&remaining), "{remaining}");
        match what {
            "stop-app" => assert_eq!(stack.process("app-2")["state"], "stopped"),
            "pause-postgres" => {
                let postgres = in_folder(&stack.dir().join("primary/data"));
                assert!(postgres.len() > 5 && postgres.iter().all(Process::stopped), "every process of PostgreSQL is stopped");
            }
            _ => {}
        }
    }
    until("the shop's health check fails", SOON, || get(&health).is_some_and(|(status, _)| status == 503));
    until("Prometheus loses sight of PostgreSQL", SOON, || stack.query("up{job='postgres',instance='primary'}") == Some(0.0));

    for what in ["pause-postgres", "fill-redis", "stop-app"] {
        until("the fault ends", SOON, || stack.fault(what)["ended"]["verified"] == true);
    }
    until("the shop is healthy", SOON, || get(&health).is_some_and(|(status, _)| status == 200));
    until("all targets are up", SOON, || stack.query("count(up == 0) or vector(0)") == Some(0.0));
    until("orders are placed again", SOON, || stack.query("sum(rate(shop_orders_total{result='ok'}[6s]))") > Some(0.0));
    until("no order is stranded", SOON, || stack.query("max(shop_queue_depth)") == Some(0.0));
    let traces = stack.traces();
    stack.end_by_signal();
    traces.assert_gone();
    place.assert_empty();
}

/// Under load: the chain is a tree with the customers' own sessions behind it, and is gone once its root is cancelled.
#[test]
fn a_chain_of_locks_is_ended_by_cancelling_its_root() {
    let place = Place::new();
    let stack = place.start(&[]);
    for what in ["lock-chain", "idle-transaction", "slow-query"] {
        assert!(stack.breaks(what, 120), "{what}");
    }
    let reader = Reader::of(&stack);
    let depth = |name: &str| node(&reader.primary(), name).map(|node| node.depth);
    until("the chain is a tree", SOON, || {
        let depths: Vec<_> = (1..=4).map(|n| depth(&format!("lock-chain {n}"))).collect();
        depths[0] == Some(0) && depths[1] == Some(1) && depths[2] == Some(2) && depths[3] > Some(0)
    });
    let is_slow = |name: &str| named(&reader.primary(), name).is_some_and(|session| session.is_slow(Duration::from_secs(1)));
    until("the transaction is held open", SOON, || is_slow("idle-transaction 1"));
    until("the query is slow", SOON, || is_slow("slow-query 1"));
    until("a customer waits behind the chain", SOON, || {
        node(&reader.primary(), "lock-chain 1").is_some_and(|node| node.below > 3)
    });

    let told = reader.primary();
    let holding = named(&told, "idle-transaction 1").unwrap();
    let refused = |routine: &str, pid: i32, more: &[&str]| end(&place, &stack, routine, pid, more).status.code() == Some(77);
    assert!(refused("cancel-query", holding.id.pid, &[]), "it runs nothing that could be cancelled");
    assert!(refused("terminate", holding.id.pid, &["--started", "1"]), "another session than the one that was chosen");
    let sender = told.sessions.iter().find(|session| session.kind == "walsender").unwrap();
    assert!(refused("terminate", sender.id.pid, &[]), "the standby follows through it");
    assert_eq!(end(&place, &stack, "terminate", holding.id.pid, &[]).status.code(), Some(0));
    assert_eq!(named(&reader.primary(), "idle-transaction 1"), None);
    let root = named(&told, "lock-chain 1").unwrap();
    assert_eq!(end(&place, &stack, "cancel-query", root.id.pid, &[]).status.code(), Some(0));
    until("nobody waits in the chain", SOON, || {
        node(&reader.primary(), "lock-chain 2").is_none() && depth("lock-chain 1").is_none()
    });
    a_query_that_does_not_die(&place, &stack, named(&told, "slow-query 1").unwrap().id.pid);

    let standby = |one: &Follower| one.name == "standby1" && one.bytes[3].is_some();
    let follows = |told: &PostgresTriage| told.replication.followers.iter().any(standby);
    until("the follower's lag", SOON, || follows(&reader.primary()));
    until("the standby's own", SOON, || reader.standby().replication.upstream.is_some_and(|up| up.age.is_some()));
    until("something slow in Redis", SOON, || {
        stack.redis(&["EVAL", "for n = 1, 2000000 do end", "0"]);
        reader.redis().slowlog.iter().any(|slow| slow.command.starts_with("EVAL"))
    });
    let clients = reader.redis().clients;
    assert!(clients.len() > 3 && clients.is_sorted_by_key(|client| std::cmp::Reverse(client.cost())), "{clients:?}");
    let traces = stack.traces();
    stack.end_by_signal();
    traces.assert_gone();
    place.assert_empty();
}

/// Ends what a session does, as from a shell.
fn end(place: &Place, stack: &Stack<'_>, routine: &str, pid: i32, more: &[&str]) -> Output {
    let (config, pid) = (stack.text("/config"), pid.to_string());
    let call = ["--config", config, routine, "postgres", "--pid", &pid, "--yes"];
    place.midwatch(&[&call[..], more].concat()).output().unwrap()
}

/// Stopped in its tracks, it hears no signal: that is said after a while, with what comes next.
fn a_query_that_does_not_die(place: &Place, stack: &Stack<'_>, pid: i32) {
    let process = Process::of(pid.try_into().unwrap()).unwrap();
    process.signal("STOP");
    let ended = end(place, stack, "cancel-query", pid, &[]);
    process.signal("CONT");
    let words = format!("{}{}", String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
    assert_eq!(ended.status.code(), Some(1), "{words}");
    assert!(words.contains("is still there") && words.contains(&format!("midwatch terminate postgres --pid {pid}")), "{words}");
}

#[test]
fn rule_19_a_fault_ends_when_supervisor_and_watchdog_are_killed() {
    let place = Place::new();
    let stack = place.start(&[]);
    let traces = stack.traces();
    let data = stack.dir().join("primary/data");
    let watchdog = host::named("mw-watchdog").into_iter().find(|process| process.parent == traces.supervisor.pid).unwrap();
    assert!(stack.breaks("pause-postgres", 5));
    // Stopped first: it would replace its watchdog.
    traces.supervisor.signal("STOP");
    watchdog.signal("KILL");
    traces.supervisor.signal("KILL");

    let record = stack.dir().join("faults/pause-postgres.json");
    until("the fault's end is written down", SOON, || {
        let record: Value = serde_json::from_slice(&fs::read(&record).unwrap_or_default()).unwrap_or_default();
        record["ended"]["verified"] == true
    });
    let postgres = in_folder(&data);
    assert!(postgres.len() > 5 && !postgres.iter().any(Process::stopped), "PostgreSQL is awake");

    // Nobody is left to sweep.
    for process in &postgres {
        process.signal("QUIT");
    }
    until("PostgreSQL has ended", SOON, || in_folder(&data).is_empty());
    traces.kill_all();
}

#[test]
fn a_fault_whose_ender_is_killed_is_ended_by_the_supervisor() {
    let place = Place::new();
    let stack = place.start(&[]);
    assert!(stack.breaks("pause-postgres", 300));
    let ender = host::named("mw-end-fault").into_iter().find(|process| process.parent == stack.traces().supervisor.pid);
    ender.unwrap().signal("KILL");
    until("the fault ends", SOON, || stack.fault("pause-postgres")["ended"]["verified"] == true);
    assert!(!in_folder(&stack.dir().join("primary/data")).iter().any(Process::stopped));
    let traces = stack.traces();
    stack.end_by_signal();
    traces.assert_gone();
    place.assert_empty();
}

#[test]
fn a_killed_supervisor_leaves_nothing_also_in_the_middle_of_a_fault() {
    let place = Place::new();
    let stack = place.start(&[]);
    assert!(stack.breaks("pause-postgres", 300));
    assert!(stack.breaks("stop-app", 300));
    let traces = stack.traces();
    assert!(members(traces.supervisor.pid).len() > 15, "the traces name something");
    traces.assert_memory();
    traces.supervisor.signal("KILL");
    until("the watchdog has swept", SOON, || traces.gone());
    traces.assert_gone();
    place.assert_empty();
}

#[test]
fn a_demo_outlives_a_killed_console_until_its_linger_is_over() {
    let place = Place::new();
    let mut stack = place.start(&["--linger", "4"]);
    let traces = stack.traces();
    stack.kill_console();
    assert_eq!(place.names(), ["demo"]);
    until("it is held by nobody", SOON, || stack.status()["holders"] == 0);
    assert_whole(&stack);
    until("its linger is over", SOON, || traces.gone());
    traces.assert_gone();
    place.assert_empty();
}

#[test]
fn a_start_that_is_interrupted_leaves_nothing() {
    let place = Place::new();
    let mut console = place.midwatch(&["demo", "--headless"]).spawn().unwrap();
    until("PostgreSQL is coming up", SOON, || {
        !host::named("postgres").iter().filter(|process| place.holds(process)).collect::<Vec<_>>().is_empty()
    });
    Process::of(console.id()).unwrap().signal("INT");
    assert_eq!(console.wait().unwrap().code(), Some(130));
    place.assert_empty();
    assert!(host::all().iter().all(|process| !place.holds(process)));
}

#[test]
fn all_missing_programs_are_named_at_once() {
    let place = Place::new();
    let failed = place.midwatch(&["demo", "--headless"]).env("PATH", place.path()).output().unwrap();
    assert_eq!(failed.status.code(), Some(69));
    let words = String::from_utf8(failed.stderr).unwrap();
    for word in ["redis-server", "prometheus-alertmanager", "prometheus-node-exporter", "apt-get install"] {
        assert!(words.contains(word), "{word} in {words}");
    }
    assert!(failed.stdout.is_empty());
    place.assert_empty();
}

#[test]
fn a_plain_user_needs_no_root() {
    let uid = fs::metadata("/proc/self").map(|meta| std::os::unix::fs::MetadataExt::uid(&meta)).unwrap();
    if uid != 0 {
        println!("skipped: every other test runs as a plain user already");
        return;
    }
    let place = Place::new();
    // Where the program was built may be closed to others.
    let program = place.path().join("program");
    fs::copy(env!("CARGO_BIN_EXE_midwatch"), &program).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let stack = place.start_as_nobody(&program);
    assert_whole(&stack);
    assert!(members(stack.traces().supervisor.pid).iter().all(|process| process.uid() != Some(0)));
    let traces = stack.traces();
    stack.end_by_signal();
    traces.assert_gone();
    fs::remove_file(program).unwrap();
    place.assert_empty();
}

/// Everything answers, is in its role, and keeps its secrets.
fn assert_whole(stack: &Stack) {
    let healthy = |url: &str| assert_eq!(get(url).map(|(status, _)| status), Some(200), "{url}");
    healthy(&format!("{}/-/ready", stack.text("/prometheus")));
    healthy(&format!("{}/healthz", stack.text("/shop/url")));
    for alertmanager in stack.endpoints["alertmanagers"].as_array().unwrap() {
        let (_, status) = get(&format!("{}/api/v2/status", alertmanager.as_str().unwrap())).unwrap();
        let status: Value = serde_json::from_str(&status).unwrap();
        assert_eq!(status["cluster"]["peers"].as_array().unwrap().len(), 3);
    }
    assert_eq!(stack.endpoints["apps"].as_array().unwrap().len(), 3);
    assert_eq!(stack.query("count(up == 1)"), Some(14.0));
    assert_eq!(stack.query("count(pg_stat_replication_pg_wal_lsn_diff{application_name='standby1'})"), Some(1.0));
    assert_eq!(stack.query("redis_connected_slaves{instance='primary'}"), Some(1.0));
    assert!(stack.query("sum(load_requests_total{outcome='ok'})") > Some(0.0));

    let config = fs::read_to_string(stack.text("/config")).unwrap();
    let config: toml::Table = config.parse().unwrap();
    let services = config["environments"]["demo"]["services"].as_table().unwrap();
    assert_eq!(services.len(), 8, "{services:?}");
    for file in ["secrets/midwatch", "secrets/redis", "midwatch.toml"] {
        let mode = fs::metadata(stack.dir().join(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{file}");
    }
    assert_discreet(stack);
}

/// No password is in any process's arguments or in any log.
fn assert_discreet(stack: &Stack) {
    let folder = |name: &str| fs::read_dir(stack.dir().join(name)).unwrap().map(|entry| entry.unwrap().path());
    let arguments = members(stack.traces().supervisor.pid).into_iter().map(|process| process.arguments());
    let logs = folder("log").map(|log| String::from_utf8_lossy(&fs::read(log).unwrap()).into_owned());
    let public: Vec<String> = arguments.chain(logs).collect();
    assert!(public.len() > 30, "{} texts to look through", public.len());
    for secret in folder("secrets") {
        let password = fs::read_to_string(&secret).unwrap();
        assert!(!public.iter().any(|text| text.contains(&password)), "the password in {}", secret.display());
    }
}
