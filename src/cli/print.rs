//! What a command prints. Data goes to standard output, everything else to standard error. With `--json` every line is one JSON
//! object that carries its `schema_version`: a list has a line for each of its things, anything else is one line.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, Write};

use clap::{Arg, ArgAction, ArgMatches};
use serde::{Serialize, Serializer};

use crate::domain::clean::Clean;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::labels::Labels;
use crate::domain::time::Stamp;

/// The version of everything that `--json` prints. It counts up when a field goes or changes its meaning, not when one is added.
pub const SCHEMA_VERSION: u32 = 1;

/// `--json`.
pub fn json_argument() -> Arg {
    Arg::new("json")
        .long("json")
        .action(ArgAction::SetTrue)
        .help("Print JSON, one object a line; midwatch schema tells of what form")
}

/// Prints data. A reader that has seen enough, like `head`, is no failure.
pub fn data(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => Ok(written?),
    }
}

/// Prints a line for each object where `--json` was given, else words for a person.
pub fn told<T: IntoIterator<Item: Serialize>>(
    matches: &ArgMatches,
    values: impl FnOnce() -> T,
    words: impl FnOnce() -> String,
) -> Result<(), Failure> {
    if matches.get_flag("json") { objects(values()) } else { data(&words()) }
}

/// Prints a line for each object.
pub fn objects(values: impl IntoIterator<Item: Serialize>) -> Result<(), Failure> {
    let mut lines = String::new();
    for value in values {
        line(&mut lines, &value)?;
    }
    data(&lines)
}

/// An object with its version.
#[derive(Serialize)]
struct Versioned<'a, T> {
    #[serde(flatten)]
    value: &'a T,
    schema_version: u32,
}

fn line(lines: &mut String, value: &impl Serialize) -> Result<(), Failure> {
    let json = serde_json::to_string(&Versioned { value, schema_version: SCHEMA_VERSION })
        .map_err(|error| Failure::new(FailureKind::Bug, format!("it cannot be told as JSON: {error}")))?;
    lines.push_str(&visibly(&json));
    lines.push('\n');
    Ok(())
}

/// JSON in which every character can be seen.
pub fn visibly(json: &str) -> Cow<'_, str> {
    if json.is_ascii() && !json.contains('\x7f') {
        return Cow::Borrowed(json);
    }
    let mut text = String::with_capacity(json.len());
    json.chars().for_each(|c| push_visible(&mut text, c));
    Cow::Owned(text)
}

/// What a terminal would take for an order, or would hide, is written as JSON can write everything: nothing is lost.
fn push_visible(text: &mut String, c: char) {
    if c.is_ascii_graphic() || c == ' ' || Clean::new(c.encode_utf8(&mut [0; 4])).as_str().starts_with(c) {
        return text.push(c);
    }
    for unit in c.encode_utf16(&mut [0; 2]) {
        let _ = write!(text, "\\u{unit:04x}");
    }
}

/// Says something beside the data, cleaned line by line. Whoever does not listen misses it.
pub fn say(text: &str) {
    let said: String = Clean::lines(text).into_iter().map(|line| line.into_string() + "\n").collect();
    drop(io::stderr().write_all(said.as_bytes()));
}

/// RFC 3339, UTC.
pub fn time(at: Stamp) -> String {
    jiff::Timestamp::from_millisecond(at.0).map_or_else(|_| at.0.to_string(), |at| at.to_string())
}

/// Labels as an object; their bytes are as the server sent them.
pub fn labels(labels: &Labels) -> impl Serialize {
    Pairs(labels)
}

struct Pairs<'a>(&'a Labels);

impl Serialize for Pairs<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::{Value, json};

    use super::*;

    fn line_of(value: &impl Serialize) -> String {
        let mut lines = String::new();
        line(&mut lines, value).unwrap();
        lines
    }

    #[test]
    fn every_object_is_one_line_that_carries_its_version() {
        assert_eq!(line_of(&json!({ "a": "b\nc" })), "{\"a\":\"b\\nc\",\"schema_version\":1}\n");
        let labels: Labels = [("job", "app"), ("instance", "a")].into_iter().collect();
        assert_eq!(line_of(&Pairs(&labels)), "{\"instance\":\"a\",\"job\":\"app\",\"schema_version\":1}\n");
    }

    #[test]
    fn rule_04_objects_hold_no_control_character_and_lose_nothing() {
        let hostile = "é \u{9b}2J \u{202e}evil\u{7f}\u{e0041} 日本";
        let line = line_of(&json!({ "a": hostile }));
        assert!(!line.trim_end().chars().any(|c| c.is_control() || c == '\u{202e}' || c == '\u{e0041}'), "{line:?}");
        assert!(line.contains("é ") && line.contains("日本"));
        assert_eq!(serde_json::from_str::<Value>(&line).unwrap()["a"], hostile);
    }
}
