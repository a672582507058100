//! `midwatch chaos sweep`: ends what earlier drills left.

use std::time::Duration;

use clap::ArgMatches;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::cli::chaos::strays;
use crate::cli::print::time;
use crate::cli::{exit::Exit, print};
use crate::domain::chaos::end::{Found, Record};
use crate::domain::clean::Clean;
use crate::domain::failure::Failure;
use crate::domain::job::JobId;
use crate::domain::number::counted;
use crate::domain::time::Stamp;
use crate::runtime::desk::Desk;
use crate::runtime::ends::{self, timer};

/// How long it is waited for the ends that are performed.
const PATIENCE: Duration = Duration::from_secs(120);
/// How long whoever is to perform an end may take to begin.
const BEGINS_WITHIN: Duration = Duration::from_secs(10);
/// How long it is told what was accepted.
const WEEK: Duration = Duration::from_secs(7 * 24 * 3600);
/// How often it is looked.
const OFTEN: Duration = Duration::from_millis(100);

/// Tells the ends that are open, has those performed that nobody waits for, and waits until they are. Exits with 1 where one is
/// left.
pub async fn sweep(desk: &Desk, matches: &ArgMatches) -> Result<Exit, Failure> {
    if let Some(job) = matches.get_one("accept") {
        return accept(desk, *job, matches).await;
    }
    let open = || -> Result<Vec<Found>, Failure> { Ok(desk.faults()?.into_iter().filter(Found::is_open).collect()) };
    let deserted: Vec<_> = open()?.into_iter().filter(|found| !found.watched).map(|found| job(&found)).collect();
    if !matches.get_flag("dry-run") {
        for job in &deserted {
            desk.end_fault(*job)?;
        }
        let late = Instant::now() + PATIENCE;
        while open()?.iter().any(|found| deserted.contains(&job(found))) && Instant::now() < late {
            tokio::time::sleep(OFTEN).await;
        }
    }
    let is_told = |found: &Found| found.is_open() || deserted.contains(&job(found)) || is_somebodys(found);
    let told: Vec<_> = desk.faults()?.into_iter().filter(is_told).collect();
    // After the ends were performed: what they remove is no stray. What became of them is told whatever becomes of these.
    let strays = strays::sweep(desk, matches.get_flag("dry-run")).await;
    let nothing = if matches!(strays, Ok(false)) { "nothing is left of any drill\n" } else { "" };
    let words = || if told.is_empty() { nothing.to_owned() } else { told.iter().map(line).collect() };
    print::told(matches, || told.iter().map(object).collect::<Vec<_>>(), words)?;
    let is_left = strays? || told.iter().any(is_left);
    Ok(Exit::status(u8::from(is_left)))
}

fn job(found: &Found) -> JobId {
    found.record.undoing.job
}

/// Whether somebody has lately taken on themselves what it leaves: by then it is mended, or known where such things are written down.
fn is_somebodys(found: &Found) -> bool {
    let now = Stamp(jiff::Timestamp::now().as_millisecond());
    found.record.ended.as_ref().is_some_and(|ended| !ended.is_verified() && now.since(ended.at) < WEEK)
}

/// Gives up an end that cannot be performed. One that nobody waits for is tried once more: what is in its way may have gone.
async fn accept(desk: &Desk, job: JobId, matches: &ArgMatches) -> Result<Exit, Failure> {
    let found = || -> Result<Option<Found>, Failure> { Ok(desk.faults()?.into_iter().find(|found| self::job(found) == job)) };
    let is_over = |found: &Option<Found>| found.as_ref().is_none_or(|found| !found.is_open());
    let is_deserted = |found: Option<Found>| found.is_some_and(|found| found.is_open() && !found.watched);
    if is_deserted(found()?) {
        desk.end_fault(job)?;
        let late = Instant::now() + BEGINS_WITHIN;
        while is_deserted(found()?) && Instant::now() < late {
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
fn is_left(found: &Found) -> bool {
    found.is_open() && (!found.watched || found.record.trouble.is_some())
}

fn line(Found { record, watched, words }: &Found) -> String {
    let stands = match (&record.ended, &record.trouble) {
        (Some(ended), _) if ended.is_verified() => format!("ended, and that was verified: {}", ended.why.words()),
        (Some(ended), trouble) => {
            let steps: Vec<&str> = record.undoing.steps.iter().map(|step| step.title.as_str()).collect();
            let trouble = trouble.as_deref().unwrap_or("nobody could try to end it");
            let (trouble, steps) = (Clean::new(trouble), Clean::new(&steps.join(", then ")));
            format!("NOT ENDED, and accepted so at {}: {trouble}; yours to do: {steps}", time(ended.at))
        }
        (None, Some(trouble)) => {
            let mend = format!("; to give it up: midwatch chaos sweep --accept {}", record.undoing.job.0);
            let mend = if record.tries >= ends::TRIES { &mend } else { "" };
            format!("NOT ENDED after {}: {}{mend}", counted(record.tries, "attempt"), Clean::new(trouble))
        }
        (None, None) if *watched => format!("its end is armed, for {} at the latest", time(record.due)),
        (None, None) => deserted(record, words.as_deref()),
    };
    format!("drill {}: {}: {stands}\n", record.undoing.job, Clean::new(&record.undoing.plan.call.join(" ")))
}

/// How an end stands whose watchdog is gone, with the last words of that.
fn deserted(record: &Record, words: Option<&str>) -> String {
    if let Some(timer) = timer(record) {
        return format!("its watchdog is gone, and {timer}.timer of systemd ends it a few seconds after {}", time(record.due));
    }
    let said = words.map(|words| format!("; whoever was started said: {}", Clean::new(words))).unwrap_or_default();
    format!("NOT ENDED, and nobody waits to end it{said}")
}

/// The timer that ends it, as long as there is one.
fn timer(record: &Record) -> Option<&str> {
    record.timer.as_deref().filter(|unit| timer::is_set(unit))
}

fn object(Found { record, watched, .. }: &Found) -> Value {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::tests::fixtures::chaos::{armed, failing};
    use crate::domain::chaos::end::{Ended, Why};

    fn accepted(ago: Duration) -> Found {
        let at = Stamp(jiff::Timestamp::now().as_millisecond()).before(ago);
        let mut found = failing(15, 3);
        found.record.ended = Some(Ended { at, took: Duration::ZERO, why: Why::Accepted });
        found
    }

    #[test]
    fn rule_19_what_was_accepted_is_told_for_a_week_and_is_never_an_end() {
        let hour = Duration::from_secs(3600);
        assert!(is_somebodys(&accepted(hour)) && !is_somebodys(&accepted(WEEK + hour)) && !is_somebodys(&failing(15, 3)));
        let told = line(&accepted(hour));
        assert!(told.contains("NOT ENDED, and accepted so at 20") && told.contains("shop-db is not known any more"), "{told}");
        assert!(!is_left(&accepted(hour)), "somebody has taken it on");
    }

    #[test]
    fn an_end_that_nobody_can_perform_says_what_is_in_the_way() {
        let left = Found { watched: false, words: Some("midwatch.toml:3: no such environment".to_owned()), ..armed(15, 60) };
        assert!(line(&left).contains("nobody waits to end it; whoever was started said: midwatch.toml:3"), "{}", line(&left));
        assert!(is_left(&left));
    }
}
