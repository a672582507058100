//! How far a panel can be trusted to show the present.

use std::time::Duration;

use crate::app::model::Model;
use crate::app::need::{Data, Source};
use crate::app::screens::dashboards::trust::{Trust, trust};
use crate::app::tests::fixtures::{answer, dashboard, fail, matrix, model, press, series, target, wait};
use crate::domain::fault::FaultKind;
use crate::domain::series::{Answer, Series};
use crate::domain::target::TargetHealth;

/// With a dashboard of one panel open.
fn board() -> Model {
    let mut model = model(&["production"]);
    answer(&mut model, Source::Dashboards, Data::Dashboards(vec![dashboard("shop", &["app_queue"])]));
    press(&mut model, "2 enter");
    model
}

fn query(model: &Model) -> Source {
    let board = model.screens.dashboards.board.as_ref().unwrap();
    board.focused().unwrap().sources[0].clone().unwrap()
}

fn told(model: &mut Model, series: Vec<Series>) {
    let query = query(model);
    answer(model, query, matrix(series));
}

fn panel(model: &Model) -> Trust {
    let board = model.screens.dashboards.board.as_ref().unwrap();
    trust(&model.shared, board.focused().unwrap())
}

fn stale(seconds: u64, why: Option<&str>) -> Trust {
    Trust::Stale(Duration::from_secs(seconds), why.map(str::to_owned))
}

#[test]
fn rule_01_a_panel_is_fresh_while_it_is_answered_with_new_samples() {
    let mut model = board();
    assert_eq!(panel(&model), Trust::Waiting);
    told(&mut model, vec![series("app", 0)]);
    assert_eq!(panel(&model), Trust::Fresh);
    wait(&mut model, 9);
    assert_eq!(panel(&model), Trust::Fresh);
}

#[test]
fn rule_01_a_panel_that_is_no_longer_answered_is_as_old_as_its_answer() {
    let mut model = board();
    told(&mut model, vec![series("app", 0)]);
    wait(&mut model, 600);
    assert_eq!(panel(&model), stale(600, None));
    let query = query(&model);
    fail(&mut model, query, FaultKind::Timeout);
    assert_eq!(panel(&model), stale(600, Some("timeout")));
}

#[test]
fn rule_01_an_answer_of_old_samples_is_as_old_as_they_are() {
    let mut model = board();
    wait(&mut model, 600);
    told(&mut model, vec![series("app", 100)]);
    assert_eq!(panel(&model), stale(500, None));
}

#[test]
fn rule_01_a_panel_whose_target_is_down_says_why_and_since_when() {
    let mut model = board();
    wait(&mut model, 30);
    let down = target("app", TargetHealth::Down, "Get http://app:9100/metrics: context deadline exceeded");
    answer(&mut model, Source::Targets, Data::Targets(vec![down, target("db", TargetHealth::Up, "")]));
    told(&mut model, vec![series("app", 16)]);
    assert_eq!(panel(&model), stale(14, Some("app: scrape timeout")));
}

#[test]
fn rule_01_another_target_that_is_down_says_nothing_of_this_panel() {
    let mut model = board();
    wait(&mut model, 30);
    answer(&mut model, Source::Targets, Data::Targets(vec![target("db", TargetHealth::Down, "refused")]));
    told(&mut model, vec![series("app", 30)]);
    assert_eq!(panel(&model), Trust::Fresh);
}

#[test]
fn rule_02_a_panel_that_never_was_answered_has_failed() {
    let mut model = board();
    let query = query(&model);
    fail(&mut model, query, FaultKind::Refused);
    assert!(matches!(panel(&model), Trust::Failed(fault) if fault.kind == FaultKind::Refused));
}

#[test]
fn rule_02_a_partial_answer_is_not_a_whole_one() {
    let mut model = board();
    let warnings = vec!["one store did not answer".into()];
    let query = query(&model);
    answer(&mut model, query, Data::Answer(Answer { series: vec![series("app", 0)], warnings, ..Answer::default() }));
    assert_eq!(panel(&model), Trust::Partial("one store did not answer".into()));
}

#[test]
fn rule_01_ages_are_told_by_the_clock_of_prometheus() {
    let mut model = board();
    // Which is five minutes ahead of ours.
    model.shared.skew = Some(300_000);
    told(&mut model, vec![series("app", 300)]);
    assert_eq!(panel(&model), Trust::Fresh);
    told(&mut model, vec![series("app", 0)]);
    assert_eq!(panel(&model), stale(300, None));
}

#[test]
fn rule_02_a_panel_is_no_fresher_than_the_part_of_it_that_is_dark() {
    let mut model = board();
    wait(&mut model, 60);
    let refused = target("db", TargetHealth::Down, "dial tcp: connection refused");
    answer(&mut model, Source::Targets, Data::Targets(vec![target("app", TargetHealth::Up, ""), refused]));
    told(&mut model, vec![series("app", 60), series("db", 20)]);
    assert_eq!(panel(&model), stale(40, Some("db: connection refused")));
}

#[test]
fn rule_01_a_panel_that_fills_the_screen_shows_what_it_had_until_the_finer_answer_is_there() {
    let mut model = board();
    told(&mut model, vec![series("app", 0)]);
    wait(&mut model, 2);
    press(&mut model, "enter");
    assert_eq!(panel(&model), Trust::Fresh);
    let finer = query(&model);
    fail(&mut model, finer, FaultKind::Timeout);
    assert_eq!(panel(&model), stale(2, Some("timeout")));
}
