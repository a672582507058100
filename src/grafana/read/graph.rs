//! The old `graph` panel, as the time series it became.

use super::super::json::Node;
use super::super::model::{
    Calc, DrawStyle, FieldMatcher, FieldOptions, LineOptions, Override, PanelKind, Property, Stack, Thresholds, TimeseriesOptions,
};
use super::super::words;
use super::field::{decimals, unit};
use super::mapping;
use super::panel::Shape;

/// The kind, options and overrides of a `graph`.
pub fn shape(node: Node<'_>) -> Shape {
    let mode = node.at("xaxis").at("mode").string();
    if !matches!(mode.as_str(), "" | "time") {
        node.note(&format!("it is drawn over time, not by {mode}"));
    }
    let kind = PanelKind::Timeseries(TimeseriesOptions { legend: legend(node), legend_calcs: calcs(node.at("legend")) });
    Shape { kind, field: field(node), overrides: overrides(node), transformations: Vec::new() }
}

fn legend(node: Node<'_>) -> bool {
    let legend = node.at("legend");
    if legend.is_object() { legend.at("show").flag().unwrap_or(true) } else { legend.flag().unwrap_or(true) }
}

fn calcs(legend: Node<'_>) -> Vec<Calc> {
    if !legend.is_object() || !legend.at("values").is_true() {
        return Vec::new();
    }
    let known =
        [("min", Calc::Min), ("max", Calc::Max), ("avg", Calc::Mean), ("current", Calc::LastNotNull), ("total", Calc::Sum)];
    known.into_iter().filter(|(key, _)| legend.at(key).is_true()).map(|(_, calc)| calc).collect()
}

/// One of the two y axes: `yaxes[n]`, or `y_formats` and `grid` before Grafana 3.
struct Axis {
    unit: Option<crate::domain::unit::Unit>,
    min: Option<f64>,
    max: Option<f64>,
    log: Option<f64>,
}

fn axis(node: Node<'_>, right: bool) -> Axis {
    let n = usize::from(right);
    let log = |base: Option<f64>| base.filter(|base| *base > 1.0);
    if let Some(axis) = node.at("yaxes").items().get(n) {
        let (min, max) = (axis.at("min").number(), axis.at("max").number());
        return Axis { unit: unit(axis.at("format")), min, max, log: log(axis.at("logBase").number()) };
    }
    let old = if node.value["y_formats"].is_array() { "y_formats" } else { "y-formats" };
    let format = node.at(old).items().get(n).and_then(|format| unit(*format));
    let grid = node.at("grid");
    let [min, max, base] = if right { ["rightMin", "rightMax", "rightLogBase"] } else { ["leftMin", "leftMax", "leftLogBase"] };
    Axis { unit: format, min: grid.at(min).number(), max: grid.at(max).number(), log: log(grid.at(base).number()) }
}

fn field(node: Node<'_>) -> FieldOptions {
    let left = axis(node, false);
    let thresholds = thresholds(node.at("thresholds"));
    FieldOptions {
        unit: left.unit,
        decimals: decimals(node.at("decimals")),
        min: left.min,
        max: left.max,
        line: LineOptions {
            style: style(node).unwrap_or_default(),
            stack: stack(node),
            log: left.log,
            thresholds: !thresholds.steps.is_empty(),
            join_gaps: node.at("nullPointMode").string() == "connected",
            ..LineOptions::default()
        },
        thresholds,
        ..FieldOptions::default()
    }
}

fn style(node: Node<'_>) -> Option<DrawStyle> {
    let on = |key| node.at(key).flag();
    match (on("bars"), on("lines"), on("points")) {
        (Some(true), _, _) => Some(DrawStyle::Bars),
        (_, Some(false), Some(true)) => Some(DrawStyle::Points),
        (_, Some(true), _) => Some(DrawStyle::Lines),
        _ => None,
    }
}

fn stack(node: Node<'_>) -> Stack {
    match (node.at("stack").is_true(), node.at("percentage").is_true()) {
        (false, _) => Stack::None,
        (true, false) => Stack::Normal,
        (true, true) => Stack::Percent,
    }
}

/// `[{value, op: gt | lt, colorMode}]`: coloured above, or below, a value.
fn thresholds(node: Node<'_>) -> Thresholds {
    let mut steps = vec![(None, "transparent".to_owned())];
    for threshold in node.items().into_iter().filter(|t| t.is_object()) {
        let Some(value) = threshold.at("value").number() else { continue };
        let color = match threshold.at("colorMode").string().as_str() {
            "warning" => "orange".to_owned(),
            "ok" => "green".to_owned(),
            "custom" => threshold.at("lineColor").filled().unwrap_or_else(|| "red".to_owned()),
            _ => "red".to_owned(),
        };
        if threshold.at("op").string() == "lt" {
            steps[0].1.clone_from(&color);
            steps.push((Some(value), "transparent".to_owned()));
        } else {
            steps.push((Some(value), color));
        }
    }
    if steps.len() == 1 { Thresholds::default() } else { mapping::ascending(false, steps) }
}

fn overrides(node: Node<'_>) -> Vec<Override> {
    let colors = node.at("aliasColors").entries().into_iter();
    let colors = colors.filter_map(|(name, color)| {
        Some(Override { on: FieldMatcher::Name(name.to_owned()), set: vec![Property::Color(color.filled()?)] })
    });
    let series = node.at("seriesOverrides").items().into_iter().filter(|over| over.is_object());
    let series = series.map(|over| Override { on: matcher(over.at("alias").string()), set: properties(over, node) });
    colors.chain(series).filter(|over| !over.set.is_empty()).collect()
}

/// By `/regex/` or by name.
pub fn matcher(alias: String) -> FieldMatcher {
    if words::slashed(&alias).is_some() { FieldMatcher::Regex(alias) } else { FieldMatcher::Name(alias) }
}

fn properties(over: Node<'_>, panel: Node<'_>) -> Vec<Property> {
    let mut set = Vec::new();
    if over.at("yaxis").number() == Some(2.0) {
        let right = axis(panel, true);
        set.push(Property::RightAxis(true));
        set.extend(right.unit.map(Property::Unit));
        set.extend(right.min.map(Property::Min));
        set.extend(right.max.map(Property::Max));
    }
    set.extend(over.at("color").filled().map(Property::Color));
    set.extend((over.at("transform").string() == "negative-Y").then_some(Property::Negative(true)));
    set.extend(style(over).map(Property::Style));
    set.extend(stacking(over.at("stack")).map(Property::Stack));
    set.extend(over.at("hiddenSeries").flag().map(Property::Hidden));
    set
}

/// `true`, `false`, or the letter of a stack of its own.
fn stacking(node: Node<'_>) -> Option<Stack> {
    match node.value {
        serde_json::Value::Null => None,
        serde_json::Value::Bool(false) => Some(Stack::None),
        _ => Some(Stack::Normal),
    }
}
