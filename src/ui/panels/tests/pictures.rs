//! Every kind of panel at the sizes of a terminal, with its styles. Look at them: a snapshot is only as good as the eye on it.

use insta::assert_snapshot;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::stage::{SPAN, START, Stage, styled, text, wave};
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::range::Window;
use crate::domain::series::Sample;
use crate::domain::time::Stamp;
use crate::domain::unit::Unit;
use crate::grafana::model::{
    Calc, Cell, DrawStyle, FieldMatcher, MapOn, Mapping, Override, PanelKind, Property, Reduce, Stack, StatColor, StatOptions,
    TableOptions, Thresholds, TimeseriesOptions, Transformation,
};
use crate::ui::panels::chart::{Alert, alert};
use crate::ui::theme::{Charset, Depth, Look};

fn steps(steps: &[(Option<f64>, &str)]) -> Thresholds {
    Thresholds { percent: false, steps: steps.iter().map(|(from, colour)| (*from, (*colour).to_owned())).collect() }
}

fn graph(calcs: &[Calc]) -> Stage {
    Stage::new(PanelKind::Timeseries(TimeseriesOptions { legend: true, legend_calcs: calcs.to_vec() }))
}

fn requests(lines: usize) -> Stage {
    let mut stage = graph(&[]);
    stage.panel.field.unit = Some(Unit("reqps".into()));
    for n in 0..lines {
        let value = |x: f64| 200.0 + 60.0 * (x / 29.0 + n as f64).sin() + 40.0 * n as f64;
        stage.series(&[("instance", &format!("app-{n}:8080"))], wave(240, value));
    }
    stage
}

/// A line with one spike of a single sample and a hole.
fn latency() -> Stage {
    let mut stage = graph(&[]);
    stage.panel.title = "Latency, 99th percentile".into();
    stage.panel.field.unit = Some(Unit("s".into()));
    stage.panel.field.line.thresholds = true;
    stage.panel.field.thresholds = steps(&[(None, "green"), (Some(0.5), "red")]);
    let value = |x: f64| match x as i32 {
        250 => 0.7,
        300..340 => f64::NAN,
        _ => 0.1 + 0.02 * (x / 9.0).sin(),
    };
    stage.series(&[("__name__", "p99")], wave(500, value));
    stage
}

fn now(stage: &mut Stage, name: &str, value: f64) {
    stage.series(&[("instance", name)], vec![Sample { at: Stamp(START + SPAN), value }]);
}

fn disks(kind: PanelKind) -> Stage {
    let mut stage = Stage::new(kind);
    stage.panel.field.unit = Some(Unit("percent".into()));
    stage.panel.field.thresholds = steps(&[(None, "green"), (Some(70.0), "orange"), (Some(90.0), "red")]);
    for (name, value) in [("/", 73.25), ("/var", 93.0), ("/home", 12.0)] {
        now(&mut stage, name, value);
    }
    stage
}

#[test]
fn lines_with_axes_and_legend() {
    assert_snapshot!(styled(&requests(3).buffer(60, 12)));
}

#[test]
fn lines_in_a_small_panel() {
    assert_snapshot!(styled(&requests(5).buffer(34, 7)));
}

#[test]
fn a_spike_a_gap_and_a_threshold() {
    assert_snapshot!(styled(&latency().buffer(60, 12)));
}

#[test]
fn lines_in_ascii() {
    let mut stage = latency();
    stage.look = Look { charset: Charset::Ascii, depth: Depth::Mono, ..Look::default() };
    stage.crosshair = Some(Stamp(START + SPAN / 4));
    assert_snapshot!(styled(&stage.buffer(60, 10)));
}

#[test]
fn lines_without_colour_have_marks() {
    let mut stage = requests(3);
    stage.look.depth = Depth::Mono;
    stage.focused = Some("app-1:8080".into());
    assert_snapshot!(styled(&stage.buffer(60, 10)));
}

#[test]
fn areas_stand_on_each_other() {
    let mut stage = requests(3);
    stage.panel.field.line.stack = Stack::Percent;
    assert_snapshot!(text(&stage.buffer(50, 12)));
}

#[test]
fn what_goes_out_points_down() {
    let mut stage = requests(2);
    let negative = vec![Property::Negative(true)];
    stage.panel.overrides = vec![Override { on: FieldMatcher::Name("app-1:8080".into()), set: negative }];
    stage.panel.field.line.style = DrawStyle::Bars;
    assert_snapshot!(text(&stage.buffer(50, 10)));
}

#[test]
fn a_legend_beside_a_wide_graph_counts_what_it_leaves_out() {
    let mut stage = requests(30);
    stage.panel.kind = PanelKind::Timeseries(TimeseriesOptions { legend: true, legend_calcs: vec![Calc::Mean, Calc::Max] });
    assert_snapshot!(text(&stage.buffer(110, 11)));
}

#[test]
fn a_thousand_series_are_counted() {
    let mut stage = graph(&[]);
    for n in 0..1000 {
        stage.series(&[("pod", &format!("pod-{n}"))], wave(20, |x| f64::from(n) + x));
    }
    let drawn = text(&stage.buffer(60, 12));
    assert!(drawn.contains("showing 100 of 1000 series"), "{drawn}");
    assert!(drawn.contains("pod-999") && drawn.contains("+99"), "{drawn}");
}

