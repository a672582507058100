//! Keeps the house: which layer may know which, how large things may grow, what they may not be called, and that every rule of
//! safety that has landed has its tests. Every check is itself shown something that breaks it.
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "tidy/layers.rs"]
mod layers;
#[path = "tidy/shape.rs"]
mod shape;
#[path = "tidy/source.rs"]
mod source;
#[path = "tidy/words.rs"]
mod words;

use source::{Source, read};

/// Says everything that a check found, or nothing.
fn none(found: &[String]) {
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

fn every(check: fn(&Source) -> Vec<String>) {
    let sources = read("rs");
    assert!(sources.len() > 100, "only {} files were looked at", sources.len());
    none(&sources.iter().flat_map(check).collect::<Vec<_>>());
}

#[test]
fn imports_point_down_only() {
    every(layers::imports);
}

#[test]
fn the_core_knows_no_network_and_no_clock() {
    every(layers::impure);
}

#[test]
fn modules_stand_beside_their_folders_and_say_what_they_are_for() {
    every(shape::module);
}

#[test]
fn files_functions_and_structs_stay_small() {
    every(shape::sizes);
}

#[test]
fn things_have_names_that_say_something() {
    every(words::names);
}

#[test]
fn nothing_is_left_unfinished() {
    every(words::unfinished);
}

#[test]
fn tests_wait_for_something_and_never_just_sleep() {
    every(words::sleeps);
}

#[test]
fn nothing_names_a_place_of_one_machine() {
    let sources: Vec<Source> =
        ["rs", "toml", "md", "yml", "json", "sql", "conf", "sh", "snap"].iter().flat_map(|e| read(e)).collect();
    none(&sources.iter().flat_map(words::places).collect::<Vec<_>>());
}

#[test]
fn every_rule_of_safety_that_has_landed_is_tested() {
    none(&words::rules(&read("rs")));
}
