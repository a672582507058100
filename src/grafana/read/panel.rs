//! One panel of the first schema, of any age.

use std::collections::HashMap;

use serde_json::Value;

use super::super::json::{Node, Notes, Site};
use super::super::model::{
    Calc, DrawStyle, FieldOptions, GridPos, Override, Panel, PanelKind, Reduce, Repeat, StatColor, StatOptions, TableOptions,
    Times, TimeseriesOptions, Transformation,
};
use super::super::words;
use super::{field, graph, layout, singlestat, target, text, transform};

/// What a panel must know of its dashboard.
pub struct Context<'a> {
    /// All notes.
    pub notes: &'a Notes,
    /// Library panels that came with an export, by uid.
    library: HashMap<&'a str, &'a Value>,
    /// Kind of data source (`loki`) by the variable that names it.
    pub sources: HashMap<String, String>,
}

impl<'a> Context<'a> {
    /// Of a whole dashboard.
    pub fn new(root: Node<'a>, notes: &'a Notes) -> Self {
        // Exports without library panels write an empty list here.
        let library = root.at("__elements");
        let library = if library.is_object() { library.entries() } else { Vec::new() };
        let library = library.into_iter().map(|(uid, element)| (uid, &element.value["model"])).collect();
        Self { notes, library, sources: target::sources(root) }
    }

    fn model(&self, panel: Node<'a>) -> Option<&'a Value> {
        let own = &panel.value["libraryPanel"]["model"];
        let uid = panel.value["libraryPanel"]["uid"].as_str().unwrap_or_default();
        [Some(own), self.library.get(uid).copied()].into_iter().flatten().find(|model| model.is_object())
    }
}

/// What a kind of panel makes of its options.
pub struct Shape {
    /// The kind.
    pub kind: PanelKind,
    /// For every field.
    pub field: FieldOptions,
    /// For chosen fields.
    pub overrides: Vec<Override>,
    /// Steps that an old kind did by itself.
    pub transformations: Vec<Transformation>,
}

/// Reads one panel; `place` is where it stands when it does not say.
pub fn panel<'a>(node: Node<'a>, place: GridPos, cx: &Context<'a>) -> Panel {
    let model = if node.at("type").exists() { None } else { cx.model(node) };
    let own = node;
    let site = Site { what: name(node, model), notes: cx.notes };
    let node = Node::root(model.unwrap_or(node.value), &site);
    let mut shape = shape(node, cx);
    shape.transformations.extend(transform::all(node.at("transformations")));
    Panel {
        id: own.value["id"].as_u64().and_then(|id| u32::try_from(id).ok()).unwrap_or(0),
        title: node.at("title").string(),
        description: node.at("description").string(),
        place: layout::position(own.at("gridPos").on(&site), place),
        kind: shape.kind,
        targets: target::all(node, cx),
        field: shape.field,
        overrides: shape.overrides,
        transformations: shape.transformations,
        times: times(node),
        repeat: repeat(own.on(&site)),
        scope: Vec::new(),
    }
}

fn name(node: Node<'_>, model: Option<&Value>) -> String {
    let title = node.value["title"].as_str().or_else(|| model?["title"].as_str()).unwrap_or_default();
    match node.value["id"].as_u64() {
        Some(id) => format!("panel {id} {title:?}"),
        None => format!("panel {title:?}"),
    }
}

fn shape<'a>(node: Node<'a>, cx: &Context<'a>) -> Shape {
    let kind = node.at("type").string();
    match kind.as_str() {
        "graph" => graph::shape(node),
        "singlestat" | "grafana-singlestat-panel" => singlestat::shape(node),
        "table-old" => singlestat::table(node),
        "table" if node.value["styles"].is_array() => singlestat::table(node),
        "barchart" => columns(node),
        "heatmap" => heatmap(node),
        _ => {
            let (field, overrides) = field::config(node);
            Shape { kind: modern(&kind, node, cx), field, overrides, transformations: Vec::new() }
        }
    }
}

fn modern<'a>(kind: &str, node: Node<'a>, cx: &Context<'a>) -> PanelKind {
    let options = node.at("options");
    match kind {
        "timeseries" | "state-timeline" | "status-history" => PanelKind::Timeseries(timeseries(options)),
        "stat" => PanelKind::Stat(stat(options)),
        "gauge" => PanelKind::Gauge(reduce(options)),
        "bargauge" | "piechart" | "grafana-piechart-panel" => PanelKind::BarGauge(reduce(options)),
        "text" | "text2" => PanelKind::Text(text::words(node)),
        "table" => PanelKind::Table(table(options)),
        "row" => PanelKind::Row { collapsed: node.at("collapsed").is_true(), panels: layout::inner(node, cx) },
        "" => nameless(node),
        _ => PanelKind::Other(kind.to_owned()),
    }
}

