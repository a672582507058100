//! Prometheus, which watches all the rest.

use std::fmt::Write as _;
use std::fs;
use std::time::Duration;

use crate::demo::assets;
use crate::demo::error::DemoError;
use crate::demo::site::{Launch, Site};
use crate::demo::stack::{Parts, agree, answers, json};

/// A job and its targets: instance and port.
type Job<'a> = (&'a str, Vec<(&'a str, u16)>);

/// Starts it and waits until it has seen every target up and knows all Alertmanagers.
pub async fn start(site: &Site, parts: &Parts) -> Result<u16, DemoError> {
    let jobs = jobs(parts);
    // It watches itself too.
    let targets = jobs.iter().map(|(_, targets)| targets.len()).sum::<usize>() + 1;
    let port = site.step("Prometheus", serve(site, parts, &jobs)).await?;
    let seen = agree("Prometheus", Duration::from_secs(20), async || lacking(site, port, targets).await);
    site.step("all targets up", seen).await?;
    Ok(port)
}

async fn serve(site: &Site, parts: &Parts, jobs: &[Job<'_>]) -> Result<u16, DemoError> {
    let home = site.folder("prometheus")?;
    let config = site.dir.join("prometheus.yml");
    // The port is known only when the server starts, and then the configuration must name it: it is written per attempt.
    let launch = |[port]: [u16; 1]| {
        let _ = fs::write(&config, configuration(parts, jobs, port));
        Launch::new("prometheus", &site.tools.prometheus)
            .args([format!("--config.file={}", config.display())])
            .args([format!("--storage.tsdb.path={}", home.display())])
            .args([format!("--web.listen-address=127.0.0.1:{port}")])
            .args(["--storage.tsdb.retention.time=6h", "--web.enable-lifecycle", "--query.timeout=10s"])
            // Alertmanager gives up an alert that was not sent again for four of these: a Prometheus that stops is soon noticed.
            .args(["--rules.alert.resend-delay=5s"])
    };
    let [port] = site.serve(launch, async |[port]| answers(&site.http, port, "/-/ready").await).await?;
    Ok(port)
}

fn jobs(parts: &Parts) -> Vec<Job<'_>> {
    let pair = |pair: super::Pair, follower| vec![("primary", pair.primary), (follower, pair.follower)];
    let [first, second, third] = parts.alertmanagers;
    vec![
        ("app", parts.shop.apps.iter().map(|(name, port)| (name.as_str(), *port)).collect()),
        ("proxy", vec![("proxy", parts.shop.proxy)]),
        ("load", vec![("load", parts.shop.load)]),
        ("postgres", pair(parts.exporters.postgres, "standby")),
        ("redis", pair(parts.exporters.redis, "replica")),
        ("node", vec![("host", parts.node)]),
        ("alertmanager", vec![("am-1", first), ("am-2", second), ("am-3", third)]),
    ]
}

fn configuration(parts: &Parts, jobs: &[Job<'_>], own: u16) -> String {
    let mut text = String::new();
    for (job, targets) in jobs.iter().chain([&("prometheus", vec![("prometheus", own)])]) {
        let _ = writeln!(text, "  - job_name: {job}\n    static_configs:");
        for (instance, port) in targets {
            let _ = writeln!(text, "      - targets: ['127.0.0.1:{port}']\n        labels: {{instance: {instance}}}");
        }
    }
    let alertmanagers = parts.alertmanagers.map(|port| format!("'127.0.0.1:{port}'")).join(", ");
    assets::fill(assets::PROMETHEUS_YML, &[("alertmanagers", alertmanagers), ("jobs", text)])
}

/// What is not up yet.
async fn lacking(site: &Site, port: u16, targets: usize) -> Option<String> {
    let answer = json(&site.http, port, "/api/v1/targets?state=active").await;
    let known = answer["data"]["activeTargets"].as_array().cloned().unwrap_or_default();
    let down: Vec<String> = known
        .iter()
        .filter(|target| target["health"] != "up")
        .map(|target| format!("{}/{}", target["labels"]["job"], target["labels"]["instance"]))
        .collect();
    if known.len() != targets || !down.is_empty() {
        return Some(format!("{} of {targets} targets are known; not up: {}", known.len(), down.join(", ")));
    }
    let answer = json(&site.http, port, "/api/v1/alertmanagers").await;
    let receivers = answer["data"]["activeAlertmanagers"].as_array().map_or(0, Vec::len);
    (receivers != 3).then(|| format!("{receivers} of 3 Alertmanagers are known"))
}
