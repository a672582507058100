//! Answers as rows and columns, named as Grafana names them: `Time`, each label, `Value` or `Value #A`.

use std::borrow::Cow;
use std::cmp::Ordering;

use crate::domain::time::Stamp;
use crate::grafana::model::Calc;
use crate::ui::panels::Input;
use crate::ui::panels::field::fields;
use crate::ui::panels::reduce::{reduce, word};

/// Rows beyond this are not looked at.
const MOST: usize = 5_000;

/// One cell. Text is as it came: drawn only through `Clean`.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// Nothing.
    Empty,
    /// A number.
    Number(f64),
    /// A label.
    Text(Cow<'a, str>),
    /// An instant.
    Time(Stamp),
}

impl Value<'_> {
    /// Numbers and instants by size, then text, then what is nothing or no number.
    pub fn order(&self, other: &Self) -> Ordering {
        let rank = |v: &Self| match v {
            Value::Number(n) if n.is_nan() => 3,
            Value::Number(_) | Value::Time(_) => 0,
            Value::Text(_) => 1,
            Value::Empty => 2,
        };
        rank(self).cmp(&rank(other)).then_with(|| match (self, other) {
            (Value::Number(a), Value::Number(b)) => a.total_cmp(b),
            (Value::Time(a), Value::Time(b)) => a.cmp(b),
            (Value::Text(a), Value::Text(b)) => a.cmp(b),
            _ => Ordering::Equal,
        })
    }

    /// Whether there is nothing to compare at its end of a sorted table: such rows stay last either way.
    pub fn is_void(&self) -> bool {
        matches!(self, Value::Empty) || matches!(self, Value::Number(n) if n.is_nan())
    }

    /// Equal rows have equal keys.
    pub fn key(&self) -> String {
        match self {
            Value::Empty => String::new(),
            Value::Number(n) => format!("n{n}"),
            Value::Text(text) => format!("t{text}"),
            Value::Time(at) => format!("@{}", at.0),
        }
    }
}

/// One column.
#[derive(Clone, Debug, PartialEq)]
pub struct Column<'a> {
    /// What it is called now; as it came.
    pub name: String,
    /// The letter of the query it comes from; empty for labels.
    pub query: &'a str,
    /// As many as the frame has rows.
    pub cells: Vec<Value<'a>>,
}

/// Columns of equal length.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Frame<'a> {
    /// In their order.
    pub columns: Vec<Column<'a>>,
}

impl<'a> Frame<'a> {
    /// How many rows.
    pub fn rows(&self) -> usize {
        self.columns.first().map_or(0, |c| c.cells.len())
    }

    /// A column by name.
    pub fn column(&self, name: &str) -> Option<&Column<'a>> {
        self.columns.iter().find(|c| c.name == name)
    }

    /// The rows at these places, in this order.
    pub fn pick(&mut self, rows: &[usize]) {
        for column in &mut self.columns {
            column.cells = rows.iter().map(|r| column.cells.get(*r).cloned().unwrap_or(Value::Empty)).collect();
        }
    }

    /// A row's values in some columns, as one key.
    pub fn key(&self, names: &[String], row: usize) -> Vec<String> {
        names.iter().map(|n| self.column(n).and_then(|c| c.cells.get(row)).map(Value::key).unwrap_or_default()).collect()
    }

    /// Adds a row; columns it does not name are empty in it, new ones are made.
    pub fn push(&mut self, row: impl IntoIterator<Item = (String, &'a str, Value<'a>)>) {
        let rows = self.rows();
        for (name, query, value) in row {
            match self.columns.iter_mut().find(|c| c.name == name) {
                Some(column) if column.cells.len() == rows => column.cells.push(value),
                Some(column) => {
                    if let Some(last) = column.cells.last_mut() {
                        *last = value;
                    }
                }
                None => {
                    let mut cells = vec![Value::Empty; rows];
                    cells.push(value);
                    self.columns.push(Column { name, query, cells });
                }
            }
        }
        for column in &mut self.columns {
            column.cells.resize(rows + 1, Value::Empty);
        }
    }
}

/// One frame a query: a row for each series with its newest value.
pub fn frames<'a>(input: &Input<'a>) -> Vec<Frame<'a>> {
    let single = input.results.len() < 2;
    let frame = |outcome: &crate::ui::panels::Outcome<'a>| {
        let series = outcome.answer.map_or(&[][..], |a| &a.series);
        let (query, value) =
            (outcome.target.ref_id.as_str(), if single { "Value".into() } else { format!("Value #{}", outcome.target.ref_id) });
        let mut names: Vec<&'a str> = series.iter().flat_map(|s| s.labels.iter().map(|(n, _)| n)).collect();
        names.sort_unstable();
        names.dedup();
        let rows = || series.iter().take(MOST).filter_map(|s| Some((s, s.last()?)));
        let label = |name: &'a str| Column {
            name: name.to_owned(),
            query: "",
            cells: rows().map(|(s, _)| s.labels.get(name).map_or(Value::Empty, |v| Value::Text(v.into()))).collect(),
        };
        let time = Column { name: "Time".into(), query, cells: rows().map(|(_, l)| Value::Time(l.at)).collect() };
        let value = Column { name: value, query, cells: rows().map(|(_, l)| Value::Number(l.value)).collect() };
        Frame { columns: std::iter::once(time).chain(names.into_iter().map(label)).chain([value]).collect() }
    };
    input.results.iter().map(frame).collect()
}

/// One row a series with these calculations.
pub fn reduced<'a>(input: &Input<'a>, calcs: &[Calc]) -> Frame<'a> {
    let mut frame = Frame::default();
    for field in fields(input, MOST).shown {
        let query = input.results.get(field.target).map_or("", |o| o.target.ref_id.as_str());
        let name = ("Field".to_owned(), "", Value::Text(Cow::Owned(field.name)));
        let values = calcs.iter().map(|c| {
            let head = match word(*c) {
                "last" => "Last *".to_owned(),
                word => word[..1].to_uppercase() + &word[1..],
            };
            (head, query, reduce(*c, field.samples).map_or(Value::Empty, Value::Number))
        });
        frame.push(std::iter::once(name).chain(values));
    }
    frame
}
