//! The Services screen: what is asked for, what is selected while lists reorder, and what keys plan.

use std::sync::Arc;
use std::time::Duration;

use crate::app::effect::Effect;
use crate::app::model::{Model, needs};
use crate::app::need::Source;
use crate::app::popup::Popup;
use crate::app::screen::ScreenId;
use crate::app::screens::services::rows::RowId;
use crate::app::screens::services::tab::Tab;
use crate::app::tests::fixtures::services::{
    chain, controlled, instance, log, postgres, redis, serve, session, stands, tells, wrote,
};
use crate::app::tests::fixtures::{START, alert, model, press, report, wait, write};
use crate::domain::service::ServiceKind;
use crate::domain::triage::Triage;
use crate::domain::triage::postgres::{Session, SessionId};

/// A PostgreSQL, a Redis and an app; the first is open at a tab.
fn open(tab: &str) -> Model {
    let mut model = model(&["production"]);
    let kinds = [("orders", ServiceKind::Postgres), ("cache", ServiceKind::Redis), ("shop", ServiceKind::Http)];
    serve(&mut model, kinds.map(|(name, kind)| controlled(name, kind)).into());
    run(&mut model, &format!("service {}", if ["clients", "slowlog"].contains(&tab) { "cache" } else { "orders" }));
    run(&mut model, &format!("tab {tab}"));
    model
}

fn run(model: &mut Model, command: &str) -> Vec<Effect> {
    let call = crate::app::catalog::parse(command).unwrap();
    crate::app::update::run(model, &call)
}

fn chained(model: &mut Model, sessions: Vec<Session>) {
    tells(model, "orders", Triage::Postgres(Box::new(postgres(sessions))));
}

fn selected(model: &Model) -> Option<RowId> {
    model.screens.services.row(&model.shared).map(|(_, row)| row)
}

fn pid(model: &Model) -> i32 {
    match selected(model) {
        Some(RowId::Session(id)) => id.pid,
        other => panic!("{other:?}"),
    }
}

fn wished(effects: &[Effect]) -> String {
    match effects {
        [Effect::Plan(wish)] => wish.call.join(" "),
        other => panic!("{other:?}"),
    }
}

fn said(model: &Model) -> &str {
    model.notice.as_ref().map_or("", |notice| &notice.text)
}

fn asked(model: &Model) -> Vec<Source> {
    let all = needs(model).into_iter().map(|need| need.source);
    all.filter(|source| matches!(source, Source::Condition(_) | Source::Triage(_) | Source::ServiceLog(..))).collect()
}

#[test]
fn enter_on_a_service_of_the_overview_opens_it() {
    let mut model = open("instances");
    press(&mut model, "1 tab enter");
    assert_eq!(model.screen, ScreenId::Services);
    assert_eq!(model.screens.services.open.as_ref().unwrap().name, "orders".into());
    press(&mut model, "esc");
    assert!(model.screens.services.open.is_none());
}

#[test]
fn only_what_is_shown_is_asked_for() {
    let mut model = open("instances");
    assert_eq!(asked(&model), [Source::Condition("orders".into())]);
    press(&mut model, "] ]");
    assert_eq!(asked(&model), [Source::Condition("orders".into()), Source::Triage("orders".into())]);
    press(&mut model, "[");
    assert!(matches!(&asked(&model)[1], Source::ServiceLog(name, _) if *name == "orders".into()));
    press(&mut model, "esc");
    assert_eq!(asked(&model).len(), 3, "the list asks every control");
    press(&mut model, "1");
    assert_eq!(asked(&model), []);
}

#[test]
fn the_cursor_stays_on_its_session_when_the_list_reorders() {
    let mut model = open("sessions");
    chained(&mut model, chain());
    let before = pid(&model);
    press(&mut model, "j j");
    let chosen = pid(&model);
    assert_ne!(before, chosen);
    let mut sessions = chain();
    sessions.reverse();
    sessions.insert(0, session(99, "active", 999, "SELECT 1", &[101]));
    chained(&mut model, sessions);
    assert_eq!(pid(&model), chosen);
}

