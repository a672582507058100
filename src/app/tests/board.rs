//! A dashboard that is open: variables, rows, zoom and crosshair, and what Esc closes first.

use std::sync::Arc;
use std::time::Duration;

use crate::app::command::Call;
use crate::app::message::Message;
use crate::app::model::{Model, needs};
use crate::app::need::{DashboardFile, Data, Source};
use crate::app::popup::Popup;
use crate::app::screens::dashboards::Board;
use crate::app::tests::fixtures::{answer, model, press, write};
use crate::app::update::update;
use crate::domain::range::TimeRange;
use crate::domain::time::{Moment, Stamp};
use crate::grafana;

const SHOP: &str = r#"{"title":"Shop","schemaVersion":39,"time":{"from":"now-3h","to":"now"},
  "templating":{"list":[
    {"type":"custom","name":"job","query":"app,db"},
    {"type":"query","name":"instance","query":"label_values(up{job=\"$job\"}, instance)"}]},
  "panels":[
    {"id":1,"type":"timeseries","gridPos":{"x":0,"y":0,"w":24,"h":4},"targets":[{"refId":"A","expr":"up{job=\"$job\"}"}]},
    {"id":2,"type":"row","title":"Details","gridPos":{"x":0,"y":4,"w":24,"h":1},"collapsed":true,"panels":[
      {"id":3,"type":"timeseries","gridPos":{"x":0,"y":5,"w":24,"h":4},"targets":[{"refId":"A","expr":"details"}]}]}]}"#;

fn listed(model: &mut Model) {
    let file = DashboardFile { path: "shop.json".into(), dashboard: Ok(Arc::new(grafana::read(SHOP).unwrap())) };
    answer(model, Source::Dashboards, Data::Dashboards(vec![file]));
}

fn shop() -> Model {
    let mut model = model(&["production"]);
    listed(&mut model);
    press(&mut model, "2 enter");
    model
}

fn board(model: &Model) -> &Board {
    model.screens.dashboards.board.as_ref().unwrap()
}

/// The expressions of the range queries that are asked.
fn queries(model: &Model) -> Vec<String> {
    let expr = |source| if let Source::Range(query) = source { Some(query.expr) } else { None };
    needs(model).into_iter().filter_map(|need| expr(need.source)).collect()
}

fn instances(job: &str) -> Source {
    Source::LabelValues { selector: Some(format!("up{{job=\"{job}\"}}")), label: "instance".into() }
}

#[test]
fn a_dashboard_opens_with_its_own_range_and_keeps_the_one_that_is_chosen() {
    let mut model = shop();
    assert_eq!(model.shared.range, TimeRange::Last(Duration::from_secs(3 * 3600)));
    press(&mut model, "+");
    assert_eq!(model.shared.range, TimeRange::Last(Duration::from_secs(3 * 1800)));
    press(&mut model, "j -");
    assert_eq!(model.shared.range, TimeRange::Last(Duration::from_secs(3 * 3600)));
}

#[test]
fn a_variable_goes_into_the_queries_and_into_the_question_of_the_next_variable() {
    let mut model = shop();
    assert_eq!(queries(&model), ["up{job=\"app\"}"]);
    assert!(needs(&model).iter().any(|need| need.source == instances("app")));
    press(&mut model, "v enter");
    assert!(matches!(&model.popup, Some(Popup::Picker(picker)) if picker.items.len() == 2));
    write(&mut model, "db");
    press(&mut model, "enter");
    assert_eq!(queries(&model), ["up{job=\"db\"}"]);
    let asked: Vec<Source> = needs(&model).into_iter().map(|need| need.source).collect();
    assert!(asked.contains(&instances("db")) && !asked.contains(&instances("app")));
}

#[test]
fn a_row_that_is_closed_asks_for_nothing_until_it_is_opened() {
    let mut model = shop();
    assert!(!queries(&model).contains(&"details".into()));
    press(&mut model, "j enter");
    assert!(queries(&model).contains(&"details".into()));
    press(&mut model, "enter");
    assert!(!queries(&model).contains(&"details".into()));
}

#[test]
fn esc_closes_the_crosshair_then_the_zoom_then_the_dashboard() {
    let mut model = shop();
    press(&mut model, "enter [");
    assert_eq!((board(&model).zoomed, board(&model).crosshair), (true, Some(980)));
    press(&mut model, "esc");
    assert_eq!((board(&model).zoomed, board(&model).crosshair), (true, None));
    press(&mut model, "esc");
    assert!(!board(&model).zoomed);
    press(&mut model, "esc");
    assert!(model.screens.dashboards.board.is_none());
}

#[test]
fn the_crosshair_stays_within_the_graphs() {
    let mut model = shop();
    press(&mut model, "]");
    assert_eq!(board(&model).crosshair, Some(1000));
    press(&mut model, &["["; 60].join(" "));
    assert_eq!(board(&model).crosshair, Some(0));
}

#[test]
fn a_graph_stands_still_and_moves_by_the_same_length() {
    let mut model = shop();
    let mut ends = Vec::new();
    for seconds in 0..600 {
        let wall = Stamp(seconds * 1000);
        update(&mut model, Message::Tick(Moment { wall, mono: Duration::from_secs(seconds as u64) }));
        ends.push(board(&model).prepared.shown[0].window(&model.shared).end);
    }
    ends.dedup();
    assert!(ends.len() <= 600 / 15 + 1, "{ends:?}");
    assert!(ends.len() > 2 && ends.windows(2).all(|pair| pair[1].0 - pair[0].0 == ends[1].0 - ends[0].0), "{ends:?}");
}

/// As `--run "dashboard shop"` does: it is run before anything was answered.
#[test]
fn a_dashboard_that_is_asked_for_before_the_list_is_known_opens_with_it() {
    let mut model = model(&["production"]);
    update(&mut model, Message::Call(Call::with("dashboard", "shop")));
    assert!(model.screens.dashboards.board.is_none() && model.notice.is_none());
    listed(&mut model);
    assert_eq!(board(&model).path, "shop.json");
    press(&mut model, "esc");
    listed(&mut model);
    assert!(model.screens.dashboards.board.is_none());
}

#[test]
fn one_that_is_not_in_the_list_when_it_comes_is_complained_of() {
    let mut model = model(&["production"]);
    update(&mut model, Message::Call(Call::with("dashboard", "nowhere")));
    listed(&mut model);
    assert!(model.notice.is_some_and(|notice| notice.bad && notice.text.contains("nowhere")));
}
