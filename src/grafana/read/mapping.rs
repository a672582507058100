//! Thresholds and values written as something else, in all the forms they have had.

use super::super::json::Node;
use super::super::model::{MapOn, Mapping, Thresholds};

/// `{mode, steps: [{value, color}]}`; a bare list of steps is the form of Grafana 6.
pub fn thresholds(node: Node<'_>) -> Thresholds {
    let steps = if node.value.is_array() { node } else { node.at("steps") };
    let percent = node.is_object() && node.at("mode").string() == "percentage";
    let steps = steps.items().into_iter().filter(|step| step.is_object());
    let steps = steps.map(|step| (step.at("value").number(), step.at("color").filled().unwrap_or_else(|| "green".to_owned())));
    ascending(percent, steps.collect())
}

/// Steps in order, the first of which holds from minus infinity.
pub fn ascending(percent: bool, mut steps: Vec<(Option<f64>, String)>) -> Thresholds {
    steps.sort_by(|a, b| a.0.unwrap_or(f64::NEG_INFINITY).total_cmp(&b.0.unwrap_or(f64::NEG_INFINITY)));
    if let Some(first) = steps.first_mut() {
        first.0 = None;
    }
    Thresholds { percent, steps }
}

/// `mappings` of a field: by type (`value`, `range`, `regex`, `special`), or one a value as before Grafana 8.
pub fn mappings(node: Node<'_>) -> Vec<Mapping> {
    node.items().into_iter().filter(|m| m.is_object()).flat_map(mapping).collect()
}

fn mapping(node: Node<'_>) -> Vec<Mapping> {
    let options = node.at("options");
    let one = |on: MapOn| vec![result(on, options.at("result"))];
    match node.at("type").string().as_str() {
        "value" => options.entries().into_iter().map(|(value, to)| result(MapOn::Value(value.to_owned()), to)).collect(),
        "range" => one(MapOn::Range(options.at("from").number(), options.at("to").number())),
        "regex" => one(MapOn::Regex(options.at("pattern").string())),
        "special" => one(MapOn::Special(options.at("match").string())),
        "2" => vec![old(range(node), node)],
        _ if node.at("value").exists() || node.at("text").exists() => vec![old(value(node), node)],
        other => {
            node.note(&format!("a value mapping of type {other:?} is not known"));
            Vec::new()
        }
    }
}

fn result(on: MapOn, to: Node<'_>) -> Mapping {
    Mapping { on, text: to.at("text").filled(), color: to.at("color").filled() }
}

fn old(on: MapOn, node: Node<'_>) -> Mapping {
    Mapping { on, text: node.at("text").filled(), color: None }
}

fn value(node: Node<'_>) -> MapOn {
    match node.at("value").string().as_str() {
        "null" | "" => MapOn::Special("null".to_owned()),
        value => MapOn::Value(value.to_owned()),
    }
}

fn range(node: Node<'_>) -> MapOn {
    match (node.at("from").string().as_str(), node.at("to").string().as_str()) {
        ("null", "null") => MapOn::Special("null".to_owned()),
        _ => MapOn::Range(node.at("from").number(), node.at("to").number()),
    }
}

/// `valueMaps` or `rangeMaps` of a singlestat, whichever `mappingType` says.
pub fn singlestat(node: Node<'_>) -> Vec<Mapping> {
    let (list, on): (_, fn(Node<'_>) -> MapOn) = match node.at("mappingType").number() {
        Some(2.0) => (node.at("rangeMaps"), range),
        _ => (node.at("valueMaps"), value),
    };
    list.items().into_iter().filter(|map| map.is_object()).map(|map| old(on(map), map)).collect()
}
