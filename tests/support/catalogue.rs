//! The catalogue of scenarios in the README: how often each was tried with whom, and what was left. Written by the soak, never by hand.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

const BEGIN: &str = "<!-- catalogue: written by make soak -->";
const END: &str = "<!-- end of the catalogue -->";
const HEAD: &str = "| scenario | control | killed in the middle | of these with the fault's end armed | residue found |\n| --- | --- | --- | --- | --- |\n";

/// How often a scenario was tried, and what came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tried {
    pub times: u32,
    /// How often the end was armed when somebody was killed.
    pub armed: u32,
    /// How often something was left.
    pub residue: u32,
}

/// Puts a row into the README, in the place of the one that was there.
pub fn record(scenario: &str, control: &str, tried: Tried) {
    let readme = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("README.md");
    // Soaks of several scenarios may end at once.
    let lock = File::open(&readme).unwrap();
    lock.lock().unwrap();
    let text = fs::read_to_string(&readme).unwrap();
    write(&readme, &with(&text, scenario, control, tried));
}

fn write(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
}

/// The text with a row of its catalogue set.
fn with(text: &str, scenario: &str, control: &str, tried: Tried) -> String {
    let (head, rest) = text.split_once(BEGIN).expect("the README has no catalogue");
    let (table, tail) = rest.split_once(END).expect("the README's catalogue has no end");
    let cells = |row: &str| row.split('|').map(|cell| cell.trim().trim_matches('`').to_owned()).collect::<Vec<_>>();
    let rows = table.lines().filter(|row| row.starts_with("| `")).map(|row| (cells(row)[1..3].to_vec(), row.to_owned()));
    let mut rows: BTreeMap<Vec<String>, String> = rows.collect();
    let Tried { times, armed, residue } = tried;
    let row = format!("| `{scenario}` | {control} | {times} | {armed} | {residue} |");
    rows.insert(vec![scenario.to_owned(), control.to_owned()], row);
    let rows: String = rows.into_values().map(|row| row + "\n").collect();
    format!("{head}{BEGIN}\n\n{HEAD}{rows}\n{END}{tail}")
}

#[test]
fn a_row_takes_the_place_of_the_one_before() {
    let empty = format!("a\n{BEGIN}\n{END}\nb\n");
    let tried = |times| Tried { times, armed: 1, residue: 0 };
    let twice = with(&with(&empty, "redis-down", "process", tried(5)), "app-killed", "docker", tried(7));
    let again = with(&twice, "redis-down", "process", tried(9));
    let rows = "| `app-killed` | docker | 7 | 1 | 0 |\n| `redis-down` | process | 9 | 1 | 0 |\n";
    assert_eq!(again, format!("a\n{BEGIN}\n\n{HEAD}{rows}\n{END}\nb\n"));
}
