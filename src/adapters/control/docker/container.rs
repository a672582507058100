//! One container as the Engine tells of it, and what that means.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;

use crate::adapters::wire::instant;
use crate::domain::control::{Instance, Phase, Usage};
use crate::domain::time::Stamp;

/// Marks the containers that midwatch made: only those it removes.
pub const MADE: &str = "midwatch.made-from";
/// Compose's labels.
pub const PROJECT: &str = "com.docker.compose.project";
pub const SERVICE: &str = "com.docker.compose.service";
pub const NUMBER: &str = "com.docker.compose.container-number";
/// On what `docker compose run` made: no part of the service.
pub const ONE_OFF: &str = "com.docker.compose.oneoff";

/// What ran shorter than that when it ended, and is restarted, is in a loop; Docker's own measure for it.
const LOOP: Duration = Duration::from_secs(10);
/// `128 +` the signals that somebody ends a program by: `INT`, `KILL`, `TERM`.
const ASKED_TO_END: [i64; 3] = [130, 137, 143];

/// One container.
#[derive(Clone, Debug)]
pub struct Container {
    /// What is known of it.
    pub facts: Facts,
    /// Which of its service's it is, from 1 on; 0 where it has no number.
    pub number: u32,
    /// The Engine's clock when it told.
    pub at: Stamp,
}

/// What the Engine tells of one.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Facts {
    /// Its whole id.
    pub id: String,
    name: String,
    /// The id of its image.
    pub image: String,
    /// How often the Engine has restarted it since somebody started it.
    #[serde(default)]
    pub restart_count: u64,
    /// What it is doing.
    pub state: State,
    /// What it was made of.
    pub config: Config,
    host_config: HostConfig,
    #[serde(default)]
    network_settings: NetworkSettings,
}

