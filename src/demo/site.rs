//! The folder of one demo, and starting programs in it.
//!
//! Every program gets a process group and a log of its own, works in its own folder, and inherits nothing of the environment:
//! a stray `PGHOST` or `HTTP_PROXY` must not bend the stack.

mod launch;

use std::collections::HashSet;
use std::fs;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::time::sleep;

pub use launch::Launch;

use crate::adapters::account::Account;
use crate::adapters::process::Process;
use crate::demo::error::DemoError;
use crate::demo::ports;
use crate::demo::protocol::{ProcessStatus, Progress};
use crate::demo::secret::Secrets;
use crate::demo::tools::Tools;

/// How long a server may take to come up.
const COMES_UP: Duration = Duration::from_secs(30);
/// How often a server is started anew when another program took its port.
const ATTEMPTS: u32 = 4;

/// Everything that the parts of a stack need to start.
#[derive(Debug)]
pub struct Site {
    /// The demo's folder.
    pub dir: PathBuf,
    /// The programs.
    pub tools: Tools,
    /// Who PostgreSQL runs as, where that is another user.
    pub account: Option<Account>,
    /// The passwords.
    pub secrets: Secrets,
    /// For asking servers whether they are ready.
    pub http: reqwest::Client,
    progress: watch::Sender<Vec<Progress>>,
    running: Mutex<Vec<Running>>,
    given: Mutex<HashSet<u16>>,
}

/// A program that was started.
#[derive(Clone, Debug)]
pub struct Running {
    launch: Launch,
    process: Process,
    exit: watch::Receiver<Option<ExitStatus>>,
}

impl Site {
    /// A site in an empty folder; steps that are done are told to `progress`.
    pub fn new(dir: PathBuf, tools: Tools, progress: watch::Sender<Vec<Progress>>) -> Result<Self, DemoError> {
        let secrets = Secrets::make(dir.join("secrets"))?;
        for folder in [dir.join("log"), dir.join("run")] {
            fs::create_dir_all(&folder).map_err(DemoError::io(format!("making {}", folder.display())))?;
        }
        Ok(Self {
            dir,
            tools,
            account: Account::for_postgres()?,
            secrets,
            http: http_client()?,
            progress,
            running: Mutex::default(),
            given: Mutex::default(),
        })
    }

    /// Makes a folder in the site for one program.
    pub fn folder(&self, name: &str) -> Result<PathBuf, DemoError> {
        let folder = self.dir.join(name);
        fs::create_dir_all(&folder).map_err(DemoError::io(format!("making {}", folder.display())))?;
        Ok(folder)
    }

    /// Does one step of the start and tells when it is done.
    pub async fn step<T>(&self, name: &str, work: impl Future<Output = Result<T, DemoError>>) -> Result<T, DemoError> {
        let began = Instant::now();
        let done = work.await?;
        let step = Progress { name: name.to_owned(), seconds: began.elapsed().as_secs_f64() };
        self.progress.send_modify(|steps| steps.push(step));
        Ok(done)
    }

    /// Runs a program to its end.
    pub async fn run(&self, launch: Launch) -> Result<(), DemoError> {
        let mut running = self.spawn(&launch)?;
        let ended = running.exit.wait_for(Option::is_some).await.ok().and_then(|status| *status);
        self.forget(running.process);
        match ended {
            Some(status) if status.success() => Ok(()),
            _ => Err(DemoError::not_up(&launch.name, self.last_words(&launch.name))),
        }
    }

    /// Starts a server on `N` free ports and waits until it is ready. One that lost a port to another program gets new ones.
    pub async fn serve<const N: usize>(
        &self,
        launch: impl Fn([u16; N]) -> Launch,
        ready: impl AsyncFn([u16; N]) -> bool,
    ) -> Result<[u16; N], DemoError> {
        let mut attempt = 1;
        loop {
            let ports = self.free_ports()?;
            let launch = launch(ports);
            let running = self.spawn(&launch)?;
            let Err(error) = self.until_ready(&running, async || ready(ports).await).await else { return Ok(ports) };
            let lost_port = self.last_words(&launch.name).to_lowercase().contains("address already in use");
            if !lost_port || attempt == ATTEMPTS {
                return Err(error);
            }
            self.forget(running.process);
            attempt += 1;
        }
    }

    /// The numbers and states of all servers.
    pub fn processes(&self) -> Vec<ProcessStatus> {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.iter().map(Running::status).collect()
    }

    /// A server by its name.
    pub fn process(&self, name: &str) -> Option<Process> {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.iter().find(|running| running.launch.name == name).map(|running| running.process)
    }

    /// Starts a server anew that has ended, as it was started first, on the same port. One that runs stays as it is.
    pub fn start_again(&self, name: &str) -> Result<(), DemoError> {
        let mut all = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let found = all.iter_mut().find(|running| running.launch.name == name);
        let running = found.ok_or_else(|| DemoError::not_up(name, "the demo has no such server"))?;
        if !running.process.alive() {
            *running = running.launch.spawn(&self.dir)?;
        }
        Ok(())
    }

    fn spawn(&self, launch: &Launch) -> Result<Running, DemoError> {
        let running = launch.spawn(&self.dir)?;
        self.running.lock().unwrap_or_else(PoisonError::into_inner).push(running.clone());
        Ok(running)
    }

    fn forget(&self, process: Process) {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).retain(|running| running.process != process);
    }

    async fn until_ready(&self, running: &Running, ready: impl AsyncFn() -> bool) -> Result<(), DemoError> {
        let deadline = Instant::now() + COMES_UP;
        while Instant::now() < deadline {
            let answered = ready().await;
            if running.exit.borrow().is_some() {
                return Err(DemoError::not_up(&running.launch.name, self.last_words(&running.launch.name)));
            }
            if answered {
                return Ok(());
            }
            sleep(Duration::from_millis(40)).await;
        }
        let name = &running.launch.name;
        let words = self.last_words(name);
        Err(DemoError::not_up(name, format!("not ready within {} s; its last words: {words}", COMES_UP.as_secs())))
    }

    /// The end of a program's log.
    fn last_words(&self, name: &str) -> String {
        let log = fs::read(self.dir.join("log").join(format!("{name}.log"))).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<&str> = log.lines().filter(|line| !line.trim().is_empty()).collect();
        lines[lines.len().saturating_sub(6)..].join("\n")
    }

    /// Free ports of the loopback, no two alike and none given before: nothing keeps them until the server takes them.
    fn free_ports<const N: usize>(&self) -> Result<[u16; N], DemoError> {
        let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        let mut ports = [0; N];
        for port in &mut ports {
            *port = loop {
                let free = ports::free().map_err(DemoError::io("looking for a free port"))?;
                if given.insert(free) {
                    break free;
                }
            };
        }
        Ok(ports)
    }
}

impl Running {
    fn status(&self) -> ProcessStatus {
        let state = match self.process.look() {
            None => "ended",
            Some(seen) if seen.stopped() => "stopped",
            Some(_) => "running",
        };
        ProcessStatus { name: self.launch.name.clone(), pid: self.process.pid, state: state.to_owned() }
    }
}

/// A client that never waits long and goes through no proxy: everything it asks is on the loopback.
fn http_client() -> Result<reqwest::Client, DemoError> {
    reqwest::Client::builder()
        .no_proxy()
        .timeout(Duration::from_secs(2))
        .build()
        .map_err(|error| DemoError::not_up("HTTP client", error))
}

#[cfg(test)]
mod tests;
