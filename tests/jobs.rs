//! Jobs as processes: what becomes of them when terminals close, workers die, and two people share a host. Their steps are a real
//! backup of a real PostgreSQL, which waits for as long as a test holds a table.
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "backups/desk.rs"]
#[allow(dead_code, reason = "other tests use the rest of it")]
mod desk;
#[path = "jobs/drills.rs"]
mod drills;
#[path = "jobs/hold.rs"]
mod hold;
#[path = "jobs/holders.rs"]
mod holders;
#[path = "support/servers.rs"]
mod servers;
#[path = "jobs/shared.rs"]
mod shared;

use std::fs;
use std::io::Read as _;
use std::process::Stdio;
use std::sync::Arc;

use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use desk::Desk;
use hold::Hold;
use servers::{Postgres, eventually};

/// A server with something in it, a bastion, and a table that is held: a backup waits for it.
fn stage() -> (Arc<Postgres>, Desk, Hold) {
    let server = Arc::new(Postgres::primary());
    server.psql("CREATE TABLE t AS SELECT 1 AS n").unwrap();
    let (desk, hold) = (Desk::on_postgres(&server), Hold::on(&server, "t"));
    (server, desk, hold)
}

fn newest(desk: &Desk) -> Value {
    desk.jobs().into_iter().next().unwrap_or_default()
}

/// Waits until the newest job has begun its first step; says which process does it.
fn begun(desk: &Desk) -> Pid {
    eventually("the job begins its first step", || has(&newest(desk), "intended"));
    worker(&newest(desk))
}

fn has(job: &Value, event: &str) -> bool {
    job["history"].as_array().is_some_and(|all| all.iter().any(|entry| entry["event"]["event"] == event))
}

fn worker(job: &Value) -> Pid {
    let events = job["history"].as_array().unwrap().iter().map(|entry| &entry["event"]);
    let last = events.rev().find(|event| event["event"] == "taken").unwrap();
    Pid::from_raw(last["pid"].as_i64().unwrap() as i32).unwrap()
}

fn ends(desk: &Desk, state: &str) {
    eventually(&format!("the job is {state}"), || newest(desk)["state"] == state);
}

/// What the kernel says of a process: its session, its terminal, how nice it is.
fn stat(pid: Pid) -> (i32, i32, i32) {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<i32> = text.rsplit(") ").next().unwrap().split(' ').map(|field| field.parse().unwrap_or(-1)).collect();
    (fields[3], fields[4], fields[16])
}

#[test]
fn rule_05_a_job_goes_on_when_its_terminal_is_gone() {
    let (_server, desk, hold) = stage();
    let pty = native_pty_system().openpty(PtySize::default()).unwrap();
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_midwatch"));
    command.args(["--config", desk.path("midwatch.toml").to_str().unwrap(), "backup", "db", "--yes"]);
    let mut shell = pty.slave.spawn_command(command).unwrap();
    drop(pty.slave);
    let worker = begun(&desk);
    // The lid is closed: the terminal hangs up, and what is left in it is killed.
    drop(pty.master);
    drop(shell.kill());
    shell.wait().unwrap();
    assert_eq!(newest(&desk)["state"], "running");
    hold.release();
    ends(&desk, "done");
    let attached = desk.exactly("jobs attach 1");
    let lines: Vec<&str> = attached.out.lines().collect();
    assert_eq!(attached.status, 0, "{attached:?}");
    assert!(lines[0].ends_with(&format!("taken by process {worker}")), "the log is whole: {attached:?}");
    assert!(lines.last().unwrap().ends_with("the job has ended: done"), "{attached:?}");
    assert_eq!(desk.backups().len(), 1);
}

