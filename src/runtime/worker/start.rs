//! Starts a worker, and waits until it has taken its job.

use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use tokio::process::{Child, Command};
use tokio::time::Instant;

use super::{copy, survival};
use crate::adapters::ledger::Ledger;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::job::{Event, JobId};

/// How long a worker may take to take its job: hosts on bad days are slow.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often it is looked whether it has.
const OFTEN: Duration = Duration::from_millis(20);

/// Starts a worker for a job; returns when it has taken it, or had nothing to do.
pub async fn worker(ledger: &Arc<Ledger>, id: JobId) -> Result<(), Failure> {
    let before = taken(ledger, id).await?;
    let (mut child, _copy) = blocking(ledger, move |ledger| spawn(ledger, id)).await?;
    let deadline = Instant::now() + PATIENCE;
    loop {
        let ended = child.try_wait()?;
        // Asked after that: one that ended at once may yet have done its job.
        if taken(ledger, id).await? > before {
            return Ok(());
        }
        match ended {
            Some(status) if status.success() => return Ok(()),
            Some(status) => return Err(blocking(ledger, move |ledger| Ok(died(ledger, id, status))).await?),
            None if Instant::now() > deadline => return Err(late(id)),
            None => tokio::time::sleep(OFTEN).await,
        }
    }
}

/// How many workers have taken a job so far.
async fn taken(ledger: &Arc<Ledger>, id: JobId) -> Result<usize, Failure> {
    let history = blocking(ledger, move |ledger| ledger.history(id)).await?;
    Ok(history.iter().filter(|(_, event)| matches!(event, Event::Taken { .. })).count())
}

async fn blocking<T: Send + 'static>(
    ledger: &Arc<Ledger>,
    work: impl FnOnce(&Ledger) -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    let ledger = Arc::clone(ledger);
    let done = tokio::task::spawn_blocking(move || work(&ledger)).await;
    done.unwrap_or_else(|error| Err(Failure::new(FailureKind::Bug, format!("starting a worker: {error}"))))
}

/// In the environment of whoever asks, for references to secrets may point there; with nothing else of theirs.
fn spawn(ledger: &Ledger, id: JobId) -> Result<(Child, copy::InUse), Failure> {
    let copy = copy::of_myself(ledger.home())?;
    let mut words = survival::wrapping(&format!("midwatch-job-{}-{}", id.0, std::process::id()));
    words.push(copy.program.clone().into());
    let stderr = ledger.stderr(id)?;
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).arg("--state").arg(ledger.home().path()).arg("job-worker").arg(id.0.to_string());
    command.stdin(Stdio::null()).stdout(stderr.try_clone()?).stderr(stderr).current_dir("/");
    let child = command.spawn().map_err(|e| Failure { what: format!("{}: {e}", copy.program.display()), ..e.into() })?;
    Ok((child, copy))
}

fn died(ledger: &Ledger, id: JobId, status: ExitStatus) -> Failure {
    let kind = match status.code() {
        Some(75) => FailureKind::Locked,
        Some(77) => FailureKind::Refused,
        Some(78) => FailureKind::Config,
        _ => FailureKind::Unavailable,
    };
    let words = ledger.last_words(id);
    Failure::new(kind, format!("the worker of job {id} ended before it had taken the job ({status})\n{words}").trim_end())
}

fn late(id: JobId) -> Failure {
    let what = format!("the worker of job {id} has not taken the job within {} s", PATIENCE.as_secs());
    Failure::new(FailureKind::Stalled, what).mend(format!("see whether it has since: midwatch jobs show {}", id.0))
}
