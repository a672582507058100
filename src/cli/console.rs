//! Opens the console on a configuration.

use std::io::IsTerminal;
use std::process::ExitCode;
use std::sync::Arc;

use clap::builder::{PossibleValue, TypedValueParser};
use clap::{Arg, ArgAction, ArgMatches};

use crate::app::catalog;
use crate::app::command::Call;
use crate::app::message::Message;
use crate::app::model::Model;
use crate::app::update::update;
use crate::cli::exit::Exit;
use crate::config::{self, ConfigError, Overrides, Places};
use crate::domain::time::Moment;
use crate::runtime::clerk::Clerk;
use crate::runtime::console::{self, Shell};
use crate::runtime::office::Office;
use crate::runtime::{fetch, setup};

/// `--run CALL`: console commands from the shell, by the names of the palette.
pub fn run_argument() -> Arg {
    Arg::new("run")
        .long("run")
        .value_name("COMMAND")
        .action(ArgAction::Append)
        .value_parser(CallParser)
        .help("Begin with a command of the palette, such as 'screen alerts'; may be given several times")
        .hide_possible_values(true)
}

/// Opens the console as the command line says.
pub fn open(overrides: &Overrides, matches: &ArgMatches) -> ExitCode {
    let calls: Vec<Call> = matches.get_many("run").into_iter().flatten().cloned().collect();
    super::wait_alone(start(overrides, calls, false))
}

/// Opens the console, on the demo or on what is configured, and returns when it is left.
pub async fn start(overrides: &Overrides, calls: Vec<Call>, demo: bool) -> Exit {
    if !(std::io::stdin().is_terminal() && std::io::stdout().is_terminal()) {
        return Exit::usage("the console needs a terminal on both ends; midwatch --help lists what works without one");
    }
    let places = match Places::of_process() {
        Ok(places) => places,
        Err(error) => return Exit::io(error),
    };
    let config = match config::load(overrides, &places) {
        Ok(config) => config,
        Err(error) => return refused(&error),
    };
    let (clerk, without) = match Clerk::open(Arc::new(config.clone())).await {
        Ok(clerk) => (Some(clerk), None),
        // Alerts can be watched without a ledger; nothing can be changed.
        Err(failure) => (None, Some(format!("no jobs: {failure}"))),
    };
    let shared = clerk.as_ref().is_some_and(|clerk| clerk.desk.home().is_shared());
    let ready = setup::setup(&config, &places, demo, shared).and_then(|s| setup::look(&config, &places).map(|look| (s, look)));
    let (setup, look) = match ready {
        Ok(ready) => ready,
        Err(error) => return Exit::config(format!("{error:#}")),
    };
    let at = config.environments.iter().position(|e| e.name == config.environment).unwrap_or(0);
    let mut model = Model::new(setup, at, (0, 0), Moment::default());
    for call in calls {
        update(&mut model, Message::Call(call));
    }
    without.map(|why| update(&mut model, Message::Told(Err(why))));
    let office = clerk.map(|clerk| Arc::new(clerk) as Arc<dyn Office>);
    let mouse = config.console.mouse;
    let shell = Shell { look, mouse, worlds: fetch::worlds(&config.environments, office.as_ref()), office };
    match console::run(model, shell).await {
        Ok(status) => Exit::status(status),
        Err(error) => Exit::io(format!("{error:#}")),
    }
}

fn refused(error: &ConfigError) -> Exit {
    match error {
        ConfigError::Missing { .. } => Exit::config(format!("{error}\nOr see it on a throwaway stack first: midwatch demo")),
        ConfigError::Wrong(_) => Exit::config(error.to_string()),
    }
}

/// Reads a call by the catalog; its names complete in the shell.
#[derive(Clone)]
struct CallParser;

impl TypedValueParser for CallParser {
    type Value = Call;

    fn parse_ref(&self, _: &clap::Command, _: Option<&Arg>, value: &std::ffi::OsStr) -> Result<Call, clap::Error> {
        let words = value.to_string_lossy();
        catalog::parse(&words).map_err(|why| clap::Error::raw(clap::error::ErrorKind::InvalidValue, format!("{why}\n")))
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(catalog::all().map(|c| PossibleValue::new(c.name).help(c.help))))
    }
}
