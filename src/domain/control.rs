//! How a service is stopped, started and paused, and what its control says of it. Frozen into plans, so it names places, never a
//! secret.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::domain::time::Stamp;

/// What in a pattern stands for an instance's number, from 1 on: `worker-{n}`.
pub const NUMBER: &str = "{n}";

/// A service's control.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ControlSpec {
    /// What holds it up.
    pub way: Way,
    /// A host to go through first, as `ssh` knows it; none where the control is on this host.
    pub ssh: Option<String>,
    /// How long a stop may take before it is said that the service does not obey.
    pub grace: Duration,
}

/// What holds a service up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// Processes that are known by their PID files.
    Process(ProcessSpec),
    /// A unit of systemd.
    Systemd {
        /// `postgresql@15-main`; with `{n}` for instances of a template: `worker@{n}`.
        unit: String,
        /// Whether it is a unit of the person's own manager: `systemctl --user`.
        user: bool,
    },
    /// A container of the Docker Engine.
    Docker {
        /// Its name or id; with `{n}` for several: `worker-{n}`.
        container: String,
    },
    /// The containers that carry Compose's labels for a service.
    Compose {
        /// `com.docker.compose.project`.
        project: String,
        /// `com.docker.compose.service`.
        service: String,
    },
}

/// A service that is a process: how it is found, started and stopped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessSpec {
    /// The file whose first line is its number; with `{n}` for several instances.
    pub pid_file: PathBuf,
    /// The program that starts it and returns: `pg_ctl`, an init script. `{n}` stands for the instance. Cannot be started where
    /// it is empty.
    pub start: Vec<String>,
    /// Variables of midwatch's own surroundings that this program gets; it gets no others but `PATH` and `HOME`.
    #[serde(default)]
    pub env: Vec<String>,
    /// What asks it to end.
    pub signal: StopSignal,
    /// Where it writes its log, with `{n}`; not known where there is none.
    pub log: Option<PathBuf>,
    /// Processes that were its own when they were looked at: they are still, however old their PID files seem since.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub seen: Vec<Sighting>,
}

/// A process by what no clock changes: none of its host has the same two until that is booted anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sighting {
    /// Its number.
    pub pid: u32,
    /// When it started, in clock ticks since the boot.
    pub start: u64,
}

/// What asks a process to end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum StopSignal {
    /// What most programs obey.
    #[default]
    Term,
    /// PostgreSQL's fast shutdown: sessions are ended, nothing is lost. `TERM` would wait for every client to leave.
    Int,
    /// Some servers' word for an orderly end.
    Quit,
}

impl StopSignal {
    /// As the configuration writes them.
    pub const ALL: [Self; 3] = [Self::Term, Self::Int, Self::Quit];

    /// `TERM`, `INT`, `QUIT`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Term => "TERM",
            Self::Int => "INT",
            Self::Quit => "QUIT",
        }
    }
}

impl ControlSpec {
    /// `process`, `systemd`, `docker` or `compose`.
    pub fn word(&self) -> &'static str {
        match self.way {
            Way::Process(_) => "process",
            Way::Systemd { .. } => "systemd",
            Way::Docker { .. } => "docker",
            Way::Compose { .. } => "compose",
        }
    }

    /// Whether it stands for several instances.
    pub fn is_many(&self) -> bool {
        match &self.way {
            Way::Process(process) => process.pid_file.to_string_lossy().contains(NUMBER),
            Way::Systemd { unit: name, .. } | Way::Docker { container: name } => name.contains(NUMBER),
            Way::Compose { .. } => true,
        }
    }
}

/// `docker worker`, `systemd postgresql@15-main on db-1`.
impl fmt::Display for ControlSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.word())?;
        match &self.way {
            Way::Process(process) => write!(f, "{}", process.pid_file.display())?,
            Way::Systemd { unit, .. } => write!(f, "{unit}")?,
            Way::Docker { container } => write!(f, "{container}")?,
            Way::Compose { project, service } => write!(f, "{project}/{service}")?,
        }
        self.ssh.iter().try_for_each(|host| write!(f, " on {host}"))
    }
}

