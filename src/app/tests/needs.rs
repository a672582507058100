//! What is asked for: all that is seen, and nothing that is hidden.

use std::sync::Arc;
use std::time::Duration;

use crate::app::model::{Model, needs};
use crate::app::need::{DashboardFile, Data, Source};
use crate::app::store::Freshness;
use crate::app::tests::fixtures::{alert, answer, dashboard, fail, model, press, report, rules, target, wait};
use crate::domain::fault::FaultKind;
use crate::domain::service::{Service, ServiceKind};
use crate::domain::signal::Signal;
use crate::domain::target::TargetHealth;
use crate::grafana;

/// With a service and a golden signal on the Overview.
fn console() -> Model {
    let mut model = model(&["production"]);
    let setup = Arc::make_mut(&mut model.shared.setup);
    setup.environments[0].services = vec![Service {
        name: "orders".into(),
        kind: ServiceKind::Postgres,
        place: "db:5432".into(),
        backup: None,
        control: None,
        labels: std::collections::BTreeMap::new(),
    }];
    let signal =
        Signal { name: "requests".into(), query: "rate(requests[1m])".into(), unit: None, warning: None, critical: None };
    setup.environments[0].signals = vec![signal];
    model
}

/// With a dashboard open, of graphs of these expressions.
fn board(exprs: &[&str]) -> Model {
    let mut model = console();
    answer(&mut model, Source::Dashboards, Data::Dashboards(vec![dashboard("shop", exprs)]));
    press(&mut model, "2 enter");
    model
}

fn asks(model: &Model, source: &Source) -> bool {
    needs(model).iter().any(|need| need.source == *source)
}

/// The expressions of the range queries that are asked.
fn queries(model: &Model) -> Vec<String> {
    let expr = |source| if let Source::Range(query) = source { Some(query.expr) } else { None };
    needs(model).into_iter().filter_map(|need| expr(need.source)).collect()
}

#[test]
fn rule_03_the_heartbeats_are_asked_on_every_screen() {
    let mut model = board(&["up"]);
    report(&mut model, vec![alert("down")]);
    for keys in ["1", "2", "3", "3 enter", "5", "6", "8", "?", ":"] {
        press(&mut model, keys);
        let heartbeats = [Source::Alerts, Source::Rules, Source::Receiving, Source::Jobs, Source::Faults];
        assert!(heartbeats.iter().all(|source| asks(&model, source)), "{keys}");
        press(&mut model, "esc");
    }
}

#[test]
fn a_hidden_screen_costs_nothing() {
    let mut model = board(&["up"]);
    assert_eq!(queries(&model), ["up"]);
    let probe = Source::Probe("orders".into());
    assert!(!asks(&model, &probe));
    press(&mut model, "1");
    assert!(asks(&model, &probe));
    let asked = queries(&model);
    assert!(asked.contains(&"rate(requests[1m])".into()) && !asked.contains(&"up".into()), "{asked:?}");
    press(&mut model, "3");
    assert!(!asks(&model, &probe));
    assert_eq!((queries(&model).len(), asks(&model, &Source::Dashboards)), (0, false));
}

#[test]
fn one_source_wanted_twice_is_asked_once_and_as_often_as_the_more_impatient_wants() {
    let mut model = board(&["up", "up"]);
    assert_eq!(queries(&model), ["up"]);
    // The origin of a dark target's series is asked every minute; wanted by a panel as well, it is asked as often as that.
    let origin = "group by (job, instance) (last_over_time(up[1h]))";
    model.screens.dashboards.board = None;
    let table = format!(
        r#"{{"title":"shop","schemaVersion":39,"panels":[
            {{"id":1,"type":"timeseries","gridPos":{{"x":0,"y":0,"w":12,"h":8}},"targets":[{{"refId":"A","expr":"up"}}]}},
            {{"id":2,"type":"table","gridPos":{{"x":12,"y":0,"w":12,"h":8}},
              "targets":[{{"refId":"A","expr":"{origin}","instant":true,"format":"table"}}]}}]}}"#
    );
    let file = DashboardFile { path: "shop.json".into(), dashboard: Ok(Arc::new(grafana::read(&table).unwrap())) };
    answer(&mut model, Source::Dashboards, Data::Dashboards(vec![file]));
    answer(&mut model, Source::Targets, Data::Targets(vec![target("app", TargetHealth::Down, "")]));
    press(&mut model, "enter");
    let asked: Vec<Duration> =
        needs(&model).into_iter().filter(|n| n.source == Source::Instant(origin.into())).map(|n| n.every).collect();
    assert_eq!(asked, [Duration::from_secs(5)]);
}

#[test]
fn a_dashboard_asks_for_the_panels_that_are_seen_and_scrolling_changes_them() {
    let exprs = ["first", "second", "third", "fourth", "fifth", "sixth"];
    let mut model = board(&exprs);
    let top = queries(&model);
    assert!(top.contains(&"first".into()) && !top.contains(&"sixth".into()), "{top:?}");
    press(&mut model, "G");
    let bottom = queries(&model);
    assert!(bottom.contains(&"sixth".into()) && !bottom.contains(&"first".into()), "{bottom:?}");
    press(&mut model, "enter");
    assert_eq!(queries(&model), ["sixth"]);
    press(&mut model, "esc g g");
    assert_eq!(queries(&model), top);
}

#[test]
fn a_need_stays_the_same_while_the_clock_goes_on() {
    let mut model = board(&["up"]);
    let before = needs(&model);
    wait(&mut model, 60);
    assert_eq!(needs(&model), before);
}

#[test]
fn rule_01_what_is_wanted_is_kept_however_long_the_console_slept_and_the_rest_is_not() {
    let mut model = console();
    let probe = Source::Probe("orders".into());
    fail(&mut model, probe.clone(), FaultKind::Timeout);
    report(&mut model, vec![alert("down")]);
    press(&mut model, "3");
    wait(&mut model, 8 * 3600);
    assert!(matches!(model.shared.freshness(&Source::Alerts), Freshness::Stale { .. }));
    assert_eq!(model.shared.freshness(&probe), Freshness::Waiting);
}

#[test]
fn an_alert_that_is_open_asks_for_the_graph_of_its_expression() {
    let mut model = console();
    rules(&mut model, &[("down", true)]);
    report(&mut model, vec![alert("down")]);
    press(&mut model, "3");
    assert_eq!(queries(&model).len(), 0);
    press(&mut model, "enter");
    assert_eq!(queries(&model), ["up"]);
}

#[test]
fn without_a_prometheus_nothing_is_asked_of_it() {
    let mut model = console();
    let env = &mut Arc::make_mut(&mut model.shared.setup).environments[0];
    (env.prometheus, env.alertmanagers) = (None, 0);
    let asked: Vec<_> = needs(&model).into_iter().map(|need| need.source).collect();
    assert_eq!(asked, [Source::Jobs, Source::Faults, Source::Probe("orders".into())]);
}
