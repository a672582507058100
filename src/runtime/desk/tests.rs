//! The desk without workers: this test program is none.
#![allow(clippy::unwrap_used)]

use serde_json::Value;
use tempfile::TempDir;

use super::*;
use crate::adapters::ledger::{JobJournal, Submission};
use crate::domain::guard::Guard;
use crate::domain::job::{Event, Outcome};
use crate::domain::plan::{Identity, Revert, StepId, StepSpec};
use crate::ports::journal::Journal as _;

const STRICT: &str = "[environments.production]\nguard = 'strict'\nunattended = ['backup']\n";

fn plan(guard: Guard) -> Plan {
    let second = std::time::Duration::from_secs(1);
    let step = StepSpec {
        id: StepId(0),
        kind: "sweep".into(),
        title: "Sweep".into(),
        args: Value::Null,
        deadline: second,
        stall: second,
        revert: Revert::Always,
    };
    Plan {
        version: 1,
        call: vec!["backup".into(), "shop-db".into()],
        environment: "production".into(),
        guard,
        target: Identity { name: "shop-db".into(), keys: vec!["k".into()], words: String::new() },
        notes: vec![],
        steps: vec![step],
    }
}

fn typed(unattended: bool) -> Confirmation {
    Confirmation { typed: Some("shop-db".into()), unattended }
}

fn desk() -> (TempDir, Desk) {
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk::open(Some(&folder.path().join("state"))).unwrap();
    (folder, desk)
}

fn files(folder: &TempDir, text: &str) -> Vec<PathBuf> {
    let path = folder.path().join("midwatch.toml");
    std::fs::write(&path, text).unwrap();
    vec![path]
}

/// A job in the ledger, with a worker that lives as long as the journal.
fn taken(desk: &Desk, files: &[PathBuf]) -> JobJournal {
    let (plan, confirmation) = (plan(Guard::Open), typed(false));
    let job = Submission { plan: &plan, operator: desk.operator(), host: "here", confirmation: &confirmation, files };
    let id = desk.ledger.submit(job).unwrap();
    JobJournal::take(Arc::clone(&desk.ledger), id).unwrap()
}

#[tokio::test]
async fn rule_13_what_the_guard_refuses_is_not_even_recorded() {
    let (folder, desk) = desk();
    let refused = |guard, confirmation, files| {
        let desk = desk.clone();
        async move { desk.submit(plan(guard), confirmation, files).await.unwrap_err().to_string() }
    };
    let confirm = files(&folder, "[environments.production]\nguard = 'open'\n");
    assert!(refused(Guard::Confirm, Confirmation::default(), confirm.clone()).await.contains("was not typed"));
    assert!(refused(Guard::ReadOnly, typed(false), confirm).await.contains("read-only"));
    // The configuration has become stricter since the plan was made.
    let strict = files(&folder, STRICT);
    assert!(refused(Guard::Open, typed(false), strict.clone()).await.contains("not unlocked"));
    let gone = files(&folder, "[environments.staging]\n");
    assert!(refused(Guard::Open, typed(false), gone).await.contains("no longer has the environment production"));
    assert!(refused(Guard::Open, typed(false), vec![folder.path().join("none.toml")]).await.contains("none.toml"));
    assert_eq!(desk.jobs(10).await.unwrap(), []);
    assert_eq!(desk.audit(10).await.unwrap(), []);
}

#[test]
fn rule_13_a_strict_environment_wants_to_be_unlocked_or_lists_what_runs_unattended() {
    let folder = tempfile::tempdir().unwrap();
    let strict = files(&folder, STRICT);
    let judge = |confirmation, unlocked_until| {
        let moment = gate::Moment { unlocked_until, now: Stamp(1_000) };
        gate::judge(&plan(Guard::Open), &confirmation, &strict, moment).is_ok()
    };
    assert!(!judge(typed(false), None));
    assert!(judge(typed(false), Some(Stamp(2_000))));
    assert!(judge(typed(true), None), "it is listed");
    assert!(!judge(Confirmation::default(), Some(Stamp(2_000))));
}

