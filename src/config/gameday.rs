//! A `GameDay`'s file: drills in their order, with pauses. Read as the configuration is: everything that is wrong is told at once.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::config::node::{self, Document};
use crate::config::reader::{Complaint, Field, Problems, Table};
use crate::config::{ConfigError, value};
use crate::domain::chaos::gameday::{GameDay, Turn};
use crate::domain::problem::{Problem, Source};

/// The longest pause, and the longest fault that can be asked for; the scenario may allow less.
const LONGEST: Duration = Duration::from_secs(24 * 3600);
/// What is written as a string, and what parameter of a drill it is.
const PLAIN: &[&str] = &["target", "instance", "on", "abort-if"];
/// What is a list.
const LISTS: &[(&str, &str)] = &[("expect", ","), ("allow", ","), ("hypothesis", "; ")];

/// Reads a file; `scenarios` are the names of those that there are.
pub fn read(path: &Path, scenarios: &[&str]) -> Result<GameDay, ConfigError> {
    let told = path.display().to_string();
    let text = fs::read_to_string(path).map_err(|e| ConfigError::Wrong(vec![Problem::new(format!("{told}: {e}"))]))?;
    parse(&told, &text, scenarios)
}

/// Reads a text that is told by a name.
pub fn parse(told: &str, text: &str, scenarios: &[&str]) -> Result<GameDay, ConfigError> {
    let folder = Path::new(told).parent().unwrap_or(Path::new("")).to_owned();
    let document = Arc::new(Document { source: Source::new(told, text), folder });
    let tree = node::parse(&document).map_err(ConfigError::Wrong)?;
    let problems = Problems::default();
    let day = Table::root(&tree, &problems).and_then(|table| day(&table, scenarios));
    if let Some(day) = day.as_ref().filter(|day| day.turns.is_empty()) {
        problems.report(Problem::new(format!("{told}: {} has no drill", day.name)).hint("begin one with [[drill]]"));
    }
    match day {
        Some(day) if problems.is_empty() => Ok(day),
        _ => Err(ConfigError::Wrong(problems.into_sorted())),
    }
}

fn day(table: &Table<'_>, scenarios: &[&str]) -> Option<GameDay> {
    let name = table.need("name", "\"November\"").and_then(|field| field.text());
    let about = table.take("about").and_then(|field| field.text());
    let goes_on = table.take("go-on").and_then(|field| field.flag()).unwrap_or_default();
    let pause = table.take("pause").and_then(|field| field.parse(duration)).unwrap_or_default();
    let drills = table.take("drill").map(|field| field.list()).unwrap_or_default();
    let turns = drills.iter().enumerate().filter_map(|(nth, field)| {
        // Nobody waits before the first.
        let pause = if nth == 0 { Duration::ZERO } else { pause };
        turn(&field.table()?, scenarios, pause)
    });
    let turns = turns.collect();
    Some(GameDay { name: name?.to_owned(), about: about.map(str::to_owned), goes_on, turns })
}

fn turn(table: &Table<'_>, scenarios: &[&str], pause: Duration) -> Option<Turn> {
    let known = |word: &str| scenarios.contains(&word).then(|| word.to_owned());
    let scenario = table.need("scenario", "\"postgres-paused\"").and_then(|field| field.word(scenarios, known));
    let mut given = Vec::new();
    for key in PLAIN {
        let text = table.take(key).and_then(|field| field.text());
        given.extend(text.map(|text| ((*key).to_owned(), text.to_owned())));
    }
    let lasts = table.take("for").filter(|field| field.parse(duration).is_some());
    given.extend(lasts.and_then(|field| field.text()).map(|text| ("for".to_owned(), text.to_owned())));
    for (key, between) in LISTS {
        given.extend(table.take(key).map(|field| ((*key).to_owned(), joined(&field, between))));
    }
    given.extend(table.take("with").and_then(|field| field.table()).map(more).unwrap_or_default());
    let pause = table.take("pause").and_then(|field| field.parse(duration)).unwrap_or(pause);
    let why = table.take("why").and_then(|field| field.text()).map(str::to_owned);
    Some(Turn { scenario: scenario?, given, pause, why })
}

/// An empty list says that there are none: a lone separator does, where nothing at all would mean the scenario's own.
fn joined(field: &Field<'_>, between: &str) -> String {
    let words: Vec<&str> = field.list().iter().filter_map(Field::text).collect();
    if words.is_empty() { between.to_owned() } else { words.join(between) }
}

/// What a scenario takes beside what all take.
fn more(table: Table<'_>) -> Vec<(String, String)> {
    let named = table.named();
    named.into_iter().filter_map(|(name, field)| Some((name.to_owned(), field.text()?.to_owned()))).collect()
}

fn duration(text: &str) -> Result<Duration, Complaint> {
    value::duration(text, Duration::ZERO, LONGEST)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const KNOWN: &[&str] = &["postgres-paused", "redis-down"];

    fn told(text: &str) -> String {
        parse("day.toml", text, KNOWN).unwrap_err().to_string()
    }

    #[test]
    fn a_gameday_is_drills_with_pauses() {
        let text = "name = \"November\"\npause = \"30s\"\n[[drill]]\nscenario = \"redis-down\"\ntarget = \"redis\"\nfor = \"20s\"\nexpect = []\n\
            [[drill]]\nscenario = \"postgres-paused\"\nallow = [\"A\", \"B\"]\nwith = { bytes = \"1\" }\n\
            [[drill]]\nscenario = \"redis-down\"\npause = \"2m\"\nwhy = \"again\"\n";
        let day = parse("day.toml", text, KNOWN).unwrap();
        let calls: Vec<_> = day.turns.iter().map(|turn| turn.call().join(" ")).collect();
        assert_eq!(
            calls,
            [
                "drill redis-down --target redis --for 20s --expect ,",
                "drill postgres-paused --allow A,B --bytes 1",
                "drill redis-down"
            ]
        );
        assert_eq!(day.turns.iter().map(|turn| turn.pause.as_secs()).collect::<Vec<_>>(), [0, 30, 120]);
        assert!(!day.goes_on);
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        let text = "name = \"x\"\n[[drill]]\nscenario = \"redis-dwn\"\nfor = \"soon\"\ntarge = \"redis\"\n";
        let said = told(text);
        for part in ["day.toml:3:12: ", "did you mean \"redis-down\"?", "day.toml:4:7: ", "day.toml:5:1: unknown key \"targe\""] {
            assert!(said.contains(part), "{part}: {said}");
        }
        assert!(told("name = \"x\"").contains("has no drill"));
        assert!(told("[[drill]]\nscenario = \"redis-down\"\n").contains("needs a \"name\""));
        assert!(told("name = ").contains("day.toml:1:"));
    }
}
