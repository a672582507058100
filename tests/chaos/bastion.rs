//! midwatch's shell on a demo, and what must be the same before and after a drill.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use midwatch::demo::ports;
use serde_json::Value;

use crate::host::until;
use crate::stack::{Place, Stack};
use crate::state;
use crate::trials::{Field, State};

/// How long something may take that should take seconds.
pub const SOON: Duration = Duration::from_secs(60);

/// midwatch's shell on a demo, with a configuration of it.
pub struct Bastion<'a> {
    pub place: &'a Place,
    pub stack: &'a Stack<'a>,
    config: PathBuf,
}

impl<'a> Bastion<'a> {
    pub fn new(place: &'a Place, stack: &'a Stack<'a>) -> Self {
        Self { place, stack, config: stack.text("/config").into() }
    }

    /// The same with another configuration.
    pub fn with(&self, config: &Path) -> Self {
        Self { config: config.to_owned(), ..*self }
    }

    pub fn run(&self, words: &str) -> Output {
        self.command(words).stdin(Stdio::null()).output().unwrap()
    }

    pub fn text(&self, words: &str) -> String {
        String::from_utf8(self.run(words).stdout).unwrap()
    }

    pub fn json(&self, words: &str) -> Value {
        let output = self.run(words);
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{words}: {output:?}"))
    }

    /// Runs something that must work.
    pub fn succeed(&self, words: &str) -> String {
        let ran = self.run(words);
        assert!(ran.status.success(), "{words}: {}\n{}", text(&ran.stdout), text(&ran.stderr));
        text(&ran.stdout)
    }

    pub fn start(&self, words: &str) -> Child {
        let mut command = self.command(words);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    /// Until nothing that a drill may raise is pending or fires: the next could not begin before. What the host itself suffers from
    /// is none of that.
    pub fn settle(&self) {
        until("nothing fires", Duration::from_secs(240), || {
            self.stack.query("count(ALERTS{alertname!~\"Watchdog|Host.*\"}) or vector(0)") == Some(0.0)
                && self.stack.query("sum(rate(load_requests_total{outcome='ok'}[10s]))") > Some(1.0)
        });
    }
}

impl Field for Bastion<'_> {
    fn command(&self, words: &str) -> Command {
        let words: Vec<&str> = words.split_whitespace().collect();
        self.place.midwatch(&[&["--config", self.config.to_str().unwrap()], words.as_slice()].concat())
    }

    fn ledger(&self) -> PathBuf {
        self.stack.dir().join("state")
    }

    fn state(&self) -> State {
        state::of(self)
    }
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A second Prometheus that scrapes the demo and has no rules, and a configuration of the demo with it and without signals. Drills
/// there need not wait until alerts and averages have forgotten the drill before.
pub struct Quiet {
    server: Child,
    pub config: PathBuf,
}

impl Quiet {
    pub fn start(stack: &Stack<'_>) -> Self {
        let dir = stack.dir();
        let (home, port) = (dir.join("quiet"), ports::free().unwrap());
        fs::create_dir(&home).unwrap();
        let scraped = fs::read_to_string(dir.join("prometheus.yml")).unwrap();
        let scraped: Vec<&str> = scraped.lines().filter(|line| !line.starts_with("rule_files")).collect();
        fs::write(home.join("prometheus.yml"), scraped.join("\n")).unwrap();
        let mut server = Command::new("prometheus");
        server.arg(format!("--config.file={}", home.join("prometheus.yml").display()));
        server.arg(format!("--storage.tsdb.path={}", home.join("data").display()));
        server.arg(format!("--web.listen-address=127.0.0.1:{port}")).current_dir(&home);
        let server = server.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let url = format!("http://127.0.0.1:{port}");
        let quiet = Self { server, config: dir.join("quiet.toml") };
        fs::write(&quiet.config, configuration(stack, &url)).unwrap();
        until("the quiet Prometheus is ready", SOON, || {
            crate::host::get(&format!("{url}/-/ready")).is_some_and(|(status, _)| status == 200)
        });
        quiet
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn configuration(stack: &Stack<'_>, prometheus: &str) -> String {
    let text = fs::read_to_string(stack.text("/config")).unwrap();
    let mut config: toml::Table = text.parse().unwrap();
    let demo = config["environments"]["demo"].as_table_mut().unwrap();
    demo.remove("signals");
    demo["prometheus"]["url"] = prometheus.into();
    config.to_string()
}
