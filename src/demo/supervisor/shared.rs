//! What the supervisor and its connections know together.

use std::future::pending;
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::{sleep, timeout};

use crate::demo::error::DemoError;
use crate::demo::faults::{FaultKind, FaultStatus, Injector, Target};
use crate::demo::protocol::{Endpoints, Progress, Status};
use crate::demo::site::Site;
use crate::demo::stack;
use crate::demo::supervisor::Supervisor;
use crate::demo::tools::Tools;

/// The instance of the shop that can be stopped.
const VICTIM: &str = "app-2";

/// How the start went; none while it goes on.
pub type Outcome = Option<Result<Box<Endpoints>, String>>;

/// One demo as its supervisor knows it.
#[derive(Debug)]
pub struct Shared {
    supervisor: Supervisor,
    site: Site,
    injector: Injector,
    progress: watch::Receiver<Vec<Progress>>,
    outcome: watch::Sender<Outcome>,
    holders: watch::Sender<usize>,
    stop: Notify,
    ending: watch::Sender<bool>,
}

/// Holds a demo up until it is dropped.
#[derive(Debug)]
pub struct Lease<'a>(&'a watch::Sender<usize>);

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|holders| *holders -= 1);
    }
}

impl Shared {
    /// Prepares the folder; nothing is started yet.
    pub fn new(supervisor: Supervisor) -> Result<Self, DemoError> {
        let (steps, progress) = watch::channel(Vec::new());
        let tools = Tools::find().map_err(DemoError::Missing)?;
        let site = Site::new(supervisor.dir.clone(), tools, steps)?;
        let injector = Injector::new(supervisor.dir.clone());
        let (outcome, holders) = (watch::Sender::new(None), watch::Sender::new(0));
        Ok(Self {
            supervisor,
            site,
            injector,
            progress,
            outcome,
            holders,
            stop: Notify::new(),
            ending: watch::Sender::new(false),
        })
    }

    /// Starts the stack. Comes back only when that failed.
    pub async fn bring_up(&self) {
        let outcome = Box::pin(stack::start(&self.site, &self.supervisor.name, &self.supervisor.socket)).await;
        let failed = outcome.is_err();
        self.outcome.send_replace(Some(outcome.map(Box::new).map_err(|error| error.to_string())));
        if !failed {
            pending::<()>().await;
        }
    }

    /// Asks for the end.
    pub fn stop(&self) {
        self.stop.notify_one();
    }

    /// Waits until the end was asked for.
    pub async fn until_stopped(&self) {
        self.stop.notified().await;
    }

    /// Tells all who hold the demo that it is ending.
    pub fn say_farewell(&self) {
        self.ending.send_replace(true);
    }

    /// Waits until the demo is ending.
    pub async fn until_ending(&self) {
        let _ = self.ending.subscribe().wait_for(|ending| *ending).await;
    }

    /// Waits until nobody has held the demo for its linger. Before it is ready only those who wait for it can want it.
    pub async fn until_unheld(&self) {
        let mut holders = self.holders.subscribe();
        let linger = Duration::from_secs(self.supervisor.linger);
        // The one who started it is about to hold it.
        let _ = timeout(linger.max(Duration::from_secs(5)), holders.wait_for(|holders| *holders > 0)).await;
        loop {
            let _ = holders.wait_for(|holders| *holders == 0).await;
            let ready = self.outcome.borrow().is_some();
            tokio::select! {
                () = sleep(if ready { linger } else { Duration::ZERO }) => return,
                _ = holders.wait_for(|holders| *holders > 0) => {}
            }
        }
    }

    /// Holds the demo up.
    pub fn hold(&self) -> Lease<'_> {
        self.holders.send_modify(|holders| *holders += 1);
        Lease(&self.holders)
    }

    /// The steps of the start that are done, and how it went.
    pub fn watch(&self) -> (watch::Receiver<Vec<Progress>>, watch::Receiver<Outcome>) {
        (self.progress.clone(), self.outcome.subscribe())
    }

    /// How the demo is.
    pub async fn status(&self) -> Status {
        Status {
            name: self.supervisor.name.clone(),
            dir: self.supervisor.dir.clone(),
            supervisor: std::process::id(),
            endpoints: self.endpoints(),
            processes: self.site.processes(),
            faults: self.injector.status().await,
            holders: *self.holders.borrow(),
            linger: self.supervisor.linger,
        }
    }

    /// The latest fault of each kind.
    pub async fn faults(&self) -> Vec<FaultStatus> {
        self.injector.status().await
    }

    /// Starts a server anew that has ended.
    pub fn start_again(&self, server: &str) -> Result<(), String> {
        self.site.start_again(server).map_err(|error| error.to_string())
    }

    /// Breaks something.
    pub async fn break_something(&self, what: FaultKind, seconds: u64) -> Result<FaultStatus, String> {
        if !(1..=3600).contains(&seconds) {
            return Err("a fault lasts between 1 s and an hour".to_owned());
        }
        let endpoints = self.endpoints().ok_or("the demo is still starting")?;
        self.injector.inject(self.target(what, &endpoints)?, seconds).await
    }

    fn target(&self, what: FaultKind, endpoints: &Endpoints) -> Result<Target, String> {
        let target = match what {
            FaultKind::PausePostgres => endpoints.postgres.get("primary").and_then(|server| {
                Some(Target::Postgres { port: port(&server.address)?, data: self.supervisor.dir.join("primary/data") })
            }),
            FaultKind::StopApp => endpoints
                .apps
                .iter()
                .find(|app| app.name == VICTIM)
                .and_then(|app| Some(Target::App { process: self.site.process(VICTIM)?, port: port(&app.url)? })),
            FaultKind::FillRedis => {
                endpoints.redis.get("primary").and_then(|server| Some(Target::Redis { port: port(&server.address)? }))
            }
            FaultKind::LockChain | FaultKind::IdleTransaction | FaultKind::SlowQuery => {
                let server = endpoints.postgres.get("primary");
                server.and_then(|server| Some(Target::Sessions { port: port(&server.address)?, what }))
            }
        };
        target.ok_or_else(|| "its target is not there".to_owned())
    }

    fn endpoints(&self) -> Option<Box<Endpoints>> {
        self.outcome.borrow().as_ref().and_then(|outcome| outcome.as_ref().ok().cloned())
    }
}

fn port(address: &str) -> Option<u16> {
    address.rsplit(':').next()?.parse().ok()
}
