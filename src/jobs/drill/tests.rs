//! Whole drills in a [`town`] of the tests' own.
#![allow(clippy::unwrap_used)]

mod metrics;
mod network;
mod refusals;
mod shelf;
mod town;

use std::pin::pin;

use super::*;
use crate::domain::chaos::end::Undoing;
use crate::domain::control::{Phase, Way};
use crate::domain::guard::Guard;
use crate::domain::job::{Control, Event, JobId, Outcome};
use crate::domain::service::ServiceKind;
use crate::jobs::driver::tests::book::{Book, Fuse, pause};
use crate::jobs::routines::control::tests::stage;
use crate::jobs::site::Site;
use town::{Manner, Town, town};

/// A drill of one app, for tests of its parts.
pub(crate) fn drill() -> Drill {
    let service = stage::service("app", Some("app-{n}"), &[]);
    Drill {
        scenario: "app-instance-paused".to_owned(),
        target: Target::of(&"production".into(), &service),
        faults: vec![],
        lasts: Duration::from_secs(60),
        radius: vec!["app".into()],
        services: vec![service],
        hypothesis: vec![],
        expects: vec!["AppDown".to_owned()],
        allows: vec!["Slow".to_owned()],
        abort_if: vec![],
        every: Duration::from_secs(1),
        steady: Duration::from_secs(30),
    }
}

const DRILL: &str = "drill app-instance-paused --target app --instance app-2 --for 20s";

/// What the report says is not as it should be.
fn findings(book: &Book, plan: &Plan) -> Vec<String> {
    let events = book.events();
    page::gather(plan, &crate::jobs::engine::outputs(&events)).unwrap().findings()
}

#[tokio::test]
async fn a_drill_breaks_watches_ends_and_reports() {
    let (town, book) = (town(), Book::new());
    let plan = town.plan(DRILL).await.unwrap();
    let outcome = town.run(&book, &plan).await;
    assert_eq!(outcome, Some(Outcome::Done), "{:?}", book.log.lock().unwrap());
    assert_eq!(findings(&book, &plan), Vec::<String>::new());
    assert!(!town.is_broken() && town.shared.asked()[..2] == ["pause app-2", "unpause app-2"], "{:?}", town.shared.asked());
    let log = book.log.lock().unwrap().join("\n");
    assert!(log.contains("| AppInstanceDown (expected) | after "), "{log}");
}

/// Consoles put the same report together from it that the drill does in the end.
#[tokio::test]
async fn what_a_drill_has_seen_so_far_travels_with_its_progress() {
    let (town, book) = (town(), Book::new());
    let plan = town.plan(DRILL).await.unwrap();
    town.run(&book, &plan).await;
    let watch = plan.steps.iter().find(|spec| spec.kind == "watch").unwrap().id;
    let told = book.told.lock().unwrap();
    let seen: Vec<_> = told.iter().filter_map(|progress| progress.so_far.clone()).collect();
    let reports = seen.into_iter().map(|so_far| page::gather(&plan, &[(watch, so_far)].into()).unwrap());
    let watched: Vec<_> = reports.filter_map(|report| Some((report.detected(), report.watched?.samples.len()))).collect();
    assert!(watched.iter().any(|(detected, _)| detected.is_none()) && watched.iter().any(|(detected, _)| detected.is_some()));
    assert!(watched.is_sorted_by_key(|(_, samples)| *samples) && watched.last().unwrap().1 > 5, "{watched:?}");
}

/// A short fault that makes a service hang is seen at every beat of it, not once in the time that a probe waits.
#[tokio::test]
async fn a_service_that_hangs_is_looked_at_on_every_beat() {
    let (town, book) = (town().with(|words| words.manner = Manner::Hung), Book::new());
    let plan = town.plan(DRILL).await.unwrap();
    town.run(&book, &plan).await;
    assert!(!town.is_broken());
    let report = page::gather(&plan, &crate::jobs::engine::outputs(&book.events())).unwrap();
    let samples = report.watched.unwrap().samples;
    let beats = (town::LASTS.as_millis() / town::EVERY.as_millis()) as usize;
    assert!(samples.len() >= beats, "{} looks of {beats}", samples.len());
    assert!(samples.iter().all(|sample| !sample.readings[0].holds));
    assert!(samples.windows(2).all(|two| two[1].after == two[0].after + town::EVERY));
}

#[tokio::test]
async fn rule_19_what_is_not_armed_is_not_injected() {
    let (town, book) = (town().with(|words| words.manner = Manner::Unready), Book::new());
    let plan = town.plan(DRILL).await.unwrap();
    assert_eq!(town.run(&book, &plan).await, Some(Outcome::Failed));
    assert_eq!(town.shared.asked(), Vec::<String>::new(), "nothing was touched");
    assert!(book.failure().what.contains("not ready"), "{}", book.failure());
}

/// A watchdog that was ready and is gone by the time is none.
#[tokio::test]
async fn rule_19_what_is_not_armed_any_more_is_not_injected() {
    let (town, book) = (town().with(|words| words.manner = Manner::DiesBefore), Book::new());
    let plan = town.plan(DRILL).await.unwrap();
    assert_eq!(town.run(&book, &plan).await, Some(Outcome::Failed));
    assert!(!town.shared.asked().iter().any(|asked| asked.starts_with("pause")), "{:?}", town.shared.asked());
}

