//! The desk: what consoles and the shell do with jobs. It records them, starts their workers, tells where they stand, and passes
//! on what operators ask. It carries out nothing itself: that is a [worker](crate::runtime::worker)'s, in a process of its own.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::adapters::ledger::audit::{Entry, Verdict};
use crate::adapters::ledger::{self, Home, Ledger, Record, operator};
use crate::adapters::repository::SealKey;
use crate::domain::chaos::end;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::guard;
use crate::domain::job::{Control, Job, JobId, Log, State};
use crate::domain::name::Name;
use crate::domain::plan::{Confirmation, Plan};
use crate::domain::time::Stamp;
use crate::runtime::ends::Ends;
use crate::runtime::worker::gate;
use crate::runtime::worker::start;

mod drills;
mod lost;
mod seen;

/// How many jobs back "while you were away" looks.
const BACK: u32 = 200;

/// What consoles and the shell do with jobs. Cloning shares the ledger.
#[derive(Clone)]
pub struct Desk {
    ledger: Arc<Ledger>,
    operator: Arc<str>,
    host: Arc<str>,
    seen: Arc<seen::Seen>,
    tried: Arc<lost::Tried>,
    drills: Arc<drills::Drills>,
}

impl Desk {
    /// Opens the ledger of this host, or of a folder.
    pub fn open(state: Option<&Path>) -> Result<Self, Failure> {
        let ledger = Arc::new(Ledger::open(Home::find(state)?)?);
        Ok(Self {
            ledger,
            operator: operator::name().into(),
            host: operator::host().into(),
            seen: Arc::default(),
            tried: Arc::default(),
            drills: Arc::default(),
        })
    }

    /// The ledger itself: where it is, whether it is shared, this host's key.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// The login of whoever runs this process.
    pub fn operator(&self) -> &str {
        &self.operator
    }

    /// This host's name.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The newest jobs, the latest first.
    pub async fn jobs(&self, limit: u32) -> Result<Vec<Job>, Failure> {
        let records = self.read(move |ledger| ledger.jobs(limit)).await?;
        Ok(records.into_iter().map(job).collect())
    }

    /// One job.
    pub async fn job(&self, id: JobId) -> Result<Job, Failure> {
        self.read(move |ledger| ledger.job(id)).await.map(job)
    }

    /// A job's log from an offset in bytes, in whole lines, and where to go on; empty where there is no more yet.
    pub async fn log(&self, id: JobId, offset: u64) -> Result<(String, u64), Failure> {
        self.read(move |ledger| ledger.log(id, offset)).await
    }

    /// The end of a job's log: as many lines as a console holds.
    pub async fn log_tail(&self, id: JobId) -> Result<Log, Failure> {
        self.read(move |ledger| ledger.log_tail(id)).await
    }

    /// Where the ledger is, and whether it is shared.
    pub fn home(&self) -> &Home {
        self.ledger.home()
    }

    /// The key that this host seals backups with.
    pub fn key(&self) -> Result<SealKey, Failure> {
        self.ledger.key()
    }

    /// How many jobs of an environment failed or got stuck, by their routine.
    pub async fn failures(&self, environment: &Name) -> Result<BTreeMap<String, u64>, Failure> {
        let environment = environment.clone();
        self.read(move |ledger| ledger.failures(&environment)).await
    }

    /// Records a confirmed plan, audited, and starts its worker; returns when the worker has taken it. `files` are those of the
    /// configuration, nearest first: the worker reads them again.
    pub async fn submit(&self, plan: Plan, confirmation: Confirmation, files: Vec<PathBuf>) -> Result<JobId, Failure> {
        let (operator, host) = (Arc::clone(&self.operator), Arc::clone(&self.host));
        let id = self
            .read(move |ledger| {
                let now = ledger::now();
                let unlocked_until = ledger.unlocked(&plan.environment, &operator, now)?;
                gate::judge(&plan, &confirmation, &files, gate::Moment { unlocked_until, now })?;
                let (operator, host) = (operator.as_ref(), host.as_ref());
                let job = ledger::Submission { plan: &plan, operator, host, confirmation: &confirmation, files: &files };
                ledger.submit(job)
            })
            .await?;
        match start::worker(&self.ledger, id).await {
            Ok(()) => Ok(id),
            Err(failure) => {
                self.read(move |ledger| lost::give_up(ledger, id, "its worker did not start")).await?;
                Err(failure)
            }
        }
    }

