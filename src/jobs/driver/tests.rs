//! The driver with a ledger, a world and a clock of the tests' own; workers that die between every two events.
#![allow(clippy::unwrap_used)]

pub(in crate::jobs) mod book;

use book::{Book, Fuse, Open, PREPARED, Shut, effects, is_in_effect, pause, plan, three, times};

use super::*;

#[tokio::test]
async fn a_job_runs_its_steps_and_reverts_what_is_always_reverted() {
    let book = Book::new();
    assert_eq!(book.finish(&three()).await, Outcome::Done);
    assert_eq!(effects(), ["a", "b", "c", "-b"]);
    let log = book.log.lock().unwrap().join("\n");
    assert!(log.contains("step 1, Write a: begins") && log.contains("the job has ended: done"), "{log}");
}

/// Every place where a worker can die: before and after each event that a job without trouble writes.
fn places() -> impl Iterator<Item = Fuse> {
    (0..12).flat_map(|n| [Fuse::Before(n), Fuse::After(n)])
}

#[tokio::test]
async fn rule_07_whenever_its_worker_dies_a_job_that_is_resumed_does_everything_once() {
    let mut deaths = 0;
    for fuse in places() {
        let (book, plan) = (Book::new(), three());
        deaths += usize::from(book.work(&plan, fuse).await.is_none());
        book.ask(Control::Resume);
        assert_eq!(book.finish(&plan).await, Outcome::Done, "{fuse:?}");
        assert_eq!(["a", "b", "c"].map(times), [1, 1, 1], "{fuse:?}: {:?}", effects());
        assert!(!is_in_effect("b"), "{fuse:?}");
        assert!(PREPARED.get() <= 4, "{fuse:?}: at most the one whose record was lost is prepared twice");
    }
    assert_eq!(deaths, 24, "every place was one where a worker died");
}

#[tokio::test]
async fn rule_09_whenever_its_worker_dies_the_next_one_performs_the_always_reverts_and_waits() {
    for fuse in places() {
        let (book, plan) = (Book::new(), three());
        book.work(&plan, fuse).await;
        let waits = book.work(&plan, Fuse::Never).await.unwrap().unwrap();
        assert!(!is_in_effect("b"), "{fuse:?}: {:?}", effects());
        let before = effects();
        if waits.is_none() {
            let written = book.events().len();
            assert_eq!(book.work(&plan, Fuse::Never).await.unwrap().unwrap(), None, "{fuse:?}: it waits on");
            assert_eq!((effects(), book.events().len()), (before, written), "{fuse:?}: and writes nothing");
            book.ask(Control::Cancel);
            assert_eq!(book.finish(&plan).await, Outcome::Cancelled, "{fuse:?}");
            assert!(!is_in_effect("a"), "{fuse:?}: {:?}", effects());
        } else {
            assert_eq!(waits, Some(Outcome::Done), "{fuse:?}");
            assert_eq!(["a", "b", "c"].map(is_in_effect), [true, false, true], "{fuse:?}");
        }
    }
}

#[tokio::test]
async fn rule_09_a_job_whose_every_worker_dies_young_still_ends() {
    let (book, plan) = (Book::new(), three());
    for at in (2..5).cycle().take(60) {
        book.ask(Control::Resume);
        book.work(&plan, Fuse::After(at)).await;
    }
    assert_eq!(book.finish(&plan).await, Outcome::Done);
    assert_eq!(["a", "b", "c"].map(times), [1, 1, 1]);
}

#[tokio::test]
async fn rule_06_where_the_ledger_cannot_be_written_nothing_more_is_changed() {
    let whole = Book::new();
    whole.finish(&three()).await;
    let events = whole.events();
    for at in 0..events.len() {
        let (book, plan) = (Book::new(), three());
        let failure = book.work(&plan, Fuse::Full(at)).await.unwrap().unwrap_err();
        assert!(failure.kind == FailureKind::Full && failure.what.contains("ledger"), "{failure}");
        let written = book.events();
        let intents = written.iter().filter(|event| matches!(event, Event::Intended { .. } | Event::UndoIntended { .. }));
        assert!(effects().len() <= intents.count(), "at {at}: {:?}", effects());
        assert_eq!(book.events(), events[..at], "nothing was written after");
    }
}

#[tokio::test]
async fn rule_06_what_nobody_can_tell_after_a_crash_is_not_assumed() {
    let plan = plan(&[("a", "", Revert::Always), ("b", "unclear", Revert::Never)]);
    let book = Book::new();
    assert!(book.work(&plan, Fuse::After(5)).await.is_none(), "it died in the second step");
    assert_eq!(book.work(&plan, Fuse::Never).await.unwrap().unwrap(), None);
    assert_eq!(effects(), ["a", "-a"]);
    book.ask(Control::Cancel);
    assert_eq!(book.finish(&plan).await, Outcome::Stuck);
}

#[tokio::test]
async fn a_step_that_fails_reverts_those_before_it_backwards() {
    let plan = plan(&[
        ("a", "", Revert::OnFailure),
        ("b", "sticks", Revert::Always),
        ("c", "", Revert::UntilReleased),
        ("d", "fails", Revert::OnFailure),
        ("e", "", Revert::Never),
    ]);
    let book = Book::new();
    assert_eq!(book.finish(&plan).await, Outcome::Stuck);
    assert_eq!(effects(), ["a", "b", "c", "-d", "-a"]);
    assert_eq!(book.failure().what, "it broke");
}