/// What it is doing. One that is between two restarts is `running` and `restarting`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[expect(clippy::struct_excessive_bools, reason = "the Engine's own words")]
pub struct State {
    status: String,
    /// Whether the Engine holds it for running.
    pub running: bool,
    /// Whether it stands still.
    pub paused: bool,
    /// Whether it waits to be restarted.
    pub restarting: bool,
    #[serde(rename = "OOMKilled")]
    oom_killed: bool,
    error: String,
    exit_code: i64,
    /// When it was started last.
    pub started_at: String,
    /// The number of its first process on the Engine's host; 0 while it does not run.
    pub pid: u32,
    finished_at: String,
    health: Option<Health>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Health {
    status: String,
}

/// What it was made of.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Config {
    /// As it was named.
    pub image: String,
    /// Whether it has a terminal: its output is then one stream.
    pub tty: bool,
    stop_signal: Option<String>,
    labels: Option<BTreeMap<String, String>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct HostConfig {
    restart_policy: RestartPolicy,
    network_mode: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct NetworkSettings {
    /// `5432/tcp`, with the host's ports that lead there.
    ports: Option<BTreeMap<String, Option<Vec<Binding>>>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Binding {
    host_port: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct RestartPolicy {
    name: String,
}

impl Facts {
    /// Its name.
    pub fn name(&self) -> &str {
        self.name.trim_start_matches('/')
    }

    /// A label.
    pub fn label(&self, name: &str) -> Option<&str> {
        self.config.labels.as_ref()?.get(name).map(String::as_str)
    }

    /// What asks it to end.
    pub fn stop_signal(&self) -> &str {
        self.config.stop_signal.as_deref().filter(|signal| !signal.is_empty()).unwrap_or("SIGTERM")
    }

    /// Whether the Engine starts it again when it ends by itself.
    pub fn is_restarted(&self) -> bool {
        !matches!(self.host_config.restart_policy.name.as_str(), "" | "no")
    }

    /// Whose network it has: `host`, `container:ID`, or the name of one of Docker's.
    pub fn network(&self) -> &str {
        &self.host_config.network_mode
    }

    /// Its own port that one of the host's leads to.
    pub fn published(&self, port: u16) -> Option<u16> {
        let leads =
            |bindings: &Option<Vec<Binding>>| bindings.iter().flatten().any(|binding| binding.host_port.parse() == Ok(port));
        let ports = self.network_settings.ports.iter().flatten();
        ports.filter(|(_, bindings)| leads(bindings)).find_map(|(own, _)| own.strip_suffix("/tcp")?.parse().ok())
    }

    /// Whether it ever ran: then it has a log, and maybe data.
    pub fn has_run(&self) -> bool {
        instant(&self.state.started_at).is_some()
    }

    /// The same after somebody removed it.
    pub fn gone(&self) -> Self {
        let state = State { status: "removed".to_owned(), error: "it was removed".to_owned(), ..State::default() };
        Self { state, ..self.clone() }
    }

    /// How it ended: `exit code 137, out of memory`.
    pub fn ending(&self) -> String {
        let state = &self.state;
        let mut words = format!("exit code {}", state.exit_code);
        if state.oom_killed {
            words.push_str(", out of memory");
        }
        if !state.error.is_empty() {
            words = format!("{words}: {}", state.error);
        }
        words
    }

    /// When it started or ended last; none where it never did.
    fn since(&self) -> Option<Stamp> {
        instant(if self.state.running && !self.state.restarting { &self.state.started_at } else { &self.state.finished_at })
    }

    /// Whether it ends and is restarted, over and over: also while it happens to run.
    fn is_looping(&self, now: Stamp) -> bool {
        let young = || instant(&self.state.started_at).is_some_and(|started| now.since(started) < LOOP);
        self.state.restarting || self.state.running && self.restart_count > 1 && young()
    }

    fn phase(&self, now: Stamp) -> Phase {
        let state = &self.state;
        let starting = state.health.as_ref().is_some_and(|health| health.status == "starting");
        match () {
            () if state.paused => Phase::Paused,
            () if self.is_looping(now) => Phase::Restarting,
            () if state.running && starting => Phase::Starting,
            () if state.running => Phase::Running,
            () if state.status == "removing" => Phase::Stopping,
            () if state.oom_killed || !state.error.is_empty() || state.status == "dead" => Phase::Failed,
            () if state.exit_code == 0 || ASKED_TO_END.contains(&state.exit_code) => Phase::Stopped,
            () => Phase::Failed,
        }
    }

    fn healthy(&self) -> Option<bool> {
        match self.state.health.as_ref()?.status.as_str() {
            "healthy" => Some(true),
            "unhealthy" => Some(false),
            _ => None,
        }
    }

    /// What else is to be said of it.
    fn detail(&self, phase: Phase) -> Option<String> {
        let ended = match phase {
            Phase::Restarting => Some(format!("restarted {} times, the last time after {}", self.restart_count, self.ending())),
            Phase::Stopped | Phase::Failed if self.state.status == "created" && self.state.error.is_empty() => {
                Some("never started".to_owned())
            }
            Phase::Stopped | Phase::Failed => Some(self.ending()),
            _ => None,
        };
        let made = self.label(MADE).map(|_| "made by midwatch".to_owned());
        let words: Vec<String> = ended.into_iter().chain(made).collect();
        (!words.is_empty()).then(|| words.join(", "))
    }
}

impl Container {
    /// As everybody understands it.
    pub fn instance(&self, usage: Option<Usage>) -> Instance {
        let phase = self.facts.phase(self.at);
        Instance {
            name: self.facts.name().to_owned(),
            phase,
            since: self.facts.since(),
            restarts: Some(self.facts.restart_count),
            image: Some(self.facts.config.image.clone()),
            healthy: self.facts.healthy(),
            usage,
            detail: self.facts.detail(phase),
        }
    }
}

/// What the Engine measures of one that runs.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Stats {
    cpu_stats: CpuStats,
    memory_stats: MemoryStats,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct CpuStats {
    cpu_usage: CpuUsage,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct CpuUsage {
    /// Nanoseconds.
    total_usage: u64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct MemoryStats {
    usage: Option<u64>,
    limit: Option<u64>,
    stats: BTreeMap<String, u64>,
}

impl Stats {
    /// What it uses; none where the Engine measured nothing. `host` is all the memory there is, which is how the Engine says that
    /// there is no limit.
    pub fn usage(&self, host: Option<u64>) -> Option<Usage> {
        let memory = &self.memory_stats;
        // The cache of files that nobody reads any more, as control groups 1 and 2 call it; Docker's own client leaves off the same.
        let cache = ["total_inactive_file", "inactive_file"].iter().find_map(|name| memory.stats.get(*name));
        let memory_bytes = memory.usage?.saturating_sub(cache.copied().unwrap_or_default());
        let memory_limit_bytes = memory.limit.filter(|limit| host.is_none_or(|host| *limit < host));
        Some(Usage { cpu_seconds: self.cpu_stats.cpu_usage.total_usage as f64 / 1e9, memory_bytes, memory_limit_bytes })
    }
}
