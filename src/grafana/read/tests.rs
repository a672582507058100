#![allow(clippy::unwrap_used)]

use std::fmt::Write;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::grafana::model::{DrawStyle, FieldOptions, Property, Times, VariableKind, VariableQuery};
use crate::grafana::variables::Values;
use crate::grafana::{expand, unroll};

const MODERN: &str = include_str!("../../../tests/fixtures/grafana/modern.json");
const ROWS: &str = include_str!("../../../tests/fixtures/grafana/rows.json");
const RESOURCE: &str = include_str!("../../../tests/fixtures/grafana/resource.json");
const HOSTILE: &str = include_str!("../../../tests/fixtures/grafana/hostile.json");

/// What was read, what is as usual left out.
fn told(dashboard: &Dashboard) -> String {
    let Dashboard { uid, title, tags, time, refresh, variables, panels, notes } = dashboard;
    let mut out = format!("{title:?} {uid:?} {tags:?} {time:?} {refresh:?}\n");
    for variable in variables {
        writeln!(out, "{variable:?}").unwrap();
    }
    for panel in panels {
        tell(panel, 0, &mut out);
    }
    for note in notes {
        writeln!(out, "note: {note}").unwrap();
    }
    out
}

fn tell(panel: &Panel, depth: usize, out: &mut String) {
    let Panel { id, title, description, place, kind, targets, field, overrides, transformations, times, repeat, scope } = panel;
    let indent = "    ".repeat(depth);
    let mut line = |text: String| writeln!(out, "{indent}{text}").unwrap();
    line(format!("#{id} {title:?} {description:?} at {},{} size {}x{} {scope:?}", place.x, place.y, place.w, place.h));
    match kind {
        PanelKind::Row { collapsed, panels } => line(format!("  row, collapsed: {collapsed}, holds {}", panels.len())),
        kind => line(format!("  {kind:?}")),
    }
    let field = (*field != FieldOptions::default()).then(|| format!("{field:?}"));
    let times = (*times != Times::default()).then(|| format!("{times:?}"));
    let lists = targets.iter().map(|t| format!("{t:?}")).chain(field).chain(overrides.iter().map(|o| format!("{o:?}")));
    let lists = lists.chain(transformations.iter().map(|t| format!("{t:?}"))).chain(times);
    for text in lists.chain(repeat.iter().map(|r| format!("{r:?}"))) {
        line(format!("  {text}"));
    }
    if let PanelKind::Row { panels, .. } = kind {
        for panel in panels {
            tell(panel, depth + 1, out);
        }
    }
}

#[test]
fn a_dashboard_of_today_is_read() {
    insta::assert_snapshot!(told(&read(MODERN).unwrap()));
}

#[test]
fn a_dashboard_of_2016_is_read() {
    insta::assert_snapshot!(told(&read(ROWS).unwrap()));
}

#[test]
fn the_second_schema_is_read() {
    insta::assert_snapshot!(told(&read(RESOURCE).unwrap()));
}

#[test]
fn what_is_wrong_is_noted_and_the_rest_is_read() {
    insta::assert_snapshot!(told(&read(HOSTILE).unwrap()));
}

#[test]
fn envelopes_are_opened() {
    let bare: Value = serde_json::from_str(ROWS).unwrap();
    let want = read(ROWS).unwrap();
    let api = json!({"meta": {"slug": "x"}, "dashboard": bare});
    let resource = json!({"apiVersion": "dashboard.grafana.app/v1beta1", "kind": "Dashboard", "metadata": {}, "spec": bare});
    for wrapped in [api, resource] {
        assert_eq!(read(&wrapped.to_string()).unwrap(), want);
    }
    assert_eq!(read(&format!("\u{feff}{ROWS}")).unwrap(), want);
    let spec: Value = serde_json::from_str(RESOURCE).unwrap();
    assert_eq!(read(&spec["spec"].to_string()).unwrap(), read(RESOURCE).unwrap());
}

