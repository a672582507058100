//! Every prefix of thousands of histories: workers that die, steps and undos that fail, probes that cannot tell, operators who
//! cancel, resume and undo whenever they like.
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::guard::Guard;
use crate::domain::job::Control;
use crate::domain::plan::{Identity, StepSpec, VERSION};

fn spec(id: u16, revert: Revert) -> StepSpec {
    let minute = Duration::from_secs(60);
    let (kind, title) = ("fake".to_owned(), format!("Step {id}"));
    StepSpec { id: StepId(id), kind, title, args: Value::Null, deadline: minute, stall: minute, revert }
}

fn plan(reverts: &[Revert]) -> Plan {
    let target = Identity { name: "shop-db".into(), keys: vec!["k:1".to_owned()], words: String::new() };
    let steps = reverts.iter().zip(1..).map(|(revert, id)| spec(id, *revert)).collect();
    let (environment, guard, call) = ("demo".into(), Guard::Open, vec!["fake".to_owned()]);
    Plan { version: VERSION, call, environment, guard, target, notes: vec![], steps }
}

fn taken() -> Event {
    Event::Taken { pid: 1 }
}

fn asked(control: Control) -> Event {
    Event::Asked { control, operator: "ann".to_owned() }
}

fn prepared(step: u16) -> Event {
    Event::Prepared { step: StepId(step), undo: vec![spec(100 + step, Revert::Never)] }
}

fn intended(step: u16) -> Event {
    Event::Intended { step: StepId(step) }
}

fn done(step: u16) -> Event {
    Event::Done { step: StepId(step), output: json!(step) }
}

fn failed(step: u16) -> Event {
    Event::Failed { step: StepId(step), failure: Failure::new(FailureKind::Io, "no") }
}

fn absent(step: u16) -> Event {
    Event::Absent { step: StepId(step) }
}

fn unknown(step: u16) -> Event {
    Event::Unknown { step: StepId(step), words: "who knows".to_owned() }
}

fn undo_intended(step: u16) -> Event {
    Event::UndoIntended { step: StepId(step) }
}

fn undone(step: u16) -> Event {
    Event::Undone { step: StepId(step) }
}

fn undo_failed(step: u16) -> Event {
    Event::UndoFailed { step: StepId(step), failure: Failure::new(FailureKind::Io, "no") }
}

/// The events of a step that went well.
fn whole(step: u16) -> [Event; 3] {
    [prepared(step), intended(step), done(step)]
}

fn history(parts: &[&[Event]]) -> Vec<Event> {
    parts.concat()
}

/// What happens when a decision is carried out, as `luck` has it. A worker may die before it records how that ended.
fn carry_out(decision: Decision, luck: u8, history: &mut Vec<Event>) {
    let ended = |history: &mut Vec<Event>, good: Event, bad: Event| match luck % 8 {
        0 => history.push(taken()),
        1 | 2 => history.push(bad),
        _ => history.push(good),
    };
    match decision {
        Decision::Prepare(step) if luck % 16 == 1 => history.push(failed(step.0)),
        Decision::Prepare(step) => history.push(prepared(step.0)),
        Decision::Run(step) => {
            history.push(intended(step.0));
            ended(history, done(step.0), failed(step.0));
        }
        Decision::Check(step) => match luck % 3 {
            0 => history.push(absent(step.0)),
            1 => history.push(unknown(step.0)),
            _ => history.push(done(step.0)),
        },
        Decision::Undo(step) => {
            history.push(undo_intended(step.0));
            ended(history, undone(step.0), undo_failed(step.0));
        }
        Decision::Abandon(step) => history.push(failed(step.0)),
        Decision::Finish(outcome) => history.push(Event::Finished { outcome }),
        Decision::Wait => {}
    }
}