#[tokio::test]
async fn what_makes_no_sense_is_not_asked() {
    let (folder, desk) = desk();
    let files = files(&folder, "[environments.production]\nguard = 'open'\n");
    let journal = taken(&desk, &files);
    journal.append(&Event::Taken { pid: 1 }).await.unwrap();
    let asked = |control| {
        let desk = desk.clone();
        async move { desk.control(JobId(1), control).await.map_err(|failure| failure.what) }
    };
    assert_eq!(asked(Control::Resume).await, Err("job #1 is running".into()));
    asked(Control::Cancel).await.unwrap();
    journal.append(&Event::Finished { outcome: Outcome::Cancelled }).await.unwrap();
    assert_eq!(asked(Control::Cancel).await, Err("job #1 has ended: cancelled".into()));
    assert_eq!(desk.control(JobId(9), Control::Cancel).await.unwrap_err().what, "there is no job #9");
}

#[tokio::test]
async fn what_happened_while_nobody_was_here_is_told_once() {
    let (folder, desk) = desk();
    let files = files(&folder, STRICT);
    let told = || async { desk.away().await.unwrap().iter().map(|one| (one.job.id.0, one.job.state.word())).collect::<Vec<_>>() };
    let old = taken(&desk, &files);
    old.append(&Event::Finished { outcome: Outcome::Done }).await.unwrap();
    assert_eq!(told().await, [], "who was never here has missed nothing");
    let (ended, lost, running) = (taken(&desk, &files), taken(&desk, &files), taken(&desk, &files));
    for journal in [&ended, &lost, &running] {
        journal.append(&Event::Taken { pid: 1 }).await.unwrap();
    }
    // The clock counts milliseconds: the end must lie behind the visit.
    let visit = ledger::now();
    while ledger::now() <= visit {
        tokio::task::yield_now().await;
    }
    ended.append(&Event::Finished { outcome: Outcome::Failed }).await.unwrap();
    drop(lost);
    assert_eq!(told().await, [(3, "lost"), (2, "failed")]);
    assert_eq!(told().await, [(3, "lost")]);
}

#[tokio::test]
async fn rule_09_what_waits_for_an_operator_is_not_taken_up_again_and_again() {
    let (folder, desk) = desk();
    let journal = taken(&desk, &files(&folder, STRICT));
    let step = StepId(0);
    journal.append(&Event::Taken { pid: 1 }).await.unwrap();
    assert_eq!(lost::find(&desk.ledger).unwrap(), [], "its worker is alive");
    journal.append(&Event::Prepared { step, undo: vec![] }).await.unwrap();
    journal.append(&Event::Intended { step }).await.unwrap();
    drop(journal);
    assert_eq!(lost::find(&desk.ledger).unwrap(), [JobId(1)], "what was under way must be probed");
    let journal = JobJournal::take(Arc::clone(&desk.ledger), JobId(1)).unwrap();
    for event in [
        Event::Taken { pid: 2 },
        Event::Unknown { step, words: "?".into() },
        Event::UndoIntended { step },
        Event::Undone { step },
    ] {
        journal.append(&event).await.unwrap();
    }
    drop(journal);
    assert_eq!(lost::find(&desk.ledger).unwrap(), [], "it waits");
    desk.ledger.ask(JobId(1), Control::Cancel, "anna").unwrap();
    assert_eq!(lost::find(&desk.ledger).unwrap(), [JobId(1)], "somebody has answered");
}

#[test]
fn one_process_takes_a_lost_job_up_once() {
    let tried = lost::Tried::default();
    assert_eq!(tried.fresh(vec![JobId(1)]), [JobId(1)]);
    assert_eq!(tried.fresh(vec![JobId(1), JobId(2)]), [JobId(2)]);
}

#[tokio::test]
async fn a_job_that_nobody_began_ends_as_failed_and_says_why() {
    let (folder, desk) = desk();
    drop(taken(&desk, &files(&folder, STRICT)));
    lost::give_up(&desk.ledger, JobId(1), "its worker did not start").unwrap();
    let job = desk.job(JobId(1)).await.unwrap();
    assert_eq!((job.state.word(), job.failure().unwrap().what.as_str()), ("failed", "its worker did not start"));
    assert!(desk.log(JobId(1), 0).await.unwrap().0.contains("its worker did not start"));
}
