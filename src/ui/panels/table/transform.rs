//! Grafana's transformations on frames. Pure; what midwatch does not do is named, never passed over in silence.

use std::collections::HashMap;

use crate::domain::series::Sample;
use crate::domain::time::Stamp;
use crate::grafana::model::{Calc, Operator, Transformation};
use crate::ui::panels::Input;
use crate::ui::panels::pattern::{Pattern, Replacement};
use crate::ui::panels::reduce::{reduce, word};
use crate::ui::panels::table::frame::{Column, Frame, Value, frames, reduced};

/// A panel's answers after its transformations: one frame, and the names of transformations that were not done.
pub fn transformed<'a>(input: &Input<'a>) -> (Frame<'a>, Vec<&'a str>) {
    let mut frames = frames(input);
    let mut undone = Vec::new();
    for step in &input.panel.transformations {
        match step {
            Transformation::Merge => frames = vec![merged(frames)],
            Transformation::Join(field) => frames = vec![joined(frames, field)],
            Transformation::Reduce(calcs) => frames = vec![reduced(input, calcs)],
            Transformation::Other(name) => undone.push(name.as_str()),
            Transformation::LabelsToFields => {}
            step => frames.iter_mut().for_each(|f| apply(step, f)),
        }
    }
    // Grafana would show the first frame and offer the others in a list; here all are shown.
    (merged(frames), undone)
}

fn apply(step: &Transformation, frame: &mut Frame) {
    match step {
        Transformation::Organize { hide, order, rename } => organize(frame, hide, order, rename),
        Transformation::Keep { names, regex } => {
            let pattern = regex.as_deref().map(Pattern::new);
            frame.columns.retain(|c| names.contains(&c.name) || pattern.as_ref().is_some_and(|p| p.is_match(&c.name)));
        }
        Transformation::Sort { field, descending } => sort(frame, field, *descending),
        Transformation::Limit(most) => frame.columns.iter_mut().for_each(|c| c.cells.truncate(*most)),
        Transformation::Rename { regex, with } => {
            let replacement = Replacement::new(regex, with);
            frame.columns.iter_mut().for_each(|c| c.name = replacement.of(&c.name).into_owned());
        }
        Transformation::GroupBy { by, calcs } => *frame = grouped(frame, by, calcs),
        Transformation::Calculate { alias, left, operator, right, replace } => {
            let cells = calculated(frame, left, *operator, right);
            if *replace {
                frame.columns.retain(|c| c.name == "Time");
            }
            frame.columns.push(Column { name: alias.clone(), query: "", cells });
        }
        _ => {}
    }
}

/// Rows with equal values in the columns that all frames share become one.
fn merged(frames: Vec<Frame>) -> Frame {
    let mut frames: Vec<Frame> = frames.into_iter().filter(|f| f.rows() > 0).collect();
    if frames.len() < 2 {
        return frames.pop().unwrap_or_default();
    }
    let in_all = |c: &Column| frames.iter().all(|f| f.column(&c.name).is_some());
    let shared: Vec<String> =
        frames.first().map(|f| f.columns.iter().filter(|c| in_all(c)).map(|c| c.name.clone()).collect()).unwrap_or_default();
    united(&frames, &shared)
}

/// Rows with an equal value of a field become one; frames without it are left out.
fn joined<'a>(frames: Vec<Frame<'a>>, field: &str) -> Frame<'a> {
    let having: Vec<Frame> = frames.into_iter().filter(|f| f.column(field).is_some()).collect();
    united(&having, &[field.to_owned()])
}

fn united<'a>(frames: &[Frame<'a>], shared: &[String]) -> Frame<'a> {
    let mut out = Frame::default();
    let mut places: HashMap<Vec<String>, Vec<usize>> = HashMap::new();
    for frame in frames {
        let before = out.rows();
        for row in 0..frame.rows() {
            let key = frame.key(shared, row);
            let cells = || frame.columns.iter().filter_map(|c| Some((c, c.cells.get(row)?)));
            // A row of another frame that has nothing yet in this frame's columns; without shared columns there is none.
            let free = |out: &Frame, place: usize| {
                let own = |c: &Column| !shared.contains(&c.name);
                place < before && cells().filter(|(c, _)| own(c)).all(|(c, v)| vacant(out, &c.name, place, v))
            };
            let place =
                places.get(&key).and_then(|all| all.iter().copied().find(|p| free(&out, *p))).filter(|_| !shared.is_empty());
            if let Some(place) = place {
                fill(&mut out, place, cells());
            } else {
                places.entry(key).or_default().push(out.rows());
                out.push(cells().map(|(c, v)| (c.name.clone(), c.query, v.clone())));
            }
        }
    }
    out
}

