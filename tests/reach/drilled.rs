//! Drills that end, and drills whose worker is killed in the middle, wherever midwatch drills.

use std::process::{Child, Stdio};

use rustix::process::Signal;

use crate::servers::eventually;
use crate::trials::{self, Field, State};

/// The step that looks on while a fault is on is the fifth.
const WATCHED: usize = 5;
/// How often a drill is started whose baseline is not steady, and what that is called.
const TRIES: usize = 3;
const UNSTEADY: &str = "the steady state does not hold before anything is broken";

/// Starts a drill, and waits until its fault is on.
pub fn start(field: &impl Field, words: &str) -> Child {
    let started = (0..TRIES).find_map(|_| started(field, words));
    started.unwrap_or_else(|| panic!("{words}: the steady state held in none of {TRIES} tries"))
}

/// None where the machine is so busy that the steady state does not hold before anything is broken.
fn started(field: &impl Field, words: &str) -> Option<Child> {
    let before = trials::newest(field)["id"].clone();
    let mut command = field.command(&format!("drill {words} --expect , --yes"));
    let mut shell = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
    let mut is_refused = false;
    eventually(&format!("{words} is watched"), || {
        let job = trials::newest(field);
        is_refused = job["id"] != before && job["state"] == "failed";
        assert!(!is_refused || job.to_string().contains(UNSTEADY), "{words}: {job}");
        let history = job["history"].as_array().cloned().unwrap_or_default();
        let intended = history.iter().filter(|entry| entry["event"]["event"] == "intended").count();
        is_refused || job["id"] != before && intended >= WATCHED
    });
    if is_refused {
        shell.wait().unwrap();
    }
    (!is_refused).then_some(shell)
}

/// Runs it to its end; how it is while it is on is judged by `seen`, which is told how it was before.
pub fn ends(field: &impl Field, words: &str, seen: impl FnOnce(&State)) {
    let before = field.state();
    let mut shell = start(field, &format!("{words} --for 5s"));
    seen(&before);
    let status = shell.wait().unwrap();
    assert!(status.success(), "{words}: {:?}", trials::run(field, "chaos report"));
    assert_eq!((trials::open(field), field.state()), (vec![], before), "{words}: as before");
}

/// Kills the worker in the middle; the fault ends all the same, and the job is cancelled.
pub fn kill_in_the_middle(field: &impl Field, words: &str) {
    let before = field.state();
    let mut shell = start(field, &format!("{words} --for 60s"));
    assert_ne!(field.state(), before, "{words}: the fault is on");
    for worker in trials::working(field) {
        // One that has ended already need not be killed.
        drop(worker.signal(Signal::KILL));
    }
    eventually(&format!("{words} has ended"), || trials::open(field).is_empty());
    assert_eq!(field.state(), before, "{words}: as before");
    drop(shell.kill());
    shell.wait().unwrap();
    trials::end_job(field);
}

/// It is refused at the plan, in these words.
pub fn is_refused(field: &impl Field, words: &str, why: &str) {
    let planned = trials::run(field, &format!("chaos plan {words} --for 5s --expect ,"));
    let said = String::from_utf8_lossy(&planned.stderr);
    assert!(!planned.status.success() && said.contains(why), "{words}: {said}");
}
