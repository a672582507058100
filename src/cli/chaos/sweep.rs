//! `midwatch chaos sweep`: ends what earlier drills left.

use std::time::Duration;

use clap::ArgMatches;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::cli::chaos::strays;
use crate::cli::print::time;
use crate::cli::{exit::Exit, print};
use crate::domain::chaos::end::Record;
use crate::domain::clean::Clean;
use crate::domain::failure::Failure;
use crate::domain::job::JobId;
use crate::domain::number::counted;
use crate::runtime::desk::Desk;
use crate::runtime::ends::{self, timer};

/// How long it is waited for the ends that are performed.
const PATIENCE: Duration = Duration::from_secs(120);
/// How long whoever is to perform an end may take to begin.
const BEGINS_WITHIN: Duration = Duration::from_secs(10);
/// How often it is looked.
const OFTEN: Duration = Duration::from_millis(100);

/// Tells the ends that are open, has those performed that nobody waits for, and waits until they are. Exits with 1 where one is
/// left.
pub async fn sweep(desk: &Desk, matches: &ArgMatches) -> Result<Exit, Failure> {
    if let Some(job) = matches.get_one("accept") {
        return accept(desk, *job, matches).await;
    }
    let open = || -> Result<Vec<(Record, bool)>, Failure> {
        Ok(desk.faults()?.into_iter().filter(|(record, _)| record.ended.is_none()).collect())
    };
    let deserted: Vec<_> = open()?.into_iter().filter(|(_, watched)| !watched).map(|(record, _)| record.undoing.job).collect();
    if !matches.get_flag("dry-run") {
        for job in &deserted {
            desk.end_fault(*job)?;
        }
        let late = Instant::now() + PATIENCE;
        while open()?.iter().any(|(record, _)| deserted.contains(&record.undoing.job)) && Instant::now() < late {
            tokio::time::sleep(OFTEN).await;
        }
    }
    let told: Vec<_> = desk
        .faults()?
        .into_iter()
        .filter(|(record, _)| record.ended.is_none() || deserted.contains(&record.undoing.job))
        .collect();
    // After the ends were performed: what they remove is no stray. What became of them is told whatever becomes of these.
    let strays = strays::sweep(desk, matches.get_flag("dry-run")).await;
    let nothing = if matches!(strays, Ok(false)) { "nothing is left of any drill\n" } else { "" };
    let words = || if told.is_empty() { nothing.to_owned() } else { told.iter().map(line).collect() };
    print::told(matches, || told.iter().map(object).collect::<Vec<_>>(), words)?;
    let is_left = strays? || told.iter().any(is_left);
    Ok(Exit::status(u8::from(is_left)))
}

/// Gives up an end that cannot be performed. One that nobody waits for is tried once more: what is in its way may have gone.
async fn accept(desk: &Desk, job: JobId, matches: &ArgMatches) -> Result<Exit, Failure> {
    let found = || -> Result<Option<(Record, bool)>, Failure> {
        Ok(desk.faults()?.into_iter().find(|(record, _)| record.undoing.job == job))
    };
    let is_over = |found: &Option<(Record, bool)>| found.as_ref().is_none_or(|(record, _)| record.ended.is_some());
    if found()?.is_some_and(|(record, watched)| record.ended.is_none() && !watched) {
        desk.end_fault(job)?;
        let late = Instant::now() + BEGINS_WITHIN;
        while found()?.is_some_and(|(record, watched)| record.ended.is_none() && !watched) && Instant::now() < late {
            tokio::time::sleep(OFTEN).await;
        }
    }
    desk.accept_fault(job).await?;
    // A try that is under way is not broken off.
    let late = Instant::now() + PATIENCE;
    while !is_over(&found()?) && Instant::now() < late {
        tokio::time::sleep(OFTEN).await;
    }
    let told = found()?;
    print::told(matches, || told.iter().map(object).collect::<Vec<_>>(), || told.iter().map(line).collect())?;
    Ok(Exit::status(u8::from(!is_over(&told))))
}

/// Whether an end was not performed that should have been: nobody waits to perform it, or it was tried in vain.
fn is_left((record, watched): &(Record, bool)) -> bool {
    record.ended.is_none() && (!watched || record.trouble.is_some())
}

fn line((record, watched): &(Record, bool)) -> String {
    let stands = match (&record.ended, &record.trouble) {
        (Some(ended), _) if ended.is_verified() => format!("ended, and that was verified: {}", ended.why.words()),
        (Some(_), trouble) => {
            let steps: Vec<&str> = record.undoing.steps.iter().map(|step| step.title.as_str()).collect();
            let trouble = trouble.as_deref().unwrap_or("nobody could try to end it");
            format!("NOT ENDED, and accepted so: {}; yours to do: {}", Clean::new(trouble), Clean::new(&steps.join(", then ")))
        }
        (None, Some(trouble)) => {
            let mend = format!("; to give it up: midwatch chaos sweep --accept {}", record.undoing.job.0);
            let mend = if record.tries >= ends::TRIES { &mend } else { "" };
            format!("NOT ENDED after {}: {}{mend}", counted(record.tries, "attempt"), Clean::new(trouble))
        }
        (None, None) if *watched => format!("its end is armed, for {} at the latest", time(record.due)),
        (None, None) => match timer(record) {
            Some(timer) => {
                format!("its watchdog is gone, and {timer}.timer of systemd ends it a few seconds after {}", time(record.due))
            }
            None => "NOT ENDED, and nobody waits to end it".to_owned(),
        },
    };
    format!("drill {}: {}: {stands}\n", record.undoing.job, Clean::new(&record.undoing.plan.call.join(" ")))
}

/// The timer that ends it, as long as there is one.
fn timer(record: &Record) -> Option<&str> {
    record.timer.as_deref().filter(|unit| timer::is_set(unit))
}

fn object((record, watched): &(Record, bool)) -> Value {
    json!({
        "job": record.undoing.job,
        "call": record.undoing.plan.call,
        "due": time(record.due),
        "watched": watched,
        "timer": timer(record),
        "tries": record.tries,
        "trouble": record.trouble,
        "ended": record.ended.as_ref().map(|ended| json!({ "at": time(ended.at), "why": ended.why, "took_seconds": ended.took.as_secs_f64() })),
    })
}