fn vacant(out: &Frame, name: &str, row: usize, value: &Value) -> bool {
    out.column(name).and_then(|c| c.cells.get(row)).is_none_or(|v| *v == Value::Empty || v == value)
}

fn fill<'a, 'f>(out: &mut Frame<'a>, row: usize, cells: impl Iterator<Item = (&'f Column<'a>, &'f Value<'a>)>)
where
    'a: 'f,
{
    let rows = out.rows();
    for (from, value) in cells {
        let at = out.columns.iter().position(|c| c.name == from.name).unwrap_or_else(|| {
            out.columns.push(Column { name: from.name.clone(), query: from.query, cells: vec![Value::Empty; rows] });
            out.columns.len() - 1
        });
        if let Some(cell) = out.columns.get_mut(at).and_then(|c| c.cells.get_mut(row)) {
            *cell = value.clone();
        }
    }
}

fn organize(frame: &mut Frame, hide: &[String], order: &[(String, u32)], rename: &[(String, String)]) {
    frame.columns.retain(|c| !hide.contains(&c.name));
    let place = |c: &Column| order.iter().find(|(n, _)| *n == c.name).map_or(u32::MAX, |(_, place)| *place);
    frame.columns.sort_by_key(place);
    for column in &mut frame.columns {
        if let Some((_, new)) = rename.iter().find(|(old, new)| *old == column.name && !new.is_empty()) {
            column.name.clone_from(new);
        }
    }
}

/// By a column; rows without a value stay last either way.
pub fn sort(frame: &mut Frame, field: &str, descending: bool) {
    let Some(column) = frame.column(field) else { return };
    let mut rows: Vec<usize> = (0..frame.rows()).collect();
    rows.sort_by(|a, b| {
        let (Some(a), Some(b)) = (column.cells.get(*a), column.cells.get(*b)) else { return std::cmp::Ordering::Equal };
        let order = a.order(b);
        if descending && !a.is_void() && !b.is_void() { order.reverse() } else { order }
    });
    frame.pick(&rows);
}

fn grouped<'a>(frame: &Frame<'a>, by: &[String], calcs: &[(String, Vec<Calc>)]) -> Frame<'a> {
    let mut groups: Vec<(Vec<String>, Vec<usize>)> = Vec::new();
    for row in 0..frame.rows() {
        let key = frame.key(by, row);
        match groups.iter_mut().find(|(k, _)| *k == key) {
            Some((_, rows)) => rows.push(row),
            None => groups.push((key, vec![row])),
        }
    }
    let mut out = Frame::default();
    for (_, rows) in groups {
        let first = rows.first().copied().unwrap_or_default();
        let same = by
            .iter()
            .filter_map(|n| frame.column(n))
            .map(|c| (c.name.clone(), c.query, c.cells.get(first).cloned().unwrap_or(Value::Empty)));
        let made = calcs.iter().filter_map(|(n, calcs)| Some((frame.column(n)?, calcs))).flat_map(|(c, calcs)| {
            let samples: Vec<Sample> =
                rows.iter().filter_map(|r| number(c.cells.get(*r)?)).map(|value| Sample { at: Stamp(0), value }).collect();
            calcs
                .iter()
                .map(move |calc| {
                    let value = reduce(*calc, &samples).map_or(Value::Empty, Value::Number);
                    (format!("{} ({})", c.name, named(*calc)), c.query, value)
                })
                .collect::<Vec<_>>()
        });
        out.push(same.chain(made));
    }
    out
}

/// Grafana's own word for a calculation in the name of a column.
fn named(calc: Calc) -> &'static str {
    match calc {
        Calc::LastNotNull => "lastNotNull",
        Calc::FirstNotNull => "firstNotNull",
        Calc::Sum => "sum",
        Calc::Diff => "diff",
        Calc::Delta => "delta",
        other => word(other),
    }
}

fn calculated<'a>(frame: &Frame<'a>, left: &str, operator: Operator, right: &str) -> Vec<Value<'a>> {
    let operand = |name: &str, row: usize| match frame.column(name) {
        Some(column) => column.cells.get(row).and_then(number),
        None => name.parse().ok(),
    };
    let result = |row| {
        let (a, b) = (operand(left, row)?, operand(right, row)?);
        Some(match operator {
            Operator::Add => a + b,
            Operator::Subtract => a - b,
            Operator::Multiply => a * b,
            Operator::Divide => a / b,
        })
    };
    (0..frame.rows()).map(|row| result(row).map_or(Value::Empty, Value::Number)).collect()
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(n) => Some(*n),
        Value::Time(at) => Some(at.0 as f64),
        Value::Text(_) | Value::Empty => None,
    }
}

#[cfg(test)]
mod tests;
