//! The variables of a board: what is asked for them, what is offered, what is chosen. One that depends on another is asked
//! once the other is known.

use crate::app::model::Shared;
use crate::app::need::{Data, Source};
use crate::app::screens::dashboards::board::Board;
use crate::domain::series::Series;
use crate::grafana::model::{Variable, VariableKind};
use crate::grafana::variables::{self, Context, Question, Values};

/// A variable that can be chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Its name in queries.
    pub name: String,
    /// What the screen calls it.
    pub title: String,
    /// The value that holds.
    pub chosen: String,
    /// What the screen calls that value.
    pub text: String,
    /// As `(text, value)`.
    pub values: Vec<(String, String)>,
}

/// What became of the variables.
pub struct Solved {
    /// What holds for each.
    pub values: Values,
    /// What is asked for them.
    pub questions: Vec<Source>,
    /// Those that can be chosen.
    pub offers: Vec<Offer>,
    /// What of the answers could not be used, one line each.
    pub notes: Vec<String>,
}

/// Puts the choices in, as far as the answers reach.
pub fn solve(board: &Board, shared: &Shared, cx: &Context<'_>) -> Solved {
    let dashboard = &board.dashboard;
    let mut values = Values::open(dashboard);
    let (mut questions, mut notes) = (Vec::new(), Vec::new());
    for variable in variables::order(&dashboard.variables).into_iter().filter_map(|at| dashboard.variables.get(at)) {
        if let Some(value) = board.chosen.get(&variable.name) {
            values.choose(&variable.name, value);
        }
        let Some(question) = variables::question(variable, &values, cx) else { continue };
        let source = source(&question);
        if let Some(answers) = answers(shared, &question, &source) {
            let kept: Vec<String> = answers.into_iter().filter(|text| question.keeps(text)).collect();
            let offered = variables::offered(variable, &kept, &values, cx);
            values.offer(&variable.name, offered.options);
            notes.extend(offered.note);
        }
        questions.push(source);
    }
    let offers = dashboard.variables.iter().filter(|v| can_be_chosen(v)).map(|v| offer(v, &values)).collect();
    Solved { values, questions, offers, notes }
}

fn can_be_chosen(variable: &Variable) -> bool {
    let choice = matches!(variable.kind, VariableKind::Query { .. } | VariableKind::Custom(_) | VariableKind::Interval(_));
    choice && !variable.hidden
}

fn offer(variable: &Variable, values: &Values) -> Offer {
    let name = &variable.name;
    Offer {
        name: name.clone(),
        title: if variable.label.is_empty() { name.clone() } else { variable.label.clone() },
        chosen: values.chosen(name).unwrap_or_default().to_owned(),
        text: values.shown(name),
        values: values.options(name).into_iter().map(|choice| (choice.text, choice.value)).collect(),
    }
}

fn source(question: &Question) -> Source {
    match question.clone() {
        Question::LabelValues { selector, label } => Source::LabelValues { selector, label },
        Question::LabelNames => Source::LabelNames,
        Question::Metrics(_) => Source::LabelValues { selector: None, label: "__name__".to_owned() },
        Question::QueryResult(expr) | Question::Series(expr) => Source::Instant(expr),
    }
}

/// The raw texts of an answer; none while there is none.
fn answers(shared: &Shared, question: &Question, source: &Source) -> Option<Vec<String>> {
    match shared.store.data(source)? {
        Data::Strings(texts) => Some(texts.clone()),
        Data::Answer(answer) if matches!(question, Question::Series(_)) => {
            Some(answer.series.iter().map(|series| series.labels.to_string()).collect())
        }
        Data::Answer(answer) => Some(answer.series.iter().filter_map(written).collect()),
        _ => None,
    }
}

/// A series as Grafana writes it for `query_result`: `name{labels} value milliseconds`.
fn written(series: &Series) -> Option<String> {
    let sample = series.last()?;
    Some(format!("{} {} {}", series.labels, sample.value, sample.at.0))
}
