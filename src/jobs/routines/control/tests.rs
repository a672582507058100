//! The routines over a control, carried out by the driver against controls that obey and controls that do not.
#![allow(clippy::unwrap_used)]

pub(crate) mod stage;

use std::collections::BTreeMap;
use std::time::Duration;

use crate::domain::control::Phase::{Absent, Paused, Running, Stopped};
use crate::domain::failure::FailureKind;
use crate::domain::job::{Control, JobId, Outcome, Progress};
use crate::domain::plan::{Plan, Revert, StepSpec};
use crate::jobs::driver::tests::book::{Book, Fuse};
use crate::jobs::step::{Cx, StepKind};
use crate::jobs::steps;
use crate::ports::journal::Reporter;
use stage::{Manner, Shared, stage};

#[tokio::test]
async fn a_restart_stops_starts_and_waits_until_it_is_well() {
    let (stage, book) = (stage(&[Running]), Book::new());
    let plan = stage.plan("restart app").await.unwrap();
    let kinds: Vec<_> = plan.steps.iter().map(|step| step.kind.as_str()).collect();
    assert_eq!(kinds, ["stop", "start", "healthy"]);
    let notes = plan.notes.join("\n");
    assert!(notes.contains("proxy and site depend on it, and fail meanwhile"), "{notes}");
    assert!(notes.contains("the last that runs will be stopped"), "{notes}");
    assert_eq!(stage.work(&book, &plan, Fuse::Never).await, Some(Outcome::Done));
    assert_eq!(stage.asked()[..2], ["stop all", "start all"]);
    assert_eq!(stage.phases(), [Running]);
}

#[tokio::test]
async fn what_is_well_and_many_is_restarted_one_by_one_and_what_is_ill_all_at_once() {
    let well = stage(&[Running, Running, Stopped]);
    let plan = well.plan("restart app").await.unwrap();
    let titles: Vec<_> = plan.steps.iter().map(|step| step.title.as_str()).collect();
    assert_eq!(titles[..3], ["Stop app-1 of app", "Start app-1 of app", "Wait until app-1 of app is healthy"]);
    assert_eq!(well.work(&Book::new(), &plan, Fuse::Never).await, Some(Outcome::Done));
    assert_eq!(well.phases(), [Running, Running, Stopped], "what was down is left alone");
    let ill = stage(&[Running, Running]);
    *ill.0.status.lock().unwrap() = Some(500);
    assert_eq!(ill.plan("restart app").await.unwrap().steps.len(), 3);
}

#[tokio::test]
async fn rule_08_a_control_that_says_stopped_is_not_believed_while_the_service_answers() {
    let (stage, book) = (stage(&[Running]).with(Manner::Lies), Book::new());
    assert_eq!(stage.finish(&book, "stop app").await, Outcome::Failed);
    let said = book.failure().what;
    assert!(said.contains("127.0.0.1:8080 still answers: process 4711 (other) listens there"), "{said}");
}

#[tokio::test]
async fn rule_08_a_scale_is_counted() {
    let (stage, book) = (stage(&[Running]).with(Manner::Lies), Book::new());
    assert_eq!(stage.finish(&book, "scale app 3").await, Outcome::Failed);
    assert!(book.failure().what.contains("was to be 3, but it runs"), "{}", book.failure());
}

#[tokio::test]
async fn what_ignores_its_signal_goes_on_and_that_is_the_failure() {
    let (stage, book) = (stage(&[Running]).with(Manner::Ignores), Book::new());
    assert_eq!(stage.finish(&book, "stop app").await, Outcome::Failed);
    assert!(book.failure().what.contains("it goes on"), "{}", book.failure());
    assert_eq!(stage.phases(), [Running]);
    let forced = stage.plan("stop app --force").await.unwrap();
    assert!(forced.steps[0].title.contains("kill what does not end"));
    stage.work(&Book::new(), &forced, Fuse::Never).await;
    assert_eq!(stage.asked().last().unwrap(), "kill all");
}

