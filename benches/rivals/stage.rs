//! What everything is measured on: a Prometheus with a past that scrapes, and a midwatch configured for it.

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::servers::{Process, eventually, free_port};
use crate::{Size, dashboard, metrics};

/// All of it; it ends when dropped.
pub struct Stage {
    _prometheus: Process,
    /// Prometheus's.
    pub url: String,
    /// The last instant of the past that it was given, seconds since the epoch.
    pub end: f64,
    /// The home of every program.
    pub home: TempDir,
}

impl Stage {
    /// Fills and starts it.
    pub fn set(size: Size) -> Self {
        let (home, port) = (tempfile::tempdir().unwrap(), free_port());
        let (url, end) = (format!("http://127.0.0.1:{port}"), metrics::now().floor());
        dashboard::write(home.path());
        configure(home.path(), "midwatch.toml", &format!("dashboards = [\"bench9.json\"]\nprometheus = {{ url = \"{url}\" }}\n"));
        fill(home.path(), &metrics::past(end, size));
        let prometheus = prometheus(home.path(), port);
        let stage = Self { _prometheus: prometheus, url, end, home };
        eventually("a scrape", || stage.answers(&format!("max(timestamp(shop_latency_seconds)) > {end}")));
        stage
    }

    fn answers(&self, query: &str) -> bool {
        let (url, query) = (format!("{}/api/v1/query", self.url), format!("query={query}"));
        let output = Command::new("curl").args(["-sG", &url, "--data-urlencode", &query]).output().unwrap();
        String::from_utf8_lossy(&output.stdout).contains("\"value\":")
    }

    /// The bounds of the many series, seconds since the epoch.
    pub fn window(&self, size: Size) -> (f64, f64) {
        (self.end - ((size.samples - 1) * metrics::STEP) as f64, self.end)
    }

    /// One of its programs, at home here.
    pub fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .current_dir(self.home.path())
            .env("HOME", self.home.path())
            .env("XDG_STATE_HOME", self.home.path());
        command
    }
}

/// Writes a configuration of one environment.
pub fn configure(folder: &Path, file: &str, environment: &str) {
    let text = format!("[environments.bench]\nguard = \"read-only\"\nrefresh = \"5s\"\n{environment}");
    std::fs::write(folder.join(file), text).unwrap();
}

fn fill(home: &Path, past: &str) {
    std::fs::write(home.join("past"), past).unwrap();
    let mut promtool = Command::new("promtool");
    promtool.args(["tsdb", "create-blocks-from", "openmetrics", "--quiet", "past", "data"]);
    let output = promtool.current_dir(home).output().expect("promtool: is it installed?");
    assert!(output.status.success(), "promtool: {}", String::from_utf8_lossy(&output.stderr));
}

fn prometheus(home: &Path, port: u16) -> Process {
    let labels = metrics::TARGET.map(|(name, value)| format!("{name}: {value}")).join(", ");
    let config = format!(
        "global: {{ scrape_interval: {}s }}\nscrape_configs:\n- job_name: shop\n  static_configs: \
         [{{ targets: ['127.0.0.1:{}'], labels: {{ {labels} }} }}]\n",
        metrics::SCRAPE,
        metrics::serve()
    );
    std::fs::write(home.join("prometheus.yml"), config).unwrap();
    let mut server = Command::new("prometheus");
    server.args(["--config.file=prometheus.yml", "--storage.tsdb.path=data"]).current_dir(home);
    server.arg(format!("--web.listen-address=127.0.0.1:{port}"));
    let mut process = Process::spawn(server, home);
    process.listening(port);
    eventually("a Prometheus that is ready", || process.log().contains("Server is ready"));
    process
}
