//! What a dashboard comes wrapped in: the API's envelope, a Kubernetes-like resource, Grafana 12's second schema.

use serde_json::Value;

use super::ReadError;

/// How many wrappers are taken off at most.
const DEEPEST: usize = 4;

/// The dashboard itself, in the first schema.
pub fn open(mut value: Value) -> Result<Value, ReadError> {
    for _ in 0..DEEPEST {
        value = match wrapped(&value) {
            Some(key) => value[key].take(),
            None => break,
        };
    }
    if value["elements"].is_object() {
        return Ok(super::v2::first_schema(&value));
    }
    if is_dashboard(&value) { Ok(value) } else { Err(ReadError::NotADashboard(refusal(&value))) }
}

/// The member that holds the dashboard, where this is only its wrapping.
fn wrapped(value: &Value) -> Option<&'static str> {
    let bare = !["panels", "rows", "elements"].iter().any(|key| value[key].is_array() || value[key].is_object());
    ["dashboard", "spec"].into_iter().find(|key| bare && value[key].is_object())
}

fn is_dashboard(value: &Value) -> bool {
    let lists = value["panels"].is_array() || value["rows"].is_array();
    lists || (value["title"].is_string() && ["schemaVersion", "templating", "timepicker"].iter().any(|key| !value[key].is_null()))
}

fn refusal(value: &Value) -> String {
    let what = match value {
        Value::Array(_) => "a list; a dashboard is one object",
        Value::Object(map) if map.is_empty() => "an empty object",
        Value::Object(_) => "an object with neither panels nor rows nor elements",
        _ => "a single value",
    };
    format!("this is JSON, but not a Grafana dashboard: {what}")
}
