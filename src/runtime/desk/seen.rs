//! While you were away: what ended or was lost since an operator last had a console open.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::{BACK, Desk};
use crate::domain::chaos::report::Missed;
use crate::domain::failure::Failure;
use crate::domain::job::{Job, State};
use crate::domain::time::Stamp;

/// How often it is noted that somebody is here.
const OFTEN: Duration = Duration::from_secs(60);

/// When it was last noted that the operator is here.
#[derive(Default)]
pub(super) struct Seen(Mutex<Option<Instant>>);

impl Desk {
    /// The jobs that ended since this operator last had a console open, and those that are lost, the latest first. For a console
    /// that opens: from now on the operator is here.
    pub async fn away(&self) -> Result<Vec<Missed>, Failure> {
        let operator = Arc::clone(&self.operator);
        let since = self.read(move |ledger| ledger.seen(&operator)).await?;
        let mut jobs = self.jobs(BACK).await?;
        jobs.retain(|job| is_news(job, since));
        let desk = self.clone();
        let missed = move |job: Job| Ok(Missed { drill: desk.report(&job)?, job });
        self.read(move |_| jobs.into_iter().map(missed).collect()).await
    }

    /// Notes that this operator still has a console open; to be called as often as is convenient.
    pub async fn present(&self) -> Result<(), Failure> {
        if self.seen.is_fresh() {
            return Ok(());
        }
        let operator = Arc::clone(&self.operator);
        self.read(move |ledger| ledger.seen(&operator)).await.map(drop)
    }
}

impl Seen {
    /// Whether it was noted a moment ago; if not, it is said to be now.
    fn is_fresh(&self) -> bool {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = last.is_some_and(|last| last.elapsed() < OFTEN);
        if !fresh {
            *last = Some(Instant::now());
        }
        fresh
    }
}

/// Somebody who was never here has missed nothing; what is lost waits for somebody, whoever they are.
fn is_news(job: &Job, since: Option<Stamp>) -> bool {
    match job.state {
        State::Lost => true,
        State::Ended(_) => since.is_some_and(|since| job.ended().is_some_and(|at| at > since)),
        State::Submitted | State::Running => false,
    }
}