#[tokio::test]
async fn rule_02_the_gate_does_not_pass_on_what_is_unknown_ill_or_restarted_over_and_over() {
    for (status, loops, said) in
        [(None, false, "connection refused"), (Some(500), false, "it answers 500"), (Some(200), true, "restarted over and over")]
    {
        let (stage, book) = (stage(&[Stopped]), Book::new());
        *stage.0.status.lock().unwrap() = status;
        *stage.0.loops.lock().unwrap() = loops;
        assert_eq!(stage.finish(&book, "start app").await, Outcome::Failed, "{said}");
        assert!(book.failure().what.contains(said), "{}", book.failure());
        assert_eq!(stage.phases(), [Running], "it is left for whoever looks why");
    }
}

#[tokio::test]
async fn half_a_pause_is_taken_back() {
    let (stage, book) = (stage(&[Running, Running]).with(Manner::Halves), Book::new());
    assert_eq!(stage.finish(&book, "pause app").await, Outcome::Failed);
    assert!(book.failure().what.contains("one does not hold still; it was let go on"), "{}", book.failure());
    assert_eq!(stage.phases(), [Running, Running]);
}

#[tokio::test]
async fn a_control_that_is_cut_off_is_looked_at_and_nothing_is_assumed() {
    let (after, book) = (stage(&[Running]).with(Manner::CutAfter), Book::new());
    assert_eq!(after.finish(&book, "stop app").await, Outcome::Done, "it had happened");
    assert!(book.log.lock().unwrap().join("\n").contains("ssh was cut off: what came of it is not known"));
    let (before, book) = (stage(&[Running]).with(Manner::CutBefore), Book::new());
    assert_eq!(before.finish(&book, "stop app").await, Outcome::Failed, "it had not");
    assert!(book.failure().what.contains("ssh was cut off"));
}

#[tokio::test]
async fn rule_11_another_container_than_was_confirmed_is_left_alone() {
    for line in ["stop app", "pause app", "scale app 0"] {
        let (stage, book) = (stage(&[Running]), Book::new());
        let plan = stage.plan(line).await.unwrap();
        *stage.0.keys.lock().unwrap() = vec!["docker:another".to_owned()];
        assert_eq!(stage.work(&book, &plan, Fuse::Never).await, Some(Outcome::Failed), "{line}");
        assert_eq!((book.failure().kind, stage.asked().len()), (FailureKind::Refused, 0), "{line}: {}", book.failure());
    }
}

#[tokio::test]
async fn rule_10_what_has_no_instance_now_is_locked_all_the_same() {
    let plan = stage(&[]).plan("scale app 2").await.unwrap();
    assert_eq!(plan.target.keys, ["control:docker app-{n}"]);
    let plan = stage(&[Running]).plan("stop app").await.unwrap();
    assert_eq!(plan.target.keys, ["control:docker app-{n}", "docker:app-1"]);
}

#[tokio::test]
async fn what_was_stopped_paused_or_scaled_is_undone_when_that_is_asked() {
    for line in ["stop app", "pause app", "scale app 3", "scale app 0"] {
        let (stage, book) = (stage(&[Running, Stopped]), Book::new());
        let plan = stage.plan(line).await.unwrap();
        assert_eq!(stage.work(&book, &plan, Fuse::Never).await, Some(Outcome::Done), "{line}: {:?}", book.events());
        assert_ne!(stage.phases(), [Running, Stopped], "{line}");
        book.ask(Control::Undo);
        stage.work(&book, &plan, Fuse::Never).await;
        let running = stage.phases().iter().filter(|phase| **phase == Running).count();
        assert_eq!(running, 1, "{line}: as many as before: {:?}, {:?}", stage.asked(), book.events().last());
    }
}

#[tokio::test]
async fn rule_09_wherever_the_worker_of_a_restart_dies_the_next_one_brings_the_service_back() {
    let mut deaths = 0;
    for fuse in (0..10).flat_map(|n| [Fuse::Before(n), Fuse::After(n)]) {
        let (stage, book) = (stage(&[Running]), Book::new());
        let plan = stage.plan("restart app").await.unwrap();
        deaths += usize::from(stage.work(&book, &plan, fuse).await.is_none());
        stage.work(&book, &plan, Fuse::Never).await;
        assert_eq!(stage.phases(), [Running], "{fuse:?}: {:?}", stage.asked());
        assert!(stage.asked().iter().filter(|asked| *asked == "stop all").count() <= 1, "{fuse:?}: {:?}", stage.asked());
    }
    assert!(deaths > 16, "{deaths}");
}

