//! The schema of the configuration against what is really read, and `config show` against files, flags and variables.

use std::collections::BTreeSet;
use std::path::Path;

use midwatch::config::model::Config;
use midwatch::config::{self, ConfigError, Overrides, Places, SCHEMA, STARTER};
use midwatch::domain::problem::Problem;
use serde_json::{Map, Value, json};

use crate::desk::Ran;
use crate::schema::{resolved, wrong};
use crate::stage::ran;

fn schema() -> Value {
    serde_json::from_str(SCHEMA).unwrap()
}

/// Reads a document as a configuration.
fn load(document: &Value) -> Result<Config, Vec<Problem>> {
    load_in(tempfile::tempdir().unwrap().path(), document)
}

fn load_in(folder: &Path, document: &Value) -> Result<Config, Vec<Problem>> {
    std::fs::write(folder.join("midwatch.toml"), toml::to_string(document).unwrap()).unwrap();
    let places = Places { here: folder.to_owned(), user: None, system: "/nonexistent".into() };
    match config::load(&Overrides::default(), &places) {
        Ok(config) => Ok(config),
        Err(ConfigError::Wrong(problems)) => Err(problems),
        Err(error) => panic!("{error}"),
    }
}

/// One step from a table to what is in it.
#[derive(Clone, Debug, PartialEq)]
enum Step {
    Key(String),
    /// Any name, for tables whose keys are names.
    Named,
    /// Any place of an array.
    Item,
}

/// Every table that the schema knows, with the steps to it.
fn tables<'a>(root: &'a Value, schema: &'a Value, path: &[Step], found: &mut Vec<(Vec<Step>, &'a Value)>) {
    let schema = resolved(root, schema);
    let on = |step: Step| [path, &[step]].concat();
    for one in schema["oneOf"].as_array().into_iter().flatten() {
        tables(root, one, path, found);
    }
    if let Some(properties) = schema["properties"].as_object() {
        found.push((path.to_vec(), schema));
        properties.iter().for_each(|(key, below)| tables(root, below, &on(Step::Key(key.clone())), found));
    } else if schema["additionalProperties"].is_object() {
        tables(root, &schema["additionalProperties"], &on(Step::Named), found);
    }
    if schema["items"].is_object() {
        tables(root, &schema["items"], &on(Step::Item), found);
    }
}

/// The least that the schema asks for.
fn sample(root: &Value, schema: &Value) -> Value {
    let schema = resolved(root, schema);
    let first = |key: &str| schema[key].as_array().and_then(|all| all.first()).cloned();
    if let Some(example) = first("examples").or_else(|| first("enum")) {
        return example;
    }
    let required = schema["required"].as_array().into_iter().flatten().map(|key| key.as_str().unwrap());
    Value::Object(required.map(|key| (key.to_owned(), sample(root, &schema["properties"][key]))).collect())
}

/// A document with this at the end of the steps, and what each table on the way cannot do without.
fn document(root: &Value, schema: &Value, path: &[Step], end: &Map<String, Value>) -> Value {
    let schema = resolved(root, schema);
    let inside = |below: &Value, rest: &[Step]| document(root, below, rest, end);
    match path.split_first() {
        Some((Step::Item, rest)) => json!([inside(&schema["items"], rest)]),
        Some((Step::Named, rest)) => json!({ "x": inside(&schema["additionalProperties"], rest) }),
        Some((Step::Key(key), rest)) => {
            let mut table = sample(root, schema);
            table[key] = inside(&schema["properties"][key], rest);
            table
        }
        None => {
            let table = schema["oneOf"].as_array().and_then(|all| all.iter().find(|one| one["properties"].is_object()));
            let mut table = sample(root, table.unwrap_or(schema));
            table.as_object_mut().unwrap().extend(end.clone());
            table
        }
    }
}

/// As problems name it: `environments.x.signals[0]`.
fn told(path: &[Step]) -> String {
    let step = |step: &Step| match step {
        Step::Key(key) => format!(".{key}"),
        Step::Named => ".x".to_owned(),
        Step::Item => "[0]".to_owned(),
    };
    path.iter().map(step).collect::<String>().trim_start_matches('.').to_owned()
}