/// A process that ended and whose number was given out again is another session: the cursor does not stand on it.
#[test]
fn rule_11_a_session_with_the_same_process_is_not_the_one_that_was_chosen() {
    let mut model = open("sessions");
    chained(&mut model, vec![session(7, "active", 5, "SELECT 1", &[]), session(8, "active", 4, "SELECT 2", &[])]);
    press(&mut model, "j");
    assert_eq!(wished(&press(&mut model, "K")), "terminate orders --pid 8 --started 8000000");
    press(&mut model, "esc");
    let reused = Session { id: SessionId { pid: 8, started: 9 }, ..session(8, "active", 9, "SELECT 3", &[]) };
    chained(&mut model, vec![reused, session(7, "active", 8, "SELECT 1", &[])]);
    assert_eq!(pid(&model), 7, "it took the place of the one that is gone");
}

#[test]
fn nothing_happens_on_a_single_key_but_a_plan() {
    let mut model = open("locks");
    chained(&mut model, chain());
    assert_eq!(wished(&press(&mut model, "c")), "cancel-query orders --pid 101 --started 101000000");
    assert!(matches!(model.popup, Some(Popup::Confirm(_))));
    press(&mut model, "esc");
    for (key, routine) in [("S", "start"), ("X", "stop"), ("R", "restart"), ("P", "pause"), ("U", "unpause")] {
        assert_eq!(wished(&press(&mut model, key)), format!("{routine} orders"));
        press(&mut model, "esc");
    }
    assert_eq!(press(&mut model, "#"), []);
    assert_eq!(wished(&press(&mut model, "down down enter")), "scale orders 2");
}

#[test]
fn the_root_of_a_chain_stands_on_top_and_each_only_once() {
    let mut model = open("locks");
    chained(&mut model, chain());
    let ids = model.screens.services.open.as_ref().unwrap().ids(&model.shared);
    let pids: Vec<i32> = ids.iter().map(|id| if let RowId::Session(id) = id { id.pid } else { 0 }).collect();
    assert_eq!(pids, [101, 102, 103, 104]);
}

#[test]
fn slow_and_idle_lists_what_presses_the_longest_first() {
    let mut model = open("slow");
    chained(&mut model, chain());
    let ids = model.screens.services.open.as_ref().unwrap().ids(&model.shared);
    let pids: Vec<i32> = ids.iter().map(|id| if let RowId::Session(id) = id { id.pid } else { 0 }).collect();
    assert_eq!(pids, [105, 101, 102, 103, 104, 106], "107 is idle without a transaction");
}

#[test]
fn a_client_of_a_redis_is_disconnected_by_its_number() {
    let mut model = open("clients");
    tells(&mut model, "cache", Triage::Redis(Box::new(redis())));
    assert_eq!(wished(&press(&mut model, "j K")), "kill-client cache --id 3");
    press(&mut model, "esc ] K");
    assert!(said(&model).contains("does nothing here"), "{}", said(&model));
}

#[test]
fn a_prepared_transaction_has_no_session_to_end() {
    let mut model = open("locks");
    chained(&mut model, vec![session(7, "active", 5, "SELECT 1", &[0])]);
    assert_eq!(press(&mut model, "K"), []);
    assert!(said(&model).contains("ROLLBACK PREPARED"), "{}", said(&model));
}

#[test]
fn one_of_several_instances_is_meant_where_it_is_selected() {
    let mut model = open("instances");
    stands(&mut model, "orders", vec![instance("orders-1", 1.0)]);
    assert_eq!(wished(&press(&mut model, "R")), "restart orders");
    press(&mut model, "esc");
    stands(&mut model, "orders", vec![instance("orders-1", 1.0), instance("orders-2", 1.0)]);
    assert_eq!(wished(&press(&mut model, "j R")), "restart orders --instance orders-2");
    press(&mut model, "esc enter");
    let open = model.screens.services.open.as_ref().unwrap();
    assert_eq!((open.tab, open.log.instance.as_deref()), (Tab::Logs, Some("orders-2")));
}

