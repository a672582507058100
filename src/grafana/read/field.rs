//! `fieldConfig`: options for every field, and what overrides them.

use super::super::json::Node;
use super::super::model::{Cell, DrawStyle, FieldMatcher, FieldOptions, LineOptions, Override, Property, Stack, Thresholds};
use super::mapping;
use crate::domain::unit::Unit;

/// Options that change how a panel looks in a browser and nothing that a terminal shows.
const COSMETIC: [&str; 31] = [
    "custom.align",
    "custom.axisBorderShow",
    "custom.axisCenteredZero",
    "custom.axisColorMode",
    "custom.axisGridShow",
    "custom.axisLabel",
    "custom.axisSoftMax",
    "custom.axisSoftMin",
    "custom.axisWidth",
    "custom.barAlignment",
    "custom.barWidthFactor",
    "custom.fillBelowTo",
    "custom.fillOpacity",
    "custom.filterable",
    "custom.gradientMode",
    "custom.headerComponent",
    "custom.inspect",
    "custom.lineInterpolation",
    "custom.lineStyle",
    "custom.lineWidth",
    "custom.minWidth",
    "custom.pointSize",
    "custom.pointSymbol",
    "custom.showPoints",
    "custom.width",
    "custom.wrapText",
    "description",
    "links",
    "actions",
    "displayNameFromDS",
    "fieldMinMax",
];

/// The options and overrides of a panel; `fieldOptions` of Grafana 6 where there is no `fieldConfig`.
pub fn config(panel: Node<'_>) -> (FieldOptions, Vec<Override>) {
    let (new, old) = (panel.at("fieldConfig"), panel.at("options").at("fieldOptions"));
    let from = if new.exists() { new } else { old };
    let mut field = options(from.at("defaults"));
    grafana_6(panel.at("options"), old, &mut field);
    (field, from.at("overrides").items().into_iter().filter(|o| o.is_object()).filter_map(over).collect())
}

/// What gauges and stats of Grafana 6 kept beside the defaults.
fn grafana_6(options: Node<'_>, old: Node<'_>, field: &mut FieldOptions) {
    let value = options.at("valueOptions");
    let lists = if old.exists() { old } else { options };
    if field.thresholds.steps.is_empty() && lists.value["thresholds"].is_array() {
        field.thresholds = mapping::thresholds(lists.at("thresholds"));
    }
    let maps = if old.exists() { old.at("mappings") } else { options.at("valueMappings") };
    field.mappings.extend(mapping::mappings(maps));
    field.unit = field.unit.take().or_else(|| unit(value.at("unit")));
    field.decimals = field.decimals.or_else(|| decimals(value.at("decimals")));
    field.min = field.min.or_else(|| options.at("minValue").number());
    field.max = field.max.or_else(|| options.at("maxValue").number());
}

fn options(node: Node<'_>) -> FieldOptions {
    let custom = node.at("custom");
    FieldOptions {
        unit: unit(node.at("unit")),
        decimals: decimals(node.at("decimals")),
        min: node.at("min").number(),
        max: node.at("max").number(),
        thresholds: if node.at("thresholds").exists() {
            mapping::thresholds(node.at("thresholds"))
        } else {
            Thresholds::default()
        },
        mappings: mapping::mappings(node.at("mappings")),
        display_name: node.at("displayName").filled().or_else(|| node.at("title").filled()),
        no_value: node.at("noValue").filled(),
        line: line(custom, node.at("color")),
        hidden: custom.at("hidden").is_true() || custom.at("hideFrom").at("viz").is_true(),
        cell: cell(custom),
    }
}

fn line(custom: Node<'_>, color: Node<'_>) -> LineOptions {
    LineOptions {
        style: style(custom.at("drawStyle")),
        stack: stack(custom.at("stacking")),
        color: fixed(color),
        right_axis: custom.at("axisPlacement").string() == "right",
        log: log(custom.at("scaleDistribution")),
        negative: custom.at("transform").string() == "negative-Y",
        thresholds: drawn(custom.at("thresholdsStyle")),
        join_gaps: joins(custom.at("spanNulls")),
    }
}

/// A unit's id; the empty one is none.
pub fn unit(node: Node<'_>) -> Option<Unit> {
    node.filled().map(Unit)
}

/// Digits after the point, at most twenty.
pub fn decimals(node: Node<'_>) -> Option<u8> {
    node.count(20).map(|n| n as u8)
}

fn style(node: Node<'_>) -> DrawStyle {
    match node.string().as_str() {
        "" | "line" => DrawStyle::Lines,
        "bars" => DrawStyle::Bars,
        "points" => DrawStyle::Points,
        other => {
            node.unknown(other);
            DrawStyle::Lines
        }
    }
}