fn problems(root: &Value, path: &[Step], key: &str, value: Value) -> Vec<Problem> {
    let end = Map::from_iter([(key.to_owned(), value)]);
    let mut document = document(root, root, path, &end);
    // These are read where others say so.
    for (key, other, says) in [("health", "kind", "http"), ("ca", "tls", "verify-full")] {
        if let Some(service) = document.pointer_mut("/environments/x/services/x").filter(|one| one.get(key).is_some()) {
            service[other] = json!(says);
        }
    }
    if let Some(reach) = document.pointer_mut("/environments/x/services/x/reach").filter(|_| ["unix", "docker"].contains(&key)) {
        // A service has one.
        reach.as_object_mut().unwrap().remove("tcp");
    }
    if told(path) == "bell" {
        // Hours and their clock are read together.
        let bell = document["bell"].as_object_mut().unwrap();
        bell.entry("quiet").or_insert(json!("22:00-07:00"));
        bell.entry("zone").or_insert(json!("UTC"));
    }
    if told(path).ends_with("control") {
        // Some keys belong to one way.
        let way = match key {
            "start" | "env" | "signal" | "log" => "process",
            "user" => "systemd",
            "process" | "systemd" | "compose" => key,
            _ => "docker",
        };
        let control = document["environments"]["x"]["services"]["x"]["control"].as_object_mut().unwrap();
        control.entry(way).or_insert(json!("x"));
    }
    if told(path).ends_with("backup") {
        document["environments"]["x"]["repositories"] = json!({ "main": { "path": "r" } });
    }
    load(&document).err().unwrap_or_default()
}

#[test]
fn every_key_that_is_read_is_in_the_schema_and_the_other_way_round() {
    const NOBODY: &str = "zzzzzzzzzzzzzzzzzzzzzzzz";
    let root = schema();
    let mut found = Vec::new();
    tables(&root, &root, &[], &mut found);
    assert!(found.len() > 15);
    for (path, table) in found {
        let problems = problems(&root, &path, NOBODY, json!(true));
        let unknown = problems.iter().find(|problem| problem.message.contains(NOBODY));
        let hint = unknown.and_then(|problem| problem.hint.as_deref()).unwrap_or_else(|| panic!("{path:?}: {problems:#?}"));
        let read: BTreeSet<&str> = hint.strip_prefix("known here: ").unwrap().split(", ").collect();
        let known: BTreeSet<&str> = table["properties"].as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(read, known, "what is read in {:?}, and what assets/schemas/config.json knows there", told(&path));
    }
}

/// What values are called in problems.
const NOUNS: [&str; 5] = ["a string", "a number", "true or false", "an array", "a table"];

/// The types that a schema lets a value have, of those that TOML knows.
fn types(root: &Value, schema: &Value) -> BTreeSet<&'static str> {
    let schema = resolved(root, schema);
    match (schema["type"].as_str(), schema["oneOf"].as_array()) {
        (Some("integer" | "number"), _) => BTreeSet::from(["number"]),
        (Some("object"), _) => BTreeSet::from(["object"]),
        (Some("array"), _) => BTreeSet::from(["array"]),
        (Some("boolean"), _) => BTreeSet::from(["boolean"]),
        (_, Some(any)) => any.iter().flat_map(|one| types(root, one)).collect(),
        _ => BTreeSet::from(["string"]),
    }
}

#[test]
fn every_value_may_be_of_the_type_that_the_schema_says_and_of_no_other() {
    let root = schema();
    let mut found = Vec::new();
    tables(&root, &root, &[], &mut found);
    let samples =
        [("string", json!("zz")), ("number", json!(7)), ("boolean", json!(true)), ("array", json!([])), ("object", json!({}))];
    for (path, table) in found {
        for (key, schema) in table["properties"].as_object().unwrap() {
            let name = told(&[&path[..], &[Step::Key(key.clone())]].concat());
            let refused = |value: &Value| {
                let wanted = |noun: &&str| format!("{name} must be {noun}, not ");
                let is_type = |problem: &Problem| NOUNS.iter().any(|noun| problem.message.starts_with(&wanted(noun)));
                problems(&root, &path, key, value.clone()).iter().any(is_type)
            };
            let read: BTreeSet<_> = samples.iter().filter(|(_, value)| !refused(value)).map(|(of, _)| *of).collect();
            assert_eq!(read, types(&root, schema), "{name}");
        }
    }
}

