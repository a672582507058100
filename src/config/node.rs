//! A TOML document as a tree in which every key and value knows its file and span, and how documents lie over each other.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::domain::problem::{Place, Problem, Source};

/// A file that was read.
#[derive(Debug)]
pub struct Document {
    /// Its text, under the name it is told by.
    pub source: Source,
    /// The folder it stands in: paths in it are relative to this.
    pub folder: PathBuf,
}

/// Where a key or value stands.
#[derive(Clone, Debug)]
pub struct Mark {
    document: Arc<Document>,
    span: Range<usize>,
}

/// A value and where it stands.
#[derive(Clone, Debug)]
pub struct Node {
    /// What it is.
    pub value: Value,
    /// For a table of its own, its header.
    pub mark: Mark,
}

/// What a value can be.
#[derive(Clone, Debug)]
pub enum Value {
    /// A string.
    Text(String),
    /// An integer or a float.
    Number(f64),
    /// `true` or `false`.
    Flag(bool),
    /// A date, a time or both.
    Time,
    /// An array.
    List(Vec<Node>),
    /// A table, in the order it was written.
    Table(Vec<Entry>),
}

/// One key of a table.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Where the key stands.
    pub mark: Mark,
    /// What it is set to.
    pub node: Node,
}

impl Node {
    /// The place; of an inline table or an array only its beginning, for it may hold anything.
    pub fn place(&self) -> Place {
        match self.value {
            Value::Table(_) if !self.mark.is_header() => self.mark.hidden(),
            Value::List(_) => self.mark.hidden(),
            _ => self.mark.place(),
        }
    }
}

impl Mark {
    /// The place, with what may be shown of its line.
    pub fn place(&self) -> Place {
        self.document.source.place(&self.span)
    }

    fn is_header(&self) -> bool {
        self.document.source.body()[self.span.clone()].starts_with('[')
    }

    /// The place, the marked part itself hidden.
    pub fn hidden(&self) -> Place {
        self.document.source.hidden(&self.span)
    }

    /// The folder that a path written here is relative to.
    pub fn folder(&self) -> &Path {
        &self.document.folder
    }
}

impl Value {
    /// What it is, with its article.
    pub fn noun(&self) -> &'static str {
        match self {
            Self::Text(_) => "a string",
            Self::Number(_) => "a number",
            Self::Flag(_) => "true or false",
            Self::Time => "a date",
            Self::List(_) => "an array",
            Self::Table(_) => "a table",
        }
    }
}

/// Reads a document; every mistake in its TOML is a problem. Their lines are not shown: where the syntax is broken nobody
/// can tell a secret from a key.
pub fn parse(document: &Arc<Document>) -> Result<Node, Vec<Problem>> {
    let (table, errors) = DeTable::parse_recoverable(document.source.body());
    if errors.is_empty() {
        let span = table.span();
        return Ok(node(&Spanned::new(span, DeValue::Table(table.into_inner())), document));
    }
    Err(errors.iter().map(|error| syntax(error, document)).collect())
}

fn syntax(error: &toml::de::Error, document: &Arc<Document>) -> Problem {
    let span = error.span().unwrap_or(0..0);
    if error.message() == "duplicate key" {
        return Problem::new("this key is set twice").at(document.source.place(&span));
    }
    Problem::new(error.message()).at(document.source.unseen(&span))
}

fn node(value: &Spanned<DeValue<'_>>, document: &Arc<Document>) -> Node {
    let mark = |span| Mark { document: document.clone(), span };
    let entry = |(key, value): (&Spanned<_>, _)| Entry {
        key: AsRef::<str>::as_ref(key.get_ref()).to_owned(),
        mark: mark(key.span()),
        node: node(value, document),
    };
    let read = match value.get_ref() {
        DeValue::String(text) => Value::Text(text.clone().into_owned()),
        DeValue::Integer(n) => Value::Number(i64::from_str_radix(n.as_str(), n.radix()).map_or(f64::NAN, |n| n as f64)),
        DeValue::Float(n) => Value::Number(n.as_str().parse().unwrap_or(f64::NAN)),
        DeValue::Boolean(flag) => Value::Flag(*flag),
        DeValue::Datetime(_) => Value::Time,
        DeValue::Array(list) => Value::List(list.iter().map(|item| node(item, document)).collect()),
        DeValue::Table(table) => Value::Table(table.iter().map(entry).collect()),
    };
    Node { value: read, mark: mark(value.span()) }
}

/// Lays `near` over `far`. The tables in [`joins`] are joined key by key; anything else is taken whole from the nearest file
/// that has it, so that a credential never goes to an address from another file.
pub fn overlay(near: Node, far: Node) -> Node {
    overlay_at(near, far, &mut Vec::new())
}

fn overlay_at(near: Node, far: Node, path: &mut Vec<String>) -> Node {
    match (near, far) {
        (Node { value: Value::Table(near), mark }, Node { value: Value::Table(far), .. }) if joins(path) => {
            Node { value: Value::Table(overlay_entries(near, far, path)), mark }
        }
        (near, _) => near,
    }
}

fn overlay_entries(mut near: Vec<Entry>, far: Vec<Entry>, path: &mut Vec<String>) -> Vec<Entry> {
    for entry in far {
        let Some(at) = near.iter().position(|own| own.key == entry.key) else {
            near.push(entry);
            continue;
        };
        path.push(entry.key);
        let own = near.remove(at);
        near.insert(at, Entry { node: overlay_at(own.node, entry.node, path), ..own });
        path.pop();
    }
    near
}

/// The document itself, the environments by name, each environment by key, its services and repositories by name.
fn joins(path: &[String]) -> bool {
    let path: Vec<_> = path.iter().map(String::as_str).collect();
    matches!(path[..], [] | ["environments"] | ["environments", _] | ["environments", _, "services" | "repositories"])
}
