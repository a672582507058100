//! Which layer may know which, and what the core may not know at all.

use crate::source::{Source, words};

/// What each layer may name; what those may name it may name too.
const LAYERS: &[(&str, &[&str])] = &[
    ("main", &["cli"]),
    ("lib", &[]),
    ("cli", &["runtime"]),
    ("runtime", &["ui", "jobs", "demo", "adapters", "config"]),
    ("ui", &["app"]),
    ("app", &["grafana", "domain"]),
    ("grafana", &["domain"]),
    ("demo", &["adapters"]),
    ("adapters", &["ports"]),
    ("jobs", &["ports"]),
    ("ports", &["domain"]),
    ("config", &["domain"]),
    ("domain", &[]),
];

/// Layers that are pure: no network, no file, no clock.
const PURE: &[&str] = &["app", "ui", "grafana", "domain"];
/// Crates that reach the outside.
const OUTSIDE: &[&str] = &["tokio", "reqwest", "redis", "tokio_postgres", "axum", "rustls", "rustix"];
/// What the standard library and jiff reach the outside by.
const IO: &[&str] =
    &["std::fs", "std::net", "std::process", "std::env", "SystemTime", "Instant::now", "Timestamp::now", "Zoned::now"];
/// Errors with a report are for the layers that report.
const REPORTING: &[&str] = &["main", "cli", "runtime"];

/// `src/app/model.rs` belongs to `app`.
fn layer(source: &Source) -> Option<&str> {
    let first = source.path.strip_prefix("src/")?.split('/').next()?;
    Some(first.strip_suffix(".rs").unwrap_or(first))
}

fn allows(layer: &str, other: &str) -> bool {
    let direct = LAYERS.iter().find(|(name, _)| *name == layer).map_or(&[][..], |(_, names)| names);
    layer == other || direct.iter().any(|name| allows(name, other))
}

/// Every layer that is named where it may not be, and every layer that has no place here.
pub fn imports(source: &Source) -> Vec<String> {
    let Some(layer) = layer(source) else { return vec![] };
    if !LAYERS.iter().any(|(name, _)| *name == layer) {
        return vec![source.at(0, &format!("the layer {layer} has no place: give it one in tests/tidy/layers.rs"))];
    }
    let named = source.lines().flat_map(|(n, line)| named(line).into_iter().map(move |other| (n, other)));
    let wrong = named.filter(|(_, other)| !allows(layer, other));
    wrong.map(|(n, other)| source.at(n, &format!("{layer} must not know {other}"))).collect()
}

/// The layers named in a line: what follows `crate::`, one or several in braces; in `main` it is the crate's name.
fn named(line: &str) -> Vec<&str> {
    let mut found = vec![];
    for root in ["crate::", "midwatch::"] {
        for (at, _) in line.match_indices(root) {
            let rest = &line[at + root.len()..];
            match rest.strip_prefix('{') {
                Some(several) => {
                    let each = several.split(['}', ',']).filter_map(|part| words(part).next());
                    found.extend(each.map(|(_, word)| word));
                }
                None => found.extend(words(rest).next().map(|(_, word)| word)),
            }
        }
    }
    found
}

/// Everything of the outside that the core names, and reports of errors where none are made.
pub fn impure(source: &Source) -> Vec<String> {
    let Some(layer) = layer(source) else { return vec![] };
    let is_pure = PURE.contains(&layer);
    let mut found = vec![];
    for (n, line) in source.lines().filter(|(n, _)| !source.tests(*n)) {
        let outside = OUTSIDE.iter().filter(|name| is_pure && names_crate(line, name));
        let io = IO.iter().filter(|path| is_pure && names_path(line, path));
        let report = ["color_eyre"].iter().filter(|name| !REPORTING.contains(&layer) && names_crate(line, name));
        found.extend(outside.chain(io).chain(report).map(|name| source.at(n, &format!("{layer} must not name {name}"))));
    }
    found
}

/// A path of the standard library, wherever it begins.
fn names_path(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        !line[..at].ends_with(is_word) && !line[at + path.len()..].starts_with(is_word)
    })
}

/// Whether a path begins with this crate; a module or a variable of the same name is none.
fn names_crate(line: &str, name: &str) -> bool {
    words(line).filter(|(_, word)| *word == name).any(|(at, word)| {
        let before = line[..at].trim_end();
        let is_root = !before.ends_with("::") && !before.ends_with("mod");
        is_root && (line[at + word.len()..].starts_with("::") || before.ends_with("use"))
    })
}

#[test]
fn an_import_that_points_up_is_found() {
    let check = |path, text| imports(&Source::new(path, text));
    assert_eq!(
        check("src/domain/alert.rs", "\nuse crate::app::model::Model;"),
        ["src/domain/alert.rs:2: domain must not know app"]
    );
    assert_eq!(check("src/app.rs", "use crate::{domain::alert, ui::pen};"), ["src/app.rs:1: app must not know ui"]);
    assert_eq!(check("src/main.rs", "midwatch::runtime::run()"), Vec::<String>::new());
    assert_eq!(check("src/demo/shop.rs", "fn f(_: crate::config::Config) {}").len(), 1);
    assert_eq!(check("src/ui/pen.rs", "use crate::grafana::model::Panel; // crate::runtime"), Vec::<String>::new());
    assert_eq!(check("src/attic/old.rs", "").len(), 1);
}

#[test]
fn a_core_that_reaches_out_is_found() {
    let check = |path, text| impure(&Source::new(path, text));
    assert_eq!(check("src/app/model.rs", "use tokio::time;"), ["src/app/model.rs:1: app must not name tokio"]);
    assert_eq!(check("src/ui/pen.rs", "let now = std::time::Instant::now();").len(), 1);
    assert_eq!(check("src/grafana/read.rs", "use std::fs;").len(), 1);
    assert_eq!(check("src/adapters/redis.rs", "use color_eyre::Result;").len(), 1);
    assert_eq!(check("src/domain/a.rs", "Facts::Redis(redis) => redis.keys").len(), 0);
    assert_eq!(check("src/runtime/feeds.rs", "use tokio::time; use color_eyre::Result;").len(), 0);
}
