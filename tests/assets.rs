//! The rules and dashboards that midwatch carries: whether they hold, by the tools that will read them.
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use midwatch::grafana;
use midwatch::grafana::model::{Dashboard, FieldOptions, Panel, PanelKind, Property, VariableKind};

/// The dead man's switch has no case in which it is silent: that is what it is for.
const ALWAYS_FIRES: &str = "Watchdog";

fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut files: Vec<_> = fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{} holds no .{extension}", folder.display());
    files
}

fn promtool(arguments: [&str; 2], files: &[PathBuf]) {
    let output = Command::new("promtool")
        .args(arguments)
        .args(files)
        .output()
        .expect("promtool is needed: scripts/install test brings it");
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&said));
}

#[test]
fn prometheus_takes_every_rule() {
    promtool(["check", "rules"], &files("assets/rules", "yml"));
}

#[test]
fn every_case_of_every_rule_holds() {
    promtool(["test", "rules"], &files("tests/rules", "yml"));
}

/// Lists of YAML mappings that begin with `key`, each as its trimmed lines. The files are our own and plainly laid out.
fn blocks<'a>(text: &'a str, key: &str) -> Vec<Vec<&'a str>> {
    let mut blocks: Vec<Vec<&str>> = Vec::new();
    for line in text.lines().map(str::trim) {
        if line.starts_with(key) {
            blocks.push(Vec::new());
        }
        if let Some(block) = blocks.last_mut() {
            block.push(line);
        }
    }
    blocks
}

fn value<'a>(block: &[&'a str], key: &str) -> Option<&'a str> {
    let found = block.iter().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'))?;
    Some(found.trim().trim_matches('"')).filter(|value| !value.is_empty())
}

fn alerts() -> BTreeMap<String, String> {
    let mut alerts = BTreeMap::new();
    for file in files("assets/rules", "yml") {
        let text = fs::read_to_string(&file).unwrap();
        for block in blocks(&text, "- alert:") {
            let name = value(&block, "- alert").unwrap().to_owned();
            assert!(alerts.insert(name.clone(), block.join("\n")).is_none(), "{name} stands twice");
        }
    }
    alerts
}