#[test]
fn what_is_used_is_known_after_two_looks_and_not_across_a_restart() {
    let mut model = open("instances");
    let cpu = |model: &Model| model.screens.services.meters.cpu(&"orders".into(), "orders-1");
    let look = |model: &mut Model, second: u64, seconds: f64| {
        wait(model, second);
        stands(model, "orders", vec![instance("orders-1", seconds)]);
        wait(model, second);
    };
    look(&mut model, 10, 100.0);
    assert_eq!(cpu(&model), None);
    look(&mut model, 20, 105.0);
    assert_eq!(cpu(&model), Some(0.5));
    look(&mut model, 30, 1.0);
    assert_eq!(cpu(&model), None, "it was started anew");
}

#[test]
fn a_log_is_followed_at_its_end_and_stands_still_elsewhere() {
    let mut model = open("logs");
    let ask = |model: &Model| model.screens.services.open.as_ref().unwrap().log.ask();
    let line = |model: &mut Model| {
        press(model, "y");
        said(model).to_owned()
    };
    let (first, newer) = (log(50), log(60));
    let asked = ask(&model);
    wrote(&mut model, "orders", asked.clone(), first);
    assert!(line(&mut model).contains("checkpoint 50"));
    press(&mut model, "k k");
    assert!(line(&mut model).contains("checkpoint 48"));
    wrote(&mut model, "orders", asked.clone(), newer);
    assert!(line(&mut model).contains("checkpoint 48"));
    press(&mut model, "G");
    wrote(&mut model, "orders", asked, log(60));
    assert!(line(&mut model).contains("checkpoint 60"));
    press(&mut model, "/");
    write(&mut model, "deadlock");
    press(&mut model, "enter");
    assert!(line(&mut model).contains("line 56"), "{}", said(&model));
}

#[test]
fn the_log_of_when_an_alert_began_is_a_key_away() {
    let mut model = open("instances");
    report(&mut model, vec![crate::domain::alert::Alert { starts_at: START, ..alert("OrdersFailing") }]);
    press(&mut model, "3 L enter");
    assert_eq!(model.screen, ScreenId::Services);
    let ask = model.screens.services.open.as_ref().unwrap().log.ask();
    assert_eq!(ask.since, Some(START.before(Duration::from_secs(300))));
    assert_eq!((ask.until, ask.tail), (Some(START.after(Duration::from_secs(300))), None));
}

#[test]
fn a_service_that_is_not_there_is_complained_about() {
    let mut model = open("instances");
    assert_eq!(run(&mut model, "service nobody"), []);
    assert!(said(&model).contains("nobody"));
    run(&mut model, "service shop");
    run(&mut model, "tab locks");
    assert!(said(&model).contains("no tab"), "{}", said(&model));
}

/// The Alerts screen with one alert that has these labels.
fn alarmed(labels: &[(&str, &str)]) -> Model {
    let mut model = open("instances");
    let labels = [("alertname", "Trouble"), ("severity", "critical")].into_iter().chain(labels.iter().copied()).collect();
    report(&mut model, vec![crate::domain::alert::Alert { labels, ..alert("Trouble") }]);
    press(&mut model, "3");
    model
}

#[test]
fn one_key_on_an_alert_plans_the_recovery_of_what_it_is_about() {
    let mut model = alarmed(&[("job", "redis"), ("instance", "cache:9121")]);
    assert_eq!(wished(&press(&mut model, "R")), "recover cache");
    press(&mut model, "esc enter");
    assert_eq!(wished(&press(&mut model, "R")), "recover cache", "the same from the open alert");
}

#[test]
fn an_alert_about_several_services_asks_which_and_one_about_none_says_so() {
    let mut model = alarmed(&[("job", "storage")]);
    let services = &mut Arc::make_mut(&mut model.shared.setup).environments[0].services;
    for service in services.iter_mut().filter(|service| service.kind != ServiceKind::Http) {
        service.labels = [("job".to_owned(), "storage".to_owned())].into();
    }
    press(&mut model, "R");
    let Some(Popup::Picker(picker)) = &model.popup else { panic!("one is asked which") };
    assert_eq!(picker.items.len(), 2);
    assert_eq!(wished(&press(&mut model, "down enter")), "recover cache");

    let mut model = alarmed(&[("job", "node"), ("instance", "host")]);
    assert_eq!(press(&mut model, "R"), []);
    assert!(said(&model).contains(r#"(instance="host", job="node"): recover NAME"#), "{}", said(&model));
}
