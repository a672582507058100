//! The ledger on a disk of its own, shared, full, and from the future.
#![allow(clippy::unwrap_used)]

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use proptest::prelude::*;
use serde_json::Value;
use tempfile::TempDir;

use super::*;
use crate::domain::guard::Guard;
use crate::domain::job::{Control, Event, JobId, Outcome, Progress};
use crate::domain::plan::{Confirmation, Identity, Plan, Revert, StepId, StepSpec};
use crate::ports::journal::Journal as _;

mod full;
mod sight;

pub(super) fn plan(name: &str) -> Plan {
    let step = StepSpec {
        id: StepId(0),
        kind: "copy".into(),
        title: format!("Copy {name}"),
        args: Value::Null,
        deadline: Duration::from_secs(60),
        stall: Duration::from_secs(60),
        revert: Revert::OnFailure,
    };
    Plan {
        version: 1,
        call: vec!["backup".into(), name.into()],
        environment: "production".into(),
        guard: Guard::Confirm,
        target: Identity { name: name.into(), keys: vec![format!("postgres:{name}")], words: "a server".into() },
        notes: vec![],
        steps: vec![step],
    }
}

pub(super) fn open(folder: &Path) -> Arc<Ledger> {
    Arc::new(Ledger::open(Home::find(Some(folder)).unwrap()).unwrap())
}

pub(super) fn fresh() -> (TempDir, Arc<Ledger>) {
    let folder = tempfile::tempdir().unwrap();
    let ledger = open(folder.path());
    (folder, ledger)
}

pub(super) fn submit(ledger: &Ledger, name: &str) -> Result<JobId, Failure> {
    let (plan, confirmation) = (plan(name), Confirmation { typed: Some(name.into()), unattended: false });
    ledger.submit(Submission {
        plan: &plan,
        operator: "anna",
        host: "bastion",
        confirmation: &confirmation,
        files: &["/a".into()],
    })
}

fn kinds(ledger: &Ledger, id: JobId) -> Vec<Event> {
    ledger.history(id).unwrap().into_iter().map(|(_, event)| event).collect()
}

#[tokio::test]
async fn what_is_written_is_read_by_the_next_process() {
    let (folder, ledger) = fresh();
    let id = submit(&ledger, "shop-db").unwrap();
    let journal = JobJournal::take(Arc::clone(&ledger), id).unwrap();
    let step = StepId(0);
    let events = [Event::Taken { pid: 7 }, Event::Intended { step }, Event::Done { step, output: Value::Null }];
    for event in &events {
        journal.append(event).await.unwrap();
    }
    journal.progress(StepId(0), &Progress { bytes: 5, total: Some(9), ..Progress::default() });
    let other = open(folder.path());
    let seen = other.job(id).unwrap();
    assert_eq!(*seen.plan, plan("shop-db"));
    assert_eq!((seen.operator.as_str(), seen.host.as_str(), seen.files), ("anna", "bastion", vec!["/a".into()]));
    assert_eq!(seen.confirmation.typed.as_deref(), Some("shop-db"));
    assert_eq!(seen.history.iter().map(|(_, event)| event.clone()).collect::<Vec<_>>(), events);
    assert!(seen.alive);
    assert_eq!(seen.progress.unwrap().2.bytes, 5);
    drop(journal);
    assert!(!other.job(id).unwrap().alive, "who holds a job is told by the lock alone");
}

#[tokio::test]
async fn what_another_process_wrote_is_seen_at_once() {
    let (folder, console) = fresh();
    let worker = open(folder.path());
    let id = submit(&console, "shop-db").unwrap();
    let seen = || console.jobs(10).unwrap().iter().map(|job| job.history.len()).collect::<Vec<_>>();
    assert_eq!(seen(), [0]);
    let journal = JobJournal::take(worker, id).unwrap();
    for events in 1..4 {
        journal.append(&Event::Taken { pid: 1 }).await.unwrap();
        assert_eq!((seen(), seen()), (vec![events], vec![events]));
    }
    submit(&console, "other-db").unwrap();
    assert_eq!(seen(), [0, 3], "and what this one wrote");
}