#[tokio::test]
async fn what_cannot_be_done_is_refused_before_it_is_planned() {
    for (phases, line, said) in [
        (&[Stopped][..], "stop app", "there is nothing to stop of app: app-1 is stopped"),
        (&[Running], "start app", "there is nothing to start of app: app-1 is running"),
        (&[Paused], "start app", "midwatch unpause app"),
        (&[Absent], "pause app", "there is nothing to pause"),
        (&[Running], "unpause app", "there is nothing to let go on"),
        (&[Running], "stop app --instance app-2", "app has no instance \"app-2\" (did you mean \"app-1\"?)"),
        (&[Running], "scale app 1", "app is 1 already"),
        (&[Running], "scale app many", "\"many\" is no number of instances"),
        (&[Running], "scale one 2", "one is one (docker one): it cannot be made more or less"),
        (&[Running], "stop proxy", "proxy says nothing of a control"),
    ] {
        let failure = stage(phases).plan(line).await.unwrap_err().to_string();
        assert!(failure.contains(said), "{line}: {failure}");
    }
}

#[tokio::test]
async fn a_stop_is_kept_undoable_and_a_restart_is_owed_at_any_end() {
    let revert = async |line: &str| stage(&[Running]).plan(line).await.unwrap().steps[0].revert;
    assert_eq!(revert("stop app").await, Revert::UntilReleased);
    assert_eq!(revert("restart app").await, Revert::Always);
}

/// What is done with a step's kind, on a stage.
async fn on<T>(stage: &Shared, plan: &Plan, spec: &StepSpec, what: impl AsyncFnOnce(&dyn StepKind, &Cx<'_>) -> T) -> T {
    let (_never, cancel) = tokio::sync::watch::channel(false);
    let (job, operator, host, outputs) = (JobId(7), "ann", "bastion", &BTreeMap::new());
    let cx = Cx { job, operator, host, plan, spec, outputs, world: stage, reporter: &Silent, cancel };
    what(steps::find(&spec.kind).unwrap(), &cx).await
}

struct Silent;

impl Reporter for Silent {
    fn progress(&self, _: Progress) {}
    fn log(&self, _: &str) {}
}

/// A PostgreSQL that was asked to end waits for its last client and lets nobody in: whoever had asked may be gone.
#[tokio::test]
async fn rule_19_a_forced_stop_that_was_cut_short_is_finished_before_what_it_hit_is_started_again() {
    let undone = async |change: &dyn Fn(&Shared)| {
        let stage = stage(&[Running]);
        let plan = stage.plan("stop app --force").await.unwrap();
        let undo = on(&stage, &plan, &plan.steps[0], async |kind, cx| kind.undo(cx).await.unwrap()).await;
        assert_eq!(undo.iter().map(|step| step.kind.as_str()).collect::<Vec<_>>(), ["start-again", "healthy"]);
        change(&stage);
        on(&stage, &plan, &undo[0], async |kind, cx| kind.run(cx).await.map(drop)).await.unwrap();
        assert_eq!(stage.phases(), [Running]);
        stage.asked()
    };
    let mute = |stage: &Shared| *stage.0.status.lock().unwrap() = None;
    assert_eq!(undone(&|_| {}).await, ["start all"], "what was not stopped, and is well, is left alone");
    assert_eq!(undone(&mute).await, ["kill all", "start all"]);
    let restarted = |stage: &Shared| stage.0.condition.lock().unwrap().instances[0].restarts = Some(1);
    let starting = |stage: &Shared| {
        mute(stage);
        restarted(stage);
    };
    assert_eq!(undone(&starting).await, ["start all"], "one that was started since then may read its journal first");
}

/// It would be waited for as long as a database may take to read its journal.
#[tokio::test]
async fn what_ends_after_its_start_is_not_waited_for() {
    let stage = stage(&[Running]);
    let mut plan = stage.plan("restart app").await.unwrap();
    plan.steps[2].args["within"] = serde_json::json!({ "secs": 3600, "nanos": 0 });
    stage.0.condition.lock().unwrap().instances[0].phase = Stopped;
    let waited = on(&stage, &plan, &plan.steps[2], async |kind, cx| kind.run(cx).await);
    let failure = tokio::time::timeout(Duration::from_secs(60), waited).await.expect("it is waited for").unwrap_err();
    assert!(failure.what.contains("app-1 is stopped"), "{failure}");
}