/// Every table of the schema, in a configuration in which nothing is wrong.
const WHOLE: &str = r#"
theme = "default"
[bell]
[response]
[environments.x]
[environments.x.prometheus]
url = "http://p:1"
[[environments.x.alertmanagers]]
url = "http://a:1"
[environments.x.repositories.folder]
path = "r"
[environments.x.repositories.folder.keep]
[environments.x.repositories.bucket.s3]
bucket = "backups"
access_key = "env:A"
secret_key = "env:B"
[environments.x.services.db]
kind = "postgres"
user = "u"
reach = { tcp = "h:1" }
[environments.x.services.db.backup]
repository = "folder"
[environments.x.services.web]
kind = "http"
reach = { tcp = "h:1" }
[environments.x.services.web.health]
"#;

/// Every default that the schema tells for tables of a document, as a pointer to it.
fn defaults(root: &Value, schema: &Value, document: &Value, at: &str, found: &mut Vec<(String, Value)>) {
    let schema = resolved(root, schema);
    for (key, below) in schema["properties"].as_object().into_iter().flatten() {
        let here = format!("{at}/{key}");
        match (resolved(root, below).get("default").or(below.get("default")), document.get(key)) {
            (Some(default), _) if !default.is_object() => found.push((here, default.clone())),
            (_, Some(inside)) => defaults(root, below, inside, &here, found),
            _ => {}
        }
    }
    match document {
        Value::Array(items) => {
            let items = items.iter().enumerate();
            items.for_each(|(n, item)| defaults(root, &schema["items"], item, &format!("{at}/{n}"), found));
        }
        Value::Object(named) if schema["additionalProperties"].is_object() => {
            named
                .iter()
                .for_each(|(name, item)| defaults(root, &schema["additionalProperties"], item, &format!("{at}/{name}"), found));
        }
        _ => {}
    }
}

#[test]
fn every_default_of_the_schema_is_what_holds_without_it() {
    let (root, whole) = (schema(), toml::from_str::<Value>(WHOLE).unwrap());
    let folder = tempfile::tempdir().unwrap();
    let mut found = Vec::new();
    defaults(&root, &root, &whole, "", &mut found);
    for (pointer, default) in &found {
        let (table, key) = pointer.rsplit_once('/').unwrap();
        let (mut with, mut without) = (whole.clone(), whole.clone());
        with.pointer_mut(table).unwrap()[key] = default.clone();
        without.pointer_mut(table).unwrap().as_object_mut().unwrap().remove(key);
        // A service of HTTP has no tools.
        if (table, key) != ("/environments/x/services/web", "tools") {
            let read = |document| load_in(folder.path(), document).unwrap_or_else(|problems| panic!("{pointer}: {problems:?}"));
            assert_eq!(read(&with), read(&without), "{pointer}");
        }
    }
    let named: BTreeSet<&str> = found.iter().map(|(pointer, _)| pointer.rsplit('/').next().unwrap()).collect();
    let all = SCHEMA.match_indices("\"default\": ").count() - SCHEMA.match_indices("\"default\": {}").count();
    assert!(named.len() >= 15 && found.len() >= all, "{named:?}, {all}");
}

/// A configuration that is written down somewhere.
fn fits(whence: &str, text: &str) {
    let document: Value = toml::from_str(text).unwrap_or_else(|error| panic!("{whence}: {error}\n{text}"));
    let found = wrong(&schema(), &document);
    assert!(found.is_empty(), "{whence}\n{}\n{text}", found.join("\n"));
}

fn joined(mut one: Value, other: Value) -> Value {
    match (&mut one, other) {
        (Value::Object(one), Value::Object(other)) => {
            for (key, value) in other {
                let joined = one.remove(&key).map_or(value.clone(), |own| joined(own, value));
                one.insert(key, joined);
            }
        }
        (one, other) => *one = other,
    }
    one
}

