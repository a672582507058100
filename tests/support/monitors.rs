//! Prometheus and Alertmanager for tests, as real as the other servers.

use std::fs;
use std::process::Command;

use tempfile::TempDir;

use super::{Process, eventually, free_port};

/// A Prometheus that scrapes itself every second, with a rule that always fires and one that never does.
pub struct Prometheus {
    pub process: Process,
    pub url: String,
    pub folder: TempDir,
}

impl Prometheus {
    /// Sends its alerts to `managers`.
    pub fn start(managers: &[Alertmanager]) -> Self {
        Self::start_with(managers, "", &[])
    }

    /// Serves its API below a prefix (`/team/prom`), with more options.
    pub fn start_with(managers: &[Alertmanager], prefix: &str, options: &[&str]) -> Self {
        let (folder, port) = (tempfile::tempdir().unwrap(), free_port());
        let targets = managers.iter().map(|m| format!("'127.0.0.1:{}'", m.port)).collect::<Vec<_>>().join(", ");
        let config = format!(
            "global: {{ scrape_interval: 1s, evaluation_interval: 1s }}\nrule_files: [rules.yml]\n\
             alerting: {{ alertmanagers: [{{ static_configs: [{{ targets: [{targets}] }}] }}] }}\n\
             scrape_configs:\n- job_name: prometheus\n  metrics_path: {prefix}/metrics\n  static_configs: [{{ targets: ['127.0.0.1:{port}'] }}]\n\
             - job_name: nobody\n  static_configs: [{{ targets: ['127.0.0.1:1'] }}]\n"
        );
        let rules = "groups:\n- name: test\n  rules:\n  - alert: Watchdog\n    expr: vector(1)\n    labels: { severity: none }\n    \
                     annotations: { summary: always }\n  - alert: Never\n    expr: up > 1\n    for: 1m\n  - record: job:up\n    expr: sum by (job) (up)\n";
        fs::write(folder.path().join("prometheus.yml"), config).unwrap();
        fs::write(folder.path().join("rules.yml"), rules).unwrap();
        let mut server = Command::new("prometheus");
        server.arg(format!("--config.file={}", folder.path().join("prometheus.yml").display()));
        server.arg(format!("--storage.tsdb.path={}", folder.path().join("data").display()));
        server.arg(format!("--web.listen-address=127.0.0.1:{port}"));
        // The first alert is mostly lost: it fires before the Alertmanagers are discovered.
        server.arg("--rules.alert.resend-delay=1s");
        server.arg(format!("--web.external-url=http://127.0.0.1:{port}{prefix}")).args(options);
        let mut process = Process::spawn(server, folder.path());
        process.listening(port);
        // It listens before it answers, and not always in plain words.
        eventually("a Prometheus that is ready", || process.log().contains("Server is ready"));
        Self { process, url: format!("http://127.0.0.1:{port}{prefix}"), folder }
    }
}

/// An Alertmanager that notifies nobody.
pub struct Alertmanager {
    pub process: Process,
    pub port: u16,
    pub url: String,
    pub folder: TempDir,
}

impl Alertmanager {
    /// So many, in one cluster.
    pub fn cluster(size: usize) -> Vec<Self> {
        let peers: Vec<u16> = (0..size).map(|_| free_port()).collect();
        (0..size).map(|n| Self::start(peers[n], &peers)).collect()
    }

    /// So many, none of which knows of another.
    pub fn strangers(size: usize) -> Vec<Self> {
        (0..size).map(|_| Self::start_at(free_port(), "", &[])).collect()
    }

    /// Ends it, and starts it again at its address, knowing nothing.
    pub fn restarted_empty(mut self) -> Self {
        self.process.kill();
        Self::start_at(self.port, "", &[])
    }

    fn start(cluster_port: u16, peers: &[u16]) -> Self {
        let others: Vec<u16> = peers.iter().copied().filter(|peer| *peer != cluster_port).collect();
        Self::start_at(free_port(), &format!("127.0.0.1:{cluster_port}"), &others)
    }

    fn start_at(port: u16, cluster: &str, peers: &[u16]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(
            folder.path().join("am.yml"),
            "route: { receiver: nobody, group_wait: 1s, group_interval: 1s }\nreceivers: [{ name: nobody }]\n",
        )
        .unwrap();
        let mut server = Command::new("prometheus-alertmanager");
        server.arg(format!("--config.file={}", folder.path().join("am.yml").display()));
        server.arg(format!("--storage.path={}", folder.path().join("data").display()));
        server.arg(format!("--web.listen-address=127.0.0.1:{port}"));
        server.arg(format!("--cluster.listen-address={cluster}"));
        server.args(peers.iter().map(|peer| format!("--cluster.peer=127.0.0.1:{peer}")));
        let mut process = Process::spawn(server, folder.path());
        process.listening(port);
        Self { process, port, url: format!("http://127.0.0.1:{port}"), folder }
    }
}
