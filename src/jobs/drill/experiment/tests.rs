//! Experiments that people have written, and our own.
#![allow(clippy::unwrap_used)]

use serde_json::json;

use super::*;
use crate::domain::access::Reach;
use crate::domain::control::{ControlSpec, ProcessSpec, StopSignal, Way};
use crate::domain::service::ServiceKind;
use crate::jobs::routines::control::tests::stage;

fn service(name: &str, kind: ServiceKind, port: u16, way: Way) -> ServiceSpec {
    let mut service = stage::service(name, Some("x"), &[]);
    service.kind = kind;
    service.access.reach = Reach::Tcp { host: "127.0.0.1".to_owned(), port };
    let control = ControlSpec { way, ssh: None, ..service.control.take().unwrap() };
    service.control = Some(control);
    service
}

fn services() -> Vec<ServiceSpec> {
    let process = ProcessSpec {
        pid_file: "/run/app-2.pid".into(),
        start: vec!["app".to_owned()],
        env: vec![],
        signal: StopSignal::Term,
        log: None,
        seen: vec![],
    };
    vec![
        service("db", ServiceKind::Postgres, 5432, Way::Docker { container: "pg".to_owned() }),
        service("cache", ServiceKind::Redis, 6379, Way::Systemd { unit: "redis-server".to_owned(), user: false }),
        service("app-2", ServiceKind::Http, 8080, Way::Process(process)),
    ]
}

fn action(path: &str, arguments: Value) -> Value {
    let mut action = json!({ "type": "action", "name": "it", "provider": { "type": "process", "path": path } });
    action["provider"]["arguments"] = arguments;
    action
}

fn told(file: &Value) -> Result<Experiment, Failure> {
    read("x.json", &file.to_string(), "production", &services())
}

/// The calls that actions come to.
fn calls(actions: &[Value]) -> Vec<String> {
    let read = told(&json!({ "title": "t", "method": actions })).unwrap();
    assert_eq!(read.left_out, []);
    read.day.turns.iter().map(|turn| turn.call().join(" ")).collect()
}

#[test]
fn what_others_call_is_the_scenario_that_does_the_same() {
    let mut waits = action("pkill", json!("-STOP -F /run/app-2.pid"));
    waits["pauses"] = json!({ "after": 20, "before": 5 });
    let calls = calls(&[
        action("docker", json!(["pause", "pg"])),
        action("/usr/bin/docker", json!("stop pg")),
        action("systemctl", json!(["kill", "--signal=SIGSTOP", "redis-server.service"])),
        action("systemctl", json!(["stop", "redis-server"])),
        waits,
        action("pkill", json!({ "-KILL": "", "--pidfile": "/run/app-2.pid" })),
    ]);
    assert_eq!(
        calls,
        [
            "drill postgres-paused --target db --expect ,",
            "drill postgres-down --target db --expect ,",
            "drill redis-paused --target cache --expect ,",
            "drill redis-down --target cache --expect ,",
            "drill app-instance-paused --target app-2 --expect , --for 20s",
            "drill app-instance-killed --target app-2 --expect ,",
        ]
    );
}

#[test]
fn what_midwatch_wrote_is_the_same_drill() {
    let arguments = json!([
        "--config",
        "/x.toml",
        "--environment",
        "production",
        "chaos",
        "run",
        "redis-paused",
        "--target",
        "cache",
        "--for=9s",
        "--expect",
        ",",
        "--yes",
        "--confirm=cache"
    ]);
    assert_eq!(calls(&[action("midwatch", arguments)]), ["drill redis-paused --target cache --for 9s --expect ,"]);
}

#[test]
fn rule_19_what_cannot_be_armed_is_shown_and_not_run() {
    let ours = action("docker", json!(["pause", "pg"]));
    let python =
        json!({ "type": "action", "name": "pods", "provider": { "type": "python", "module": "chaosk8s.pod", "func": "kill" } });
    let elsewhere = action("midwatch", json!(["--environment", "staging", "chaos", "run", "redis-paused"]));
    let others = [
        python,
        elsewhere,
        action("docker", json!(["pause", "somebody-elses"])),
        action("docker", json!(["rm", "pg"])),
        action("docker", json!("stop other; docker pause pg")),
        action("rm", json!(["-rf", "/"])),
        action("midwatch", json!(["restore", "db"])),
        json!({ "type": "probe", "name": "p", "provider": { "type": "http", "url": "http://x/" } }),
        json!({ "ref": "p" }),
    ];
    let method = [&others[..], &[ours]].concat();
    let file = json!({ "title": "t", "method": method });
    let read = told(&file).unwrap();
    assert_eq!(
        read.day.turns.iter().map(Turn::call).collect::<Vec<_>>(),
        [["drill", "postgres-paused", "--target", "db", "--expect", ","]]
    );
    let why: Vec<&str> = read.left_out.iter().map(|one| one.why.as_str()).collect();
    assert_eq!(why.len(), others.len());
    assert!(why[0].contains("chaosk8s.pod.kill") && why[1].contains("staging"), "{why:?}");
    let refused = told(&json!({ "title": "t", "method": others })).unwrap_err();
    assert!(refused.kind == FailureKind::Refused && refused.what.contains("nothing of it can be run"), "{refused}");
}

#[test]
fn a_hypothesis_is_measured_where_it_can_be() {
    let probe = |name: &str, tolerance: Value, provider: Value| json!({ "type": "probe", "name": name, "tolerance": tolerance, "provider": provider });
    let process = |path: &str, arguments: Value| json!({ "type": "process", "path": path, "arguments": arguments });
    let query = json!({ "type": "python", "module": "chaosprometheus.probes", "func": "query", "arguments": { "query": "up" } });
    let probes = [
        probe("page", json!(200), json!({ "type": "http", "url": "http://localhost:${port}/healthz" })),
        probe("same", json!([200, 204]), json!({ "type": "http", "url": "http://127.0.0.1:8080/" })),
        probe("db", json!(0), process("pg_isready", json!("-h localhost -p 5432"))),
        probe("cache", json!(0), process("redis-cli", json!(["PING"]))),
        probe("rate", json!({ "type": "range", "range": [0.5, 2] }), query),
        probe("ours", json!({}), process("midwatch", json!(["query", "(a or b) < 5", "--json"]))),
        probe("gone", json!(404), json!({ "type": "http", "url": "http://127.0.0.1:8080/" })),
        probe("strange", json!(200), json!({ "type": "http", "url": "https://example.org/" })),
        probe("nobody", json!({}), process("midwatch", json!(["services", "nobody", "--json"]))),
    ];
    let method = [action("docker", json!(["pause", "pg"]))];
    let file = json!({ "title": "t", "configuration": { "port": "8080" }, "steady-state-hypothesis": { "title": "h", "probes": probes }, "method": method });
    let read = told(&file).unwrap();
    let given = &read.day.turns[0].given;
    let line = given.iter().find(|(name, _)| name == "hypothesis").map(|(_, line)| line.as_str());
    assert_eq!(line, Some("app-2 answers; db answers; cache answers; up > 0.5; up < 2; a or b < 5"));
    assert_eq!(read.left_out.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["gone", "strange", "nobody"]);
}

#[test]
fn what_is_no_experiment_is_told_with_its_place() {
    let broken = read("x.json", "{\n  \"title\": }", "production", &[]).unwrap_err();
    assert!(broken.what.starts_with("x.json:2:"), "{broken}");
    assert!(told(&json!([])).unwrap_err().what.contains("no \"title\""));
    assert!(told(&json!({ "title": "t" })).unwrap_err().what.contains("\"method\" must be an array"));
}
