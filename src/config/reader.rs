//! Reading a tree by asking for keys. Every mistake is written down and reading goes on, so that all are told at once.
//!
//! A [`Table`] remembers which keys it was asked for; what else it holds is reported as unknown when it is dropped, with the
//! nearest key that was asked for. A value that could not be read is `None` and already reported.

use std::cell::RefCell;
use std::path::Path;

use crate::config::node::{Entry, Mark, Node, Value};
use crate::domain::problem::{Place, Problem};

/// Every problem found so far.
#[derive(Debug, Default)]
pub struct Problems(RefCell<Vec<Problem>>);

impl Problems {
    /// Writes one down.
    pub fn report(&self, problem: Problem) {
        self.0.borrow_mut().push(problem);
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.borrow().is_empty()
    }

    /// All of them, in the order of files, lines and columns; those without a place come last.
    pub fn into_sorted(self) -> Vec<Problem> {
        let mut all = self.0.into_inner();
        all.sort_by_key(|problem| match &problem.at {
            Some(place) => (0, place.file.clone(), place.line, place.column),
            None => (1, String::new(), 0, 0),
        });
        all
    }
}

/// Why a text is not what it should be: follows the key's name in a sentence.
#[derive(Debug, PartialEq, Eq)]
pub struct Complaint {
    message: String,
    hint: Option<String>,
}

impl Complaint {
    /// `must be …`, and how to mend it.
    pub fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { message: message.into(), hint: Some(hint.into()) }
    }
}

/// A table being read.
pub struct Table<'a> {
    path: String,
    entries: &'a [Entry],
    node: &'a Node,
    asked: RefCell<Vec<&'static str>>,
    problems: &'a Problems,
}

impl<'a> Table<'a> {
    /// The whole document; none, and reported, when it is not a table.
    pub fn root(node: &'a Node, problems: &'a Problems) -> Option<Self> {
        Field { path: String::new(), key: &node.mark, node, problems }.table()
    }

    /// What a key is set to, if it is.
    pub fn take(&self, key: &'static str) -> Option<Field<'a>> {
        self.asked.borrow_mut().push(key);
        self.entries.iter().find(|entry| entry.key == key).map(|entry| self.field(entry))
    }

    /// What a key is set to; its absence is a problem, told with an example.
    pub fn need(&self, key: &'static str, example: &str) -> Option<Field<'a>> {
        let field = self.take(key);
        if field.is_none() {
            self.complain(format!("needs a {key:?}"), format!("like {key} = {example}"));
        }
        field
    }

    /// Whether it holds nothing at all.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Every key with what it is set to, for tables whose keys are names.
    pub fn named(self) -> Vec<(&'a str, Field<'a>)> {
        let fields = self.entries.iter().map(|entry| (entry.key.as_str(), self.field(entry))).collect();
        self.close();
        fields
    }

    /// Reports a problem of the table as a whole.
    pub fn complain(&self, message: impl AsRef<str>, hint: impl Into<String>) {
        let told = Problem::new(format!("{} {}", self.path, message.as_ref()));
        self.problems.report(told.at(self.node.place()).hint(hint));
    }

    fn field(&self, entry: &'a Entry) -> Field<'a> {
        let dot = if self.path.is_empty() { "" } else { "." };
        let path = format!("{}{dot}{}", self.path, entry.key);
        Field { path, key: &entry.mark, node: &entry.node, problems: self.problems }
    }

    /// Nothing in it is unknown.
    fn close(mut self) {
        self.entries = &[];
    }
}

impl Drop for Table<'_> {
    fn drop(&mut self) {
        let asked = self.asked.borrow();
        for entry in self.entries.iter().filter(|entry| !asked.contains(&entry.key.as_str())) {
            let problem = Problem::new(format!("unknown key {:?}", entry.key)).at(entry.mark.place());
            self.problems.report(problem.instead_of(&entry.key, asked.iter().copied()));
        }
    }
}

/// A value being read, with the key it is set to.
pub struct Field<'a> {
    path: String,
    key: &'a Mark,
    node: &'a Node,
    problems: &'a Problems,
}

impl<'a> Field<'a> {
    /// Where the value stands.
    pub fn mark(&self) -> &'a Mark {
        &self.node.mark
    }

