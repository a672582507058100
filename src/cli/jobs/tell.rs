//! A job in words, and as JSON.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::adapters::ledger::told;
use crate::app::screens::jobs::progress;
use crate::app::screens::jobs::steps::steps;
use crate::cli::print::time;
use crate::domain::clean::Clean;
use crate::domain::job::{Job, JobId, Progress};
use crate::domain::time::human;

/// One line, for a list.
pub fn line(job: &Job) -> String {
    let call = job.plan.call.join(" ");
    let words = format!(
        "{:<6} {:<10} {}  {:<12} {}  {}",
        job.id,
        job.state.word(),
        told(job.submitted),
        job.operator,
        job.plan.environment,
        call
    );
    let why = job.failure().map(|failure| format!("  {}", failure.what)).unwrap_or_default();
    Clean::new(&(words + &why)).into_string() + "\n"
}

/// All of it, for a person.
pub fn text(job: &Job) -> String {
    let mut out = Vec::new();
    out.push(format!("job {}: {}", job.id, job.plan.call.join(" ")));
    out.push(format!("  {}, submitted {} by {} on {}", job.state.word(), told(job.submitted), job.operator, job.host));
    out.push(format!(
        "  in {} (guard {}), on {}: {}",
        job.plan.environment, job.plan.guard, job.plan.target.name, job.plan.target.words
    ));
    out.extend(job.plan.notes.iter().map(|note| format!("  ! {note}")));
    out.extend(progress::result(job).map(|result| format!("  {result}")));
    for (step, at) in steps(job).into_iter().zip(1..) {
        let mut line = format!("  {at:>2} {:<12} {}", step.standing.word(), step.spec.title);
        if let (Some(began), Some(ended)) = (step.began, step.ended) {
            // Writing to a string cannot fail.
            let _ = write!(line, "  ({})", human(ended.since(began)));
        }
        out.push(line);
        out.extend(step.failure.map(|failure| format!("       {failure}")));
    }
    out.into_iter().map(|line| Clean::new(&line).into_string() + "\n").collect::<Vec<_>>().concat()
}

/// All of it, for a program.
pub fn json(job: &Job) -> Value {
    let history = job.history.iter().map(|(at, event)| json!({ "at": time(*at), "event": event }));
    json!({
        "id": job.id,
        "state": job.state.word(),
        "call": job.plan.call,
        "environment": job.plan.environment,
        "target": job.plan.target,
        "operator": job.operator,
        "host": job.host,
        "submitted": time(job.submitted),
        "ended": job.ended().map(time),
        "failure": job.failure(),
        "result": progress::result(job),
        "progress": job.progress.as_ref().map(|(at, step, progress)| json!({ "at": time(*at), "step": step, "progress": Progress { so_far: None, ..progress.clone() } })),
        "plan": *job.plan,
        "history": history.collect::<Vec<_>>(),
    })
}

/// What was asked of a job: `run`, `cancel`, `resume`, `undo`.
pub fn asked(id: JobId, what: &str) -> Value {
    json!({ "job": id, "asked": what })
}
