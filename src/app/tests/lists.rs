//! The cursor stands on a thing, not on a row: lists reorder under it.

use crate::app::model::Model;
use crate::app::need::{DashboardFile, Data, Source};
use crate::app::screens::overview::Overview;
use crate::app::tests::fixtures::{alert, answer, dashboard, model, press, report};
use crate::domain::alert::Alert;

fn listed(model: &mut Model, names: &[&str]) {
    report(model, names.iter().map(|n| alert(n)).collect());
}

fn calmed(name: &str) -> Alert {
    Alert { labels: [("alertname", name), ("severity", "info")].into_iter().collect(), ..alert(name) }
}

#[test]
fn an_alert_stays_selected_when_others_come_before_it() {
    let mut model = model(&["production"]);
    listed(&mut model, &["c", "d"]);
    press(&mut model, "3 j");
    listed(&mut model, &["a", "b", "c", "d"]);
    assert_eq!(model.screens.alerts.list.selected(&model.shared).as_deref(), Some("d"));
    press(&mut model, "enter");
    assert_eq!(&*model.screens.alerts.list.detail.as_ref().unwrap().row.id, "d");
}

#[test]
fn an_alert_stays_selected_when_its_urgency_moves_it() {
    let mut model = model(&["production"]);
    listed(&mut model, &["a", "b", "c"]);
    press(&mut model, "j");
    report(&mut model, vec![alert("a"), calmed("b"), alert("c")]);
    let ids: Vec<_> = Overview::alerts(&model.shared).into_iter().map(|row| row.id.clone()).collect();
    assert_eq!(ids.iter().map(|id| &**id).collect::<Vec<_>>(), ["a", "c", "b"]);
    assert_eq!(model.screens.overview.alert.id(&ids).as_deref(), Some("b"));
}

#[test]
fn an_open_alert_that_ends_does_not_vanish_from_under_the_eyes() {
    let mut model = model(&["production"]);
    listed(&mut model, &["a", "b"]);
    press(&mut model, "3 j enter");
    listed(&mut model, &["a"]);
    let detail = model.screens.alerts.list.detail.as_ref().unwrap();
    assert_eq!(&*detail.row.id, "b");
}

#[test]
fn a_dashboard_stays_selected_when_files_come_and_go() {
    let mut model = model(&["production"]);
    let listing = |model: &mut Model, titles: &[&str]| {
        let files = titles.iter().map(|t| dashboard(t, &["up"])).collect();
        answer(model, Source::Dashboards, Data::Dashboards(files));
    };
    listing(&mut model, &["b", "c"]);
    press(&mut model, "2 j");
    listing(&mut model, &["a", "b", "c"]);
    press(&mut model, "enter");
    assert_eq!(model.screens.dashboards.board.as_ref().unwrap().path, "c.json");
}

#[test]
fn a_dashboard_that_cannot_be_read_says_why_and_opens_nothing() {
    let mut model = model(&["production"]);
    let broken = DashboardFile { path: "broken.json".into(), dashboard: Err("line 3: no JSON".into()) };
    answer(&mut model, Source::Dashboards, Data::Dashboards(vec![broken]));
    press(&mut model, "2 enter");
    assert!(model.notice.as_ref().is_some_and(|notice| notice.bad && notice.text.contains("line 3")));
    assert!(model.screens.dashboards.board.is_none());
}
