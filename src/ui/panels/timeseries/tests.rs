#![allow(clippy::unwrap_used, clippy::float_cmp)]
use super::*;
use crate::grafana::model::{FieldMatcher, Override, Property, TimeseriesOptions};
use crate::ui::panels::tests::stage::{SPAN, START, Stage, text, wave};

fn stage(values: &[f64]) -> Stage {
    let mut stage = Stage::new(PanelKind::Timeseries(TimeseriesOptions::default()));
    for (n, value) in values.iter().enumerate() {
        stage.series(&[("n", &n.to_string())], wave(3, |_| *value));
    }
    stage
}

/// The first sample of each line, and what it stands on.
fn tops(stage: &Stage) -> Vec<(f64, Option<f64>)> {
    stage.with(|input| shape(input).lines.iter().map(|l| (l.drawn[0].value, l.bases.first().copied())).collect())
}

#[test]
fn stacked_lines_stand_on_those_before() {
    let mut stage = stage(&[1.0, 2.0, 4.0]);
    assert_eq!(tops(&stage), [(1.0, None), (2.0, None), (4.0, None)]);
    stage.panel.field.line.stack = Stack::Normal;
    assert_eq!(tops(&stage), [(1.0, Some(0.0)), (3.0, Some(1.0)), (7.0, Some(3.0))]);
    stage.panel.field.line.stack = Stack::Percent;
    assert_eq!(tops(&stage).iter().map(|(top, _)| top.round()).collect::<Vec<_>>(), [14.0, 43.0, 100.0]);
}

#[test]
fn what_points_down_is_stacked_apart() {
    let mut stage = stage(&[1.0, 2.0, 4.0]);
    stage.panel.field.line.stack = Stack::Normal;
    let on = FieldMatcher::Regex("/[12]/".into());
    stage.panel.overrides = vec![Override { on, set: vec![Property::Negative(true)] }];
    assert_eq!(tops(&stage), [(1.0, Some(0.0)), (-2.0, Some(0.0)), (-6.0, Some(-2.0))]);
}

#[test]
fn stacking_survives_samples_that_are_missing_or_no_numbers() {
    let mut stage = stage(&[1.0]);
    stage.series(&[("n", "x")], wave(3, |x| if x < 1.0 { f64::NAN } else { 2.0 }));
    stage.series(&[("n", "y")], vec![Sample { at: Stamp(START + SPAN), value: 4.0 }]);
    stage.panel.field.line.stack = Stack::Normal;
    stage.with(|input| {
        let lines = shape(input).lines;
        assert!(lines[1].drawn[0].value.is_nan());
        assert_eq!((lines[1].drawn[1].value, lines[2].drawn[0].value), (3.0, 7.0));
    });
}

#[test]
fn the_legend_speaks_of_what_was_measured() {
    let mut stage = stage(&[1.0, 2.0]);
    stage.panel.field.line.stack = Stack::Percent;
    stage.with(|input| assert_eq!(shape(input).lines[1].measured[0].value, 2.0));
}

#[test]
fn a_legend_names_the_greatest_and_each_stays_in_its_place() {
    let names = |values: &[f64]| {
        let mut stage = stage(values);
        stage.panel.kind = PanelKind::Timeseries(TimeseriesOptions { legend: true, ..TimeseriesOptions::default() });
        let text = text(&stage.buffer(34, 8));
        let legend = text.lines().find(|line| line.contains("more")).unwrap();
        legend.split('━').skip(1).map(|entry| entry.trim().split(' ').next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(&[11.0, 88.0, 12.0, 99.0, 77.0, 13.0]), ["1", "3", "4"]);
    assert_eq!(names(&[11.0, 77.0, 12.0, 88.0, 99.0, 13.0]), ["1", "3", "4"]);
    assert_eq!(names(&[66.0, 77.0, 12.0, 11.0, 99.0, 13.0]), ["0", "1", "4"]);
}

#[test]
fn axes_take_the_units_of_their_series() {
    let mut stage = stage(&[1.0, 2.0]);
    stage.panel.field.unit = Some(Unit("bytes".into()));
    let set = vec![Property::RightAxis(true), Property::Unit(Unit("percent".into()))];
    stage.panel.overrides = vec![Override { on: FieldMatcher::Name("1".into()), set }];
    stage.with(|input| {
        let chart = shape(input);
        assert_eq!(chart.left.unit, Some(Unit("bytes".into())));
        assert_eq!(chart.right.and_then(|a| a.unit), Some(Unit("percent".into())));
    });
}
