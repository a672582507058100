//! `midwatch keys`: what every key does, by where it does it, as the console would have loaded them.

use std::fmt::Write as _;
use std::process::ExitCode;

use clap::{Arg, ArgMatches, Command};
use serde_json::{Value, json};

use crate::app::command::Call;
use crate::app::keymap::{Binding, CONTEXTS, Keymap};
use crate::cli::{Subcommand, desk, exit::Exit, print};
use crate::config::{self, ConfigError, Overrides, Places};
use crate::domain::failure::{Failure, FailureKind};
use crate::runtime::setup;

pub(super) const SUBCOMMAND: Subcommand = Subcommand { command, run: main };

fn command() -> Command {
    let context = Arg::new("context").value_name("CONTEXT").value_parser(CONTEXTS).help("Only of this part of the console");
    Command::new("keys").about("List the keys of the console, yours among them").arg(context).arg(print::json_argument())
}

fn main(overrides: &Overrides, matches: &ArgMatches) -> ExitCode {
    desk::exit(run(overrides, matches)).report()
}

fn run(overrides: &Overrides, matches: &ArgMatches) -> Result<Exit, Failure> {
    let keymap = keymap(overrides)?;
    let only = matches.get_one::<String>("context");
    let contexts = || CONTEXTS.iter().copied().filter(|context| only.is_none_or(|only| only == context));
    let objects = || contexts().flat_map(|context| keymap.of(context)).map(object);
    print::told(matches, objects, || contexts().map(|context| text(context, &keymap)).collect())?;
    Ok(Exit::status(0))
}

/// Those that the configuration chooses; without a configuration there are keys too.
fn keymap(overrides: &Overrides) -> Result<Keymap, Failure> {
    let places = Places::of_process()?;
    let chosen = match config::load(overrides, &places) {
        Ok(config) => config.console.keymap,
        Err(ConfigError::Missing { .. }) => Vec::new(),
        Err(error) => return Err(Failure::new(FailureKind::Config, error.to_string())),
    };
    let loaded = setup::keymap(&chosen, &places);
    loaded.map_err(|error| Failure::new(FailureKind::Config, format!("{error:#}")))
}

fn text(context: &str, keymap: &Keymap) -> String {
    let mut text = format!("{context}\n");
    for binding in keymap.of(context) {
        let _ = writeln!(text, "  {:<10} {:<24} {}", binding.keys(), words(binding.run.as_ref()), binding.desc);
    }
    text
}

/// A call as the palette takes it.
fn words(call: Option<&Call>) -> String {
    call.map_or(String::new(), |call| {
        [call.command].into_iter().chain(call.args.0.iter().map(String::as_str)).collect::<Vec<_>>().join(" ")
    })
}

fn object(binding: &Binding) -> Value {
    json!({ "context": binding.context, "keys": binding.keys(), "run": words(binding.run.as_ref()), "desc": binding.desc })
}
