//! Nothing changes on a single key: what is asked before a plan becomes a job.

use std::sync::Arc;
use std::time::Duration;

use crate::app::command::Call;
use crate::app::confirm::{Gate, Stage};
use crate::app::effect::{Effect, Wish};
use crate::app::message::{Input, Message, Planned};
use crate::app::model::Model;
use crate::app::popup::Popup;
use crate::app::screen::ScreenId;
use crate::app::tests::fixtures::backups::keeps;
use crate::app::tests::fixtures::jobs::{ledger, moving, plan};
use crate::app::tests::fixtures::{START, at, model, press, wait, write};
use crate::app::update::update;
use crate::domain::backup::Method;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::guard::Guard;
use crate::domain::job::JobId;
use crate::domain::plan::Confirmation;

/// A console under a guard, over a plan to back `orders` up.
fn asked(guard: Guard) -> (Model, Wish) {
    let mut model = model(&["production", "staging"]);
    keeps(&mut model, &[("orders", &[Method::Logical])]);
    Arc::make_mut(&mut model.shared.setup).environments[0].guard = guard;
    let effects = press(&mut model, "6 b");
    let [Effect::Plan(wish)] = effects.as_slice() else { panic!("{effects:?}") };
    assert_eq!(wish.call, ["backup", "orders"]);
    (model, wish.clone())
}

fn answered(guard: Guard) -> Model {
    let (mut model, wish) = asked(guard);
    let planned = Planned { plan: Arc::new(plan("backup orders", guard)), unlocked: None };
    assert_eq!(update(&mut model, Message::Planned(wish, Ok(planned))), []);
    model
}

fn gate(model: &Model) -> Option<Gate> {
    match &model.popup {
        Some(Popup::Confirm(confirm)) => confirm.gate(&model.shared),
        _ => None,
    }
}

fn typed(effects: &[Effect]) -> Option<&Confirmation> {
    match effects {
        [Effect::Submit(_, confirmation)] => Some(confirmation),
        _ => None,
    }
}

fn wrong(model: &Model) -> &str {
    let Some(Popup::Confirm(confirm)) = &model.popup else { return "" };
    confirm.wrong.as_deref().unwrap_or_default()
}

#[test]
fn rule_13_what_is_open_starts_by_one_key_once_its_plan_is_seen() {
    let (mut model, wish) = asked(Guard::Open);
    assert_eq!(press(&mut model, "enter enter"), []);
    let planned = Planned { plan: Arc::new(plan("backup orders", Guard::Open)), unlocked: None };
    update(&mut model, Message::Planned(wish, Ok(planned)));
    assert_eq!(typed(&press(&mut model, "enter")), Some(&Confirmation::default()));
    // The first Enter was enough; none after it starts another.
    assert_eq!(press(&mut model, "enter enter"), []);
}

#[test]
fn rule_13_a_target_must_be_named_and_what_else_is_typed_is_told() {
    let mut model = answered(Guard::Confirm);
    assert_eq!(gate(&model), Some(Gate::Target("orders".into())));
    assert_eq!(press(&mut model, "enter"), []);
    assert!(wrong(&model).contains("orders"));
    write(&mut model, "order");
    assert_eq!(press(&mut model, "enter"), []);
    assert!(wrong(&model).contains("\"order\" is not orders"), "{}", wrong(&model));
    write(&mut model, "s");
    assert_eq!(wrong(&model), "");
    let effects = press(&mut model, "enter");
    assert_eq!(typed(&effects), Some(&Confirmation { typed: Some("orders".into()), unattended: false }));
}

#[test]
fn rule_13_a_strict_environment_is_unlocked_by_its_own_name_and_then_wants_the_target() {
    let mut model = answered(Guard::Strict);
    write(&mut model, "orders");
    assert_eq!(press(&mut model, "enter"), []);
    assert!(wrong(&model).contains("production"));
    press(&mut model, "ctrl-u");
    write(&mut model, "production");
    assert_eq!(press(&mut model, "enter"), [Effect::Unlock("production".into())]);
    // It is the ledger that unlocks: until it has, typing goes on at the same place.
    assert_eq!(gate(&model), Some(Gate::Environment("production".into())));
    let until = START.after(Duration::from_secs(900));
    update(&mut model, Message::Unlocked("production".into(), Ok(until)));
    assert_eq!(gate(&model), Some(Gate::Target("orders".into())));
    assert_eq!(press(&mut model, "enter"), []);
    write(&mut model, "orders");
    assert!(typed(&press(&mut model, "enter")).is_some());
}

#[test]
fn rule_13_an_environment_locks_itself_again_after_its_time() {
    let mut model = answered(Guard::Strict);
    update(&mut model, Message::Unlocked("production".into(), Ok(START.after(Duration::from_secs(900)))));
    write(&mut model, "orders");
    wait(&mut model, 901);
    assert_eq!(press(&mut model, "enter"), []);
    assert_eq!(gate(&model), Some(Gate::Environment("production".into())));
}

#[test]
fn rule_13_nothing_opens_what_is_read_only() {
    let mut model = answered(Guard::ReadOnly);
    write(&mut model, "orders");
    assert_eq!(press(&mut model, "enter enter"), []);
    assert_eq!(gate(&model), Some(Gate::Closed));
}