#[test]
fn rule_05_a_worker_has_a_session_of_its_own_and_makes_way() {
    let (_server, desk, hold) = stage();
    let mut shell = desk.spawn("backup db");
    let worker = begun(&desk);
    let (session, terminal, nice) = stat(worker);
    assert_eq!((session, terminal, nice), (worker.as_raw_nonzero().get(), 0, 10));
    let link = |name: &str| fs::read_link(format!("/proc/{worker}/{name}")).unwrap();
    assert_eq!((link("cwd"), link("fd/0")), ("/".into(), "/dev/null".into()));
    assert!(link("exe").starts_with(desk.path("state/bin").canonicalize().unwrap()), "an upgrade does not touch its program");
    // A hangup means nothing to it.
    kill_process(worker, Signal::HUP).unwrap();
    hold.release();
    assert!(shell.wait().unwrap().success());
    assert_eq!(newest(&desk)["state"], "done");
}

#[test]
fn a_worker_that_is_told_to_end_cancels_its_job() {
    let (_server, desk, hold) = stage();
    let mut shell = desk.spawn("backup db");
    kill_process(begun(&desk), Signal::TERM).unwrap();
    assert_eq!(shell.wait().unwrap().code(), Some(1));
    assert_eq!(newest(&desk)["state"], "cancelled");
    hold.release();
    assert_eq!((desk.backups().len(), desk.orphans().len()), (0, 0));
    desk.ok("backup db");
}

#[test]
fn rule_09_a_lost_job_is_taken_up_by_the_next_midwatch_and_waits_for_an_answer() {
    let (_server, desk, hold) = stage();
    let mut shell = desk.spawn("backup db");
    kill_process(begun(&desk), Signal::KILL).unwrap();
    assert_eq!(shell.wait().unwrap().code(), Some(75), "whoever watched is told");
    assert_eq!(newest(&desk)["state"], "lost");
    hold.release();
    // Whatever midwatch comes next: this one only lists backups.
    assert_eq!(desk.backups().len(), 0);
    eventually("what was under way was probed", || has(&newest(&desk), "absent") || has(&newest(&desk), "unknown"));
    ends(&desk, "lost");
    let taken = newest(&desk)["history"].as_array().unwrap().len();
    desk.backups();
    assert_eq!(newest(&desk)["history"].as_array().unwrap().len(), taken, "it is not taken up again and again");
    desk.plain("jobs resume 1");
    ends(&desk, "done");
    let events = newest(&desk)["history"].as_array().unwrap().clone();
    assert_eq!(events.iter().filter(|entry| entry["event"]["event"] == "finished").count(), 1);
    assert_eq!(desk.backups().len(), 1);
    assert_eq!(desk.exactly("jobs cancel 1").status, 77, "what has ended cannot be cancelled");
    desk.ok("backup db");
    desk.plain("audit verify");
}

#[test]
fn rule_10_the_second_job_on_a_target_is_told_who_holds_it() {
    let (_server, desk, hold) = stage();
    let mut shell = desk.spawn("backup db");
    begun(&desk);
    let second = desk.run("backup db");
    assert_eq!(second.status, 75, "{second:?}");
    assert!(second.err.contains("is held by") && second.err.contains("backup db (job #1), since"), "{second:?}");
    hold.release();
    assert!(shell.wait().unwrap().success());
    desk.ok("backup db");
}

#[test]
fn an_interrupt_detaches_and_the_job_goes_on() {
    let (_server, desk, hold) = stage();
    let number = desk.plain("backup db --yes --detach");
    assert_eq!(number, "#1\n");
    begun(&desk);
    let mut attached = desk.command("jobs attach 1").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = [0; 1];
    attached.stdout.as_mut().unwrap().read_exact(&mut first).unwrap();
    kill_process(Pid::from_child(&attached), Signal::INT).unwrap();
    let ended = attached.wait_with_output().unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert_eq!((ended.status.code(), said.as_str()), (Some(130), "job #1 goes on: midwatch jobs attach 1\n"));
    assert_eq!(newest(&desk)["state"], "running");
    hold.release();
    ends(&desk, "done");
}
