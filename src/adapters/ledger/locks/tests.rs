//! Locks under races, and with holders that die or stand still.
#![allow(clippy::unwrap_used)]

use std::process::{Child, Command, Stdio};
use std::sync::Barrier;
use std::sync::atomic::{AtomicI32, Ordering};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::*;

/// Tells this very test program to hold a lock: `folder`.
const HOLD: &str = "MIDWATCH_TEST_HOLD";

fn home() -> (TempDir, Home) {
    let folder = tempfile::tempdir().unwrap();
    let home = Home::find(Some(folder.path())).unwrap();
    (folder, home)
}

fn holder(who: &str) -> Holder {
    Holder { who: who.into(), what: "backup shop-db".into(), since: Stamp(1_795_312_800_000), job: JobId(12) }
}

fn keys(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

#[test]
fn rule_10_the_loser_is_told_who_what_and_since_when() {
    let (_folder, home) = home();
    let held = take(&home, &keys(&["postgres:1/a"]), &holder("anna")).unwrap();
    let lost = take(&home, &keys(&["postgres:1/a"]), &holder("ben")).map(drop).unwrap_err();
    assert_eq!(lost.kind, FailureKind::Locked);
    assert_eq!(lost.what, "postgres:1/a is held by anna: backup shop-db (job #12), since 2026-11-22 02:00:00 UTC");
    assert_eq!(lost.mend.as_deref(), Some("see what it does: midwatch jobs attach 12"));
    drop(held);
    take(&home, &keys(&["postgres:1/a"]), &holder("ben")).map(drop).unwrap();
}

#[test]
fn rule_10_all_keys_or_none() {
    let (_folder, home) = home();
    let held = take(&home, &keys(&["b"]), &holder("anna")).unwrap();
    take(&home, &keys(&["c", "b", "a"]), &holder("ben")).map(drop).unwrap_err();
    take(&home, &keys(&["a", "c", "a"]), &holder("cleo")).map(drop).unwrap();
    drop(held);
}

#[test]
fn rule_10_of_many_at_once_one_gets_it() {
    let (_folder, home) = home();
    let (inside, won, begin) = (AtomicI32::new(0), AtomicI32::new(0), Barrier::new(8));
    std::thread::scope(|scope| {
        for at in 0..8 {
            let (home, inside, won, begin) = (&home, &inside, &won, &begin);
            scope.spawn(move || {
                begin.wait();
                for race in 0..60 {
                    // Overlapping keys in any order.
                    let wanted = if (at + race) % 2 == 0 { keys(&["a", "b"]) } else { keys(&["c", "b"]) };
                    let Ok(held) = take(home, &wanted, &holder("anna")) else { continue };
                    assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0, "two are inside");
                    won.fetch_add(1, Ordering::SeqCst);
                    std::thread::yield_now();
                    inside.fetch_sub(1, Ordering::SeqCst);
                    drop(held);
                }
            });
        }
    });
    assert!(won.load(Ordering::SeqCst) > 0);
}

/// This very program, holding a lock in a process of its own.
struct Other(Child);

impl Other {
    fn holds(home: &Home) -> Self {
        let program = std::env::current_exe().unwrap();
        let mut command = Command::new(program);
        command.args(["--exact", "adapters::ledger::locks::tests::holds_a_lock_for_another_process", "--nocapture"]);
        let child = command.env(HOLD, home.path()).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut other = Self(child);
        let mut said = io::BufReader::new(other.0.stdout.take().unwrap());
        let mut line = String::new();
        while !line.contains("held") {
            line.clear();
            assert_ne!(io::BufRead::read_line(&mut said, &mut line).unwrap(), 0, "it ended");
        }
        other
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.0), signal).unwrap();
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Not a test of its own: what [`Other`] runs. It ends with its standard input.
#[test]
fn holds_a_lock_for_another_process() {
    let Some(folder) = std::env::var_os(HOLD) else { return };
    let home = Home::find(Some(Path::new(&folder))).unwrap();
    let held = take(&home, &keys(&["k"]), &holder("anna")).unwrap();
    // A child must not inherit the lock: it outlives this process.
    let mut child = Command::new("sleep");
    child.arg("5").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = child.spawn().unwrap();
    println!("\nheld, and {} sleeps", child.id());
    io::stdin().read_to_string(&mut String::new()).unwrap();
    drop(held);
    child.kill().and_then(|()| child.wait()).unwrap();
}

#[test]
fn rule_10_a_lock_is_free_when_its_holder_was_killed_whatever_children_it_left() {
    let (_folder, home) = home();
    for _ in 0..5 {
        let mut other = Other::holds(&home);
        take(&home, &keys(&["k"]), &holder("ben")).map(drop).unwrap_err();
        other.signal(Signal::KILL);
        other.0.wait().unwrap();
        take(&home, &keys(&["k"]), &holder("ben")).map(drop).unwrap();
    }
}

#[test]
fn rule_10_a_holder_that_stands_still_is_not_robbed() {
    let (_folder, home) = home();
    let other = Other::holds(&home);
    other.signal(Signal::STOP);
    // Its record says that it has held the lock since long ago: age counts for nothing.
    let path = home.path().join(FOLDER).join(format!("{}.lock", digest("k")));
    let old = Holder { since: Stamp(0), ..holder("anna") };
    std::fs::write(&path, serde_json::to_vec(&old).unwrap()).unwrap();
    let lost = take(&home, &keys(&["k"]), &holder("ben")).map(drop).unwrap_err();
    assert!(lost.what.ends_with("since 1970-01-01 00:00:00 UTC"), "{lost}");
    other.signal(Signal::CONT);
}