    /// Asks something of a job, audited; starts a worker for it where none is left.
    pub async fn control(&self, id: JobId, control: Control) -> Result<(), Failure> {
        let operator = Arc::clone(&self.operator);
        let alive = self
            .read(move |ledger| {
                let record = ledger.job(id)?;
                makes_sense(&record, control)?;
                if control != Control::Cancel {
                    let now = ledger::now();
                    let unlocked_until = ledger.unlocked(&record.plan.environment, &operator, now)?;
                    let moment = gate::Moment { unlocked_until, now };
                    gate::judge(&record.plan, &record.confirmation, &record.files, moment)?;
                }
                ledger.ask(id, control, &operator)?;
                // Asked again, for a worker that ended meanwhile has not heard it.
                Ok(ledger.job(id)?.alive)
            })
            .await?;
        if alive { Ok(()) } else { start::worker(&self.ledger, id).await }
    }

    /// Unlocks a strict environment for this operator for a while, audited; says until when.
    pub async fn unlock(&self, environment: &Name) -> Result<Stamp, Failure> {
        let (environment, operator) = (environment.clone(), Arc::clone(&self.operator));
        self.read(move |ledger| ledger.unlock(&environment, &operator, guard::UNLOCK)).await
    }

    /// Until when an environment is unlocked for this operator; none where it is locked.
    pub async fn unlocked(&self, environment: &Name) -> Result<Option<Stamp>, Failure> {
        let (environment, operator) = (environment.clone(), Arc::clone(&self.operator));
        self.read(move |ledger| ledger.unlocked(&environment, &operator, ledger::now())).await
    }

    /// The last entries of the audit trail, the latest first.
    pub async fn audit(&self, limit: u32) -> Result<Vec<Entry>, Failure> {
        self.read(move |ledger| ledger.audit(limit)).await
    }

    /// Walks the audit trail, and says where it is first not as it was written.
    pub async fn verify_audit(&self) -> Result<Verdict, Failure> {
        self.read(|ledger| ledger.verify_audit()).await
    }

    /// The ends of all drills' faults, the newest first.
    pub fn faults(&self) -> Result<Vec<end::Found>, Failure> {
        self.ends().all()
    }

    /// How a drill's fault ended; none where it has not, or there was none.
    pub fn fault(&self, id: JobId) -> Result<Option<end::Ended>, Failure> {
        self.ends().ended_of(id)
    }

    /// Has somebody wait to end a drill's fault, where nobody does: at once where nobody carries the drill out either.
    pub fn end_fault(&self, id: JobId) -> Result<(), Failure> {
        self.ends().start(id)
    }

    /// The same for every fault whose end nobody waits to perform.
    pub fn take_up_faults(&self) -> Result<(), Failure> {
        self.ends().take_up()
    }

    /// Takes on this operator what a drill's end leaves that cannot be performed, audited.
    pub async fn accept_fault(&self, id: JobId) -> Result<(), Failure> {
        let (ends, operator) = (self.ends(), Arc::clone(&self.operator));
        self.read(move |ledger| ends.accept(id, || ledger.audit_for(id, &operator, "accept what is left of the fault"))).await
    }

    fn ends(&self) -> Ends {
        // Those that are armed know their configuration themselves.
        Ends::new(self.ledger.home().clone(), Vec::new())
    }

    /// Asks the ledger where that may take a while.
    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Arc<Ledger>) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let ledger = Arc::clone(&self.ledger);
        let done = tokio::task::spawn_blocking(move || work(&ledger)).await;
        done.unwrap_or_else(|error| Err(Failure::new(FailureKind::Bug, format!("the ledger: {error}"))))
    }
}

/// Whether there is anything to ask of a job.
fn makes_sense(record: &Record, control: Control) -> Result<(), Failure> {
    let id = record.id;
    let refused = |what: String| Err(Failure::new(FailureKind::Refused, what));
    match (control, state(record)) {
        (Control::Cancel | Control::Resume, State::Ended(outcome)) => {
            refused(format!("job {id} has ended: {}", State::Ended(outcome).word()))
        }
        (Control::Resume, State::Running) => refused(format!("job {id} is running")),
        _ => Ok(()),
    }
}

fn state(record: &Record) -> State {
    State::of(record.history.iter().map(|(_, event)| event), record.alive)
}

/// A job as consoles see it.
fn job(record: Record) -> Job {
    Job {
        state: state(&record),
        id: record.id,
        plan: record.plan,
        operator: record.operator,
        host: record.host,
        submitted: record.submitted,
        history: record.history,
        progress: record.progress,
    }
}

#[cfg(test)]
mod tests;