#[test]
fn every_configuration_that_is_shown_fits_the_schema() {
    fits("the starter", STARTER);
    let readme = include_str!("../../README.md").split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let blocks: Vec<_> = readme.filter(|block| block.contains("[environments.")).collect();
    assert!(blocks.len() >= 3);
    // Later ones go on where the one before has stopped.
    let whole = blocks.iter().map(|block| toml::from_str::<Value>(block).unwrap()).reduce(joined).unwrap();
    fits("README.md", &toml::to_string(&whole).unwrap());
    let demo = include_str!("../../assets/demo/midwatch.toml")
        .replace("{{alertmanagers}}", "{ url = \"http://a:1\" }")
        .replace("{{apps}}", "")
        .replace("{{instances}}", "\"app-1\"");
    let starts = ["primary", "standby", "redis-replica", "redis", "proxy"].map(|server| format!("{{{{start-{server}}}}}"));
    let demo = starts.iter().fold(demo, |text, start| text.replace(start, "[\"start\"]"));
    fits("the demo's", &demo.replace("\"{{prometheus}}\"", "\"http://p:1\""));
}

#[test]
fn the_schema_finds_what_the_reader_would() {
    for bad in [
        "gaurd = 'open'",
        "guard = 'opne'",
        "refresh = 15",
        "prometheus = {}",
        "services.x = { kind = 'mysql' }",
        "prometheus.url = 'p:9090'",
    ] {
        let document: Value = toml::from_str(&format!("[environments.e]\n{bad}")).unwrap();
        assert!(!wrong(&schema(), &document).is_empty() && load(&document).is_err(), "{bad}");
    }
}

const NEAR: &str = "theme = \"none\"\nascii = true\n[environments.e]\nguard = \"strict\"\nprometheus = { url = \"http://p:1\", bearer = \"file:token\" }\n\
                    headers.\"X.Y\" = \"z\"\n[environments.f]\n";

fn show(folder: &Path, words: &[&str], variables: &[(&str, &str)]) -> Ran {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_midwatch"));
    command.env_clear().envs(variables.iter().copied()).env("XDG_CONFIG_HOME", folder.join("user")).current_dir(folder);
    ran(command.args(["config", "show"]).args(words))
}

#[test]
fn every_value_is_shown_with_where_it_comes_from() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("user/midwatch")).unwrap();
    let far = "ascii = false\n[environments.e]\nguard = \"open\"\nrefresh = \"1m\"\n";
    std::fs::write(folder.path().join("user/midwatch/midwatch.toml"), far).unwrap();
    std::fs::write(folder.path().join("midwatch.toml"), NEAR.replace("headers.\"X.Y\" = \"z\"\n", "")).unwrap();
    std::fs::write(folder.path().join("token"), "canary-hunter2").unwrap();

    let shown = show(folder.path(), &["--origin", "--environment", "f"], &[("MIDWATCH_THEME", "light")]);
    assert_eq!((shown.status, shown.err.as_str()), (0, ""), "{shown:?}");
    let origin = |key: &str| {
        let line =
            shown.out.lines().find(|line| line.starts_with(&format!("{key} = "))).unwrap_or_else(|| panic!("{key}: {shown:?}"));
        let (value, origin) = line.split_once("  # ").unwrap();
        format!("{} from {}", value.trim_end(), origin.rsplit('/').next().unwrap())
    };
    assert_eq!(origin("environment"), "environment = \"f\" from --environment");
    assert_eq!(origin("theme"), "theme = \"light\" from MIDWATCH_THEME");
    assert_eq!(origin("ascii"), "ascii = true from midwatch.toml:2");
    assert_eq!(origin("environments.e.guard"), "environments.e.guard = \"strict\" from midwatch.toml:4");
    assert_eq!(origin("environments.e.refresh"), "environments.e.refresh = \"1m\" from midwatch.toml:4");
    assert_eq!(
        origin("environments.e.prometheus.bearer"),
        "environments.e.prometheus.bearer = \"file:token\" from midwatch.toml:5"
    );
    assert_eq!(origin("environments.f.guard"), "environments.f.guard = \"confirm\" from default");
    assert!(!shown.out.contains("canary"), "{shown:?}");

    let plain = show(folder.path(), &[], &[]);
    fits("config show", &plain.out);
    let again: Value = toml::from_str(&plain.out).unwrap();
    assert_eq!(
        load(&again).unwrap().environments[0].prometheus.as_ref().unwrap().url,
        "http://p:1",
        "what is shown can be read again"
    );

    std::fs::write(folder.path().join("midwatch.toml"), NEAR).unwrap();
    let wrong = show(folder.path(), &[], &[]);
    assert!(wrong.status == 78 && wrong.out.is_empty() && wrong.err.contains("midwatch.toml:6:1"), "{wrong:?}");
}