#[test]
fn rule_13_the_stricter_of_the_guard_then_and_now_holds() {
    let (mut model, wish) = asked(Guard::ReadOnly);
    let open = Planned { plan: Arc::new(plan("backup orders", Guard::Open)), unlocked: None };
    update(&mut model, Message::Planned(wish, Ok(open)));
    assert_eq!(press(&mut model, "enter"), []);
    let (mut model, wish) = asked(Guard::Open);
    let confirm = Planned { plan: Arc::new(plan("backup orders", Guard::Confirm)), unlocked: None };
    update(&mut model, Message::Planned(wish, Ok(confirm)));
    assert_eq!(press(&mut model, "enter"), []);
}

#[test]
fn an_unlock_that_is_refused_says_why() {
    let mut model = answered(Guard::Strict);
    let refused = Failure::new(FailureKind::Io, "the audit cannot be written");
    update(&mut model, Message::Unlocked("production".into(), Err(refused)));
    assert!(wrong(&model).contains("audit"));
    assert_eq!(gate(&model), Some(Gate::Environment("production".into())));
}

#[test]
fn esc_leaves_everything_as_it_is() {
    for guard in Guard::ALL {
        let mut model = answered(guard);
        write(&mut model, "orders");
        assert_eq!((press(&mut model, "esc"), model.popup.is_none()), (vec![], true));
    }
}

#[test]
fn a_plan_that_comes_late_confirms_nothing_else() {
    let (mut model, wish) = asked(Guard::Open);
    let late = Planned { plan: Arc::new(plan("backup orders", Guard::Open)), unlocked: None };
    press(&mut model, "esc");
    update(&mut model, Message::Planned(wish.clone(), Ok(late.clone())));
    assert_eq!(model.popup, None);
    // Another one was asked for meanwhile.
    update(&mut model, Message::Call(Call::with("verify", "--all")));
    update(&mut model, Message::Planned(wish.clone(), Ok(late.clone())));
    assert_eq!(press(&mut model, "enter"), []);
    // The same words in an environment that was left are not the same wish.
    press(&mut model, "esc");
    update(&mut model, Message::Call(Call::with("environment", "staging")));
    update(&mut model, Message::Call(Call::with("backup", "orders")));
    update(&mut model, Message::Planned(wish, Ok(late)));
    assert_eq!(press(&mut model, "enter"), []);
}

#[test]
fn what_cannot_be_planned_says_why_and_how_to_mend_it() {
    let (mut model, wish) = asked(Guard::Open);
    let failure =
        Failure::new(FailureKind::Tool, "pg_dump 13 is older than the server, 15").mend("apt install postgresql-client-15");
    update(&mut model, Message::Planned(wish, Err(failure.clone())));
    assert!(matches!(&model.popup, Some(Popup::Confirm(confirm)) if confirm.stage == Stage::Failed(failure)));
    assert_eq!((press(&mut model, "enter"), model.popup.is_none()), (vec![], true));
}

#[test]
fn what_was_confirmed_opens_as_a_job() {
    let mut model = answered(Guard::Open);
    press(&mut model, "enter");
    assert_eq!(update(&mut model, Message::Submitted(Ok(JobId(14)))), [Effect::Refresh]);
    assert_eq!((model.screen, model.popup.is_none()), (ScreenId::Jobs, true));
    let detail = model.screens.jobs.detail.clone().unwrap();
    assert_eq!((detail.id, detail.job), (JobId(14), None));
    ledger(&mut model, &[moving(14, "backup orders", 2)]);
    assert!(model.screens.jobs.detail.as_ref().unwrap().job.is_some());
}

#[test]
fn a_job_that_starts_after_its_popup_was_left_takes_nobody_away_from_what_they_do() {
    let mut model = answered(Guard::Open);
    press(&mut model, "enter esc 1");
    update(&mut model, Message::Submitted(Ok(JobId(14))));
    assert_eq!(model.screen, ScreenId::Overview);
    assert!(model.notice.unwrap().text.contains("#14"));
}

#[test]
fn what_the_ledger_refuses_stays_to_be_read() {
    let mut model = answered(Guard::Open);
    press(&mut model, "enter");
    let held = Failure::new(FailureKind::Locked, "orders is held by grace's #13, verify, since 02:51");
    update(&mut model, Message::Submitted(Err(held.clone())));
    assert!(matches!(&model.popup, Some(Popup::Confirm(confirm)) if confirm.stage == Stage::Failed(held)));
}

#[test]
fn text_that_is_pasted_is_typed_and_starts_nothing_by_itself() {
    let mut model = answered(Guard::Confirm);
    assert_eq!(update(&mut model, Message::Input(Input::Paste("orders\n".into()))), []);
    assert!(typed(&press(&mut model, "enter")).is_some());
}

#[test]
fn letters_scroll_only_where_nothing_is_typed() {
    let scroll = |model: &Model| match &model.popup {
        Some(Popup::Confirm(confirm)) => (confirm.scroll, confirm.line.text().to_owned()),
        _ => panic!(),
    };
    let mut open = answered(Guard::Open);
    press(&mut open, "j j k down");
    assert_eq!(scroll(&open), (2, String::new()));
    let mut named = answered(Guard::Confirm);
    press(&mut named, "j down");
    assert_eq!(scroll(&named), (1, "j".into()));
}

#[test]
fn the_ledger_tells_that_an_environment_is_unlocked_already() {
    let (mut model, wish) = asked(Guard::Strict);
    let planned = Planned { plan: Arc::new(plan("backup orders", Guard::Strict)), unlocked: Some(at(600).wall) };
    update(&mut model, Message::Planned(wish, Ok(planned)));
    assert_eq!(gate(&model), Some(Gate::Target("orders".into())));
}