#[tokio::test]
async fn what_is_kept_is_undone_when_that_is_asked_after_the_end() {
    let (book, plan) = (Book::new(), three());
    book.finish(&plan).await;
    book.ask(Control::Undo);
    assert_eq!(book.finish(&plan).await, Outcome::Done);
    assert_eq!(effects(), ["a", "b", "c", "-b", "-c"]);
}

#[tokio::test]
async fn a_step_that_obeys_a_cancellation_and_one_that_does_not_both_end() {
    for manner in ["obeys", "hangs"] {
        let plan = plan(&[("a", "", Revert::OnFailure), ("b", manner, Revert::OnFailure)]);
        let book = Book::new();
        let (stop, stopped) = watch::channel(false);
        let asking = async {
            while !book.events().contains(&Event::Intended { step: StepId(2) }) {
                pause(1).await;
            }
            if manner == "hangs" {
                book.ask(Control::Cancel);
            } else {
                stop.send_replace(true);
            }
        };
        let (outcome, ()) = tokio::join!(book.drive(&plan, &Open, stopped), asking);
        assert_eq!(outcome.unwrap().unwrap(), Some(Outcome::Cancelled), "{manner}");
        assert_eq!(effects(), ["a", "-b", "-a"], "{manner}");
        assert_eq!(book.failure().kind, FailureKind::Cancelled);
    }
}

#[tokio::test]
async fn a_step_that_stands_still_or_takes_too_long_is_stopped() {
    for (manner, said) in [("hangs", "nothing moved for 20s"), ("stands", "nothing moved for 20s")] {
        let book = Book::new();
        assert_eq!(book.finish(&plan(&[("a", manner, Revert::Never)])).await, Outcome::Failed);
        assert!(book.failure().what.contains(said), "{}", book.failure());
        assert_eq!(book.failure().kind, FailureKind::Stalled);
    }
    let book = Book::new();
    let mut long = plan(&[("a", "hangs", Revert::Never)]);
    long.steps[0].stall = Duration::from_secs(1000);
    assert_eq!(book.finish(&long).await, Outcome::Failed);
    assert!(book.failure().what.contains("not done within 1m 40s"), "{}", book.failure());
}

#[tokio::test]
async fn progress_is_smoothed_and_told_no_more_than_four_times_a_second() {
    let book = Book::new();
    book.finish(&plan(&[("a", "moves", Revert::Never)])).await;
    let told = book.told.lock().unwrap().clone();
    assert!((2..20).contains(&told.len()), "{}", told.len());
    assert_eq!(told.last().unwrap().bytes, 20_000, "the last word is told");
    assert!(told.last().unwrap().rate.is_some_and(|rate| rate > 0.0), "{:?}", told.last());
}

#[tokio::test]
async fn a_job_whose_target_is_held_ends_before_anything_and_one_that_had_begun_stays() {
    let (book, plan) = (Book::new(), three());
    *book.holder.lock().unwrap() = Some(Failure::new(FailureKind::Locked, "bob backs it up since 03:10"));
    assert_eq!(book.finish(&plan).await, Outcome::Failed);
    assert_eq!((effects().len(), book.failure().kind), (0, FailureKind::Locked));
    let lost = Book::new();
    lost.work(&plan, Fuse::After(3)).await;
    *lost.holder.lock().unwrap() = Some(Failure::new(FailureKind::Locked, "bob"));
    let written = lost.events().len();
    assert_eq!(lost.work(&plan, Fuse::Never).await.unwrap().unwrap_err().kind, FailureKind::Locked);
    assert_eq!(lost.events().len(), written);
}

#[tokio::test]
async fn a_plan_of_a_later_midwatch_is_not_touched() {
    let mut later = three();
    later.version += 1;
    let mut strange = three();
    strange.steps[2].kind = "swap".to_owned();
    for plan in [later, strange] {
        let book = Book::new();
        assert_eq!(book.work(&plan, Fuse::Never).await.unwrap().unwrap_err().kind, FailureKind::Refused);
        assert_eq!((effects().len(), book.events().len()), (0, 0));
    }
}

#[tokio::test]
async fn rule_13_the_guard_is_asked_before_every_step_but_never_keeps_a_promised_undo_from_happening() {
    let (book, plan) = (Book::new(), three());
    let (_keep, stop) = watch::channel(false);
    let outcome = book.drive(&plan, &Shut("b"), stop.clone()).await.unwrap().unwrap();
    assert_eq!(outcome, Some(Outcome::Failed));
    assert_eq!(effects(), ["a", "-a"]);
    assert!(!book.events().contains(&Event::Intended { step: StepId(2) }), "it was never intended");
    let done = Book::new();
    done.finish(&plan).await;
    done.ask(Control::Undo);
    done.drive(&plan, &Shut("c"), stop).await.unwrap().unwrap();
    assert_eq!(effects(), ["a", "b", "c", "-b"], "an undo on request is a change like any other");
}
