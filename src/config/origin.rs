//! Every value of a configuration with where it comes from: a file and line, or the default that the schema tells.
//!
//! What is told is what was written: a path relative to its file, a secret as its reference.

use serde_json::{Map, Value as Json, json};

use crate::config::layers::{self, Places};
use crate::config::node::{Entry, Node, Value};
use crate::config::reader::Problems;
use crate::config::{ConfigError, Overrides, SCHEMA, load};

/// One value.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// Its key as TOML writes it: `environments.production.guard`.
    pub key: String,
    /// What it is set to.
    pub value: Json,
    /// Where that comes from.
    pub origin: Origin,
}

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A line of a file, by the name it is told by.
    File(String, usize),
    /// A flag or a variable, by the name of the key that it is above.
    Override(&'static str),
    /// Nobody has set it.
    Default,
}

/// The values of a configuration in which nothing is wrong, in its order: what is set, then what is left of each table.
pub fn settings(overrides: &Overrides, places: &Places) -> Result<Vec<Setting>, ConfigError> {
    let config = load(overrides, places)?;
    let problems = Problems::default();
    let tree = layers::read(overrides.config.as_deref(), places, &problems).tree;
    let schema: Json = serde_json::from_str(SCHEMA).unwrap_or_default();
    let mut walk = Walk { schema: &schema, settings: Vec::new() };
    if let Some(Node { value: Value::Table(entries), .. }) = &tree {
        walk.table("", entries, &schema);
    }
    let mut settings = walk.settings;
    let opening = Setting { key: "environment".into(), value: json!(config.environment), origin: Origin::Default };
    put_first(&mut settings, opening);
    for (key, value) in overridden(overrides) {
        settings.retain(|setting| setting.key != key);
        put_first(&mut settings, Setting { key: key.into(), value, origin: Origin::Override(key) });
    }
    // What holds for all environments comes first, as it would have to in a file.
    settings.sort_by_key(|setting| setting.key.starts_with("environments."));
    Ok(settings)
}

/// Unless it is there already.
fn put_first(settings: &mut Vec<Setting>, setting: Setting) {
    if settings.iter().all(|other| other.key != setting.key) {
        settings.insert(0, setting);
    }
}

fn overridden(overrides: &Overrides) -> Vec<(&'static str, Json)> {
    let environment = overrides.environment.as_ref().map(|name| ("environment", json!(name)));
    let theme = overrides.theme.as_ref().map(|theme| ("theme", json!(theme)));
    let ascii = overrides.ascii.then_some(("ascii", json!(true)));
    let state = overrides.state.as_ref().map(|path| ("state", json!(path)));
    [state, ascii, theme, environment].into_iter().flatten().collect()
}

struct Walk<'a> {
    schema: &'a Json,
    settings: Vec<Setting>,
}

impl<'a> Walk<'a> {
    fn table(&mut self, path: &str, entries: &[Entry], schema: &'a Json) {
        for entry in entries {
            let key = joined(path, &entry.key);
            match &entry.node.value {
                Value::Table(below) => self.table(&key, below, self.below(schema, &entry.key)),
                value => {
                    let place = entry.mark.hidden();
                    self.settings.push(Setting { key, value: plain(value), origin: Origin::File(place.file, place.line) });
                }
            }
        }
        self.defaults(path, entries, schema);
    }

    /// What nobody has set in a table.
    fn defaults(&mut self, path: &str, entries: &[Entry], schema: &'a Json) {
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            let is_set = entries.iter().any(|entry| entry.key == *name);
            let whole = self.resolved(property);
            let default = property.get("default").or(whole.get("default"));
            let Some(value) = default.filter(|_| !is_set) else { continue };
            match value {
                Json::Object(_) => self.table(&joined(path, name), &[], whole),
                value => {
                    self.settings.push(Setting { key: joined(path, name), value: value.clone(), origin: Origin::Default });
                }
            }
        }
    }

    /// The schema of what a key of a table is set to.
    fn below(&self, schema: &'a Json, key: &str) -> &'a Json {
        self.resolved(schema["properties"].get(key).unwrap_or(&schema["additionalProperties"]))
    }

    /// What a schema refers to, or itself.
    fn resolved(&self, schema: &'a Json) -> &'a Json {
        let pointer = schema["$ref"].as_str().and_then(|to| to.strip_prefix('#'));
        pointer.and_then(|to| self.schema.pointer(to)).unwrap_or(schema)
    }
}

fn joined(path: &str, key: &str) -> String {
    let is_bare = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c));
    let key = if is_bare { key.to_owned() } else { json!(key).to_string() };
    if path.is_empty() { key } else { format!("{path}.{key}") }
}

fn plain(value: &Value) -> Json {
    match value {
        Value::Text(text) => json!(text),
        Value::Number(number) if number.fract() == 0.0 && number.abs() < 1e15 => json!(*number as i64),
        Value::Number(number) => json!(number),
        Value::Flag(flag) => json!(flag),
        Value::Time => Json::Null,
        Value::List(items) => items.iter().map(|item| plain(&item.value)).collect(),
        Value::Table(entries) => {
            entries.iter().map(|entry| (entry.key.clone(), plain(&entry.node.value))).collect::<Map<_, _>>().into()
        }
    }
}