/// A `heatmap`: the unit of its axis is that of its rows.
fn heatmap(node: Node<'_>) -> Shape {
    let (mut field, overrides) = field::config(node);
    let (new, old) = (node.at("options").at("yAxis"), node.at("yAxis"));
    field.unit = field::unit(new.at("unit")).or_else(|| field::unit(old.at("format"))).or(field.unit);
    field.decimals = field::decimals(new.at("decimals")).or_else(|| field::decimals(old.at("decimals"))).or(field.decimals);
    Shape { kind: PanelKind::Heatmap, field, overrides, transformations: Vec::new() }
}

/// A `barchart`: one bar a series of what holds now, columns over time of what was asked for a range.
fn columns(node: Node<'_>) -> Shape {
    let (mut field, overrides) = field::config(node);
    let options = node.at("options");
    let now = |t: &Node<'_>| t.at("instant").is_true() || t.at("format").string() == "table";
    let kind = if node.at("targets").items().iter().filter(|t| t.is_object()).any(now) {
        PanelKind::BarGauge(reduce(options))
    } else {
        field.line.style = DrawStyle::Bars;
        PanelKind::Timeseries(timeseries(options))
    };
    Shape { kind, field, overrides, transformations: Vec::new() }
}

fn nameless(node: Node<'_>) -> PanelKind {
    let library = node.at("libraryPanel");
    if !library.exists() {
        node.note("it has no type");
        return PanelKind::Other("panel without a type".to_owned());
    }
    let name = library.at("name").filled().unwrap_or_else(|| library.at("uid").string());
    node.note(&format!("the library panel {name:?} is not in this file"));
    PanelKind::Other(format!("library panel {name}"))
}

fn timeseries(options: Node<'_>) -> TimeseriesOptions {
    let legend = options.at("legend");
    let shown = legend.at("showLegend").flag().unwrap_or(true) && legend.at("displayMode").string() != "hidden";
    TimeseriesOptions { legend: shown, legend_calcs: calcs(legend.at("calcs")) }
}

fn stat(options: Node<'_>) -> StatOptions {
    StatOptions {
        reduce: reduce(options),
        sparkline: options.at("graphMode").text().is_none_or(|mode| mode == "area" || mode == "line"),
        text_mode: options.at("textMode").filled().unwrap_or_else(|| "auto".to_owned()),
        color: match options.at("colorMode").string().as_str() {
            "" | "value" => StatColor::Value,
            "background" | "background_solid" => StatColor::Background,
            "none" => StatColor::None,
            other => {
                options.at("colorMode").unknown(other);
                StatColor::Value
            }
        },
        ..StatOptions::default()
    }
}

fn table(options: Node<'_>) -> TableOptions {
    let sort = options.at("sortBy").items().into_iter().next();
    let sort = sort.and_then(|by| Some((by.at("displayName").filled()?, by.at("desc").is_true())));
    TableOptions { sort }
}

/// How series become single values: `reduceOptions`, or `fieldOptions` and `valueOptions` of Grafana 6.
fn reduce(options: Node<'_>) -> Reduce {
    let (new, old, older) = (options.at("reduceOptions"), options.at("fieldOptions"), options.at("valueOptions"));
    let mut chosen = calcs(new.at("calcs"));
    chosen.extend(calcs(old.at("calcs")));
    chosen.extend(older.at("stat").filled().and_then(|id| words::calc(&id)));
    Reduce {
        calc: chosen.first().copied().unwrap_or_default(),
        all_values: new.at("values").is_true() || old.at("values").is_true(),
        fields: new.at("fields").string(),
    }
}

/// Calculations by id; unknown ones are noted and left out.
pub fn calcs(node: Node<'_>) -> Vec<Calc> {
    let known = |id: String| {
        words::calc(&id).or_else(|| {
            node.unknown(&id);
            None
        })
    };
    node.texts().into_iter().filter(|id| !id.is_empty()).filter_map(known).collect()
}

fn times(node: Node<'_>) -> Times {
    let duration = |key| {
        let text = node.at(key).filled()?;
        let duration = words::duration(text.trim_start_matches("now-"));
        if duration.is_none() {
            node.at(key).unknown(&text);
        }
        duration
    };
    Times {
        from: duration("timeFrom"),
        shift: duration("timeShift"),
        min_interval: node.at("interval").filled(),
        max_points: node.at("maxDataPoints").count(1_000_000).filter(|points| *points > 0),
    }
}

/// What a panel or a row is repeated over.
pub fn repeat(node: Node<'_>) -> Option<Repeat> {
    let variable = node.at("repeat").filled()?;
    let narrowest = node.at("minSpan").count(24).filter(|span| *span > 0).map(|span| 24 / span);
    let per_row = node.at("maxPerRow").count(24).filter(|n| *n > 0).or(narrowest).unwrap_or(4) as u16;
    Some(Repeat { variable, vertical: node.at("repeatDirection").string() == "v", per_row })
}
