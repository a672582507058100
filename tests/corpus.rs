//! Opens every dashboard of the corpus: nothing is skipped, nothing is left unsaid.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::path::PathBuf;

use midwatch::grafana::model::{Panel, PanelKind};
use midwatch::grafana::read;
use serde_json::Value;

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
            "bargauge" => "bargauge",
            "table" => "table",
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