/// Whoever is still breaking something when its end is performed would break it again.
#[tokio::test]
async fn rule_19_what_is_not_on_when_its_time_is_over_is_not_injected_any_more() {
    let (town, book) = (town().with(|words| words.manner = Manner::Late), Book::new());
    let plan = town.plan(DRILL).await.unwrap();
    let _ = town.shared.clone().with(stage::Manner::Hangs);
    let outcome = tokio::time::timeout(Duration::from_secs(60), town.run(&book, &plan)).await;
    assert_eq!(outcome.expect("it is injected for ever"), Some(Outcome::Failed));
    assert!(!town.is_broken() && book.failure().what.contains("was over before it was on"), "{}", book.failure());
}

#[tokio::test]
async fn rule_19_the_end_is_armed_for_as_long_as_the_fault_lasts_and_no_longer() {
    let (town, book) = (town(), Book::new());
    let plan = town.plan(DRILL).await.unwrap();
    town.run(&book, &plan).await;
    assert_eq!(
        town.words.lock().unwrap().within,
        Some(town::LASTS + Duration::from_secs(25)),
        "with time to arm and to inject it"
    );
}

/// PID files seem old once a clock was set: who ends a fault knows the processes that it hit by more than these.
#[tokio::test]
async fn rule_19_an_end_knows_by_heart_what_was_hit() {
    for line in [DRILL.to_owned(), DRILL.replace("paused", "killed")] {
        let town = town();
        let plan = town.plan(&line).await.unwrap();
        let heart = Way::Docker { container: "known by heart".to_owned() };
        *town.shared.0.heart.lock().unwrap() = Some(heart.clone());
        town.step(&plan, "arm").await.unwrap();
        let steps = town.words.lock().unwrap().armed.clone().unwrap().steps;
        let target =
            |step: &StepSpec| if step.args["target"].is_null() { step.args.clone() } else { step.args["target"].clone() };
        let known = |step| serde_json::from_value::<Target>(target(step)).unwrap().service.control.unwrap().way == heart;
        assert!(steps.len() == 2 && steps.iter().all(known), "{line}: {steps:?}");
    }
}

/// A fault that may still be on is no end, whatever the report would have said.
#[tokio::test]
async fn rule_19_an_end_that_fails_leaves_the_drill_stuck() {
    let (town, book) = (town().with(|words| words.manner = Manner::Endless), Book::new());
    let plan = town.plan(DRILL).await.unwrap();
    assert_eq!(town.run(&book, &plan).await, Some(Outcome::Stuck));
    assert!(town.is_broken() && book.failure().what.contains("could not be ended"), "{}", book.failure());
    let found = findings(&book, &plan);
    assert!(found.contains(&"the end of the fault was not verified".to_owned()), "{found:?}");
}

/// Where everything is already as the fault would make it, an end that undoes nothing would be no end.
#[tokio::test]
async fn rule_19_an_end_that_would_undo_nothing_is_not_armed() {
    let town = town();
    let plan = town.plan(DRILL).await.unwrap();
    town.shared.0.condition.lock().unwrap().instances[1].phase = Phase::Paused;
    let refused = town.step(&plan, "arm").await.unwrap_err();
    assert!(refused.kind == FailureKind::Refused && refused.what.contains("nothing would undo this fault"), "{refused}");
    assert!(town.words.lock().unwrap().armed.is_none());
}

#[tokio::test]
async fn rule_20_a_service_outside_the_blast_radius_that_falls_ill_aborts() {
    let (town, book) = (town().with(|words| words.manner = Manner::Spreads), Book::new());
    let plan = town.plan(DRILL).await.unwrap();
    assert_eq!(town.run(&book, &plan).await, Some(Outcome::Failed));
    assert!(!town.is_broken());
    assert!(book.failure().what.contains("elsewhere is not well"), "{}", book.failure());
}

#[tokio::test]
async fn rule_20_a_probe_that_the_drill_itself_darkens_does_not_abort() {
    let (town, book) = (town().with(|words| words.manner = Manner::Darkens), Book::new());
    let plan = town.plan(DRILL).await.unwrap();
    town.run(&book, &plan).await;
    let report = page::gather(&plan, &crate::jobs::engine::outputs(&book.events())).unwrap();
    let watched = report.watched.unwrap();
    assert_eq!(watched.aborted, None, "{:?}", book.log.lock().unwrap());
    assert!(watched.lasted >= town::LASTS && watched.samples.iter().any(|sample| !sample.readings[0].holds));
}

#[tokio::test]
async fn rule_20_its_abort_condition_aborts() {
    let (town, book) = (town().with(|words| words.manner = Manner::Holds), Book::new());
    let plan = town.plan(&format!("{DRILL} --abort-if errors>1")).await.unwrap();
    assert_eq!(town.run(&book, &plan).await, Some(Outcome::Failed));
    assert!(!town.is_broken());
    assert!(book.failure().what.contains("its abort condition holds: errors>1"), "{}", book.failure());
}