#[test]
fn a_series_of_zeros_is_a_line_at_zero() {
    let mut stage = graph(&[]);
    stage.series(&[("job", "errors")], wave(60, |_| 0.0));
    assert_snapshot!(text(&stage.buffer(40, 8)));
}

#[test]
fn an_alert_with_its_threshold() {
    let stage = requests(3);
    let area = Rect::new(0, 0, 70, 12);
    let mut buf = Buffer::empty(area);
    let graph = Alert {
        answer: stage.answer.as_ref().unwrap(),
        labels: &[("instance", "app-2:8080"), ("severity", "critical")].into_iter().collect(),
        window: Window { start: Stamp(START), end: Stamp(START + SPAN) },
        threshold: Some(350.0),
        since: Some(Stamp(START + 41 * 60_000)),
    };
    alert(&graph, &stage.look, area, &mut buf);
    assert_snapshot!(styled(&buf));
}

fn errors(color: StatColor) -> Stage {
    let mut stage = Stage::new(PanelKind::Stat(StatOptions { sparkline: true, color, ..StatOptions::default() }));
    stage.panel.field.unit = Some(Unit("percentunit".into()));
    stage.panel.field.thresholds = steps(&[(None, "green"), (Some(0.01), "orange"), (Some(0.05), "red")]);
    stage.series(&[("job", "api")], wave(120, |x| 0.002 + 0.08 * (x / 120.0).powi(4)));
    stage
}

#[test]
fn one_large_value() {
    assert_snapshot!(styled(&errors(StatColor::Value).buffer(30, 10)));
}

#[test]
fn several_values_on_their_colours() {
    let mut stage = errors(StatColor::Background);
    stage.series(&[("job", "web")], wave(120, |_| 0.002));
    stage.series(&[("job", "worker")], wave(60, |_| 0.02).into_iter().take(30).collect());
    assert_snapshot!(styled(&stage.buffer(60, 8)));
}

#[test]
fn words_instead_of_values() {
    let mut stage = Stage::new(PanelKind::Stat(StatOptions::default()));
    let mapping = |on: &str, text: &str, colour: &str| Mapping {
        on: MapOn::Value(on.into()),
        text: Some(text.into()),
        color: Some(colour.into()),
    };
    stage.panel.field.mappings = vec![mapping("1", "UP", "green"), mapping("0", "DOWN", "red")];
    now(&mut stage, "db-0", 1.0);
    now(&mut stage, "db-1", 0.0);
    now(&mut stage, "db-2", f64::NAN);
    assert_snapshot!(styled(&stage.buffer(50, 5)));
}

#[test]
fn gauges() {
    assert_snapshot!(styled(&disks(PanelKind::Gauge(Reduce::default())).buffer(80, 9)));
}

#[test]
fn a_gauge_in_little_room() {
    assert_snapshot!(text(&disks(PanelKind::Gauge(Reduce::default())).buffer(40, 5)));
}

#[test]
fn bars() {
    assert_snapshot!(styled(&disks(PanelKind::BarGauge(Reduce::default())).buffer(50, 5)));
}

#[test]
fn bars_in_ascii_with_too_little_room() {
    let mut stage = disks(PanelKind::BarGauge(Reduce::default()));
    stage.look.charset = Charset::Ascii;
    assert_snapshot!(text(&stage.buffer(26, 4)));
}

fn targets() -> Stage {
    let mut stage = Stage::new(PanelKind::Table(TableOptions { sort: Some(("Memory".into(), true)) }));
    let all = ["app-1:8080", "app-2:8080", "db-0:9187", "cache-0:9121", "host:9100", "web-3:443"];
    for (n, name) in all.iter().enumerate() {
        stage.series(&[("__name__", "rss"), ("instance", name), ("job", "shop")], wave(1, |_| 1234.5 * (n * n) as f64));
    }
    let rename = vec![("Value".to_owned(), "Memory".to_owned())];
    stage.panel.transformations = vec![
        Transformation::Organize { hide: vec!["__name__".into()], order: Vec::new(), rename },
        Transformation::Other("heatmap".into()),
    ];
    let red = Property::Thresholds(steps(&[(None, "green"), (Some(10_000.0), "orange"), (Some(30_000.0), "red")]));
    let set = vec![Property::Unit(Unit("bytes".into())), Property::Cell(Cell::Gauge), red];
    stage.panel.overrides = vec![Override { on: FieldMatcher::Name("Memory".into()), set }];
    stage
}

#[test]
fn a_table_sorted_with_units_and_bars() {
    assert_snapshot!(styled(&targets().buffer(60, 10)));
}

#[test]
fn a_table_scrolled_in_little_room() {
    let mut stage = targets();
    stage.scroll = 2;
    assert_snapshot!(text(&stage.buffer(30, 6)));
}

#[test]
fn nothing_waiting_and_failing_are_different_words() {
    let mut stage = graph(&[]);
    let nothing = text(&stage.buffer(44, 5));
    stage.answer = None;
    let waiting = text(&stage.buffer(44, 5));
    stage.fault = Some(Fault::new(FaultKind::Timeout, "http://prometheus:9090 did not answer within 10 s\u{1b}[2J"));
    let failing = styled(&stage.buffer(44, 6));
    assert_snapshot!([nothing, waiting, failing].concat());
}

#[test]
fn a_kind_that_is_not_drawn_is_named() {
    assert_snapshot!(text(&Stage::new(PanelKind::Other("nodeGraph".into())).buffer(44, 6)));
}
