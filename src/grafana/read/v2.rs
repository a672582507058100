//! Grafana 12's second schema (`elements` and a `layout`), written as the first one. It must not know panels: it moves JSON only.

use serde_json::{Map, Value, json};

/// How wide the grid is, and how many pixels its rows are apart.
const COLUMNS: u64 = 24;
const ROW: u64 = 38;

/// The same dashboard in the first schema.
pub fn first_schema(v2: &Value) -> Value {
    let time = &v2["timeSettings"];
    let mut panels = Vec::new();
    lay_out(&v2["layout"], &v2["elements"], 0, &mut panels);
    json!({
        "uid": v2["uid"], "title": v2["title"], "tags": v2["tags"],
        "time": {"from": time["from"], "to": time["to"]}, "refresh": time["autoRefresh"],
        "templating": {"list": list(&v2["variables"]).iter().map(variable).collect::<Vec<_>>()},
        "panels": panels,
    })
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// Writes the panels of a layout from row `top` on, and returns the row below them.
fn lay_out(layout: &Value, elements: &Value, top: u64, panels: &mut Vec<Value>) -> u64 {
    let spec = &layout["spec"];
    let mut bottom = top;
    for section in list(&spec["rows"]).iter().chain(list(&spec["tabs"])) {
        bottom = row(&section["spec"], elements, bottom, panels);
    }
    for (n, item) in list(&spec["items"]).iter().enumerate() {
        let panel = placed(&item["spec"], elements, auto(spec, n as u64), top);
        let end = |key: &str| panel["gridPos"][key].as_u64().unwrap_or(0);
        bottom = bottom.max(end("y").saturating_add(end("h")));
        panels.push(panel);
    }
    bottom
}

/// A row or a tab: a heading with its panels below or, when it is closed, inside.
fn row(spec: &Value, elements: &Value, top: u64, panels: &mut Vec<Value>) -> u64 {
    let mut held = Vec::new();
    let bottom = lay_out(&spec["layout"], elements, top + 1, &mut held);
    let closed = spec["collapse"].as_bool().unwrap_or(false);
    let mut heading = json!({
        "type": "row", "title": spec["title"], "collapsed": closed, "repeat": spec["repeat"]["value"],
        "gridPos": {"x": 0, "y": top, "w": 24, "h": 1},
    });
    if closed {
        heading["panels"] = held.into();
        panels.push(heading);
        return top + 1;
    }
    panels.push(heading);
    panels.append(&mut held);
    bottom
}

/// Where the `n`th panel stands in a layout that chooses places by itself: `(x, y, width, height)`.
fn auto(spec: &Value, n: u64) -> [u64; 4] {
    let columns = spec["maxColumnCount"].as_u64().unwrap_or(3).clamp(1, COLUMNS);
    let pixels = match spec["rowHeightMode"].as_str().or(spec["rowHeight"].as_str()) {
        Some("short") => 168,
        Some("tall") => 512,
        Some("custom") => spec["rowHeight"].as_u64().unwrap_or(320).min(8000),
        _ => 320,
    };
    let (width, height) = (COLUMNS / columns, (pixels / ROW).max(1));
    [n % columns * width, n / columns * height, width, height]
}

fn placed(item: &Value, elements: &Value, [x, y, width, height]: [u64; 4], top: u64) -> Value {
    let name = item["element"]["name"].as_str().unwrap_or_default();
    let mut panel = panel(&elements[name], name);
    let at = |key: &str, auto: u64| item[key].as_u64().unwrap_or(auto).min(u64::from(u16::MAX));
    panel["gridPos"] = json!({"x": at("x", x), "y": at("y", y) + top, "w": at("width", width), "h": at("height", height)});
    let repeat = &item["repeat"];
    panel["repeat"] = repeat["value"].clone();
    panel["repeatDirection"] = repeat["direction"].clone();
    panel["maxPerRow"] = repeat["maxPerRow"].clone();
    panel
}

fn panel(element: &Value, name: &str) -> Value {
    let (spec, viz) = (&element["spec"], &element["spec"]["vizConfig"]);
    if element["kind"] != "Panel" {
        let library = json!({"name": spec["libraryPanel"]["name"], "uid": name});
        return json!({"id": spec["id"], "title": spec["title"], "libraryPanel": library});
    }
    let kind = if viz["group"].is_string() { &viz["group"] } else { &viz["kind"] };
    let (data, options) = (&spec["data"]["spec"], &spec["data"]["spec"]["queryOptions"]);
    json!({
        "id": spec["id"], "title": spec["title"], "description": spec["description"], "type": kind,
        "options": viz["spec"]["options"], "fieldConfig": viz["spec"]["fieldConfig"],
        "targets": list(&data["queries"]).iter().map(query).collect::<Vec<_>>(),
        "transformations": list(&data["transformations"]).iter().map(transformation).collect::<Vec<_>>(),
        "timeFrom": options["timeFrom"], "timeShift": options["timeShift"],
        "interval": options["interval"], "maxDataPoints": options["maxDataPoints"],
    })
}

fn query(query: &Value) -> Value {
    let spec = &query["spec"];
    let inner = &spec["query"];
    let mut target = inner["spec"].as_object().cloned().unwrap_or_default();
    let group = if inner["group"].is_string() { &inner["group"] } else { &inner["kind"] };
    target.insert("refId".to_owned(), spec["refId"].clone());
    target.insert("hide".to_owned(), spec["hidden"].clone());
    target.insert("datasource".to_owned(), json!({"type": group}));
    target.into()
}

fn transformation(one: &Value) -> Value {
    let id = if one["spec"]["id"].is_string() { &one["spec"]["id"] } else { &one["group"] };
    let id = if id.is_string() { id } else { &one["kind"] };
    json!({"id": id, "options": one["spec"]["options"], "disabled": one["spec"]["disabled"]})
}

fn variable(one: &Value) -> Value {
    let spec = one["spec"].as_object().cloned().unwrap_or_default();
    let kind = one["kind"].as_str().unwrap_or_default().trim_end_matches("Variable").to_lowercase();
    let query = match &spec.get("query").unwrap_or(&Value::Null)["spec"] {
        Value::Null => spec.get("query").cloned().unwrap_or_default(),
        inner => inner.clone(),
    };
    let query = if kind == "datasource" { spec.get("pluginId").cloned().unwrap_or_default() } else { query };
    let kind = if kind == "text" { "textbox".to_owned() } else { kind };
    let sort = spec.get("sort").and_then(Value::as_str).map_or(0, sort);
    let mut variable: Map<String, Value> = spec;
    variable.insert("type".to_owned(), kind.into());
    variable.insert("query".to_owned(), query);
    variable.insert("sort".to_owned(), sort.into());
    if one["spec"]["query"]["group"].is_string() {
        variable.insert("datasource".to_owned(), json!({"type": one["spec"]["query"]["group"]}));
    }
    variable.into()
}

/// The second schema writes orders as words.
fn sort(word: &str) -> u8 {
    let orders = [
        "disabled",
        "alphabeticalAsc",
        "alphabeticalDesc",
        "numericalAsc",
        "numericalDesc",
        "alphabeticalCaseInsensitiveAsc",
        "alphabeticalCaseInsensitiveDesc",
        "naturalAsc",
        "naturalDesc",
    ];
    orders.iter().position(|order| *order == word).unwrap_or(0) as u8
}
