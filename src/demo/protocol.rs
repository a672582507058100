//! What consoles and a demo's supervisor say to each other: one JSON object a line, over its control socket.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::demo::faults::{FaultKind, FaultStatus};

/// What may be asked of a supervisor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "kebab-case")]
pub enum Request {
    /// Hold the demo up for as long as this connection is open, and tell how its start goes.
    Hold,
    /// Tell how it is.
    Status,
    /// Break something for a while.
    Break {
        /// What.
        what: FaultKind,
        /// For how long.
        seconds: u64,
    },
    /// Tell what is and was broken.
    Faults,
    /// Start a server anew that has ended.
    Start {
        /// `app-1`, `primary`...
        server: String,
    },
    /// End the demo. The connection is closed when nothing is left of it.
    Stop,
}

/// What a supervisor answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "say", rename_all = "kebab-case")]
pub enum Reply {
    /// A step of the start is done.
    Progress(Progress),
    /// All is up.
    Ready(Box<Endpoints>),
    /// The demo did not come up; it is ending.
    Failed {
        /// Why.
        why: String,
    },
    /// How it is.
    Status(Box<Status>),
    /// What is and was broken.
    Faults {
        /// The latest of each kind.
        faults: Vec<FaultStatus>,
    },
    /// The fault's end is armed, and then it was injected.
    Broken(FaultStatus),
    /// The server runs: it was started, or had not ended.
    Started,
    /// It will not, or cannot, do this.
    Refused {
        /// Why.
        why: String,
    },
    /// The demo is ending.
    Stopping,
}

/// A step of the start that is done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// What came up.
    pub name: String,
    /// How long that took.
    pub seconds: f64,
}

/// Where everything in a demo is reached. This is what `midwatch demo --headless` prints.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Endpoints {
    /// The demo's name.
    pub name: String,
    /// Its folder.
    pub dir: PathBuf,
    /// The `midwatch.toml` that describes it as environment `demo`.
    pub config: PathBuf,
    /// The URL of Prometheus.
    pub prometheus: String,
    /// The URLs of the three Alertmanagers.
    pub alertmanagers: Vec<String>,
    /// PostgreSQL by role, `primary` and `standby`.
    pub postgres: BTreeMap<String, Server>,
    /// Redis by role, `primary` and `replica`.
    pub redis: BTreeMap<String, Server>,
    /// The shop as its customers reach it.
    pub shop: AppEndpoint,
    /// The shop's instances.
    pub apps: Vec<AppEndpoint>,
    /// URLs of the exporters' metrics, by name.
    pub exporters: BTreeMap<String, String>,
}

/// Where a database server is reached, and as whom.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Server {
    /// `127.0.0.1:PORT`.
    pub address: String,
    /// The user that may look but not touch; none where the server knows no users.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub user: Option<String>,
    /// The database, where there are several.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub database: Option<String>,
    /// The file with the password.
    pub password_file: PathBuf,
}

/// Where an HTTP server is reached.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AppEndpoint {
    /// `app-1`...
    pub name: String,
    /// `http://127.0.0.1:PORT`.
    pub url: String,
}

/// How a demo is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// Its name.
    pub name: String,
    /// Its folder.
    pub dir: PathBuf,
    /// Its supervisor's process number.
    pub supervisor: u32,
    /// Where everything is reached; none while it is starting.
    pub endpoints: Option<Box<Endpoints>>,
    /// Its servers.
    pub processes: Vec<ProcessStatus>,
    /// The latest fault of each kind.
    pub faults: Vec<FaultStatus>,
    /// How many consoles hold it up.
    pub holders: usize,
    /// After how many seconds without a holder it ends.
    pub linger: u64,
}

/// One server of a demo.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProcessStatus {
    /// `prometheus`, `app-1`...
    pub name: String,
    /// Its process number.
    pub pid: u32,
    /// `running`, `stopped` (by a signal) or `ended`.
    pub state: String,
}
