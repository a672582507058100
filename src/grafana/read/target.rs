//! A panel's queries, and which of them are for Prometheus.

use std::collections::HashMap;

use super::super::json::Node;
use super::super::model::Target;
use super::panel::Context;

/// Data sources that speak `PromQL`.
const PROMQL: [&str; 4] = ["prometheus", "victoriametrics", "mimir", "thanos"];
/// Where other data sources keep their question: a target with none of these and no `expr` asks nothing.
const OTHER_TONGUES: [&str; 8] = ["rawSql", "rawQuery", "sql", "query", "target", "queryText", "metricName", "url"];
/// Grafana's names for several sources at once.
const MIXED: [&str; 2] = ["datasource", "mixed"];

/// Which kind of data source each variable and input stands for.
pub fn sources(root: Node<'_>) -> HashMap<String, String> {
    let variables = root.at("templating").at("list").items().into_iter().filter(|v| v.at("type").string() == "datasource");
    let variables = variables.filter_map(|v| Some((v.at("name").filled()?, v.at("query").filled()?)));
    let inputs = root.at("__inputs").items().into_iter().filter(|i| i.at("type").string() == "datasource");
    let inputs = inputs.filter_map(|i| Some((i.at("name").filled()?, i.at("pluginId").filled()?)));
    variables.chain(inputs).collect()
}

/// The queries of a panel that are not hidden.
pub fn all(panel: Node<'_>, cx: &Context<'_>) -> Vec<Target> {
    let own = source(panel.at("datasource"), &cx.sources);
    let shown = panel.at("targets").items().into_iter().enumerate().filter(|(_, t)| t.is_object() && !t.at("hide").is_true());
    shown.filter_map(|(n, node)| target(node, n, own.as_deref(), cx)).collect()
}

fn target(node: Node<'_>, n: usize, panel: Option<&str>, cx: &Context<'_>) -> Option<Target> {
    let ref_id = node.at("refId").filled().unwrap_or_else(|| letter(n));
    let expr = node.at("expr").string();
    let source = source(node.at("datasource"), &cx.sources).or_else(|| panel.map(str::to_owned));
    let promql = node.at("expr").exists() || !OTHER_TONGUES.iter().any(|key| node.at(key).exists());
    let foreign = foreign(source, promql);
    // What asks nothing is nothing to be understood: a panel that is left without a query says so.
    if foreign.is_none() && expr.trim().is_empty() {
        return None;
    }
    Some(Target {
        ref_id,
        expr,
        legend: node.at("legendFormat").string().trim().to_owned(),
        instant: node.at("instant").is_true() && !node.at("range").is_true(),
        format: node.at("format").filled().unwrap_or_else(|| "time_series".to_owned()),
        min_step: node.at("interval").filled(),
        interval_factor: node.at("intervalFactor").count(10_000).unwrap_or(1).max(1),
        foreign,
    })
}

fn letter(n: usize) -> String {
    match u8::try_from(n) {
        Ok(n @ 0..26) => char::from(b'A' + n).to_string(),
        _ => format!("Q{n}"),
    }
}

/// The kind of data source where the file tells it, `None` where it only names one.
fn source(node: Node<'_>, sources: &HashMap<String, String>) -> Option<String> {
    let uid = if node.is_object() { node.at("uid").filled() } else { node.filled() };
    let kind = if node.is_object() { node.at("type").filled() } else { None };
    let named = uid.as_deref().and_then(|uid| match uid {
        "-- Mixed --" => Some("mixed".to_owned()),
        "-- Dashboard --" => Some("dashboard".to_owned()),
        "-- Grafana --" | "grafana" => Some("grafana".to_owned()),
        uid => sources.get(uid.trim_start_matches(['$', '{', '[']).trim_end_matches(['}', ']'])).cloned(),
    });
    named.or(kind)
}

/// The kind of data source that a variable asks, where that is none of Prometheus's.
pub fn elsewhere(variable: Node<'_>, sources: &HashMap<String, String>) -> Option<String> {
    foreign(source(variable.at("datasource"), sources), true)
}

/// Whether a data source of this kind speaks `PromQL`: a store of logs by the same maker does not.
fn speaks_promql(source: &str) -> bool {
    PROMQL.iter().any(|known| source.contains(known)) && !source.contains("logs")
}

/// The name of a source that midwatch cannot ask.
fn foreign(source: Option<String>, has_expr: bool) -> Option<String> {
    match source.filter(|source| !MIXED.contains(&source.as_str())) {
        Some(source) if speaks_promql(&source) => None,
        Some(source) => Some(source),
        None if has_expr => None,
        None => Some("unnamed data source".to_owned()),
    }
}