/// A worker's end and its letting go are two moments; between them, and around its beginning, no job is ever called lost.
#[test]
fn rule_07_a_job_that_is_taken_or_ends_this_instant_is_not_called_lost() {
    let (folder, console) = fresh();
    let ids: Vec<JobId> = (0..30).map(|_| submit(&console, "shop-db").unwrap()).collect();
    let (last, worker) = (ids[29], open(folder.path()));
    std::thread::scope(|scope| {
        scope.spawn(move || {
            for id in ids {
                let journal = JobJournal::take(Arc::clone(&worker), id).unwrap();
                worker.append(id, &Event::Taken { pid: 1 }).unwrap();
                worker.append(id, &Event::Finished { outcome: Outcome::Done }).unwrap();
                drop(journal);
            }
        });
        while !console.job(last).unwrap().has_ended() {
            let dead = console.jobs(50).unwrap().into_iter().find(|job| job.was_taken() && !job.has_ended() && !job.alive);
            assert!(dead.is_none(), "{dead:?}");
        }
    });
}

#[tokio::test]
async fn a_job_has_one_worker() {
    let (_folder, ledger) = fresh();
    let id = submit(&ledger, "shop-db").unwrap();
    let journal = JobJournal::take(Arc::clone(&ledger), id).unwrap();
    let second = JobJournal::take(Arc::clone(&ledger), id).map(drop).unwrap_err();
    assert_eq!((second.kind, second.what.as_str()), (FailureKind::Locked, "another worker has job #1"));
    drop(journal);
    JobJournal::take(ledger, id).map(drop).unwrap();
}

#[tokio::test]
async fn a_console_that_looks_does_not_keep_a_worker_out() {
    let (_folder, ledger) = fresh();
    let id = submit(&ledger, "shop-db").unwrap();
    let looking = std::fs::File::open(ledger.home().path().join("jobs/1/alive")).unwrap();
    looking.lock_shared().unwrap();
    let taking = tokio::task::spawn_blocking(move || JobJournal::take(ledger, id).map(drop));
    tokio::task::yield_now().await;
    drop(looking);
    taking.await.unwrap().unwrap();
}

#[tokio::test]
async fn rule_06_what_was_written_is_there_after_a_crash() {
    let (folder, ledger) = fresh();
    let id = submit(&ledger, "shop-db").unwrap();
    let journal = JobJournal::take(Arc::clone(&ledger), id).unwrap();
    journal.append(&Event::Intended { step: StepId(0) }).await.unwrap();
    // As after kill -9: nobody closes, nobody checkpoints; another host would see what lies there now.
    let copy = tempfile::tempdir().unwrap();
    for file in ["ledger.db", "ledger.db-wal"] {
        std::fs::copy(folder.path().join(file), copy.path().join(file)).unwrap();
    }
    let after = open(copy.path());
    assert_eq!(kinds(&after, id), [Event::Intended { step: StepId(0) }]);
    let level: i64 = ledger.connection().pragma_query_value(None, "synchronous", |row| row.get(0)).unwrap();
    assert_eq!(level, 2, "every commit is on the disk when it returns");
}

#[tokio::test]
async fn rule_07_a_job_ends_once() {
    let (_folder, ledger) = fresh();
    let id = submit(&ledger, "shop-db").unwrap();
    let journal = JobJournal::take(Arc::clone(&ledger), id).unwrap();
    journal.append(&Event::Finished { outcome: Outcome::Failed }).await.unwrap();
    let again = journal.append(&Event::Finished { outcome: Outcome::Done }).await.unwrap_err();
    assert!(again.what.contains("ends only once"), "{again}");
    journal.append(&Event::UndoIntended { step: StepId(0) }).await.unwrap();
    let changed = ledger.connection().execute("UPDATE events SET event = '{}'", []).unwrap_err().to_string();
    assert_eq!(changed, "an event never changes");
    assert!(ledger.connection().execute("DELETE FROM events", []).is_err());
    assert_eq!(kinds(&ledger, id).len(), 2);
}

#[tokio::test]
async fn what_operators_ask_is_handed_out_once_and_not_lost_with_a_worker() {
    let (_folder, ledger) = fresh();
    let id = submit(&ledger, "shop-db").unwrap();
    let journal = JobJournal::take(Arc::clone(&ledger), id).unwrap();
    assert_eq!(journal.asked().await.unwrap(), []);
    ledger.ask(id, Control::Cancel, "ben").unwrap();
    let asked = vec![(Control::Cancel, "ben".to_owned())];
    assert_eq!(journal.asked().await.unwrap(), asked);
    assert_eq!(journal.asked().await.unwrap(), []);
    // This worker dies before it has noted that it was asked.
    drop(journal);
    let next = JobJournal::take(Arc::clone(&ledger), id).unwrap();
    assert_eq!(next.asked().await.unwrap(), asked);
    next.append(&Event::Asked { control: Control::Cancel, operator: "ben".into() }).await.unwrap();
    drop(next);
    let last = JobJournal::take(Arc::clone(&ledger), id).unwrap();
    assert_eq!(last.asked().await.unwrap(), []);
    assert_eq!(ledger.ask(JobId(77), Control::Cancel, "ben").unwrap_err().what, "there is no job #77");
}

