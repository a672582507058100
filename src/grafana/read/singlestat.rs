//! The old `singlestat` and `table-old` panels, as what they became.

use super::super::json::Node;
use super::super::model::{
    Calc, Cell, FieldOptions, LineOptions, Override, PanelKind, Property, Reduce, StatColor, StatOptions, TableOptions,
    Thresholds, Transformation,
};
use super::super::words;
use super::field::{decimals, unit};
use super::graph::matcher;
use super::mapping;
use super::panel::Shape;

/// A `singlestat`: a stat, or a gauge where it shows one.
pub fn shape(node: Node<'_>) -> Shape {
    let gauge = node.at("gauge").at("show").is_true();
    let kind = if gauge { PanelKind::Gauge(reduce(node)) } else { PanelKind::Stat(stat(node)) };
    Shape { kind, field: field(node, gauge), overrides: Vec::new(), transformations: Vec::new() }
}

fn reduce(node: Node<'_>) -> Reduce {
    let name = node.at("valueName").filled();
    let calc = name.as_deref().map_or(Some(Calc::Mean), words::calc);
    if let (None, Some(name)) = (calc, name.as_deref().filter(|name| *name != "name")) {
        node.at("valueName").unknown(name);
    }
    Reduce { calc: calc.unwrap_or_default(), all_values: false, fields: node.at("tableColumn").string() }
}

fn stat(node: Node<'_>) -> StatOptions {
    StatOptions {
        reduce: reduce(node),
        sparkline: node.at("sparkline").at("show").is_true(),
        text_mode: if node.at("valueName").string() == "name" { "name" } else { "value" }.to_owned(),
        color: match (node.at("colorBackground").is_true(), node.at("colorValue").is_true()) {
            (true, _) => StatColor::Background,
            (false, true) => StatColor::Value,
            (false, false) => StatColor::None,
        },
        prefix: node.at("prefix").string(),
        postfix: node.at("postfix").string(),
    }
}

fn field(node: Node<'_>, gauge: bool) -> FieldOptions {
    let bounds = node.at("gauge");
    FieldOptions {
        unit: unit(node.at("format")),
        decimals: decimals(node.at("decimals")),
        min: if gauge { bounds.at("minValue").number().or(Some(0.0)) } else { None },
        max: if gauge { bounds.at("maxValue").number().or(Some(100.0)) } else { None },
        thresholds: thresholds(node),
        mappings: mapping::singlestat(node),
        no_value: node.at("nullText").filled(),
        line: LineOptions::default(),
        ..FieldOptions::default()
    }
}

/// `"70,90"` and three colours.
fn thresholds(node: Node<'_>) -> Thresholds {
    let colors = node.at("colors").texts();
    let list = node.at("thresholds");
    let values: Vec<f64> = if list.value.is_array() {
        list.items().into_iter().filter_map(Node::number).collect()
    } else {
        list.string().split(',').filter_map(|text| text.trim().parse().ok()).filter(|n: &f64| n.is_finite()).collect()
    };
    let values = std::iter::once(None).chain(values.into_iter().map(Some));
    mapping::ascending(false, values.zip(colors).collect())
}

/// A `table-old`: its styles are overrides, its one transformation becomes the new ones.
pub fn table(node: Node<'_>) -> Shape {
    let styles = node.at("styles").items().into_iter().filter(|style| style.is_object());
    Shape {
        kind: PanelKind::Table(TableOptions::default()),
        field: FieldOptions::default(),
        overrides: styles.filter_map(style).collect(),
        transformations: transformations(node),
    }
}

fn transformations(node: Node<'_>) -> Vec<Transformation> {
    match node.at("transform").string().as_str() {
        "timeseries_to_rows" | "table" => vec![Transformation::Merge],
        "timeseries_to_columns" => vec![Transformation::Join("Time".to_owned())],
        "timeseries_aggregations" => {
            let columns = node.at("columns").items().into_iter().filter(|c| c.is_object());
            let columns = columns.filter_map(|c| words::calc(&c.at("value").string()));
            vec![Transformation::Reduce(columns.collect())]
        }
        "" => Vec::new(),
        other => {
            node.at("transform").unknown(other);
            vec![Transformation::Other(other.to_owned())]
        }
    }
}

fn style(node: Node<'_>) -> Option<Override> {
    let pattern = node.at("pattern").filled()?;
    let mut set = Vec::new();
    set.extend(node.at("alias").filled().map(Property::DisplayName));
    match node.at("type").string().as_str() {
        "hidden" => set.push(Property::Hidden(true)),
        "number" => {
            set.extend(unit(node.at("unit")).map(Property::Unit));
            set.extend(decimals(node.at("decimals")).map(Property::Decimals));
            set.extend(coloured(node));
        }
        _ => {}
    }
    let on = matcher(pattern);
    (!set.is_empty()).then_some(Override { on, set })
}

/// Thresholds of a column are a list of numbers in text.
fn coloured(node: Node<'_>) -> Vec<Property> {
    let cell = match node.at("colorMode").string().as_str() {
        "cell" | "row" => Cell::Background,
        "value" => Cell::Text,
        _ => return Vec::new(),
    };
    vec![Property::Cell(cell), Property::Thresholds(thresholds(node))]
}
