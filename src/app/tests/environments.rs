//! Leaving one environment for another.

use std::sync::Arc;

use crate::app::command::Call;
use crate::app::message::{Fed, Message};
use crate::app::model::{Model, needs};
use crate::app::need::{Data, Source};
use crate::app::rows;
use crate::app::store::Freshness;
use crate::app::tests::fixtures::{alert, model, press, report};
use crate::app::update::update;
use crate::domain::alert::AlertSet;

fn switch(model: &mut Model, environment: &str) {
    update(model, Message::Call(Call::with("environment", environment)));
}

#[test]
fn rule_01_an_answer_of_the_environment_just_left_is_dropped() {
    let mut model = model(&["production", "staging"]);
    let need = needs(&model).into_iter().find(|n| n.source == Source::Alerts).unwrap();
    switch(&mut model, "staging");
    let late = Data::Alerts(AlertSet { alerts: vec![alert("of production")], members: vec![] });
    let fed = Fed { need, reply: Ok(Arc::new(late)), at: model.shared.now, skew: Some(60_000) };
    update(&mut model, Message::Fed(fed.clone()));
    assert_eq!(model.shared.freshness(&Source::Alerts), Freshness::Waiting);
    assert_eq!((rows::rows(&model.shared).len(), model.shared.skew), (0, None));
    // Coming back is another visit: what was asked on the first is still not its answer.
    switch(&mut model, "production");
    update(&mut model, Message::Fed(fed));
    assert_eq!(rows::rows(&model.shared).len(), 0);
}

#[test]
fn nothing_of_an_environment_is_kept_when_it_is_left() {
    let mut model = model(&["production", "staging"]);
    report(&mut model, vec![alert("down")]);
    press(&mut model, "3 enter");
    assert!(model.screens.alerts.list.detail.is_some());
    switch(&mut model, "staging");
    assert_eq!(rows::rows(&model.shared).len(), 0);
    assert_eq!(model.screens.alerts.list.detail, None);
    assert!(needs(&model).iter().all(|n| n.env == model.shared.epoch));
    // What left with the environment did not end: it is not mourned as lost either.
    report(&mut model, vec![]);
    assert_eq!(model.shared.lookout.lost().count() + model.shared.lookout.resolved().count(), 0);
}

#[test]
fn the_environment_that_is_open_is_not_entered_again() {
    let mut model = model(&["production", "staging"]);
    let epoch = model.shared.epoch;
    switch(&mut model, "production");
    switch(&mut model, "attic");
    assert_eq!((model.shared.environment, model.shared.epoch), (0, epoch));
    assert!(model.notice.unwrap().text.contains("production, staging"));
}
