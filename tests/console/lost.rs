//! A job whose worker dies while a console is open: nobody else comes by, and what it owes is done all the same.

use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::host::{self, Process};
use crate::pty::{SMALL, Terminal, midwatch};
use crate::stand::{Stand, eventually, secs};

/// Ends once `hold` is gone, and says that it has heard that it shall.
const HELD: &str = "trap 'echo x >\"$1.ending\"; while [ -e \"$1.hold\" ]; do sleep 0.05; done; exit 0' TERM; echo ready; \
                    while :; do sleep 0.05; done";

fn program(stand: &Stand) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_midwatch"));
    command.arg("--config").arg(stand.path("midwatch.toml"));
    command
}

/// The processes whose command line has all of these words.
fn named(words: &[&str]) -> Vec<Process> {
    host::all().into_iter().filter(|process| words.iter().all(|word| process.arguments().contains(word))).collect()
}

fn job(stand: &Stand) -> Value {
    let listed = program(stand).args(["jobs", "list", "--json"]).output().unwrap();
    serde_json::from_slice(&listed.stdout).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_09_an_open_console_starts_again_what_a_dead_worker_left_stopped() {
    let stand = Stand::of(HELD);
    stand.configure();
    fs::write(stand.path("app.pid.hold"), "").unwrap();
    stand.control("app", secs(20)).start(None).await.unwrap();
    let before = stand.process("app").unwrap();
    let config = stand.path("midwatch.toml").display().to_string();
    let console = Terminal::run(midwatch(stand.folder.path(), &["--config", &config]), SMALL);
    console.see("app");
    let mut asked = program(&stand).args(["restart", "app", "--yes"]).spawn().unwrap();
    eventually("its stop was heard", || stand.path("app.pid.ending").exists());

    // It looks away until the worker is dead and the service down: at what comes in between, others look.
    let consoles: Vec<Process> = named(&[&config]).into_iter().filter(|one| !one.arguments().contains("restart")).collect();
    assert_eq!(consoles.len(), 1, "{consoles:?}");
    consoles[0].signal("STOP");
    let state = stand.path("state").display().to_string();
    for worker in named(&["job-worker", &state]) {
        worker.signal("KILL");
    }
    assert_eq!(asked.wait().unwrap().code(), Some(75), "whoever asked is told that it is lost");
    fs::remove_file(stand.path("app.pid.hold")).unwrap();
    eventually("it is down", || !before.alive());
    consoles[0].signal("CONT");

    eventually("the console has it started", || stand.process("app").is_some_and(|now| now != before && now.alive()));
    eventually("the job ends by itself", || job(&stand)["state"] == "failed");
    assert!(job(&stand)["failure"]["what"].as_str().unwrap().contains("its worker died"), "{}", job(&stand));
}
