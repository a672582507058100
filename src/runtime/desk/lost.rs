//! Jobs whose worker died: found, and taken up by a new one, which probes what was under way and performs what must be reverted
//! in any case. The rest waits for an operator.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::Desk;
use crate::adapters::ledger::{self, JobJournal, Ledger, Record};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::job::{Event, JobId};
use crate::domain::plan::StepId;
use crate::jobs::engine::{self, Decision};
use crate::runtime::worker::start;

/// How long a job may wait for its worker to take it. Older ones are not begun any more: what was confirmed then may be wrong now.
const STARTING: Duration = Duration::from_secs(60);

/// The jobs that this process has taken up: each once, so that what kills every worker is not fed with new ones.
#[derive(Default)]
pub(super) struct Tried(Mutex<BTreeSet<JobId>>);

impl Tried {
    /// Those of these that were not tried yet; now they are.
    pub(super) fn fresh(&self, lost: Vec<JobId>) -> Vec<JobId> {
        let mut tried = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lost.into_iter().filter(|id| tried.insert(*id)).collect()
    }
}

impl Desk {
    /// Finds jobs that nobody carries out and something is to be done for, and starts a worker for each, once; says which, and
    /// which could not be taken up. To be asked at every start, and by whoever stays, now and then: a stopped service must come
    /// back also where nobody starts anything.
    pub async fn take_up_lost(&self) -> Result<Vec<(JobId, Result<(), Failure>)>, Failure> {
        let lost = self.tried.fresh(self.read(find).await?);
        let mut taken = Vec::with_capacity(lost.len());
        for id in lost {
            match start::worker(&self.ledger, id).await {
                // Somebody was quicker.
                Err(failure) if failure.kind == FailureKind::Locked => {}
                done => taken.push((id, done)),
            }
        }
        Ok(taken)
    }
}

pub(super) fn find(ledger: &Arc<Ledger>) -> Result<Vec<JobId>, Failure> {
    let mut lost = Vec::new();
    if ledger.writable().is_err() {
        return Ok(lost);
    }
    for record in ledger.open_jobs()?.into_iter().filter(|record| !record.alive) {
        let asked = ledger.is_asked(record.id)?;
        if asked || needs_a_worker(&record) {
            lost.push(record.id);
        } else if !record.was_taken() && ledger::now().since(record.submitted) > STARTING {
            give_up(ledger, record.id, "it was never begun: whoever submitted it was gone before a worker had taken it")?;
        }
    }
    Ok(lost)
}

/// Whether a worker that takes the job would have anything to do before somebody asks for something.
fn needs_a_worker(record: &Record) -> bool {
    let taken = Event::Taken { pid: std::process::id() };
    let history: Vec<Event> = record.history.iter().map(|(_, event)| event.clone()).chain([taken]).collect();
    record.was_taken() && engine::next(&record.plan, &history) != Decision::Wait
}

/// Ends a job that never began, and says why.
pub(super) fn give_up(ledger: &Arc<Ledger>, id: JobId, why: &str) -> Result<(), Failure> {
    let journal = match JobJournal::take(Arc::clone(ledger), id) {
        Err(failure) if failure.kind == FailureKind::Locked => return Ok(()),
        journal => journal?,
    };
    let record = ledger.job(id)?;
    if record.was_taken() {
        return Ok(());
    }
    let step = record.plan.steps.first().map_or(StepId(0), |spec| spec.id);
    journal.end(step, Failure::new(FailureKind::Unavailable, why))
}
