//! `midwatch config`: what is configured and where that was said, and the schema of it.

use std::process::ExitCode;

use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command};
use serde_json::{Value, json};
use unicode_width::UnicodeWidthStr as _;

use crate::cli::{Subcommand, desk, exit::Exit, print};
use crate::config::origin::{Origin, Setting, settings};
use crate::config::{Overrides, Places, SCHEMA};
use crate::domain::clean::Clean;
use crate::domain::failure::{Failure, FailureKind};

pub(super) const SUBCOMMAND: Subcommand = Subcommand { command, run: main };

fn command() -> Command {
    let origin = Arg::new("origin").long("origin").action(ArgAction::SetTrue);
    let show = Command::new("show")
        .about("Print every value in force, as TOML: what is set, and what is left as it is")
        .arg(origin.help("With the file and line, the flag or the variable that each comes from"))
        .arg(print::json_argument())
        .after_help("Secrets are printed as what refers to them. midwatch check says whether they can be had.");
    Command::new("config")
        .about("Tell what is configured, and what can be")
        .subcommand_required(true)
        .subcommand(show)
        .subcommand(Command::new("schema").about("Print the JSON Schema of midwatch.toml, for editors and linters"))
}

fn main(overrides: &Overrides, matches: &ArgMatches) -> ExitCode {
    desk::exit(run(overrides, matches)).report()
}

fn run(overrides: &Overrides, matches: &ArgMatches) -> Result<Exit, Failure> {
    match matches.subcommand() {
        Some(("show", matches)) => show(overrides, matches)?,
        _ => print::data(SCHEMA)?,
    }
    Ok(Exit::status(0))
}

fn show(overrides: &Overrides, matches: &ArgMatches) -> Result<(), Failure> {
    let settings = settings(overrides, &Places::of_process()?);
    let settings = settings.map_err(|error| Failure::new(FailureKind::Config, error.to_string()))?;
    print::told(matches, || settings.iter().map(|setting| object(setting, matches)), || text(&settings, matches))
}

fn text(settings: &[Setting], matches: &ArgMatches) -> String {
    let lines: Vec<String> = settings.iter().map(|one| format!("{} = {}", one.key, toml(&one.value))).collect();
    let widest = lines.iter().map(|line| line.width()).filter(|width| *width <= 80).max().unwrap_or_default();
    if !matches.get_flag("origin") {
        return lines.join("\n") + "\n";
    }
    let told = |(setting, line): (&Setting, &String)| {
        let pad = widest.saturating_sub(line.width());
        format!("{line}{:pad$}  # {}", "", Clean::new(&origin(setting, matches)))
    };
    settings.iter().zip(&lines).map(told).collect::<Vec<_>>().join("\n") + "\n"
}

/// A value as TOML writes it on one line.
fn toml(value: &Value) -> String {
    match value {
        Value::Array(items) => format!("[{}]", items.iter().map(toml).collect::<Vec<_>>().join(", ")),
        Value::Object(table) => {
            let entries = table.iter().map(|(key, value)| format!("{key} = {}", toml(value)));
            format!("{{ {} }}", entries.collect::<Vec<_>>().join(", "))
        }
        // A basic string of TOML is written like a string of JSON.
        other => print::visibly(&other.to_string()).into_owned(),
    }
}

fn origin(setting: &Setting, matches: &ArgMatches) -> String {
    match &setting.origin {
        Origin::File(file, line) => format!("{file}:{line}"),
        Origin::Override(key) => overriding(key, matches),
        Origin::Default => "default".to_owned(),
    }
}

/// `--theme`, or `MIDWATCH_THEME`.
fn overriding(key: &str, matches: &ArgMatches) -> String {
    match matches.value_source(key) {
        Some(ValueSource::EnvVariable) => format!("MIDWATCH_{}", key.to_uppercase()),
        _ => format!("--{key}"),
    }
}

fn object(setting: &Setting, matches: &ArgMatches) -> Value {
    let (file, line) = match &setting.origin {
        Origin::File(file, line) => (Some(file), Some(line)),
        _ => (None, None),
    };
    json!({ "key": setting.key, "value": setting.value, "origin": origin(setting, matches), "file": file, "line": line })
}
