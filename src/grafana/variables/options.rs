//! From an answer to what is offered: filtered and shortened by a regular expression, then sorted.

use regex::{Captures, Regex};

use super::super::model::{Variable, VariableKind};
use super::super::{pattern, words};
use super::{Context, Values, title};

/// A value that can be chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// What the screen calls it.
    pub text: String,
    /// What is put into queries.
    pub value: String,
}

impl Choice {
    /// One that is called what it is.
    pub fn plain(text: &str) -> Self {
        Self { text: text.to_owned(), value: text.to_owned() }
    }
}

/// What is offered, and what was wrong with the regular expression that chooses it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offered {
    /// In the order of the variable.
    pub options: Vec<Choice>,
    /// Set when all answers are offered because the expression could not be used.
    pub note: Option<String>,
}

/// The options that a variable makes of the raw answers to its question.
pub fn offered(variable: &Variable, answers: &[String], values: &Values, cx: &Context<'_>) -> Offered {
    let VariableKind::Query { regex, sort, .. } = &variable.kind else { return Offered::default() };
    let (regex, note) = match compiled(&title(regex, values, cx)) {
        Ok(regex) => (regex, None),
        Err(why) => (None, Some(format!("variable {}: its regular expression is not applied: {why}", variable.name))),
    };
    let mut options: Vec<Choice> = answers.iter().flat_map(|answer| chosen(answer, regex.as_ref())).collect();
    let mut seen = std::collections::HashSet::new();
    options.retain(|option| seen.insert(option.value.clone()));
    sorted(&mut options, *sort);
    Offered { options, note }
}

fn compiled(text: &str) -> Result<Option<Regex>, String> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    let body = words::slashed(text).map_or_else(|| format!("^(?:{})$", pattern::translated(text)), |js| pattern::translated(&js));
    let brief = |error: regex::Error| error.to_string().lines().last().unwrap_or_default().trim().to_owned();
    Regex::new(&body).map(Some).map_err(brief)
}

/// What the expression takes of one answer: the groups `text` and `value`, else the first group, else the whole.
fn chosen(answer: &str, regex: Option<&Regex>) -> Vec<Choice> {
    let Some(regex) = regex else { return vec![Choice::plain(answer)] };
    let matches: Vec<Captures<'_>> = regex.captures_iter(answer).collect();
    let group = |name| matches.iter().find_map(|found| Some(found.name(name)?.as_str().to_owned()));
    match (group("text"), group("value")) {
        _ if matches.is_empty() => Vec::new(),
        (Some(text), Some(value)) => vec![Choice { text, value }],
        (Some(one), None) | (None, Some(one)) => vec![Choice::plain(&one)],
        _ if regex.captures_len() < 2 => vec![Choice::plain(answer)],
        _ => matches.iter().filter_map(|found| found.get(1)).map(|m| Choice::plain(m.as_str())).collect(),
    }
}

/// In Grafana's orders: by letters, by the first number, by letters in any case, by letters and numbers.
fn sorted(options: &mut [Choice], order: u8) {
    match order {
        1 | 2 => options.sort_by(|a, b| a.text.cmp(&b.text)),
        3 | 4 => options.sort_by(|a, b| first_number(&a.text).total_cmp(&first_number(&b.text))),
        5 | 6 => options.sort_by_key(|option| option.text.to_lowercase()),
        7 | 8 => options.sort_by_cached_key(|option| natural(&option.text)),
        _ => return,
    }
    if order.is_multiple_of(2) {
        options.reverse();
    }
}

fn first_number(text: &str) -> f64 {
    let digits = text.trim_start_matches(|c: char| !c.is_ascii_digit());
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    digits[..end].parse().unwrap_or(-1.0)
}

/// Numbers padded, so that `disk2` comes before `disk10`.
fn natural(text: &str) -> String {
    let mut pieces = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let end = if digits > 0 { digits } else { rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len()) };
        let (piece, tail) = rest.split_at(end);
        pieces.push(if digits > 0 { format!("{piece:0>20}") } else { piece.to_lowercase() });
        rest = tail;
    }
    pieces.concat()
}