/// What may never be decided after a history.
fn check(plan: &Plan, history: &[Event], decision: Decision) {
    let at = |wanted: &Event| history.iter().rposition(|event| event == wanted);
    let is_finished = history.iter().any(|event| matches!(event, Event::Finished { .. }));
    let say = || format!("{decision:?} after {history:#?}");
    let undo_asked = at(&asked(Control::Undo));
    let end = history.iter().position(|event| matches!(event, Event::Finished { .. }));
    let is_done = |id: u16| at(&done(id)).is_some() && at(&intended(id)) < at(&done(id));
    if is_finished {
        let is_asked = undo_asked > end;
        assert!(decision == Decision::Wait || matches!(decision, Decision::Undo(_)) && is_asked, "after the end: {}", say());
    }
    match decision {
        Decision::Prepare(StepId(id)) => assert!(at(&prepared(id)).is_none(), "prepared twice: {}", say()),
        Decision::Run(StepId(id)) => {
            assert!(at(&prepared(id)).is_some(), "not prepared: {}", say());
            assert!(!is_done(id), "done again: {}", say());
            assert!((1..id).all(is_done), "out of order: {}", say());
            assert!(!matches!(history.last(), Some(Event::Intended { .. })), "{}", say());
            assert!(!history.iter().any(|event| matches!(event, Event::Failed { .. })), "after a failure: {}", say());
            let crash = history.iter().rposition(|event| *event == taken()).filter(|at| *at > 0);
            assert!(crash.is_none() || at(&asked(Control::Resume)) > crash, "nobody resumed it: {}", say());
            let sunk = |id: u16| is_done(id) && at(&undone(id)) > at(&done(id));
            assert!(!(1..id).any(sunk), "on what was taken back: {}", say());
        }
        Decision::Check(StepId(id)) => assert!(at(&intended(id)).is_some() && at(&intended(id)) > at(&done(id)), "{}", say()),
        Decision::Undo(StepId(id)) => {
            assert!(at(&prepared(id)).is_some() && at(&intended(id)).is_some(), "nothing to undo: {}", say());
            assert!(at(&undone(id)) <= at(&intended(id)).max(at(&undo_intended(id))), "undone twice: {}", say());
        }
        Decision::Abandon(StepId(id)) => {
            let sunk = |id: u16| is_done(id) && at(&undone(id)).max(at(&undo_failed(id))) > at(&done(id));
            assert!(!is_done(id) && (1..=plan.steps.len() as u16).any(sunk), "on firm ground: {}", say());
        }
        Decision::Finish(outcome) => {
            let reverted = |id: u16| at(&undone(id)).max(at(&undo_failed(id))) > at(&intended(id));
            for step in plan.steps.iter().filter(|step| at(&intended(step.id.0)).is_some()) {
                let is_due = match step.revert {
                    Revert::Always => true,
                    Revert::OnFailure => outcome != Outcome::Done && !(1..=plan.steps.len() as u16).all(is_done),
                    Revert::Never | Revert::UntilReleased => false,
                };
                assert!(!is_due || reverted(step.id.0), "{} is not reverted: {}", step.id, say());
            }
            let is_failed = |step: &&StepSpec| at(&undo_failed(step.id.0)) > at(&undone(step.id.0)).max(at(&intended(step.id.0)));
            assert!(outcome == Outcome::Stuck || !plan.steps.iter().any(|step| is_failed(&step)), "not stuck: {}", say());
            let all = (1..=plan.steps.len() as u16).all(is_done);
            assert!(outcome != Outcome::Done || all, "not done: {}", say());
        }
        Decision::Wait => {}
    }
}

/// Undos that follow each other with nothing between them go backwards.
fn check_order(history: &[Event]) {
    let mut last = None;
    for event in history {
        match event {
            Event::UndoIntended { step } => {
                assert!(last.is_none_or(|last| *step < last), "{step} after {last:?}: {history:#?}");
                last = Some(*step);
            }
            Event::Undone { .. } | Event::UndoFailed { .. } => {}
            _ => last = None,
        }
    }
}

