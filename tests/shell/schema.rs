//! As much of JSON Schema 2020-12 as the schemas use. A keyword that is not known here is an error: nothing is left unchecked.

use serde_json::{Map, Value};

/// What only tells, and checks nothing.
const TELLING: &[&str] = &["$schema", "$defs", "title", "description", "default", "examples"];

/// Everything in a value that is not as its schema says, with its place.
pub fn wrong(schema: &Value, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    Checker { root: schema }.check(schema, value, "$", &mut found);
    found
}

/// What a schema means where it refers to another.
pub fn resolved<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    let pointer = schema["$ref"].as_str().and_then(|to| to.strip_prefix('#'));
    pointer.map_or(schema, |to| root.pointer(to).unwrap_or_else(|| panic!("there is no {to}")))
}

struct Checker<'a> {
    root: &'a Value,
}

impl Checker<'_> {
    fn check(&self, schema: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
        for (keyword, told) in schema.as_object().into_iter().flatten() {
            if let Some(what) = self.against(keyword, told, schema, value, at, found) {
                found.push(format!("{at}: {what}: {value}"));
            }
        }
    }

    fn against(
        &self,
        keyword: &str,
        told: &Value,
        schema: &Value,
        value: &Value,
        at: &str,
        found: &mut Vec<String>,
    ) -> Option<String> {
        let fails = |bad: bool| bad.then(|| format!("not by {keyword} {told}"));
        let number = || told.as_f64().unwrap();
        match keyword {
            "type" => fails(!is_of(told, value)),
            "const" => fails(told != value),
            "enum" => fails(!told.as_array().unwrap().contains(value)),
            "pattern" => {
                fails(value.as_str().is_some_and(|text| !regex::Regex::new(told.as_str().unwrap()).unwrap().is_match(text)))
            }
            "format" => fails(!is_time(told, value)),
            "minimum" => fails(value.as_f64().is_some_and(|own| own < number())),
            "maximum" => fails(value.as_f64().is_some_and(|own| own > number())),
            "minItems" => fails(value.as_array().is_some_and(|own| (own.len() as f64) < number())),
            "maxItems" => fails(value.as_array().is_some_and(|own| (own.len() as f64) > number())),
            "minProperties" => fails(value.as_object().is_some_and(|own| (own.len() as f64) < number())),
            "required" => fails(value.as_object().is_some_and(|own| !has_all(own, told))),
            "oneOf" => fails(told.as_array().unwrap().iter().filter(|one| self.fits(one, value, at)).count() != 1),
            "$ref" => {
                self.check(resolved(self.root, schema), value, at, found);
                None
            }
            "items" | "prefixItems" | "properties" | "additionalProperties" | "propertyNames" => {
                self.below(keyword, told, schema, value, at, found);
                None
            }
            _ => fails(!TELLING.contains(&keyword)),
        }
    }

    fn fits(&self, schema: &Value, value: &Value, at: &str) -> bool {
        let mut found = Vec::new();
        self.check(schema, value, at, &mut found);
        found.is_empty()
    }

    fn below(&self, keyword: &str, told: &Value, schema: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
        match (keyword, value) {
            ("items", Value::Array(own)) => {
                own.iter().enumerate().for_each(|(n, one)| self.check(told, one, &format!("{at}[{n}]"), found));
            }
            ("prefixItems", Value::Array(own)) => {
                let both = own.iter().zip(told.as_array().unwrap()).enumerate();
                both.for_each(|(n, (one, told))| self.check(told, one, &format!("{at}[{n}]"), found));
            }
            ("properties", Value::Object(own)) => {
                let both = own.iter().filter_map(|(name, one)| Some((name, one, told.get(name)?)));
                both.for_each(|(name, one, told)| self.check(told, one, &format!("{at}.{name}"), found));
            }
            ("propertyNames", Value::Object(own)) => {
                own.keys().for_each(|name| self.check(told, &name.as_str().into(), &format!("{at}.{name}"), found));
            }
            ("additionalProperties", Value::Object(own)) => {
                for (name, one) in own.iter().filter(|(name, _)| schema["properties"].get(name).is_none()) {
                    match told {
                        Value::Bool(false) => found.push(format!("{at}: {name:?} is not told of")),
                        told => self.check(told, one, &format!("{at}.{name}"), found),
                    }
                }
            }
            _ => {}
        }
    }
}

fn is_of(told: &Value, value: &Value) -> bool {
    match told {
        Value::Array(any) => any.iter().any(|one| is_of(one, value)),
        told => match told.as_str().unwrap() {
            "object" => value.is_object(),
            "array" => value.is_array(),
            "string" => value.is_string(),
            "boolean" => value.is_boolean(),
            "null" => value.is_null(),
            "number" => value.is_number(),
            "integer" => value.is_i64() || value.is_u64(),
            other => panic!("there is no type {other}"),
        },
    }
}

fn is_time(told: &Value, value: &Value) -> bool {
    assert_eq!(told, "date-time");
    value.as_str().is_none_or(|text| text.parse::<jiff::Timestamp>().is_ok())
}

fn has_all(own: &Map<String, Value>, names: &Value) -> bool {
    names.as_array().unwrap().iter().all(|name| own.contains_key(name.as_str().unwrap()))
}

#[test]
fn the_checker_finds_what_is_wrong() {
    let schema = serde_json::json!({
        "type": "object", "required": ["a"], "additionalProperties": false,
        "properties": { "a": { "enum": [1] }, "b": { "type": "array", "items": { "type": ["string", "null"] } }, "c": { "$ref": "#/$defs/c" },
                        "d": { "oneOf": [{ "type": "null" }, { "type": "integer", "minimum": 3 }] }, "e": { "unheard-of": true } },
        "$defs": { "c": { "type": "string", "pattern": "^x$" } },
    });
    let told = |value: Value| wrong(&schema, &value).len();
    assert_eq!(told(serde_json::json!({ "a": 1, "b": ["x", null], "c": "x", "d": 3 })), 0);
    for bad in [
        serde_json::json!({}),
        serde_json::json!([]),
        serde_json::json!({ "a": 2 }),
        serde_json::json!({ "a": 1, "b": [1] }),
        serde_json::json!({ "a": 1, "c": "y" }),
        serde_json::json!({ "a": 1, "d": 2 }),
        serde_json::json!({ "a": 1, "e": 1 }),
        serde_json::json!({ "a": 1, "f": 1 }),
    ] {
        assert_eq!(told(bad.clone()), 1, "{bad}");
    }
}
