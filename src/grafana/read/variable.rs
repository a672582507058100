//! The variables of a dashboard.

use std::collections::HashMap;

use super::super::json::{Node, Notes, Site};
use super::super::model::{ALL, AUTO, All, Variable, VariableKind, VariableQuery};
use super::target;
use crate::domain::promql;

/// Every variable with a name, and the constants that an export asks for. `sources` are the kinds of data source by the variables
/// that name them.
pub fn all(root: Node<'_>, notes: &Notes, sources: &HashMap<String, String>) -> Vec<Variable> {
    let inputs = root.at("__inputs").items().into_iter().filter(|i| i.is_object() && i.at("type").string() == "constant");
    let mut variables: Vec<Variable> = inputs.filter_map(input).collect();
    for node in root.at("templating").at("list").items() {
        let name = node.value["name"].as_str().unwrap_or_default();
        let site = Site { what: format!("variable {name:?}"), notes };
        match variable(node.on(&site), sources) {
            Some(variable) if variables.iter().all(|known| known.name != variable.name) => variables.push(variable),
            Some(_) => site.note("there is another of this name"),
            None => root.note("a variable without a name is left out"),
        }
    }
    variables
}

fn input(node: Node<'_>) -> Option<Variable> {
    let value = node.at("value").string();
    Some(Variable {
        name: node.at("name").filled()?,
        label: node.at("label").string(),
        hidden: true,
        current: vec![value.clone()],
        kind: VariableKind::Constant(value),
        multi: false,
        all: All::No,
    })
}

fn variable(node: Node<'_>, sources: &HashMap<String, String>) -> Option<Variable> {
    let name = if node.is_object() { node.at("name").filled()? } else { return None };
    let kind = kind(node, sources);
    Some(Variable {
        name,
        label: node.at("label").string(),
        hidden: hidden(node),
        current: if kind == VariableKind::Datasource { source(node.at("current")) } else { current(node.at("current")) },
        kind,
        multi: node.at("multi").is_true(),
        all: match (node.at("includeAll").is_true(), node.at("allValue").filled()) {
            (false, _) => All::No,
            (true, Some(value)) => All::As(value),
            (true, None) => All::Joined,
        },
    })
}

/// `hide` is 0, 1 (only the label), 2 (all of it), 3 (shown elsewhere); the second schema writes words.
fn hidden(node: Node<'_>) -> bool {
    matches!(node.at("hide").string().as_str(), "2" | "true" | "hideVariable")
}

/// A data source is called by its text: its value is an identifier that says nothing.
fn source(node: Node<'_>) -> Vec<String> {
    if node.is_object() { node.at("text").filled().into_iter().collect() } else { Vec::new() }
}

fn current(node: Node<'_>) -> Vec<String> {
    if !node.is_object() {
        return Vec::new();
    }
    let value = if node.at("value").exists() { node.at("value") } else { node.at("text") };
    let texts = if value.value.is_array() { value.texts() } else { value.text().into_iter().collect() };
    let by_text = !node.at("value").exists();
    let word = |text: String| match text.as_str() {
        "All" if by_text => ALL.to_owned(),
        auto if auto.starts_with("$__auto") => AUTO.to_owned(),
        _ => text,
    };
    texts.into_iter().filter(|text| !text.is_empty()).map(word).collect()
}

fn kind(node: Node<'_>, sources: &HashMap<String, String>) -> VariableKind {
    let text = || node.at("query").string();
    match node.at("type").filled().unwrap_or_else(|| "query".to_owned()).as_str() {
        "query" => VariableKind::Query {
            query: query(node, sources),
            regex: node.at("regex").string(),
            sort: node.at("sort").count(8).unwrap_or(0) as u8,
        },
        "custom" => VariableKind::Custom(custom(node)),
        "interval" => {
            let auto = node.at("auto").is_true().then(|| AUTO.to_owned());
            let listed = node.at("query").string();
            let listed = listed.split(',').map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
            VariableKind::Interval(auto.into_iter().chain(listed).collect())
        }
        "constant" => VariableKind::Constant(text()),
        "textbox" => VariableKind::Text(text()),
        "datasource" => VariableKind::Datasource,
        other => {
            node.note(&format!("variables of type {other:?} are not offered"));
            VariableKind::Other(other.to_owned())
        }
    }
}

/// `query` is text, or an object with the text in it; `definition` is what the screen shows of it.
fn query(node: Node<'_>, sources: &HashMap<String, String>) -> VariableQuery {
    let query = node.at("query");
    let text = if query.is_object() { query.at("query").filled() } else { query.filled() };
    let text = text.or_else(|| node.at("definition").filled()).unwrap_or_default();
    if let Some(source) = target::elsewhere(node, sources) {
        node.note(&format!("its values come from {source}: the one that was saved stays"));
        return VariableQuery::Other(text);
    }
    let parsed = parse(&text);
    if let VariableQuery::Other(form) = &parsed {
        node.note(&format!("the question {form:?} is not known"));
    }
    parsed
}

/// Reads `label_values(...)` and its kin.
fn parse(text: &str) -> VariableQuery {
    let text = text.trim();
    let Some((function, inside)) = text.strip_suffix(')').and_then(|rest| rest.split_once('(')) else {
        let is_selector = promql::selectors(text).len() == 1;
        return if is_selector { VariableQuery::Series(text.to_owned()) } else { VariableQuery::Other(text.to_owned()) };
    };
    match function.trim() {
        "label_values" => label_values(inside.trim()),
        "label_names" => VariableQuery::LabelNames,
        "metrics" => VariableQuery::Metrics(inside.trim().to_owned()),
        "query_result" => VariableQuery::QueryResult(inside.trim().to_owned()),
        _ => VariableQuery::Other(text.to_owned()),
    }
}

/// The label is what stands behind the last comma that is outside of the selector.
fn label_values(inside: &str) -> VariableQuery {
    let outside = inside.rfind(['}', ')', ']']).map_or(0, |at| at + 1);
    match inside[outside..].rfind(',') {
        Some(comma) => {
            let (selector, label) = (&inside[..outside + comma], &inside[outside + comma + 1..]);
            let selector = Some(selector.trim().to_owned()).filter(|selector| !selector.is_empty());
            VariableQuery::LabelValues { selector, label: label.trim().to_owned() }
        }
        None => VariableQuery::LabelValues { selector: None, label: inside.to_owned() },
    }
}

/// `1,2,3`, `text : value, text : value`, a comma written `\,`; or the options that were saved.
fn custom(node: Node<'_>) -> Vec<(String, String)> {
    const COMMA: &str = "\u{0}";
    let text = node.at("query").string().replace("\\,", COMMA);
    let pairs = text.split(',').map(|part| part.replace(COMMA, ",").trim().to_owned()).filter(|part| !part.is_empty());
    let pairs: Vec<_> = pairs
        .map(|part| match part.split_once(" : ") {
            Some((text, value)) => (text.trim().to_owned(), value.trim().to_owned()),
            None => (part.clone(), part),
        })
        .collect();
    if pairs.is_empty() { saved(node.at("options")) } else { pairs }
}

fn saved(options: Node<'_>) -> Vec<(String, String)> {
    let options = options.items().into_iter().filter(|o| o.is_object());
    let options = options.map(|o| (o.at("text").string(), o.at("value").string()));
    options.filter(|(_, value)| value != ALL && !value.is_empty()).collect()
}