#[test]
fn what_is_no_dashboard_is_refused_with_a_reason() {
    let refused = |json: &str| read(json).unwrap_err().to_string();
    assert_eq!(refused("{\"panels\": [}"), "line 1, column 13: expected value");
    assert_eq!(refused("{\n  \"a\": tru"), "line 2, column 10: EOF while parsing a value");
    assert!(refused("").starts_with("line 1, column 0"));
    for (json, what) in [
        ("[]", "a list; a dashboard is one object"),
        ("{}", "an empty object"),
        ("5", "a single value"),
        (r#"{"groups": []}"#, "an object with neither panels nor rows nor elements"),
    ] {
        assert_eq!(refused(json), format!("this is JSON, but not a Grafana dashboard: {what}"));
    }
    assert!(read(r#"{"title": "empty", "schemaVersion": 39}"#).unwrap().panels.is_empty());
}

#[test]
fn variables_of_other_sources_are_not_asked() {
    let variables = r#"
        {"name": "ds", "type": "datasource", "query": "loki"},
        {"name": "app", "type": "query", "datasource": {"uid": "${ds}"}, "query": "label_values({}, app)", "current": {"value": "shop"}},
        {"name": "sql", "type": "query", "datasource": {"type": "postgres"}, "query": "SELECT 1"},
        {"name": "vm", "type": "query", "datasource": {"type": "victoriametrics-metrics-datasource"}, "query": "label_values(up, job)"},
        {"name": "up", "type": "query", "datasource": "Main", "query": "up{job=~\"$vm\"}"}"#;
    let read = read(&format!(r#"{{"templating": {{"list": [{variables}]}}, "panels": []}}"#)).unwrap();
    let queries = read.variables.iter().filter_map(|v| match &v.kind {
        VariableKind::Query { query, .. } => Some(query.clone()),
        _ => None,
    });
    let values = VariableQuery::LabelValues { selector: Some("up".into()), label: "job".into() };
    let [app, sql] = ["label_values({}, app)", "SELECT 1"].map(|text| VariableQuery::Other(text.into()));
    assert_eq!(queries.collect::<Vec<_>>(), [app, sql, values, VariableQuery::Series("up{job=~\"$vm\"}".into())]);
    let note = |name, source| format!("variable {name:?}: its values come from {source}: the one that was saved stays");
    assert_eq!(read.notes, [note("app", "loki"), note("sql", "postgres")]);
}

#[test]
fn logs_of_a_maker_of_metrics_are_logs() {
    let panel = |source: &str| {
        let json =
            format!(r#"{{"panels": [{{"type": "stat", "datasource": {{"type": "{source}"}}, "targets": [{{"expr": "x"}}]}}]}}"#);
        read(&json).unwrap().panels[0].targets[0].foreign.clone()
    };
    assert_eq!(panel("victoriametrics-metrics-datasource"), None);
    assert_eq!(panel("victoriametrics-logs-datasource").as_deref(), Some("victoriametrics-logs-datasource"));
}

#[test]
fn kinds_with_a_near_relation_are_read_as_it() {
    let kind = |fields: &str| {
        let panel = read(&format!(r#"{{"panels": [{{{fields}}}]}}"#)).unwrap().panels.remove(0);
        (panel.kind, panel.field.line.style)
    };
    let lines = |kind| matches!(kind, PanelKind::Timeseries(_));
    let bars = |kind| matches!(kind, PanelKind::BarGauge(_));
    assert!(lines(kind(r#""type": "state-timeline""#).0) && lines(kind(r#""type": "status-history""#).0));
    assert!(bars(kind(r#""type": "piechart", "options": {"reduceOptions": {"calcs": ["sum"]}}"#).0));
    assert!(bars(kind(r#""type": "barchart", "targets": [{"expr": "x", "instant": true}]"#).0));
    let (over_time, style) = kind(r#""type": "barchart", "targets": [{"expr": "x"}]"#);
    assert!(lines(over_time) && style == DrawStyle::Bars);
    let heat = r#"{"panels": [{"type": "heatmap", "options": {"yAxis": {"unit": "s"}}}, {"type": "heatmap", "yAxis": {"format": "ms"}}]}"#;
    let units: Vec<_> = read(heat).unwrap().panels.into_iter().map(|p| (p.kind, p.field.unit.unwrap().0)).collect();
    assert_eq!(units, ["s", "ms"].map(|unit| (PanelKind::Heatmap, unit.to_owned())));
    let said = kind(r#""type": "text", "options": {"mode": "html", "content": "<b>Call</b> $team"}"#).0;
    assert_eq!(said, PanelKind::Text("Call $team".into()));
}

#[test]
fn overrides_of_all_ages_are_read() {
    let properties = r##"{"id": "custom.hideFrom.viz", "value": true}, {"id": "color", "value": "#E02F44"}, {"id": "fieldMinMax", "value": true}"##;
    let json = format!(
        r#"{{"panels": [{{"type": "timeseries", "fieldConfig": {{"overrides": [{{"matcher": {{"id": "byName", "options": "a"}}, "properties": [{properties}]}}]}}}}]}}"#
    );
    let read = read(&json).unwrap();
    assert_eq!(read.panels[0].overrides[0].set, [Property::Hidden(true), Property::Color("#E02F44".into())]);
    assert_eq!(read.notes, [""; 0]);
}

#[test]
fn a_grid_that_places_by_itself_has_the_columns_it_says() {
    let items = r#"{"spec": {"element": {"name": "p"}}}"#;
    let places = |spec: &str| {
        let layout = format!(r#"{{"spec": {{{spec} "items": [{items}, {items}, {items}]}}}}"#);
        let elements = r#"{"p": {"kind": "Panel", "spec": {"vizConfig": {"group": "stat"}}}}"#;
        let read = read(&format!(r#"{{"elements": {elements}, "layout": {layout}}}"#)).unwrap();
        read.panels.iter().map(|p| (p.place.x, p.place.y, p.place.w, p.place.h)).collect::<Vec<_>>()
    };
    assert_eq!(places(""), [(0, 0, 8, 8), (8, 0, 8, 8), (16, 0, 8, 8)]);
    assert_eq!(places(r#""maxColumnCount": 2, "rowHeightMode": "short","#), [(0, 0, 12, 4), (12, 0, 12, 4), (0, 4, 12, 4)]);
    assert_eq!(places(r#""maxColumnCount": 0, "rowHeightMode": "custom", "rowHeight": 76,"#)[1], (0, 2, 24, 2));
}

#[test]
fn depth_does_not_overflow() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(read(&deep).unwrap_err().to_string().contains("recursion limit"));
    let rows = (0..30).fold("[]".to_owned(), |inner, _| format!(r#"[{{"type": "row", "collapsed": true, "panels": {inner}}}]"#));
    let read = read(&format!(r#"{{"panels": {rows}}}"#)).unwrap();
    assert_eq!(read.panels.len(), 1);
}

/// Reads, expands and unrolls; checks what always holds.
fn holds(json: &str) {
    let Ok(dashboard) = read(json) else { return };
    let panels = expand(&dashboard, &Values::open(&dashboard));
    for panel in unroll(&panels, |_| true) {
        assert!(panel.place.x + panel.place.w <= 24 && panel.place.w > 0 && panel.place.h > 0, "{:?}", panel.place);
    }
    let mut ids = Vec::new();
    all_ids(&dashboard.panels, &mut ids);
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), count, "numbers are unique");
}

fn all_ids(panels: &[Panel], ids: &mut Vec<u32>) {
    for panel in panels {
        ids.push(panel.id);
        if let PanelKind::Row { panels, .. } = &panel.kind {
            all_ids(panels, ids);
        }
    }
}

/// Any JSON, with the words of dashboards among its keys.
fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[a-z$/{}.,0-9]{0,8}".prop_map(Value::from),
        prop::sample::select(vec!["row", "graph", "singlestat", "stat", "table", "timeseries", "byName", "now-1h", "$__all"])
            .prop_map(Value::from),
    ];
    let keys = "panels|rows|type|targets|expr|fieldConfig|defaults|overrides|options|gridPos|x|w|title|repeat|templating|list|name|query";
    leaf.prop_recursive(6, 80, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(keys, inner, 0..8)
                .prop_map(|map| map.into_iter().collect::<serde_json::Map<_, _>>().into()),
        ]
    })
}

/// Every place in a value, in the order of reading.
fn places<'a>(value: &'a mut Value, at: &mut usize, change: &mut impl FnMut(usize, &'a mut Value) -> Option<&'a mut Value>) {
    let here = *at;
    *at += 1;
    match change(here, value) {
        Some(Value::Array(items)) => items.iter_mut().for_each(|item| places(item, at, change)),
        Some(Value::Object(map)) => map.values_mut().for_each(|item| places(item, at, change)),
        _ => {}
    }
}

/// Replaces what stands at some places by something else.
fn mutated(json: &str, changes: &[(prop::sample::Index, Value)]) -> String {
    let mut value: Value = serde_json::from_str(json).unwrap();
    let mut count = 0;
    places(&mut value, &mut count, &mut |_, value| Some(value));
    for (at, with) in changes {
        let at = at.index(count);
        places(&mut value, &mut 0, &mut |here, value| {
            if here == at {
                *value = with.clone();
                return None;
            }
            Some(value)
        });
    }
    value.to_string()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(48) })]

    #[test]
    fn any_json_is_read_or_refused(value in anything()) {
        holds(&value.to_string());
        holds(&json!({"panels": [value]}).to_string());
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC*|[\\[\\]{}\":,a-z0-9 ]{0,80}") {
        holds(&text);
    }

    #[test]
    fn any_change_of_a_dashboard_is_read(
        which in 0usize..4,
        changes in prop::collection::vec((any::<prop::sample::Index>(), anything()), 1..6),
    ) {
        holds(&mutated([MODERN, ROWS, RESOURCE, HOSTILE][which], &changes));
    }
}
