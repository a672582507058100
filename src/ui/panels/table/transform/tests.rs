#![allow(clippy::unwrap_used, clippy::float_cmp)]
use super::*;
use crate::domain::labels::Labels;
use crate::domain::range::Window;
use crate::domain::series::{Answer, Series};
use crate::grafana::model::{PanelKind, TableOptions, Target};
use crate::ui::panels::Outcome;
use crate::ui::panels::tests::stage::panel;
use crate::ui::theme::Look;

type Row = (&'static [(&'static str, &'static str)], f64);

fn answer(rows: &[Row]) -> Answer {
    let series = |(labels, value): &Row| Series {
        labels: labels.iter().copied().collect::<Labels>(),
        samples: vec![Sample { at: Stamp(1000), value: *value }],
    };
    Answer { series: rows.iter().map(series).collect(), ..Answer::default() }
}

/// The table of some answers after some transformations: its head and rows as words.
fn table(queries: &[&[Row]], steps: Vec<Transformation>) -> Vec<Vec<String>> {
    let mut panel = panel(PanelKind::Table(TableOptions::default()));
    panel.transformations = steps;
    let target = |n: usize| Target { ref_id: char::from(b'A' + n as u8).to_string(), ..panel.targets[0].clone() };
    let targets: Vec<Target> = (0..queries.len()).map(target).collect();
    let answers: Vec<Answer> = queries.iter().map(|rows| answer(rows)).collect();
    let results: Vec<Outcome> =
        targets.iter().zip(&answers).map(|(target, a)| Outcome { target, legend: "", answer: Some(a), fault: None }).collect();
    let window = Window { start: Stamp(0), end: Stamp(1000) };
    let look = Look::default();
    let input = Input { panel: &panel, results: &results, window, look: &look, crosshair: None, focused_series: None, scroll: 0 };
    let (frame, _) = transformed(&input);
    let word = |v: &Value| match v {
        Value::Empty => "-".to_owned(),
        Value::Number(n) => n.to_string(),
        Value::Text(text) => text.to_string(),
        Value::Time(at) => at.0.to_string(),
    };
    let columns: Vec<_> = frame.columns.iter().filter(|c| c.name != "Time").collect();
    let head = columns.iter().map(|c| c.name.clone()).collect();
    let rows = (0..frame.rows()).map(|r| columns.iter().map(|c| word(&c.cells[r])).collect());
    std::iter::once(head).chain(rows).collect()
}

const CPU: &[Row] = &[(&[("pod", "a"), ("zone", "x")], 1.0), (&[("pod", "b"), ("zone", "y")], 3.0)];
const MEMORY: &[Row] = &[(&[("pod", "b")], 30.0), (&[("pod", "c")], 20.0)];

#[test]
fn one_query_is_its_labels_and_its_value() {
    assert_eq!(table(&[CPU], vec![]), [["pod", "zone", "Value"], ["a", "x", "1"], ["b", "y", "3"]]);
}

#[test]
fn rows_with_equal_labels_become_one() {
    let merged = table(&[CPU, MEMORY], vec![Transformation::Merge]);
    assert_eq!(merged[0], ["pod", "zone", "Value #A", "Value #B"]);
    assert_eq!(merged[1..], [["a", "x", "1", "-"], ["b", "y", "3", "30"], ["c", "-", "-", "20"]]);
    assert_eq!(table(&[CPU, MEMORY], vec![Transformation::Join("pod".into())])[1..], merged[1..]);
}

#[test]
fn columns_are_hidden_ordered_and_renamed() {
    let organize = Transformation::Organize {
        hide: vec!["zone".into()],
        order: vec![("Value".into(), 0), ("pod".into(), 1)],
        rename: vec![("Value".into(), "CPU".into())],
    };
    assert_eq!(table(&[CPU], vec![organize]), [["CPU", "pod"], ["1", "a"], ["3", "b"]]);
    let keep = Transformation::Keep { names: vec!["pod".into()], regex: Some("/^Val/".into()) };
    assert_eq!(table(&[CPU], vec![keep])[0], ["pod", "Value"]);
    let rename = Transformation::Rename { regex: "Val(.*)".into(), with: "V$1".into() };
    assert_eq!(table(&[CPU], vec![rename])[0], ["pod", "zone", "Vue"]);
}

#[test]
fn rows_are_sorted_and_limited() {
    let sort = Transformation::Sort { field: "Value".into(), descending: true };
    assert_eq!(table(&[CPU], vec![sort, Transformation::Limit(1)])[1..], [["b", "y", "3"]]);
}

const SOME: &[Row] = &[(&[("pod", "a")], f64::NAN), (&[("pod", "b")], 1.0), (&[("pod", "c")], 2.0)];

#[test]
fn rows_without_a_number_stay_last_either_way() {
    let pods = |descending| {
        let sorted = table(&[SOME], vec![Transformation::Sort { field: "Value".into(), descending }]);
        sorted[1..].iter().map(|r| r[0].clone()).collect::<String>()
    };
    assert_eq!((pods(false), pods(true)), ("bca".into(), "cba".into()));
}

#[test]
fn series_become_rows_of_calculations() {
    let reduced = table(&[CPU], vec![Transformation::Reduce(vec![Calc::Max, Calc::LastNotNull])]);
    assert_eq!(reduced, [["Field", "Max", "Last *"], ["pod=a zone=x", "1", "1"], ["pod=b zone=y", "3", "3"]]);
}

const PODS: &[Row] = &[(&[("job", "x"), ("pod", "a")], 1.0), (&[("job", "x"), ("pod", "b")], 2.0), (&[("job", "y")], 4.0)];

#[test]
fn rows_are_grouped_and_columns_reckoned() {
    let group = Transformation::GroupBy { by: vec!["job".into()], calcs: vec![("Value".into(), vec![Calc::Sum])] };
    assert_eq!(table(&[PODS], vec![group]), [["job", "Value (sum)"], ["x", "3"], ["y", "4"]]);
    let double = Transformation::Calculate {
        alias: "twice".into(),
        left: "Value".into(),
        operator: Operator::Multiply,
        right: "2".into(),
        replace: true,
    };
    assert_eq!(table(&[CPU], vec![double]), [["twice"], ["2"], ["6"]]);
}