/// Small letters, digits and dashes: the name of a file, or of a heading in it.
fn is_slug(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

#[test]
fn every_alert_says_how_grave_it_is_what_it_means_and_what_to_do() {
    for (name, text) in alerts() {
        let block: Vec<&str> = text.lines().collect();
        let get = |key| value(&block, key).unwrap_or_else(|| panic!("{name} has no {key}"));
        assert!(["critical", "warning", "info", "none"].contains(&get("severity")), "{name}: {}", get("severity"));
        assert!(get("summary").len() <= 100, "{name}: the summary, its templates counted, is one line of a list");
        assert!(get("description").ends_with('.'), "{name}: the description is a sentence");
        let named = get("runbook").split_once('#').is_some_and(|(book, procedure)| is_slug(book) && is_slug(procedure));
        assert!(named, "{name}: {} names no procedure of a runbook, like disk-full#inodes-low", get("runbook"));
    }
}

/// The alerts that a unit test looks for, each with whether it is ever to fire there.
fn expectations(test: &[&str]) -> BTreeMap<String, bool> {
    let mut expected = BTreeMap::new();
    let mut alert = "";
    for line in test {
        if let Some(name) = line.strip_prefix("alertname: ") {
            alert = name;
        } else if let Some(alerts) = line.strip_prefix("exp_alerts:") {
            *expected.entry(alert.to_owned()).or_default() |= alerts.trim() != "[]";
        }
    }
    expected
}

#[test]
fn every_alert_has_a_case_in_which_it_fires_and_one_in_which_it_stays_silent() {
    let (mut fires, mut silent) = (BTreeSet::new(), BTreeSet::from([ALWAYS_FIRES.to_owned()]));
    for file in files("tests/rules", "yml") {
        let text = fs::read_to_string(&file).unwrap();
        for (alert, fired) in blocks(&text, "- name:").iter().flat_map(|test| expectations(test)) {
            if fired {
                fires.insert(alert)
            } else {
                silent.insert(alert)
            };
        }
    }
    let alerts: BTreeSet<String> = alerts().into_keys().collect();
    assert_eq!(fires, alerts);
    assert_eq!(silent, alerts);
}

fn dashboards() -> Vec<Dashboard> {
    let read = |file: PathBuf| {
        let dashboard = grafana::read(&fs::read_to_string(&file).unwrap());
        dashboard.unwrap_or_else(|error| panic!("{}: {error}", file.display()))
    };
    files("assets/dashboards", "json").into_iter().map(read).collect()
}

fn panels(dashboard: &Dashboard) -> impl Iterator<Item = &Panel> {
    dashboard.panels.iter().filter(|panel| !matches!(panel.kind, PanelKind::Row { .. }))
}

#[test]
fn dashboards_are_understood_whole() {
    for dashboard in dashboards() {
        assert_eq!(dashboard.notes, Vec::<String>::new(), "{}", dashboard.title);
        assert!(!dashboard.uid.is_empty() && dashboard.time.is_some() && dashboard.refresh.is_some(), "{}", dashboard.title);
        for panel in panels(&dashboard) {
            assert!(!panel.title.is_empty() && !panel.targets.is_empty(), "{} {:?}", dashboard.title, panel.title);
            assert!(!matches!(panel.kind, PanelKind::Other(_)), "{}: {} is not drawn", dashboard.title, panel.title);
        }
    }
}

fn has_known_unit(field: &FieldOptions) -> bool {
    field.unit.as_ref().is_some_and(midwatch::domain::unit::Unit::is_known)
}

#[test]
fn every_number_has_a_unit() {
    for dashboard in dashboards() {
        for panel in panels(&dashboard) {
            let by_column = panel.overrides.iter().flat_map(|column| &column.set);
            let units = by_column.filter(|set| matches!(set, Property::Unit(unit) if unit.is_known())).count();
            let ok = if matches!(panel.kind, PanelKind::Table(_)) { units > 0 } else { has_known_unit(&panel.field) };
            assert!(ok, "{}: {} has no unit", dashboard.title, panel.title);
        }
    }
}

#[test]
fn the_top_of_a_dashboard_tells_whether_things_are_well() {
    for dashboard in dashboards() {
        let top: Vec<_> = panels(&dashboard).filter(|panel| panel.place.y == 0).collect();
        assert!(top.len() >= 3, "{}", dashboard.title);
        for panel in top {
            let (stat, steps) = (matches!(panel.kind, PanelKind::Stat(_)), panel.field.thresholds.steps.len());
            assert!(stat && steps >= 2 && !panel.description.is_empty(), "{}: {}", dashboard.title, panel.title);
        }
    }
}

/// The query with a value for each variable, longest names first.
fn filled(query: &str, dashboard: &Dashboard) -> String {
    let mut names: Vec<&str> = dashboard.variables.iter().map(|variable| variable.name.as_str()).collect();
    names.sort_by_key(|name| std::cmp::Reverse(name.len()));
    let query = query.replace("$__rate_interval", "1m");
    names.iter().fold(query, |query, name| query.replace(&format!("${name}"), "x"))
}

#[test]
fn every_query_is_promql_and_every_variable_is_there() {
    for dashboard in dashboards() {
        for panel in panels(&dashboard) {
            for target in &panel.targets {
                let query = filled(&target.expr, &dashboard);
                assert!(!query.contains('$'), "{}: {}: {query}", dashboard.title, panel.title);
                let parsed = promql_parser::parser::parse(&query);
                assert!(parsed.is_ok(), "{}: {}: {query}: {}", dashboard.title, panel.title, parsed.unwrap_err());
            }
        }
    }
}

/// Each as a recording rule: what promtool reads is what Prometheus reads.
#[test]
fn prometheus_takes_every_query() {
    let mut rules = Vec::new();
    for dashboard in dashboards() {
        for target in panels(&dashboard).flat_map(|panel| &panel.targets) {
            rules.push(serde_json::json!({ "record": format!("q:{}", rules.len()), "expr": filled(&target.expr, &dashboard) }));
        }
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    let groups = serde_json::json!({ "groups": [{ "name": "dashboards", "rules": rules }] });
    fs::write(file.path(), groups.to_string()).unwrap();
    promtool(["check", "rules"], &[file.path().to_owned()]);
}

#[test]
fn grafana_can_import_the_dashboards() {
    let mut seen = BTreeSet::new();
    for dashboard in dashboards() {
        assert!(seen.insert(dashboard.uid.clone()), "{} stands twice", dashboard.uid);
        assert!(dashboard.variables.iter().any(|variable| variable.kind == VariableKind::Datasource), "{}", dashboard.title);
    }
    for file in files("assets/dashboards", "json") {
        let json: serde_json::Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
        assert!(json["schemaVersion"].as_u64() >= Some(36), "{}", file.display());
        for panel in json["panels"].as_array().unwrap().iter().filter(|panel| panel["type"] != "row") {
            assert_eq!(panel["datasource"]["uid"], "${datasource}", "{}: {}", file.display(), panel["title"]);
        }
    }
}
