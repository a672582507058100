//! Opens every dashboard of the corpus: nothing is skipped, nothing is left unsaid.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::path::PathBuf;

use std::time::Duration;

use midwatch::domain::promql;
use midwatch::domain::range::Window;
use midwatch::domain::time::Stamp;
use midwatch::domain::unit::Unit;
use midwatch::grafana::model::{Dashboard, Panel, PanelKind, Property};
use midwatch::grafana::variables::{Question, Values, offered, order, question};
use midwatch::grafana::{View, ask, expand, read, shown, unroll};
use serde_json::Value;

/// Six hours, seen at 200 columns.
const VIEW: View<'static> = View {
    window: Window { start: Stamp(1_700_000_000_000), end: Stamp(1_700_021_600_000) },
    points: 200,
    scrape: Duration::from_secs(15),
    dashboard: "corpus",
    user: "tester",
};

/// Name and text of each dashboard, or nothing where there is no corpus.
fn corpus() -> Vec<(String, String)> {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus");
    let folder = std::env::var_os("MIDWATCH_CORPUS").map_or_else(beside, PathBuf::from).join("dashboards");
    let Ok(entries) = std::fs::read_dir(&folder) else {
        println!("skipped: no corpus at {}", folder.display());
        return Vec::new();
    };
    let mut files: Vec<PathBuf> =
        entries.map(|entry| entry.unwrap().path()).filter(|p| p.extension().is_some_and(|e| e == "json")).collect();
    files.sort();
    let name = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().into_owned();
    files.iter().map(|path| (name(path), std::fs::read_to_string(path).unwrap())).collect()
}

/// Panels by kind as the JSON itself has them, at any depth.
fn counted(value: &Value, counts: &mut BTreeMap<&'static str, usize>) {
    let root = if value["dashboard"].is_object() { &value["dashboard"] } else { value };
    let lists = std::iter::once(&root["panels"]).chain(root["rows"].as_array().into_iter().flatten().map(|row| &row["panels"]));
    for panel in lists.filter_map(Value::as_array).flatten() {
        let kind = match panel["type"].as_str().unwrap() {
            "graph" | "timeseries" => "timeseries",
            "singlestat" if panel["gauge"]["show"] == true => "gauge",
            "singlestat" | "stat" => "stat",
            "gauge" => "gauge",
            "bargauge" | "piechart" => "bargauge",
            "table" => "table",
            "text" => "text",
            "heatmap" => "heatmap",
            "row" => "row",
            _ => "other",
        };
        *counts.entry(kind).or_default() += 1;
        counted(panel, counts);
    }
}

fn kind(panel: &Panel) -> &'static str {
    match panel.kind {
        PanelKind::Timeseries(_) => "timeseries",
        PanelKind::Stat(_) => "stat",
        PanelKind::Gauge(_) => "gauge",
        PanelKind::BarGauge(_) => "bargauge",
        PanelKind::Table(_) => "table",
        PanelKind::Text(_) => "text",
        PanelKind::Heatmap => "heatmap",
        PanelKind::Row { .. } => "row",
        PanelKind::Other(_) => "other",
    }
}

fn every(panels: &[Panel]) -> Vec<&Panel> {
    panels.iter().flat_map(|panel| std::iter::once(panel).chain(every(held(panel)))).collect()
}

fn held(panel: &Panel) -> &[Panel] {
    match &panel.kind {
        PanelKind::Row { panels, .. } => panels,
        _ => &[],
    }
}

#[test]
fn every_panel_of_the_corpus_is_there() {
    for (name, json) in corpus() {
        let dashboard = read(&json).unwrap();
        let mut want = BTreeMap::new();
        counted(&serde_json::from_str(&json).unwrap(), &mut want);
        let mut got = BTreeMap::new();
        for panel in every(&dashboard.panels) {
            *got.entry(kind(panel)).or_default() += 1;
        }
        assert_eq!(got, want, "{name}");
    }
}

