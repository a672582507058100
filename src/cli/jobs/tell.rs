//! A job in words, and as JSON.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::adapters::ledger::told;
use crate::app::screens::jobs::progress;
use crate::app::screens::jobs::steps::steps;
use crate::domain::clean::Clean;
use crate::domain::job::Job;
use crate::domain::time::{Stamp, human};

/// The version of what `--json` prints.
const SCHEMA: u32 = 1;

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
        "schema": SCHEMA,
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
        "progress": job.progress.as_ref().map(|(at, step, progress)| json!({ "at": time(*at), "step": step, "progress": progress })),
        "plan": *job.plan,
        "history": history.collect::<Vec<_>>(),
    })
}

/// RFC 3339, UTC.
fn time(at: Stamp) -> String {
    jiff::Timestamp::from_millisecond(at.0).map_or_else(|_| at.0.to_string(), |at| at.to_string())
}
