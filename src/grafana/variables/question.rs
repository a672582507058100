//! What is asked for a variable's values, and in which order.

use super::super::model::{Variable, VariableKind, VariableQuery};
use super::substitute::{names, searched};
use super::{Context, Values};

/// A question to Prometheus with every variable put in; each is answered by a list of texts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Question {
    /// The values of a label, over the series of a selector or over all.
    LabelValues {
        /// `match[]`.
        selector: Option<String>,
        /// The label.
        label: String,
    },
    /// The names of all labels.
    LabelNames,
    /// The names of the metrics that match a regular expression somewhere: the values of `__name__`, filtered by [`Question::keeps`].
    Metrics(String),
    /// The series of an instant query, each as text: `name{labels} value milliseconds`.
    QueryResult(String),
    /// The series of a selector, each as text: `name{labels}`.
    Series(String),
}

impl Question {
    /// Whether one of the raw texts belongs to the answer.
    pub fn keeps(&self, text: &str) -> bool {
        match self {
            Self::Metrics(pattern) => regex::Regex::new(pattern).is_ok_and(|regex| regex.is_match(text)),
            _ => true,
        }
    }
}

/// What to ask for a variable now; `None` where the file has its values, or where the form is not known.
pub fn question(variable: &Variable, values: &Values, cx: &Context<'_>) -> Option<Question> {
    let VariableKind::Query { query, .. } = &variable.kind else { return None };
    let filled = |text: &str| searched(text, values, cx);
    match query {
        VariableQuery::LabelValues { selector, label } => {
            Some(Question::LabelValues { selector: selector.as_deref().map(filled), label: filled(label) })
        }
        VariableQuery::LabelNames => Some(Question::LabelNames),
        VariableQuery::Metrics(regex) => Some(Question::Metrics(filled(regex))),
        VariableQuery::QueryResult(expr) => Some(Question::QueryResult(filled(expr))),
        VariableQuery::Series(selector) => Some(Question::Series(filled(selector))),
        VariableQuery::Other(_) => None,
    }
}

/// The places of the variables in the order in which they are asked for: each after those that its question names.
/// Those that name each other in a circle come last, as they stand.
pub fn order(variables: &[Variable]) -> Vec<usize> {
    let needs: Vec<Vec<usize>> = variables.iter().map(|variable| parents(variable, variables)).collect();
    let mut done: Vec<usize> = Vec::new();
    loop {
        let ready = |at: &usize| !done.contains(at) && needs[*at].iter().all(|parent| done.contains(parent) || parent == at);
        match (0..variables.len()).find(ready) {
            Some(next) => done.push(next),
            None => break,
        }
    }
    let circle: Vec<usize> = (0..variables.len()).filter(|at| !done.contains(at)).collect();
    done.into_iter().chain(circle).collect()
}

fn parents(variable: &Variable, variables: &[Variable]) -> Vec<usize> {
    let named = texts(&variable.kind).into_iter().flat_map(names).collect::<Vec<_>>();
    (0..variables.len()).filter(|at| named.contains(&variables[*at].name)).collect()
}

fn texts(kind: &VariableKind) -> Vec<&str> {
    let VariableKind::Query { query, regex, .. } = kind else { return Vec::new() };
    let mut texts = vec![regex.as_str()];
    match query {
        VariableQuery::LabelValues { selector, label } => texts.extend(selector.as_deref().into_iter().chain([label.as_str()])),
        VariableQuery::Metrics(text) | VariableQuery::QueryResult(text) | VariableQuery::Series(text) => texts.push(text),
        VariableQuery::LabelNames | VariableQuery::Other(_) => {}
    }
    texts
}