    /// The folder that a path in it is relative to.
    pub fn folder(&self) -> &'a Path {
        self.node.mark.folder()
    }

    /// A string.
    pub fn text(&self) -> Option<&'a str> {
        match &self.node.value {
            Value::Text(text) => Some(text),
            _ => self.mistyped("a string"),
        }
    }

    /// A finite number.
    pub fn number(&self) -> Option<f64> {
        match self.node.value {
            Value::Number(number) if number.is_finite() => Some(number),
            Value::Number(_) => self.complain(&Complaint::new("must be a finite number", "")),
            _ => self.mistyped("a number"),
        }
    }

    /// A whole number within bounds.
    pub fn whole(&self, least: u16, most: u16) -> Option<u16> {
        let number = self.number()?;
        if number.fract() == 0.0 && (f64::from(least)..=f64::from(most)).contains(&number) {
            return Some(number as u16);
        }
        self.complain(&Complaint::new(format!("must be a whole number from {least} to {most}"), ""))
    }

    /// `true` or `false`.
    pub fn flag(&self) -> Option<bool> {
        match self.node.value {
            Value::Flag(flag) => Some(flag),
            _ => self.mistyped("true or false"),
        }
    }

    /// The values of an array.
    pub fn list(&self) -> Vec<Field<'a>> {
        let item = |(n, node): (usize, &'a Node)| Field {
            path: format!("{}[{n}]", self.path),
            key: &node.mark,
            node,
            problems: self.problems,
        };
        match &self.node.value {
            Value::List(items) => items.iter().enumerate().map(item).collect(),
            _ => self.mistyped("an array").unwrap_or_default(),
        }
    }

    /// Whether it is an array, for what can also be a string.
    pub fn is_list(&self) -> bool {
        matches!(self.node.value, Value::List(_))
    }

    /// Whether it is a table, for what can also be a word.
    pub fn is_table(&self) -> bool {
        matches!(self.node.value, Value::Table(_))
    }

    /// A table.
    pub fn table(&self) -> Option<Table<'a>> {
        match &self.node.value {
            Value::Table(entries) => Some(Table {
                path: self.path.clone(),
                entries,
                node: self.node,
                asked: RefCell::default(),
                problems: self.problems,
            }),
            _ => self.mistyped("a table"),
        }
    }

    /// One of some words.
    pub fn word<T>(&self, known: &[&str], of: impl Fn(&str) -> Option<T>) -> Option<T> {
        let word = self.text()?;
        let read = of(word);
        if read.is_none() {
            let problem = Problem::new(format!("{} cannot be {word:?}", self.path)).at(self.node.place());
            self.problems.report(problem.instead_of(word, known.iter().copied()));
        }
        read
    }

    /// A string that means something; why it does not is reported beside it.
    pub fn parse<T>(&self, read: impl FnOnce(&'a str) -> Result<T, Complaint>) -> Option<T> {
        read(self.text()?).map_or_else(|complaint| self.complain(&complaint), Some)
    }

    /// As [`Self::parse`], for strings that may be or hold a secret: they are not shown.
    pub fn parse_hidden<T>(&self, read: impl FnOnce(&'a str) -> Result<T, Complaint>) -> Option<T> {
        read(self.text()?).map_or_else(|complaint| self.report(&complaint, self.node.mark.hidden()), Some)
    }

    /// Reports what is wrong with its own name, if anything is.
    pub fn check<T>(&self, named: Result<T, Complaint>) {
        if let Err(complaint) = named {
            self.report::<T>(&complaint, self.key.place());
        }
    }

    /// Reports that the key should not be here.
    pub fn misplaced(&self, message: impl Into<String>, hint: impl Into<String>) {
        self.problems.report(Problem::new(message).at(self.key.place()).hint(hint));
    }

    /// Reports what is wrong with the value, and shows it.
    pub fn complain<T>(&self, complaint: &Complaint) -> Option<T> {
        self.report(complaint, self.node.place())
    }

    /// The value is not shown: where a table should be there may be a secret.
    fn mistyped<T>(&self, wanted: &str) -> Option<T> {
        let complaint = Complaint { message: format!("must be {wanted}, not {}", self.node.value.noun()), hint: None };
        self.report(&complaint, self.node.mark.hidden())
    }

    fn report<T>(&self, complaint: &Complaint, place: Place) -> Option<T> {
        let hint = complaint.hint.clone().filter(|hint| !hint.is_empty());
        self.problems.report(Problem { at: Some(place), message: format!("{} {}", self.path, complaint.message), hint });
        None
    }
}
