//! Real servers, a bastion with a ledger and a repository, and environments in which one thing or another is missing.

use std::process::{Command, Stdio};
use std::sync::Arc;

use serde_json::Value;

use crate::desk::{Desk, Ran};
use crate::servers::{Alertmanager, Postgres, Prometheus, eventually};

/// One of everything.
pub struct Stage {
    pub postgres: Arc<Postgres>,
    pub desk: Desk,
    _alertmanagers: Vec<Alertmanager>,
    pub prometheus: Prometheus,
}

/// `e` is whole; in `half` one of two Alertmanagers is silent, in `dark` nothing answers, `bare` has nothing, `kept` is read-only,
/// and its `held` is the test itself.
const ENVIRONMENTS: &str = r#"
[environments.e.prometheus]
url = "PROMETHEUS"
[[environments.e.alertmanagers]]
url = "ALERTMANAGER"
[[environments.e.signals]]
name = "memory"
query = "process_resident_memory_bytes{job='prometheus'}"
unit = "bytes"
[environments.half]
prometheus = { url = "PROMETHEUS" }
alertmanagers = [{ url = "ALERTMANAGER" }, { url = "http://127.0.0.1:1" }]
[environments.dark]
prometheus = { url = "http://127.0.0.1:1" }
alertmanagers = [{ url = "http://127.0.0.1:1" }]
[environments.bare]
[environments.kept]
guard = "read-only"
repositories.main.path = "repository"
services.db = { kind = "postgres", reach = { tcp = "127.0.0.1:PGPORT" }, user = "postgres", password = "file:password", backup = {} }
services.held = { kind = "http", reach = { tcp = "127.0.0.1:1" }, control = { process = "held.pid", log = "held.log" } }
"#;

/// A game day whose drill is refused here, one that is wrong, and an experiment that nothing here can run.
const FILES: &[(&str, &str)] = &[
    ("day.toml", "name = \"a day\"\n[[drill]]\nscenario = \"postgres-paused\"\ntarget = \"db\"\n"),
    ("wrong.toml", "name = \"a day\"\n[[drill]]\nscenario = \"postgres-pausd\"\n"),
    ("calm.toml", "name = \"x\"\n[[drill]]\nscenario = \"redis-paused\"\ntarget = \"cache\"\nfor = \"2s\"\nexpect = []\n"),
    (
        "foreign.json",
        r#"{ "title": "pods", "method": [{ "type": "action", "name": "kill", "provider": { "type": "python", "module": "chaosk8s", "func": "x" } }] }"#,
    ),
];

impl Stage {
    pub fn new() -> Self {
        let postgres = Arc::new(Postgres::primary());
        postgres.psql("CREATE TABLE t AS SELECT 1 AS n").unwrap();
        let alertmanagers = Alertmanager::cluster(1);
        let prometheus = Prometheus::start(&alertmanagers);
        let environments = ENVIRONMENTS
            .replace("PROMETHEUS", &prometheus.url)
            .replace("ALERTMANAGER", &alertmanagers[0].url)
            .replace("PGPORT", &postgres.port.to_string());
        let desk = Desk::with(&format!("{}{environments}", crate::desk::database(&postgres)));
        std::fs::create_dir(desk.path("run")).unwrap();
        for (name, text) in FILES {
            std::fs::write(desk.path(name), text).unwrap();
        }
        // Nothing here ends it: its environment is read-only.
        std::fs::write(desk.path("held.pid"), std::process::id().to_string()).unwrap();
        std::fs::write(desk.path("held.log"), "2026-11-22T03:00:00Z hello\n").unwrap();
        let stage = Self { postgres, desk, _alertmanagers: alertmanagers, prometheus };
        eventually("the alert is at the Alertmanager", || {
            let alerts = stage.lines("alerts Watchdog --json");
            alerts.iter().any(|alert| alert["members"].as_array().is_some_and(|members| members.len() == 1))
        });
        eventually("every target was scraped", || {
            stage.run("targets").out.contains("up  ") && stage.run("targets").out.contains("down")
        });
        stage
    }

    pub fn command(&self, words: &str) -> Command {
        let words = words.replace("HERE", &self.desk.path("").to_string_lossy());
        let mut command = Command::new(env!("CARGO_BIN_EXE_midwatch"));
        command.args(words.split_whitespace()).stdin(Stdio::null());
        command.env("MIDWATCH_CONFIG", self.desk.path("midwatch.toml")).env("TMPDIR", self.desk.path(""));
        // No demo of somebody else's is in sight.
        command.env("XDG_RUNTIME_DIR", self.desk.path("run")).env("TERM", "xterm-256color");
        command
    }

    pub fn run(&self, words: &str) -> Ran {
        ran(&mut self.command(words))
    }

    /// What it prints, line by line.
    pub fn lines(&self, words: &str) -> Vec<Value> {
        self.run(words)
            .out
            .lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{words}: {e}: {line}")))
            .collect()
    }

    /// Waits until no job is under way.
    pub fn settle(&self) {
        let live = |job: &Value| ["submitted", "running"].contains(&job["state"].as_str().unwrap());
        eventually("all jobs have ended", || !self.lines("jobs list --json").iter().any(live));
    }
}

pub fn ran(command: &mut Command) -> Ran {
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    Ran { status: output.status.code().unwrap_or(-1), out: text(&output.stdout), err: text(&output.stderr) }
}