/// Chooses a value for every variable, each asked for after those its question names, as a server would answer.
fn chosen(dashboard: &Dashboard) -> Values {
    let mut values = Values::open(dashboard);
    for at in order(&dashboard.variables) {
        let variable = &dashboard.variables[at];
        let Some(question) = question(variable, &values, &VIEW.context()) else { continue };
        if let Question::LabelValues { selector: Some(selector), .. } = &question {
            assert!(!selector.contains('$'), "{selector}");
            assert_eq!(promql::selectors(selector).len(), 1, "{selector}");
        }
        let answers = ["one.example:9100".to_owned(), "two \"2\"".to_owned()];
        let offered = offered(variable, &answers, &values, &VIEW.context());
        assert_eq!(offered.note, None);
        values.offer(&variable.name, offered.options);
        assert!(values.chosen(&variable.name).is_some());
    }
    values
}

/// Every panel of a dashboard with its rows repeated and open.
fn drawn(dashboard: &Dashboard, values: &Values) -> Vec<Panel> {
    unroll(&expand(dashboard, values), |_| true)
}

#[test]
fn no_variable_is_left_in_what_is_asked_and_drawn() {
    for (name, json) in corpus() {
        let dashboard = read(&json).unwrap();
        let values = chosen(&dashboard);
        for panel in drawn(&dashboard, &values) {
            let told = shown(&panel, &values, &VIEW);
            assert!(!told.title.contains('$'), "{name}: {}", told.title);
            for target in &told.targets {
                let ask = ask(&panel, target, &values, &VIEW).unwrap();
                // An anchor of a regular expression is no variable.
                let expr = ask.expr.replace("$\"", "\"");
                assert!(!expr.contains('$') && !target.legend.contains('$'), "{name}: {expr} {}", target.legend);
                assert!(ask.step >= Duration::from_secs(1) && ask.window.span() >= ask.step, "{name}: {ask:?}");
            }
        }
    }
}

#[test]
fn every_query_of_the_corpus_names_its_metrics() {
    for (name, json) in corpus() {
        let dashboard = read(&json).unwrap();
        let values = chosen(&dashboard);
        for panel in drawn(&dashboard, &values) {
            for target in &panel.targets {
                let ask = ask(&panel, target, &values, &VIEW).unwrap();
                assert!(!promql::metrics(&ask.expr).is_empty(), "{name}: {}", ask.expr);
            }
        }
    }
}

#[test]
fn every_unit_of_the_corpus_is_known() {
    for (name, json) in corpus() {
        for panel in every(&read(&json).unwrap().panels) {
            let set = panel.overrides.iter().flat_map(|over| &over.set);
            let set = set.filter_map(|property| if let Property::Unit(unit) = property { Some(unit) } else { None });
            for unit in panel.field.unit.iter().chain(set) {
                assert!(Unit::is_known(unit), "{name}: {unit:?}");
            }
        }
    }
}

#[test]
fn repeated_panels_of_the_corpus_are_repeated() {
    for (name, json) in corpus() {
        let dashboard = read(&json).unwrap();
        let values = chosen(&dashboard);
        let titles: Vec<String> = drawn(&dashboard, &values).iter().map(|panel| shown(panel, &values, &VIEW).title).collect();
        match name.as_str() {
            "alertmanager-mixin-overview.json" => {
                assert!(titles.contains(&"two \"2\": Notification Duration".to_owned()), "{titles:?}");
                assert_eq!(titles.len(), dashboard.panels.len() + 2);
            }
            "blackbox-mixin.json" => assert!(titles.contains(&"one.example:9100".to_owned()), "{titles:?}"),
            _ => assert_eq!(titles.len(), every(&dashboard.panels).len(), "{name}"),
        }
    }
}

/// Notes are for what is not understood: of these files there is hardly anything.
#[test]
fn the_corpus_leaves_nothing_to_note() {
    for (name, json) in corpus() {
        assert_eq!(read(&json).unwrap().notes, Vec::<String>::new(), "{name}");
    }
}
