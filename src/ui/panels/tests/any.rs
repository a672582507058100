//! Whatever is answered, however small the screen: something is drawn, within its area, in its characters.

use proptest::prelude::*;
use ratatui::layout::Rect;

use super::stage::{SPAN, START, Stage, text};
use crate::domain::clean::Clean;
use crate::domain::series::Sample;
use crate::domain::time::Stamp;
use crate::domain::unit::Unit;
use crate::grafana::model::{
    Calc, Cell, DrawStyle, LineOptions, PanelKind, Reduce, Stack, StatColor, StatOptions, TableOptions, Thresholds,
    TimeseriesOptions, Transformation,
};
use crate::ui::panels::{Badge, Border, draw, frame};
use crate::ui::theme::{Charset, Depth, Look, Role, Theme};

fn kinds() -> impl Strategy<Value = PanelKind> {
    let reduce = (prop_oneof![Just(Calc::LastNotNull), Just(Calc::Mean), Just(Calc::Delta)], any::<bool>())
        .prop_map(|(calc, all_values)| Reduce { calc, all_values, fields: String::new() });
    let color = prop_oneof![Just(StatColor::Value), Just(StatColor::Background), Just(StatColor::None)];
    prop_oneof![
        (any::<bool>(), any::<bool>()).prop_map(|(legend, calcs)| {
            let legend_calcs = if calcs { vec![Calc::Mean, Calc::Max] } else { Vec::new() };
            PanelKind::Timeseries(TimeseriesOptions { legend, legend_calcs })
        }),
        (reduce.clone(), any::<bool>(), color, "auto|value|name|none").prop_map(|(reduce, sparkline, color, text_mode)| {
            PanelKind::Stat(StatOptions { reduce, sparkline, text_mode, color, prefix: "<".into(), postfix: String::new() })
        }),
        reduce.clone().prop_map(PanelKind::Gauge),
        reduce.prop_map(PanelKind::BarGauge),
        any::<bool>().prop_map(|desc| PanelKind::Table(TableOptions { sort: Some(("Value".into(), desc)) })),
        "(.{0,40}\n){0,6}".prop_map(PanelKind::Text),
        Just(PanelKind::Heatmap),
        "[a-z]{0,9}".prop_map(PanelKind::Other),
    ]
}

fn values() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => -1e3..1e3f64,
        1 => any::<f64>(),
        1 => prop_oneof![Just(f64::NAN), Just(f64::INFINITY), Just(f64::NEG_INFINITY), Just(0.0), Just(f64::MAX), Just(f64::MIN_POSITIVE)],
    ]
}

fn series() -> impl Strategy<Value = Vec<(String, Vec<Sample>)>> {
    let steps = prop_oneof![3 => 1i64..120_000, 1 => any::<i32>().prop_map(|n| i64::from(n).abs())];
    let samples = prop::collection::vec((steps, values()), 0..40).prop_map(|steps| {
        let mut at = START - 60_000;
        let mut sample = |(step, value)| {
            at += step;
            Sample { at: Stamp(at), value }
        };
        steps.into_iter().map(&mut sample).collect()
    });
    prop::collection::vec((".{0,20}|[\\x00-\\x{ff}]{0,5}|日本語", samples), 0..8)
}

fn lines() -> impl Strategy<Value = LineOptions> {
    let style = prop_oneof![Just(DrawStyle::Lines), Just(DrawStyle::Bars), Just(DrawStyle::Points)];
    let stack = prop_oneof![Just(Stack::None), Just(Stack::Normal), Just(Stack::Percent)];
    let log = prop::option::of(prop_oneof![Just(2.0), Just(10.0), Just(0.5)]);
    (style, stack, any::<[bool; 4]>(), log).prop_map(|(style, stack, [right_axis, negative, thresholds, join_gaps], log)| {
        LineOptions { style, stack, color: None, right_axis, log, negative, thresholds, join_gaps }
    })
}

fn looks() -> impl Strategy<Value = Look> {
    let charset = prop_oneof![Just(Charset::Unicode), Just(Charset::Ascii)];
    let depth = prop_oneof![Just(Depth::Mono), Just(Depth::Sixteen), Just(Depth::Indexed), Just(Depth::True)];
    (charset, depth).prop_map(|(charset, depth)| Look { theme: Theme::default(), charset, depth })
}

fn stages() -> impl Strategy<Value = Stage> {
    let units = prop::option::of("bytes|s|percentunit|percent|short|reqps|dateTimeAsIso|\u{1b}x|none");
    let bounds = (prop::option::of(values()), prop::option::of(values()));
    let cells = prop_oneof![Just(Cell::Plain), Just(Cell::Text), Just(Cell::Background), Just(Cell::Gauge)];
    let crosshair = prop::option::of(-SPAN..2 * SPAN);
    ((kinds(), series(), lines(), looks()), (units, bounds, cells, crosshair, 0usize..30)).prop_map(
        |((kind, series, line, look), (unit, (min, max), cell, crosshair, scroll))| {
            let mut stage = Stage::new(kind);
            for (name, samples) in series {
                stage.series(&[("instance", &name), ("job", "any")], samples);
            }
            let steps = vec![(None, "green".into()), (Some(1.0), "red".into()), (Some(500.0), "\u{202e}".into())];
            let field = &mut stage.panel.field;
            (field.unit, field.min, field.max, field.cell, field.line) = (unit.map(Unit), min, max, cell, line);
            field.thresholds = Thresholds { percent: false, steps };
            stage.panel.transformations = vec![Transformation::Merge, Transformation::Other("\u{1b}[x".into())];
            stage.look = look;
            stage.crosshair = crosshair.map(|at| Stamp(START + at));
            stage.scroll = scroll;
            stage
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn anything_is_drawn_at_any_size(stage in stages(), width in 1u16..90, height in 1u16..30) {
        let drawn = text(&stage.buffer(width, height));
        prop_assert!(drawn.chars().all(|c| c == '\n' || !c.is_control()), "{drawn}");
        if stage.look.charset == Charset::Ascii {
            prop_assert!(drawn.is_ascii(), "{drawn}");
        }
    }

    #[test]
    fn nothing_is_drawn_outside(stage in stages(), x in 0u16..9, y in 0u16..9, width in 0u16..40, height in 0u16..15) {
        let mut buf = ratatui::buffer::Buffer::filled(Rect::new(0, 0, 50, 25), ratatui::buffer::Cell::new("~"));
        let area = Rect { x, y, width, height };
        let badge = Badge::new(Role::Stale, Clean::new("stale 14s: exporter timeout"));
        let border = if width % 2 == 0 { Border::Corners } else { Border::Heavy };
        let inside = frame(&Clean::new("a long title of a panel"), Some(&badge), border, &stage.look, area, &mut buf);
        prop_assert!(area.is_empty() || area.union(inside) == area);
        stage.with(|input| draw(input, inside, &mut buf));
        for position in buf.area.positions().filter(|p| !area.contains(*p)) {
            prop_assert_eq!(buf.cell(position).map(ratatui::buffer::Cell::symbol), Some("~"), "{:?}", position);
        }
    }
}
