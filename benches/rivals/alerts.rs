//! Many alerts, listed: beside curl, which only reads, and amtool.

use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::Size;
use crate::race::{self, Runner};
use crate::report::{goal, share};
use crate::servers::Alertmanager;
use crate::stage::{Stage, configure};

/// So many are sent at once.
const BATCH: usize = 500;
const CURL: &str = "curl, thrown away";
const OURS: &str = "midwatch alerts --json";

/// Everybody in turns.
pub fn run(stage: &Stage, size: Size) {
    let manager = Alertmanager::strangers(1).remove(0);
    ring(stage, &manager, size.alerts);
    configure(stage.home.path(), "alerts.toml", &format!("alertmanagers = [{{ url = \"{}\" }}]\n", manager.url));
    let (address, url) = (format!("--alertmanager.url={}", manager.url), format!("{}/api/v2/alerts", manager.url));
    let runners: Vec<Runner> = vec![
        (CURL, stage.command("curl", &["-s", "-o", "/dev/null", &url])),
        (OURS, stage.command(env!("CARGO_BIN_EXE_midwatch"), &["--config", "alerts.toml", "alerts", "--json"])),
        ("amtool alert query -o json", stage.command("amtool", &[&address, "alert", "query", "-o", "json"])),
    ];
    let results = race::run(&format!("{} alerts", size.alerts), size.rounds, runners);
    goal("listed, × curl", share(race::of(&results, OURS).0, race::of(&results, CURL).0), 1.3);
}

/// Sends them; they resolve by themselves after five minutes.
fn ring(stage: &Stage, manager: &Alertmanager, count: usize) {
    let alerts: Vec<Value> = (0..count).map(alert).collect();
    for batch in alerts.chunks(BATCH) {
        std::fs::write(stage.home.path().join("alerts.json"), Value::from(batch).to_string()).unwrap();
        let url = format!("{}/api/v2/alerts", manager.url);
        let mut curl: Command =
            stage.command("curl", &["-sf", "-H", "content-type: application/json", "--data", "@alerts.json", &url]);
        assert!(curl.stdout(Stdio::null()).status().unwrap().success(), "Alertmanager does not take them");
    }
}

fn alert(n: usize) -> Value {
    let severity = ["critical", "warning", "info"][n % 3];
    json!({
        "labels": { "alertname": format!("Alert{}", n % 50), "instance": format!("app-{n}:8000"), "job": "shop", "severity": severity },
        "annotations": { "summary": format!("Instance app-{n} is slower than it should be") },
        "generatorURL": "http://prometheus:9090/graph",
    })
}
