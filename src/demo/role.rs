//! What else this program can be: the processes of a demo that are not servers of others.
//!
//! A role and what it needs to know travel as one JSON argument, which holds no secrets.

use std::fs;
use std::process::Command;

use serde::{Deserialize, Serialize};

use crate::demo::client::StartServer;
use crate::demo::error::DemoError;
use crate::demo::faults::end::EndFault;
use crate::demo::shop::{app::App, load::Load, proxy::Proxy};
use crate::demo::supervisor::Supervisor;
use crate::demo::sweep::Sweep;
use crate::demo::watchdog;

/// One process of a demo that is this program itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Owns the stack.
    Supervise(Supervisor),
    /// Ends what a killed supervisor left.
    Watchdog(Sweep),
    /// Ends one fault.
    EndFault(EndFault),
    /// Has the supervisor start a server.
    Start(StartServer),
    /// An instance of the shop.
    ShopApp(App),
    /// The proxy before the instances.
    ShopProxy(Proxy),
    /// The shop's customers.
    ShopLoad(Load),
}

impl Role {
    /// This program, also where its file was replaced meanwhile: all processes of a demo must be of one version.
    pub(super) const PROGRAM: &str = "/proc/self/exe";

    /// Reads what [`Role::arguments`] wrote.
    pub fn parse(text: &str) -> Result<Self, String> {
        serde_json::from_str(text).map_err(|error| error.to_string())
    }

    /// The arguments that make this program take the role.
    pub(super) fn arguments(&self) -> [String; 3] {
        ["demo".into(), "role".into(), serde_json::to_string(self).unwrap_or_default()]
    }

    /// A command that runs this program in the role.
    pub(super) fn command(&self) -> Command {
        let mut command = Command::new(Self::PROGRAM);
        command.args(self.arguments());
        command
    }

    /// Plays the role to its end.
    pub fn run(self) -> Result<(), DemoError> {
        // Only for whoever looks at a list of processes.
        let _ = fs::write("/proc/self/comm", self.title());
        match self {
            Self::Watchdog(sweep) => watchdog::run(&sweep),
            other => {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                runtime.map_err(DemoError::io("starting tokio"))?.block_on(other.run_async())
            }
        }
    }

    async fn run_async(self) -> Result<(), DemoError> {
        match self {
            Self::Supervise(supervisor) => supervisor.run().await,
            Self::EndFault(end) => end.run().await,
            Self::Start(start) => start.run().await,
            Self::ShopApp(app) => app.run().await,
            Self::ShopProxy(proxy) => proxy.run().await,
            Self::ShopLoad(load) => load.run().await,
            Self::Watchdog(sweep) => watchdog::run(&sweep),
        }
    }

    /// At most 15 bytes: the kernel cuts the rest.
    fn title(&self) -> String {
        match self {
            Self::Supervise(_) => "mw-supervisor".into(),
            Self::Watchdog(_) => "mw-watchdog".into(),
            Self::EndFault(_) => "mw-end-fault".into(),
            Self::Start(_) => "mw-start".into(),
            Self::ShopApp(app) => format!("mw-{}", app.name),
            Self::ShopProxy(_) => "mw-proxy".into(),
            Self::ShopLoad(_) => "mw-load".into(),
        }
    }
}