/// What a control says of its service: every instance it knows of, those that are down too.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Condition {
    /// In the order of their names.
    pub instances: Vec<Instance>,
}

impl Condition {
    /// How many run: not paused, not on their way.
    pub fn running(&self) -> usize {
        self.instances.iter().filter(|instance| instance.phase == Phase::Running).count()
    }
}

/// One process, unit or container.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Instance {
    /// Its name: of the container, of the unit, `app-1`.
    pub name: String,
    /// What it is doing.
    pub phase: Phase,
    /// Since when: it was started, or ended; unknown where the control does not tell.
    pub since: Option<Stamp>,
    /// How often its control has restarted it by itself.
    pub restarts: Option<u64>,
    /// The image it was made of, as it was named; none for what is no container.
    pub image: Option<String>,
    /// What its own health check says; none where it has none.
    pub healthy: Option<bool>,
    /// What it uses now; none while it does not run.
    pub usage: Option<Usage>,
    /// How it ended, or what else its control says of it: `exit code 137, out of memory`.
    pub detail: Option<String>,
}

impl Instance {
    /// Whether it runs, and its own health check, where it has one, has nothing against it.
    pub fn is_well(&self) -> bool {
        self.phase == Phase::Running && self.healthy != Some(false)
    }

    /// One that its control does not know.
    pub fn absent(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            phase: Phase::Absent,
            since: None,
            restarts: None,
            image: None,
            healthy: None,
            usage: None,
            detail: None,
        }
    }
}

/// What an instance uses, its children included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Usage {
    /// Seconds of CPU time since it started; the difference of two is what it used between them.
    pub cpu_seconds: f64,
    /// Resident memory in bytes, without the cache of files.
    pub memory_bytes: u64,
    /// The limit in bytes; none where there is none.
    pub memory_limit_bytes: Option<u64>,
}

/// What an instance is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// It runs.
    Running,
    /// It was asked to run and is not there yet.
    Starting,
    /// It was asked to end and is still there.
    Stopping,
    /// It was stopped in its tracks: it holds everything and does nothing.
    Paused,
    /// It ends and is started again, over and over.
    Restarting,
    /// It was ended, or never started.
    Stopped,
    /// It ended by itself, with an error.
    Failed,
    /// Its control knows of no such thing.
    Absent,
}

impl Phase {
    /// The word on screen.
    pub fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Starting => "starting",
            Self::Stopping => "stopping",
            Self::Paused => "paused",
            Self::Restarting => "restarting",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
            Self::Absent => "absent",
        }
    }

    /// Whether there are processes of it.
    pub fn is_up(self) -> bool {
        matches!(self, Self::Running | Self::Starting | Self::Stopping | Self::Paused)
    }
}

/// Which part of a service's log is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct LogAsk {
    /// Of one instance; of all where none is named.
    pub instance: Option<String>,
    /// Not older than that.
    pub since: Option<Stamp>,
    /// Not newer than that.
    pub until: Option<Stamp>,
    /// Only so many of the last lines of each instance.
    pub tail: Option<u32>,
    /// Whether to go on with what is written from now on.
    pub follow: bool,
}

/// One line of a service's log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LogLine {
    /// When it was written; none where the log does not tell.
    pub at: Option<Stamp>,
    /// Which instance wrote it.
    pub instance: String,
    /// As it was written, at most [`LONGEST_LINE`] bytes of it: from outside, so it is shown only as `Clean`.
    pub text: String,
    /// How many bytes were left off.
    pub cut: u64,
}

/// How much of one line is kept, in bytes.
pub const LONGEST_LINE: usize = 16 << 10;

/// The number of an instance put into a pattern.
pub fn numbered(pattern: &str, number: u16) -> String {
    pattern.replace(NUMBER, &number.to_string())
}
