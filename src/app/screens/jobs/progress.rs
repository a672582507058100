//! How far a running job is, and what there is to say of one that is over.

use std::time::Duration;

use crate::app::screens::jobs::steps::told;
use crate::domain::job::{Event, Job, Progress, State};
use crate::domain::plan::StepId;
use crate::domain::time::Stamp;

/// Progress that was told longer ago than this is told with its age.
const QUIET: Duration = Duration::from_secs(10);

/// The running step's progress, and its age where that is worth saying: from then on no rate is told, and no time left.
pub fn of(job: &Job, now: Stamp) -> Option<(Progress, Option<Duration>)> {
    let (at, _, progress) = job.progress.as_ref().filter(|_| job.state == State::Running)?;
    let age = now.since(*at);
    let quiet = age > QUIET;
    let rate = progress.rate.filter(|_| !quiet);
    Some((Progress { rate, ..progress.clone() }, quiet.then_some(age)))
}

/// Which step runs, and of how many: `(2, 5)`, counted from one.
pub fn place(job: &Job) -> Option<(usize, usize)> {
    let running = running(job)?;
    let at = job.plan.steps.iter().position(|step| step.id == running)?;
    Some((at + 1, job.plan.steps.len()))
}

fn running(job: &Job) -> Option<StepId> {
    let last = job.history.iter().rev().find_map(|(_, event)| match event {
        Event::Intended { step } => Some(*step),
        _ => None,
    });
    last.filter(|_| job.state == State::Running)
}

/// How long it has taken, or took.
pub fn took(job: &Job, now: Stamp) -> Duration {
    job.ended().unwrap_or(now).since(job.submitted)
}

/// What its last step that told something told: `1.2 GB, checksum only`.
pub fn result(job: &Job) -> Option<&str> {
    job.history.iter().rev().find_map(|(_, event)| match event {
        Event::Done { output, .. } => told(output),
        _ => None,
    })
}