fn reverts() -> impl Strategy<Value = Vec<Revert>> {
    let each = prop_oneof![Just(Revert::Never), Just(Revert::OnFailure), Just(Revert::Always), Just(Revert::UntilReleased)];
    prop::collection::vec(each, 1..6)
}

fn any_event() -> impl Strategy<Value = Event> {
    (0u8..15, 1u16..5).prop_map(|(which, step)| match which {
        0 => taken(),
        1 => asked(Control::Cancel),
        2 => asked(Control::Resume),
        3 => asked(Control::Undo),
        4 => Event::Finished { outcome: Outcome::Done },
        5 => prepared(step),
        6 | 7 => intended(step),
        8 | 9 => done(step),
        10 => failed(step),
        11 => absent(step),
        12 => unknown(step),
        13 => undo_intended(step),
        _ => undone(step),
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn rule_07_every_prefix_of_every_history_is_sane(
        reverts in reverts(),
        luck in prop::collection::vec((any::<u8>(), 0u8..30), 0..80),
    ) {
        let plan = plan(&reverts);
        let mut history = vec![taken()];
        for (luck, operator) in luck {
            let decision = next(&plan, &history);
            check(&plan, &history, decision);
            carry_out(decision, luck, &mut history);
            match operator {
                0 => history.push(asked(Control::Cancel)),
                1 | 2 => history.push(asked(Control::Resume)),
                3 => history.push(asked(Control::Undo)),
                _ => {}
            }
        }
        check_order(&history);
        let ends = history.iter().filter(|event| matches!(event, Event::Finished { .. })).count();
        prop_assert!(ends <= 1);
    }

    #[test]
    fn rule_09_whatever_happened_a_cancelled_job_ends_with_its_reverts_done(
        reverts in reverts(),
        luck in prop::collection::vec(any::<u8>(), 0..60),
    ) {
        let plan = plan(&reverts);
        let mut history = vec![taken()];
        for luck in luck {
            carry_out(next(&plan, &history), luck, &mut history);
        }
        history.push(asked(Control::Cancel));
        for _ in 0..4 * plan.steps.len() + 2 {
            let decision = next(&plan, &history);
            check(&plan, &history, decision);
            carry_out(decision, 7, &mut history);
        }
        let ended = history.iter().any(|event| matches!(event, Event::Finished { .. }));
        prop_assert!(ended, "it does not end: {:#?}", history);
        prop_assert_eq!(next(&plan, &history), Decision::Wait);
    }

    #[test]
    fn rule_07_nothing_happens_after_the_end_unasked_even_in_histories_that_cannot_be(
        reverts in reverts(),
        history in prop::collection::vec(any_event(), 0..40),
    ) {
        let plan = plan(&reverts);
        for end in 0..=history.len() {
            let prefix = &history[..end];
            let decision = next(&plan, prefix);
            if let Some(at) = prefix.iter().position(|event| matches!(event, Event::Finished { .. })) {
                let is_undo = matches!(decision, Decision::Undo(_));
                prop_assert!(is_undo || decision == Decision::Wait);
                let was_begun = prefix.iter().any(|event| matches!(event, Event::UndoIntended { .. }));
                let was_asked = prefix[at..].contains(&asked(Control::Undo));
                prop_assert!(!is_undo || was_begun || was_asked);
            }
            if let Decision::Run(StepId(id)) = decision {
                prop_assert!(prefix.contains(&prepared(id)));
            }
        }
    }
}

#[test]
fn rule_06_an_intent_without_an_end_is_probed_before_anything_else() {
    let plan = plan(&[Revert::Always, Revert::OnFailure]);
    for also in [vec![], vec![asked(Control::Resume)], vec![asked(Control::Cancel)], vec![asked(Control::Undo)]] {
        let crashed = history(&[&[taken()], &whole(1), &[prepared(2), intended(2), taken()], &also]);
        assert_eq!(next(&plan, &crashed), Decision::Check(StepId(2)));
    }
}

#[test]
fn rule_09_undo_is_recorded_before_its_step() {
    let plan = plan(&[Revert::Never]);
    assert_eq!(next(&plan, &[taken()]), Decision::Prepare(StepId(1)));
    assert_eq!(next(&plan, &[taken(), prepared(1)]), Decision::Run(StepId(1)));
    assert_eq!(next(&plan, &history(&[&[taken()], &whole(1)])), Decision::Finish(Outcome::Done));
}

#[test]
fn rule_09_after_a_crash_the_always_reverts_come_first_and_then_an_operator() {
    let plan = plan(&[Revert::OnFailure, Revert::Always, Revert::OnFailure]);
    let mut crashed = history(&[&[taken()], &whole(1), &[prepared(2), intended(2), taken()]]);
    crashed.push(absent(2));
    assert_eq!(next(&plan, &crashed), Decision::Undo(StepId(2)));
    crashed.extend([undo_intended(2), undone(2)]);
    assert_eq!(next(&plan, &crashed), Decision::Wait);
    let answered = |control| next(&plan, &history(&[&crashed, &[asked(control)]]));
    assert_eq!(answered(Control::Resume), Decision::Run(StepId(2)), "a new attempt with its own intent");
    assert_eq!(answered(Control::Cancel), Decision::Undo(StepId(1)));
    assert_eq!(answered(Control::Undo), Decision::Undo(StepId(1)));
}

#[test]
fn what_stands_on_something_that_was_taken_back_does_not_run() {
    let plan = plan(&[Revert::Always, Revert::Never]);
    let crashed = history(&[&[taken()], &whole(1), &[taken(), undo_intended(1), undone(1)]]);
    let answered = |controls: &[Event]| next(&plan, &history(&[&crashed, controls]));
    assert_eq!(answered(&[]), Decision::Abandon(StepId(2)), "nobody needs to answer");
    assert_eq!(answered(&[failed(2)]), Decision::Finish(Outcome::Failed));
    assert_eq!(answered(&[asked(Control::Resume)]), Decision::Abandon(StepId(2)));
    assert_eq!(answered(&[asked(Control::Cancel)]), Decision::Finish(Outcome::Cancelled));
}

#[test]
fn a_job_that_lost_its_ground_waits_where_its_end_would_revert_more_or_nobody_knows_what_a_step_did() {
    let lost = |reverts: &[Revert], then: &[Event]| {
        let crashed = [taken(), undo_intended(2), undone(2)];
        next(&plan(reverts), &history(&[&[taken()], &whole(1), &whole(2), then, &crashed]))
    };
    let always = Revert::Always;
    assert_eq!(lost(&[Revert::Never, always, Revert::Never], &[]), Decision::Abandon(StepId(3)));
    assert_eq!(lost(&[Revert::UntilReleased, always, Revert::Never], &[]), Decision::Abandon(StepId(3)), "undone after the end");
    assert_eq!(lost(&[Revert::OnFailure, always, Revert::Never], &[]), Decision::Wait);
    assert_eq!(lost(&[Revert::Never, always, Revert::Never], &[prepared(3), intended(3), unknown(3)]), Decision::Wait);
}

#[test]
fn a_recovery_whose_worker_died_ends_by_itself_with_what_is_known() {
    let plan = plan(&[Revert::OnFailure, Revert::Always, Revert::Never]);
    let collects = StepSpec { kind: "collect".to_owned(), ..spec(101, Revert::Never) };
    let first = [Event::Prepared { step: StepId(1), undo: vec![collects] }, intended(1), done(1)];
    let mut crashed = history(&[&[taken()], &first, &whole(2), &[taken()]]);
    let mut expect = |decision, then: &[Event]| {
        assert_eq!(next(&plan, &crashed), decision);
        crashed.extend(then.iter().cloned());
    };
    expect(Decision::Undo(StepId(2)), &[undo_intended(2), undone(2)]);
    expect(Decision::Abandon(StepId(3)), &[failed(3)]);
    expect(Decision::Undo(StepId(1)), &[undo_intended(1), undone(1)]);
    expect(Decision::Finish(Outcome::Failed), &[]);
}

#[test]
fn a_job_that_was_ending_when_its_worker_died_goes_on_to_its_end() {
    let plan = plan(&[Revert::OnFailure, Revert::Never]);
    let failing = history(&[&[taken()], &whole(1), &[prepared(2), intended(2), failed(2), undo_intended(1), taken()]]);
    assert_eq!(next(&plan, &failing), Decision::Undo(StepId(1)));
    let undone = history(&[&failing, &[undo_intended(1), undone(1)]]);
    assert_eq!(next(&plan, &undone), Decision::Finish(Outcome::Failed));
}

#[test]
fn an_undo_that_fails_does_not_keep_the_others_from_being_tried() {
    let plan = plan(&[Revert::OnFailure, Revert::OnFailure, Revert::Never]);
    let steps = history(&[&[taken()], &whole(1), &whole(2), &[prepared(3), intended(3), failed(3)]]);
    let one = history(&[&steps, &[undo_intended(2), undo_failed(2)]]);
    assert_eq!(next(&plan, &one), Decision::Undo(StepId(1)));
    let both = history(&[&one, &[undo_intended(1), undone(1)]]);
    assert_eq!(next(&plan, &both), Decision::Finish(Outcome::Stuck));
    let again = history(&[&both, &[Event::Finished { outcome: Outcome::Stuck }, asked(Control::Undo)]]);
    assert_eq!(next(&plan, &again), Decision::Undo(StepId(2)), "on request it is tried once more");
    let failed = history(&[&again, &[undo_intended(2), undo_failed(2)]]);
    assert_eq!(next(&plan, &failed), Decision::Wait, "and once only");
}

#[test]
fn what_nobody_can_tell_and_nothing_reverts_is_stuck() {
    let plan = plan(&[Revert::Never]);
    let unknown = [taken(), prepared(1), intended(1), taken(), unknown(1)];
    assert_eq!(next(&plan, &unknown), Decision::Wait);
    let answered = |control| next(&plan, &history(&[&unknown, &[asked(control)]]));
    assert_eq!(answered(Control::Cancel), Decision::Finish(Outcome::Stuck));
    assert_eq!(answered(Control::Resume), Decision::Run(StepId(1)));
}

#[test]
fn a_cancellation_after_the_last_step_comes_too_late() {
    let plan = plan(&[Revert::OnFailure]);
    let late = history(&[&[taken()], &whole(1), &[asked(Control::Cancel)]]);
    assert_eq!(next(&plan, &late), Decision::Finish(Outcome::Done));
}

#[test]
fn what_is_kept_until_released_is_undone_on_request_after_the_end() {
    let plan = plan(&[Revert::UntilReleased, Revert::OnFailure]);
    let ended = history(&[&[taken()], &whole(1), &whole(2), &[Event::Finished { outcome: Outcome::Done }]]);
    assert_eq!(next(&plan, &ended), Decision::Wait);
    let asked = history(&[&ended, &[taken(), asked(Control::Undo)]]);
    assert_eq!(next(&plan, &asked), Decision::Undo(StepId(1)));
    let undone = history(&[&asked, &[undo_intended(1), undone(1)]]);
    assert_eq!(next(&plan, &undone), Decision::Wait);
}

#[test]
fn outputs_are_those_of_the_steps_that_are_done() {
    let told = outputs(&history(&[&[taken()], &whole(1), &[prepared(2), intended(2), failed(2)]]));
    assert_eq!(told, BTreeMap::from([(StepId(1), json!(1))]));
}
