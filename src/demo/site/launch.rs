//! How one program is started.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;
use tokio::sync::watch;

use crate::adapters::account::Account;
use crate::adapters::process::Process;
use crate::demo::error::DemoError;
use crate::demo::role::Role;
use crate::demo::site::Running;

/// A program, its arguments and surroundings.
#[derive(Clone, Debug)]
pub struct Launch {
    /// The name of its log, and of the server it becomes.
    pub name: String,
    program: PathBuf,
    arguments: Vec<OsString>,
    environment: Vec<(&'static str, OsString)>,
    account: Option<Account>,
}

impl Launch {
    /// Runs `program`; `name` is what it is called in progress, status and log.
    pub fn new(name: impl Into<String>, program: impl Into<PathBuf>) -> Self {
        Self { name: name.into(), program: program.into(), arguments: Vec::new(), environment: Vec::new(), account: None }
    }

    /// Runs this program itself in another role.
    pub fn role(name: impl Into<String>, role: &Role) -> Self {
        Self::new(name, Role::PROGRAM).args(role.arguments())
    }

    /// Adds arguments. No secrets: everybody on the host can read them.
    pub fn args<A: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.arguments.extend(arguments.into_iter().map(|argument| argument.as_ref().to_owned()));
        self
    }

    /// Sets a variable.
    pub fn env(mut self, name: &'static str, value: impl Into<OsString>) -> Self {
        self.environment.push((name, value.into()));
        self
    }

    /// Runs as another user, where there is one.
    pub fn account(mut self, account: Option<Account>) -> Self {
        self.account = account;
        self
    }

    pub(super) fn spawn(&self, dir: &Path) -> Result<Running, DemoError> {
        let log = dir.join("log").join(format!("{}.log", self.name));
        // Added to: one that is started again keeps what it said before.
        let opened = File::options().create(true).append(true).open(&log);
        let log = opened.map_err(DemoError::io(format!("writing {}", log.display())))?;
        let errors = log.try_clone().map_err(DemoError::io("sharing a log"))?;
        let child = self.command(dir).stdin(Stdio::null()).stdout(log).stderr(errors).spawn();
        let mut child = child.map_err(DemoError::io(format!("starting {}", self.program.display())))?;
        // One that ended at once was not waited for yet: its number is still its own.
        let pid = child.id().unwrap_or_default();
        let process = Process::of(pid).unwrap_or(Process { pid, start: 0 });
        let file = pid_file(dir, &self.name);
        fs::write(&file, format!("{pid}\n")).map_err(DemoError::io(format!("writing {}", file.display())))?;
        let (ended, exit) = watch::channel(None);
        tokio::spawn(async move {
            if let Ok(status) = child.wait().await {
                let _ = ended.send(Some(status));
            }
        });
        Ok(Running { launch: self.clone(), process, exit })
    }

    fn command(&self, dir: &Path) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(&self.arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", dir)
            .env("LC_ALL", "C.UTF-8")
            .env("TZ", "UTC")
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .current_dir(dir)
            .process_group(0);
        if let Some(account) = self.account {
            command.uid(account.uid).gid(account.gid);
        }
        command
    }
}

/// The file with the number of a server's process.
fn pid_file(dir: &Path, name: &str) -> PathBuf {
    dir.join("run").join(format!("{name}.pid"))
}
