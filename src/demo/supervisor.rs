//! The process that owns a demo: it starts the stack, answers on the control socket, and sweeps up when it ends.

mod control;
mod shared;

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustix::fs::Mode;
use serde::{Deserialize, Serialize};
use tokio::net::UnixListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::sleep;

use crate::demo::error::DemoError;
use crate::demo::supervisor::shared::Shared;
use crate::demo::sweep::Sweep;
use crate::demo::watchdog::Leash;

/// How often it is checked that the watchdog is there.
const LEASH_CHECK: Duration = Duration::from_secs(1);

/// Which demo to own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Supervisor {
    /// Its name.
    pub name: String,
    /// Its folder, which is there and holds no more than the supervisor's log.
    pub dir: PathBuf,
    /// Where it is controlled.
    pub socket: PathBuf,
    /// After how many seconds without a holder it ends.
    pub linger: u64,
}

impl Supervisor {
    /// Owns the demo to its end. A stack that does not start is told to whoever holds the lease.
    ///
    /// An error leaves the sweeping to the watchdog: its leash is dropped without a farewell.
    pub async fn run(self) -> Result<(), DemoError> {
        rustix::process::setsid().map_err(|errno| DemoError::io("leaving the session")(errno.into()))?;
        rustix::process::umask(Mode::RWXG | Mode::RWXO);
        let sweep = Sweep { dir: self.dir.clone(), socket: self.socket.clone(), session: std::process::id() };
        let mut leash = Leash::new(&sweep)?;
        self.open_folder()?;
        let listener =
            UnixListener::bind(&self.socket).map_err(DemoError::io(format!("listening on {}", self.socket.display())))?;
        let shared = Arc::new(Shared::new(self)?);
        tokio::spawn(control::serve(listener, Arc::clone(&shared)));
        over(&shared, &mut leash, &sweep).await?;
        shared.say_farewell();
        let swept = tokio::task::spawn_blocking(move || {
            sweep.run();
            leash.release();
        });
        swept.await.map_err(|error| DemoError::not_up("sweep", error))
    }

    /// Lets other users through to what is theirs: PostgreSQL may run as one.
    fn open_folder(&self) -> Result<(), DemoError> {
        let mode = if rustix::process::geteuid().is_root() { 0o711 } else { 0o700 };
        fs::set_permissions(&self.dir, Permissions::from_mode(mode))
            .map_err(DemoError::io(format!("opening {}", self.dir.display())))
    }
}

/// Starts the stack, and waits until it is to end.
async fn over(shared: &Shared, leash: &mut Leash, sweep: &Sweep) -> Result<(), DemoError> {
    tokio::select! {
        () = shared.bring_up() => Ok(()),
        () = shared.until_stopped() => Ok(()),
        () = shared.until_unheld() => Ok(()),
        told = told() => told,
        lost = keep(leash, sweep) => lost,
    }
}

/// Waits for a signal to end.
async fn told() -> Result<(), DemoError> {
    let listen = |kind| signal(kind).map_err(DemoError::io("listening to signals"));
    let (mut terminate, mut interrupt) = (listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?);
    tokio::select! {
        _ = terminate.recv() => Ok(()),
        _ = interrupt.recv() => Ok(()),
    }
}

/// Replaces a watchdog that is gone; ends only when that fails.
async fn keep(leash: &mut Leash, sweep: &Sweep) -> Result<(), DemoError> {
    loop {
        sleep(LEASH_CHECK).await;
        if leash.broken() {
            *leash = Leash::new(sweep)?;
        }
    }
}