#[tokio::test]
async fn rule_22_what_changes_something_is_audited_with_it() {
    let (_folder, ledger) = fresh();
    let id = submit(&ledger, "shop-db").unwrap();
    ledger.ask(id, Control::Cancel, "ben").unwrap();
    let journal = JobJournal::take(Arc::clone(&ledger), id).unwrap();
    let step = StepId(0);
    for event in [
        Event::Taken { pid: 1 },
        Event::Prepared { step, undo: vec![] },
        Event::Intended { step },
        Event::Done { step, output: Value::Null },
        Event::UndoIntended { step },
        Event::Finished { outcome: Outcome::Cancelled },
    ] {
        journal.append(&event).await.unwrap();
    }
    ledger.audit_for(id, "anna", "end the fault: its time was over").unwrap();
    ledger.unlock(&"production".into(), "ben", Duration::from_mins(15)).unwrap();
    let trail = ledger.audit(100).unwrap();
    let told: Vec<_> = trail.iter().rev().map(|e| format!("{} {} [{}]", e.who, e.what, e.target)).collect();
    assert_eq!(
        told,
        [
            "anna submit backup shop-db [shop-db]",
            "ben ask job #1 to cancel [shop-db]",
            "anna begin step 0: Copy shop-db [shop-db]",
            "anna begin to undo step 0: Copy shop-db [shop-db]",
            "anna end: cancelled [shop-db]",
            "anna end the fault: its time was over [shop-db]",
            "ben unlock the environment [production]",
        ]
    );
    assert!(trail[1..].iter().all(|entry| entry.plan.len() == 64 && entry.job == Some(id)));
}

#[tokio::test]
async fn rule_22_nothing_is_recorded_that_cannot_be_audited() {
    let (_folder, ledger) = fresh();
    let id = submit(&ledger, "shop-db").unwrap();
    let journal = JobJournal::take(Arc::clone(&ledger), id).unwrap();
    ledger
        .connection()
        .execute_batch("CREATE TRIGGER deaf BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'deaf'); END")
        .unwrap();
    journal.append(&Event::Intended { step: StepId(0) }).await.unwrap_err();
    assert_eq!(kinds(&ledger, id), []);
    submit(&ledger, "other-db").unwrap_err();
    ledger.ask(id, Control::Cancel, "ben").unwrap_err();
    ledger.unlock(&"production".into(), "ben", Duration::from_mins(15)).unwrap_err();
    assert_eq!(ledger.jobs(10).unwrap().len(), 1);
    assert_eq!(journal.asked().await.unwrap(), []);
}

#[test]
fn a_plan_that_was_changed_after_it_was_confirmed_is_not_run() {
    let (_folder, ledger) = fresh();
    let id = submit(&ledger, "shop-db").unwrap();
    ledger.is_as_confirmed(id).unwrap();
    ledger.connection().execute("UPDATE jobs SET plan = replace(plan, 'copy', 'drop')", []).unwrap();
    assert_eq!(ledger.is_as_confirmed(id).unwrap_err().kind, FailureKind::Refused);
}

#[test]
fn a_strict_environment_is_unlocked_for_one_operator_and_a_while() {
    let (_folder, ledger) = fresh();
    let production = "production".into();
    let until = ledger.unlock(&production, "anna", Duration::from_mins(15)).unwrap();
    let unlocked = |who: &str, now| ledger.unlocked(&production, who, now).unwrap();
    assert_eq!(unlocked("anna", until.before(Duration::from_secs(1))), Some(until));
    assert_eq!(unlocked("anna", until), None);
    assert_eq!(unlocked("anna", until.before(Duration::from_hours(1))), None, "the clock was set back");
    assert_eq!(unlocked("ben", until.before(Duration::from_secs(1))), None);
}

#[test]
fn when_an_operator_was_last_here_is_known() {
    let (_folder, ledger) = fresh();
    assert_eq!(ledger.seen("anna").unwrap(), None);
    assert!(ledger.seen("anna").unwrap().is_some());
    assert_eq!(ledger.seen("ben").unwrap(), None);
}