#[tokio::test]
async fn rule_19_whenever_its_worker_dies_the_next_one_ends_the_fault() {
    for at in 0..18 {
        for fuse in [Fuse::Before(at), Fuse::After(at)] {
            let (town, book) = (town(), Book::new());
            let plan = town.plan(DRILL).await.unwrap();
            town.work(&book, &plan, fuse).await;
            town.run(&book, &plan).await;
            assert!(!town.is_broken(), "{fuse:?}: {:?}", town.shared.asked());
            let paused = town.shared.asked().iter().filter(|asked| asked.starts_with("pause")).count();
            assert!(paused <= 1, "{fuse:?}: nothing is broken a second time");
        }
    }
}

#[tokio::test]
async fn rule_19_a_watchdog_that_dies_aborts_the_drill() {
    let (town, book) = (town().with(|words| words.manner = Manner::Dies), Book::new());
    let plan = town.plan(DRILL).await.unwrap();
    assert_eq!(town.run(&book, &plan).await, Some(Outcome::Failed));
    assert!(!town.is_broken());
    assert!(book.failure().what.contains("the watchdog that would end it is gone"), "{}", book.failure());
}

#[tokio::test]
async fn rule_20_a_drill_that_cannot_see_any_more_is_aborted_and_ended() {
    let (town, book) = (town().with(|words| words.manner = Manner::Blind), Book::new());
    let plan = town.plan(DRILL).await.unwrap();
    assert_eq!(town.run(&book, &plan).await, Some(Outcome::Failed));
    assert!(!town.is_broken());
    assert!(book.failure().what.contains("cannot be seen any more"), "{}", book.failure());
}

#[tokio::test]
async fn rule_20_an_operator_who_cancels_ends_the_fault() {
    let (town, book) = (town(), Book::new());
    let plan = town.plan(DRILL).await.unwrap();
    let broken = async {
        while !town.is_broken() {
            pause(1).await;
        }
    };
    let mut running = pin!(town.run(&book, &plan));
    tokio::select! {
        outcome = &mut running => panic!("{outcome:?}, and nothing was broken"),
        () = broken => book.ask(Control::Cancel),
    }
    assert_eq!(running.await, Some(Outcome::Cancelled));
    assert!(!town.is_broken() && book.events().iter().any(|event| matches!(event, Event::Undone { .. })));
}

#[tokio::test]
async fn rule_21_an_expected_alert_that_does_not_fire_is_a_finding() {
    let (town, book) = (town().with(|words| words.manner = Manner::Deaf), Book::new());
    let plan = town.plan(DRILL).await.unwrap();
    assert_eq!(town.run(&book, &plan).await, Some(Outcome::Failed), "a drill with findings does not pass");
    assert_eq!(findings(&book, &plan), ["AppInstanceDown did not fire"]);
    assert!(book.failure().what.contains("AppInstanceDown did not fire"));
}

#[tokio::test]
async fn rule_21_a_fault_that_is_too_short_for_its_alert_is_refused() {
    let town = town().with(|words| words.hold = Duration::from_secs(30));
    let refused = town.plan(DRILL).await.unwrap_err();
    assert!(refused.kind == FailureKind::Refused && refused.what.contains("20s is too short: AppInstanceDown"), "{refused}");
    assert!(town.plan(&DRILL.replace("20s", "30s")).await.is_ok());
}

/// What is quiet when the drill begins may fire by the time its baseline has been measured.
#[tokio::test]
async fn rule_21_an_expected_alert_that_fires_before_the_fault_is_refused() {
    let town = town();
    let plan = town.plan(DRILL).await.unwrap();
    assert!(town.step(&plan, "baseline").await.is_ok());
    let refused = town.with(|words| words.manner = Manner::Hasty).step(&plan, "baseline").await.unwrap_err();
    assert!(refused.kind == FailureKind::Refused, "{refused}");
    assert!(refused.what.contains("AppInstanceDown is pending or fires already"), "{refused}");
}

/// One that may fire, and need not: people are told that it did, and programs too.
#[tokio::test]
async fn rule_21_an_alert_that_fires_unexpected_is_in_the_report() {
    let (town, book) = (town(), Book::new());
    let plan = town.plan(&format!("{DRILL} --expect ,")).await.unwrap();
    assert_eq!(town.run(&book, &plan).await, Some(Outcome::Done));
    let mut report = page::gather(&plan, &crate::jobs::engine::outputs(&book.events())).unwrap();
    let told = page::object(&report)["detections"][0].clone();
    assert!(told["alert"] == "AppInstanceDown" && told["expected"] == false && told["after_seconds"].is_f64(), "{told}");
    assert!(page::markdown(&report, &|_| String::new()).contains("| AppInstanceDown (not expected) | after "));
    report.hypothesis[0].name = "5xx|4xx".to_owned();
    assert!(page::markdown(&report, &|_| String::new()).contains("| 5xx\\|4xx "), "a bar ends no cell");
    assert_eq!(report.detected(), None, "what nobody expected detects nothing");
}
