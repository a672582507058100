//! Reads a keymap file. Every mistake is told with its line: none hides the next.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Binding, CONTEXTS, call};
use crate::app::key::Key;
use crate::domain::problem::{Problem, Source};

/// The run word that takes a default binding away.
const NOTHING: &str = "nothing";
const FIELDS: [&str; 3] = ["on", "run", "desc"];

/// The bindings of a file, in its order.
pub fn bindings(path: &str, text: &str) -> Result<Vec<Binding>, Vec<Problem>> {
    let mut reader = Reader { source: Source::new(path, text), problems: vec![] };
    let mut found: Vec<(Binding, Range<usize>)> = Vec::new();
    match DeTable::parse(text) {
        Ok(table) => reader.file(table.get_ref(), &mut found),
        Err(error) => reader.complain(error.span().unwrap_or_default(), Problem::new(error.message())),
    }
    reader.conflicts(&found);
    if reader.problems.is_empty() { Ok(found.into_iter().map(|(b, _)| b).collect()) } else { Err(reader.problems) }
}

struct Reader {
    source: Source,
    problems: Vec<Problem>,
}

impl Reader {
    fn complain(&mut self, span: Range<usize>, problem: Problem) {
        self.problems.push(problem.at(self.source.place(&span)));
    }

    fn file(&mut self, table: &DeTable<'_>, found: &mut Vec<(Binding, Range<usize>)>) {
        for (name, value) in table {
            let Some(context) = CONTEXTS.into_iter().find(|c| c == name.get_ref()) else {
                let problem = Problem::new(format!("unknown context {:?}", name.get_ref())).instead_of(name.get_ref(), CONTEXTS);
                self.complain(name.span(), problem);
                continue;
            };
            let Some(list) = value.get_ref().as_array() else {
                self.complain(value.span(), Problem::new(format!("{context} must be a list of {{ on, run, desc }}")));
                continue;
            };
            found.extend(list.iter().filter_map(|item| self.binding(context, item).map(|b| (b, item.span()))));
        }
    }

    fn binding(&mut self, context: &'static str, item: &Spanned<DeValue<'_>>) -> Option<Binding> {
        let Some(table) = item.get_ref().as_table() else {
            self.complain(item.span(), Problem::new("a binding is written { on = \"q\", run = \"quit\", desc = \"Leave\" }"));
            return None;
        };
        for (name, _) in table {
            if !FIELDS.contains(&name.get_ref().as_ref()) {
                let problem = Problem::new(format!("unknown key {:?}", name.get_ref())).instead_of(name.get_ref(), FIELDS);
                self.complain(name.span(), problem);
            }
        }
        let (on, on_span) = self.text(table, "on", item)?;
        let (run, run_span) = self.text(table, "run", item)?;
        let desc = table.get("desc").and_then(|v| v.get_ref().as_str()).unwrap_or_default();
        let on = self.keys(&on, on_span)?;
        let run = if run == NOTHING { None } else { Some(self.called(&run, run_span)?) };
        Some(Binding { context, on, run, desc: desc.to_owned() })
    }

    fn text(&mut self, table: &DeTable<'_>, name: &str, item: &Spanned<DeValue<'_>>) -> Option<(String, Range<usize>)> {
        let value = table.get(name);
        match value.and_then(|v| v.get_ref().as_str().map(|text| (text.to_owned(), v.span()))) {
            Some((text, span)) if !text.trim().is_empty() => Some((text, span)),
            _ => {
                self.complain(value.map_or(item.span(), Spanned::span), Problem::new(format!("{name} must be text")));
                None
            }
        }
    }

    fn keys(&mut self, text: &str, span: Range<usize>) -> Option<Vec<Key>> {
        match text.split_whitespace().map(Key::parse).collect() {
            Ok(keys) => Some(keys),
            Err(words) => {
                self.complain(span, Problem::new(words));
                None
            }
        }
    }

    fn called(&mut self, text: &str, span: Range<usize>) -> Option<crate::app::command::Call> {
        match call(text) {
            Ok(call) => Some(call),
            Err(words) => {
                self.complain(span, Problem::new(words));
                None
            }
        }
    }

    /// Two bindings of one file and context conflict when one begins with the other: it could never be reached.
    fn conflicts(&mut self, found: &[(Binding, Range<usize>)]) {
        for (n, (later, span)) in found.iter().enumerate() {
            let clash = |(b, _): &&(Binding, _)| {
                b.context == later.context && (b.on.starts_with(&later.on) || later.on.starts_with(&b.on))
            };
            if let Some((earlier, earlier_span)) = found[..n].iter().find(clash) {
                let line = self.source.place(earlier_span).line;
                let words = format!("{:?} conflicts with {:?} of line {line}", later.keys(), earlier.keys());
                self.complain(span.clone(), Problem::new(words));
            }
        }
    }
}