#[test]
fn a_ledger_of_a_later_midwatch_is_shown_and_not_written() {
    let (folder, ledger) = fresh();
    let id = submit(&ledger, "shop-db").unwrap();
    ledger.connection().execute_batch("ALTER TABLE jobs ADD COLUMN mood TEXT; PRAGMA user_version = 99").unwrap();
    let later = r#"{"version":9,"call":["dance"],"environment":"e","target":{"name":"t"},"moves":[]}"#;
    ledger
        .connection()
        .execute("INSERT INTO jobs SELECT 2, ?, operator, host, 0, '{}', '[]', 'good' FROM jobs", [later])
        .unwrap();
    drop(ledger);
    let later = open(folder.path());
    let jobs = later.jobs(10).unwrap();
    assert_eq!(jobs[1].plan.call, ["backup", "shop-db"]);
    assert_eq!((jobs[0].plan.version, jobs[0].plan.call.as_slice()), (9, &["dance".to_owned()][..]));
    let refused = submit(&later, "shop-db").unwrap_err();
    assert_eq!(refused.kind, FailureKind::Refused);
    assert!(refused.what.contains("a later midwatch wrote it"), "{refused}");
    assert_eq!(JobJournal::take(later, id).map(drop).unwrap_err().kind, FailureKind::Refused);
}

#[test]
fn a_log_is_read_piece_by_piece_in_whole_lines() {
    let (folder, ledger) = fresh();
    let id = submit(&ledger, "shop-db").unwrap();
    assert_eq!(ledger.log(id, 0).unwrap(), (String::new(), 0));
    let journal = JobJournal::take(Arc::clone(&ledger), id).unwrap();
    journal.log("one");
    journal.log("two\nthree \u{1b}[31m");
    let (text, next) = ledger.log(id, 0).unwrap();
    let said: Vec<&str> = text.lines().map(|line| line.split_once("UTC  ").unwrap().1).collect();
    assert_eq!(said, ["one", "two", "three \\x1b[31m"]);
    assert_eq!(ledger.log(id, next).unwrap(), (String::new(), next));
    let path = folder.path().join("jobs/1/log");
    std::fs::write(&path, [std::fs::read(&path).unwrap(), b"half a li".to_vec()].concat()).unwrap();
    assert_eq!(ledger.log(id, next).unwrap(), (String::new(), next), "a line that is being written is waited for");
}

#[test]
fn the_key_is_made_once_and_hidden() {
    let (folder, ledger) = fresh();
    let key = ledger.key().unwrap();
    let again = open(folder.path()).key().unwrap();
    assert_eq!(key.name(), again.name());
    assert_eq!(key.name().len(), 16);
    assert_eq!(std::fs::metadata(folder.path().join("key")).unwrap().permissions().mode() & 0o777, 0o600);
    assert_ne!(fresh().1.key().unwrap().name(), key.name());
    std::fs::write(folder.path().join("key"), "short").unwrap();
    assert_eq!(ledger.key().unwrap_err().kind, FailureKind::Damaged);
}

#[test]
fn a_shared_ledger_lets_its_group_write_every_file_whatever_the_umask() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o2770)).unwrap();
    let ledger = open(folder.path());
    assert!(ledger.home().is_shared());
    let id = submit(&ledger, "shop-db").unwrap();
    ledger.key().unwrap();
    JobJournal::take(Arc::clone(&ledger), id).unwrap().log("a line");
    let mut files = 0;
    for path in glob::glob(&format!("{}/**/*", folder.path().display())).unwrap().map(Result::unwrap) {
        let mode = path.metadata().unwrap().permissions().mode() & 0o7777;
        assert_eq!(mode, if path.is_dir() { 0o2770 } else { 0o660 }, "{}", path.display());
        files += 1;
    }
    assert!(files > 8, "{files}");
}

#[test]
fn a_ledger_of_ones_own_is_closed_to_others() {
    let above = tempfile::tempdir().unwrap();
    let ledger = open(&above.path().join("deep/state"));
    assert!(!ledger.home().is_shared());
    let mode = |path: &str| std::fs::metadata(above.path().join(path)).unwrap().permissions().mode() & 0o7777;
    assert_eq!((mode("deep/state"), mode("deep/state/ledger.db"), mode("deep/state/ledger.db-wal")), (0o700, 0o600, 0o600));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    /// Whatever events there are, they come back as they were, in their order.
    #[test]
    fn histories_are_kept_in_order(steps in prop::collection::vec((0u16..9, "\\PC{0,20}"), 0..12)) {
        let (_folder, ledger) = fresh();
        let id = submit(&ledger, "shop-db").unwrap();
        let events: Vec<Event> = steps.into_iter().map(|(step, words)| Event::Unknown { step: StepId(step), words }).collect();
        for event in &events {
            ledger.append(id, event).unwrap();
        }
        prop_assert_eq!(kinds(&ledger, id), events);
    }
}
