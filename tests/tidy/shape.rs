//! Where modules stand, what they begin with, and how large things may grow.

use crate::source::{Item, Source};

/// Lines of a file, without its unit tests.
const FILE: usize = 400;
/// Lines of code of a function.
const FUNCTION: usize = 60;
/// Fields of a struct.
const STRUCT: usize = 12;

/// `foo.rs` beside `foo/`, and first of all what it is for.
pub fn module(source: &Source) -> Vec<String> {
    let mut found = vec![];
    if source.path.ends_with("/mod.rs") {
        found.push(source.at(0, "a module stands beside its folder: foo.rs, not foo/mod.rs"));
    }
    let is_unit_test = source.is_test() && source.path.starts_with("src/");
    if !is_unit_test && !source.text.starts_with("//! ") {
        found.push(source.at(0, "a module begins with //! and says what it is for"));
    }
    found
}

/// Files, functions and structs that have grown too large.
pub fn sizes(source: &Source) -> Vec<String> {
    let lines = source.text.lines().enumerate().filter(|(n, _)| source.is_test() || !source.tests(*n)).count();
    let mut found = vec![];
    if lines > FILE {
        found.push(source.at(0, &format!("{lines} lines without tests: at most {FILE}")));
    }
    let too_large = |what: &str, item: &Item<'_>, size: usize, most: usize| {
        let words = || source.at(item.line, &format!("{what} {} has {size}: at most {most}", item.name));
        (size > most).then(words)
    };
    found.extend(source.items("fn").filter_map(|f| too_large("lines: the function", &f, lines_of_code(f.body), FUNCTION)));
    found.extend(source.items("struct").filter_map(|s| too_large("fields: the struct", &s, fields(s.body), STRUCT)));
    found
}

fn lines_of_code(body: &str) -> usize {
    body.lines().filter(|line| !line.trim().is_empty()).count()
}

/// Each stands on a line of its own.
fn fields(body: &str) -> usize {
    body.lines().map(str::trim).filter(|line| line.contains(": ") && !line.starts_with('#')).count()
}

#[test]
fn a_module_out_of_place_or_without_a_word_is_found() {
    let check = |path, text| module(&Source::new(path, text)).len();
    assert_eq!(check("src/app/mod.rs", "//! For something.\n"), 1);
    assert_eq!(check("src/app/model.rs", "use std::fmt;\n"), 1);
    assert_eq!(check("src/app/model.rs", "//! For something.\n"), 0);
    assert_eq!(check("src/app/tests/keys.rs", "use super::*;\n"), 0);
}

#[test]
fn what_has_grown_too_large_is_found() {
    let check = |text: &str| sizes(&Source::new("src/a.rs", text));
    let lines = |n: usize, line: &str| line.repeat(n);
    assert_eq!(check(&lines(401, "//! x\n")), ["src/a.rs:1: 401 lines without tests: at most 400"]);
    assert_eq!(check(&format!("//! x\n#[cfg(test)]\nmod tests {{\n{}}}\n", lines(401, "const X: u8 = 0;\n"))).len(), 0);
    let function = |n| format!("\nfn long() {{\n{}}}\n", lines(n, "    call();\n    // Why.\n"));
    assert_eq!(check(&function(61)), ["src/a.rs:2: lines: the function long has 61: at most 60"]);
    assert_eq!(check(&function(60)).len(), 0);
    let wide = |n| format!("struct Wide {{\n{}}}\n", lines(n, "    /// Why.\n    pub a: u8,\n"));
    assert_eq!(check(&wide(13)).len(), 1);
    assert_eq!(check(&wide(12)).len(), 0);
}
