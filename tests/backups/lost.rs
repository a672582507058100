//! Workers that die in the middle. Whatever the moment: no part of a backup is taken for one, and the next attempt works.

use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::desk::Desk;
use crate::servers::{Postgres, eventually};

/// How many moments are tried; `MIDWATCH_SOAK=1` tries two hundred.
fn moments() -> u32 {
    if std::env::var_os("MIDWATCH_SOAK").is_some() { 200 } else { 6 }
}

fn state(desk: &Desk, job: usize) -> String {
    desk.jobs().get(job).map_or_else(String::new, |job| job["state"].as_str().unwrap().to_owned())
}

/// The process that took a job last.
fn worker(job: &Value) -> Option<u64> {
    let mut events = job["history"].as_array()?.iter().map(|entry| &entry["event"]);
    events.rfind(|event| event["event"] == "taken")?["pid"].as_u64()
}

#[test]
fn rule_07_a_worker_killed_at_any_moment_leaves_no_half_backup() {
    let server = Postgres::primary();
    server.psql("CREATE TABLE t AS SELECT n, repeat(md5(n::text), 20) FROM generate_series(1, 60000) n").unwrap();
    let desk = Desk::on_postgres(&server);
    let began = Instant::now();
    desk.ok("backup db");
    let whole = began.elapsed();
    for moment in 0..moments() {
        let before = desk.backups().len();
        let mut shell = desk.spawn("backup db");
        let deadline = Instant::now() + whole * (moment + 1) / (moments() + 1);
        eventually("the moment", || Instant::now() >= deadline);
        let newest = desk.jobs().remove(0);
        if let Some(pid) = worker(&newest) {
            drop(Command::new("kill").args(["-9", &pid.to_string()]).status());
        }
        shell.wait().unwrap();
        eventually("the job ends, or is lost", || ["lost", "done", "failed"].contains(&state(&desk, 0).as_str()));
        let (after, done) = (desk.backups().len(), state(&desk, 0) == "done");
        assert!(after == before || after == before + 1, "moment {moment}");
        assert!(!done || after == before + 1, "moment {moment}: a job that is done has its backup");
        for backup in desk.backups() {
            assert_eq!(backup["standing"], "checksum only");
        }
    }
    for job in desk.jobs() {
        if job["state"] == "lost" {
            desk.ok(&format!("jobs cancel {}", job["id"]));
        }
    }
    eventually("no lost job is left", || desk.jobs().iter().all(|job| job["state"] != "lost" && job["state"] != "running"));
    for orphan in desk.orphans() {
        desk.ok(&format!("clean --id {orphan}"));
    }
    assert_eq!(desk.orphans(), [""; 0]);
    desk.ok("backup db --prove");
    desk.ok("verify --all");
}

#[test]
fn rule_05_a_job_outlives_the_shell_that_asked_for_it() {
    let server = Postgres::primary();
    server.psql("CREATE TABLE t AS SELECT n, repeat(md5(n::text), 20) FROM generate_series(1, 60000) n").unwrap();
    let desk = Desk::on_postgres(&server);
    let mut shell = desk.spawn("backup db --prove");
    eventually("the job runs", || state(&desk, 0) == "running");
    shell.kill().unwrap();
    shell.wait().unwrap();
    let began = Instant::now();
    eventually("the job ends by itself", || state(&desk, 0) == "done" || began.elapsed() > Duration::from_secs(100));
    assert_eq!(desk.backups()[0]["standing"], "proved");
}