fn stack(node: Node<'_>) -> Stack {
    let mode = node.at("mode");
    match mode.string().as_str() {
        "" | "none" => Stack::None,
        "normal" => Stack::Normal,
        "percent" => Stack::Percent,
        other => {
            mode.unknown(other);
            Stack::None
        }
    }
}

/// `{mode: fixed, fixedColor}`, or the colour alone.
fn fixed(color: Node<'_>) -> Option<String> {
    if color.value.is_string() {
        return color.filled();
    }
    (color.at("mode").string() == "fixed").then(|| color.at("fixedColor").filled()).flatten()
}

fn log(scale: Node<'_>) -> Option<f64> {
    let base = || scale.at("log").number().filter(|base| *base > 1.0).unwrap_or(10.0);
    (scale.at("type").string() == "log").then(base)
}

fn drawn(style: Node<'_>) -> bool {
    !matches!(style.at("mode").string().as_str(), "" | "off")
}

/// `spanNulls`: true, false, or how many milliseconds are joined over.
fn joins(node: Node<'_>) -> bool {
    node.value.as_f64().is_some_and(|n| n > 0.0) || (!node.value.is_number() && node.is_true())
}

fn cell(custom: Node<'_>) -> Cell {
    let options = custom.at("cellOptions");
    let kind = options.at("type").filled().or_else(|| custom.at("displayMode").filled()).unwrap_or_default();
    cell_kind(&kind)
}

fn cell_kind(kind: &str) -> Cell {
    match kind {
        "color-text" => Cell::Text,
        "color-background" | "color-background-solid" => Cell::Background,
        "gauge" | "basic" | "gradient-gauge" | "lcd-gauge" => Cell::Gauge,
        _ => Cell::Plain,
    }
}

fn over(node: Node<'_>) -> Option<Override> {
    let set: Vec<_> = node.at("properties").items().into_iter().filter(|p| p.is_object()).filter_map(property).collect();
    if set.is_empty() {
        return None;
    }
    let matcher = node.at("matcher");
    let (id, options) = (matcher.at("id").string(), matcher.at("options"));
    let on = match id.as_str() {
        "byName" => FieldMatcher::Name(options.string()),
        "byRegexp" => FieldMatcher::Regex(options.string()),
        "byFrameRefID" => FieldMatcher::Query(options.string()),
        "byType" => FieldMatcher::Type(options.string()),
        "byNames" => FieldMatcher::Names { names: options.at("names").texts(), except: options.at("mode").string() == "exclude" },
        // What is set to what it is anyway needs no words.
        _ if set.iter().all(|property| *property == Property::Hidden(false)) => return None,
        _ => {
            node.note(&format!("an override for fields {id:?} is left out"));
            FieldMatcher::Other(id)
        }
    };
    Some(Override { on, set })
}

fn property(node: Node<'_>) -> Option<Property> {
    let (id, value) = (node.at("id").string(), node.at("value"));
    Some(match id.as_str() {
        "unit" => Property::Unit(unit(value)?),
        "decimals" => Property::Decimals(decimals(value)?),
        "min" => Property::Min(value.number()?),
        "max" => Property::Max(value.number()?),
        "thresholds" => Property::Thresholds(mapping::thresholds(value)),
        "mappings" => Property::Mappings(mapping::mappings(value)),
        "displayName" => Property::DisplayName(value.filled()?),
        "noValue" | "custom.noValue" => Property::NoValue(value.filled()?),
        "color" => Property::Color(fixed(value)?),
        _ => return custom(&id, value, node),
    })
}

fn custom(id: &str, value: Node<'_>, node: Node<'_>) -> Option<Property> {
    Some(match id {
        "custom.stacking" => Property::Stack(stack(value)),
        "custom.drawStyle" => Property::Style(style(value)),
        "custom.axisPlacement" => Property::RightAxis(value.string() == "right"),
        "custom.transform" => Property::Negative(value.string() == "negative-Y"),
        "custom.hideFrom" => Property::Hidden(value.at("viz").is_true()),
        "custom.hidden" | "custom.hideFrom.viz" => Property::Hidden(value.is_true()),
        "custom.cellOptions" => Property::Cell(cell_kind(&value.at("type").string())),
        "custom.displayMode" => Property::Cell(cell_kind(&value.string())),
        _ => {
            if !COSMETIC.contains(&id) {
                node.note(&format!("the override of {id:?} is left out"));
            }
            return None;
        }
    })
}
