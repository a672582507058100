//! The ledger as one job's worker sees it: [`Journal`] for the job it has taken.

use std::fs::File;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;

use super::locks::{self, Holder};
use super::{Ledger, files, now};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::job::{Control, Event, JobId, Outcome, Progress};
use crate::domain::plan::{Identity, StepId};
use crate::domain::time::Stamp;
use crate::ports::Promise;
use crate::ports::journal::Journal;

/// How often progress is written: consoles look about once a second.
const OFTEN: Duration = Duration::from_millis(250);

/// One job, held by this process until this is dropped.
pub struct JobJournal {
    ledger: Arc<Ledger>,
    id: JobId,
    operator: String,
    what: String,
    log: File,
    told: Mutex<Option<Instant>>,
    /// The last row of what operators asked that was handed out.
    asked: AtomicI64,
    _alive: File,
}

impl JobJournal {
    /// Takes a job for this process. Fails where another worker has it.
    pub fn take(ledger: Arc<Ledger>, id: JobId) -> Result<Self, Failure> {
        ledger.writable()?;
        let record = ledger.job(id)?;
        files::make(ledger.home(), id)?;
        let alive = files::take(ledger.home(), id)?;
        Ok(Self {
            id,
            operator: record.operator,
            what: record.plan.call.join(" "),
            log: files::log(ledger.home(), id)?,
            told: Mutex::default(),
            asked: AtomicI64::default(),
            _alive: alive,
            ledger,
        })
    }

    /// Ends a job that nobody began, as failed. Blocks.
    pub fn end(&self, step: StepId, failure: Failure) -> Result<(), Failure> {
        self.log(&failure.what);
        self.ledger.append(self.id, &Event::Failed { step, failure })?;
        self.ledger.append(self.id, &Event::Finished { outcome: Outcome::Failed })
    }

    /// Runs something that blocks where it may.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Ledger) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let ledger = Arc::clone(&self.ledger);
        let done = tokio::task::spawn_blocking(move || work(&ledger)).await;
        done.unwrap_or_else(|error| Err(Failure::new(FailureKind::Bug, format!("the ledger: {error}"))))
    }
}

impl Journal for JobJournal {
    fn history(&self) -> Promise<'_, Vec<(Stamp, Event)>> {
        let id = self.id;
        self.blocking(move |ledger| ledger.history(id)).boxed()
    }

    fn append<'a>(&'a self, event: &'a Event) -> Promise<'a, ()> {
        let (id, event) = (self.id, event.clone());
        self.blocking(move |ledger| ledger.append(id, &event)).boxed()
    }

    fn asked(&self) -> Promise<'_, Vec<(Control, String)>> {
        let (id, after) = (self.id, self.asked.load(Ordering::Relaxed));
        async move {
            let asked = self.blocking(move |ledger| ledger.asked(id, after)).await?;
            if let Some((row, ..)) = asked.last() {
                self.asked.store(*row, Ordering::Relaxed);
            }
            Ok(asked.into_iter().map(|(_, control, who)| (control, who)).collect())
        }
        .boxed()
    }

    fn lock<'a>(&'a self, target: &'a Identity) -> Promise<'a, Box<dyn Send + Sync>> {
        let holder = Holder { who: self.operator.clone(), what: self.what.clone(), since: now(), job: self.id };
        let keys = target.keys.clone();
        async move {
            let held = self.blocking(move |ledger| locks::take(ledger.home(), &keys, &holder)).await?;
            Ok(Box::new(held) as Box<dyn Send + Sync>)
        }
        .boxed()
    }

    fn progress(&self, step: StepId, progress: &Progress) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let whole = progress.total.is_some_and(|total| progress.bytes >= total);
        if told.is_some_and(|last| last.elapsed() < OFTEN) && !whole {
            return;
        }
        *told = Some(Instant::now());
        // Not being able to tell how far a step is, on a full disk say, is no reason to stop it.
        drop(files::write_progress(self.ledger.home(), self.id, step, now(), progress));
    }

    fn log(&self, line: &str) {
        drop(files::write_line(&self.log, now(), line));
    }
}
