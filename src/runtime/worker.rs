//! A job's worker: a process of its own, in its own session, without a terminal, from its own copy of the program. It takes the
//! job, and drives it until it ends or waits for an operator. No console is needed, and none can end it but by asking.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::adapters::ledger::{self, Home, JobJournal, Ledger, Record, operator};
use crate::adapters::repository::SealKey;
use crate::config::{self, model::Config};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::job::{JobId, Outcome};
use crate::domain::name::Name;
use crate::domain::time::Stamp;
use crate::jobs::driver::Driver;
use crate::jobs::steps;
use crate::ports::journal::Clock;
use crate::runtime::worker::gate::Gate;
use crate::runtime::world::Outside;
use crate::runtime::{metrics, planner};

pub(in crate::runtime) mod copy;
pub mod gate;
mod memory;
pub mod start;
pub mod survival;

/// How much less a job matters than what it backs up and who watches it.
const NICENESS: i32 = 10;

/// Leaves behind whatever session, terminal and working folder this process was started from, and yields to what matters more. To
/// be called first, while it has one thread.
pub fn detach(home: &Home) -> Result<(), Failure> {
    leave(home)?;
    // A job that may not be made to yield is a job nonetheless.
    let _ = rustix::process::nice(NICENESS);
    Ok(())
}

/// Leaves behind whatever session, terminal and working folder this process was started from. What it makes is then its user's, or
/// its group's where the ledger is shared.
pub(in crate::runtime) fn leave(home: &Home) -> Result<(), Failure> {
    let detached = rustix::process::setsid().map(drop);
    // Whoever leads a group already is in a session of its own, or was started by hand.
    detached.or_else(|e| if e == rustix::io::Errno::PERM { Ok(()) } else { Err(std::io::Error::from(e)) })?;
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(if home.is_shared() { 0o007 } else { 0o077 }));
    Ok(std::env::set_current_dir("/")?)
}

/// Takes a job and carries it on. Says how it ended; nothing where it waits for an operator, or another worker has it already.
pub async fn run(home: Home, id: JobId) -> Result<Option<Outcome>, Failure> {
    let _copy = copy::hold_mine();
    let stop = told_to_end()?;
    let ledger = Arc::new(Ledger::open(home)?);
    let record = ledger.job(id)?;
    ledger.is_as_confirmed(id)?;
    let unread = |e: config::ConfigError| Failure::new(FailureKind::Config, e.to_string()).mend("midwatch check");
    let config = config::load_again(&record.files).map_err(unread)?;
    let world = Outside::new(key(&ledger)?, config.scratch.as_deref())?.with_drills(&config, ledger.home());
    let outcome = carry_on(&ledger, &record, &world, stop).await?;
    if let Some(path) = &config.textfile
        && let Err(failure) = tell_metrics(&config, &record.plan.environment, &ledger, &world, path).await
    {
        // The job has ended as it did; that nobody was told is worth a line.
        ledger.note(id, &format!("{} was not written: {failure}", path.display()));
    }
    Ok(outcome)
}

/// Holds the job until nobody asks anything of it any more. What is asked while this holds it has no other worker started; what is
/// asked later has.
async fn carry_on(
    ledger: &Arc<Ledger>,
    record: &Record,
    world: &Outside,
    stop: watch::Receiver<bool>,
) -> Result<Option<Outcome>, Failure> {
    let mut outcome = drive(ledger, record, world, stop.clone()).await?;
    while ledger.is_asked(record.id)? {
        match drive(ledger, record, world, stop.clone()).await {
            // Whoever holds it or its target now hears of it.
            Err(failure) if failure.kind == FailureKind::Locked => break,
            driven => outcome = driven?,
        }
    }
    Ok(outcome)
}

async fn drive(
    ledger: &Arc<Ledger>,
    record: &Record,
    world: &Outside,
    stop: watch::Receiver<bool>,
) -> Result<Option<Outcome>, Failure> {
    let driver = Driver {
        job: record.id,
        plan: &record.plan,
        operator: &record.operator,
        host: &operator::host(),
        journal: &JobJournal::take(Arc::clone(ledger), record.id)?,
        world,
        clock: &SystemClock(Instant::now()),
        gate: &Gate::new(Arc::clone(ledger), record.clone()),
        kinds: steps::find,
        farewell: memory::line,
        stop,
    };
    driver.drive().await
}

/// Brings the metrics of an environment up to date.
async fn tell_metrics(config: &Config, name: &Name, ledger: &Ledger, world: &Outside, path: &Path) -> Result<(), Failure> {
    let sheet = metrics::gather(&planner::site(config, name)?, &ledger.failures(name)?, world).await?;
    Ok(metrics::write(path, &sheet.text())?)
}

/// This host's key. A login that may not read it can do without: what it needs it for then says so.
fn key(ledger: &Ledger) -> Result<Option<SealKey>, Failure> {
    match ledger.key() {
        Err(failure) if failure.kind == FailureKind::Denied => Ok(None),
        key => key.map(Some),
    }
}

/// Turns true when this process is told to end: the job is cancelled then. A hangup means nothing to it.
fn told_to_end() -> Result<watch::Receiver<bool>, Failure> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let mut hangup = signal(SignalKind::hangup())?;
    let (told, stop) = watch::channel(false);
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = terminate.recv() => break,
                _ = interrupt.recv() => break,
                _ = hangup.recv() => {}
            }
        }
        let _ = told.send(true);
        // The sender must outlive the job.
        told.closed().await;
    });
    Ok(stop)
}

/// The clocks of this host.
struct SystemClock(Instant);

impl Clock for SystemClock {
    fn mono(&self) -> Duration {
        self.0.elapsed()
    }

    fn wall(&self) -> Stamp {
        ledger::now()
    }

    fn sleep(&self, time: Duration) -> BoxFuture<'static, ()> {
        tokio::time::sleep(time).boxed()
    }
}

#[cfg(test)]
mod tests;
