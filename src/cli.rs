//! The command line. Subcommands are one file and one line each, every routine is one too; without any, the console opens.

mod alerts;
mod audit;
mod backups;
mod chaos;
mod check;
mod completions;
mod config;
mod console;
mod demo;
mod desk;
mod exit;
mod fault_end;
mod fault_hold;
mod jobs;
mod keys;
mod logs;
mod man;
mod metrics;
mod open;
mod overrides;
mod plan;
mod print;
mod query;
mod routine;
mod rules;
mod schema;
mod services;
mod sheet;
mod targets;
mod worker;

use std::process::ExitCode;

use clap::{ArgMatches, Command};
use tokio::runtime::Builder;

use crate::cli::exit::Exit;
use crate::config::Overrides;
use crate::jobs::routines;

/// A subcommand of the shell.
struct Subcommand {
    command: fn() -> Command,
    run: fn(&Overrides, &ArgMatches) -> ExitCode,
}

const OPENING: &str = "Without a command the console opens. It needs a midwatch.toml, or the demo: midwatch demo";

const SUBCOMMANDS: &[Subcommand] = &[
    backups::SUBCOMMAND,
    jobs::SUBCOMMAND,
    audit::SUBCOMMAND,
    alerts::SUBCOMMAND,
    query::SUBCOMMAND,
    targets::SUBCOMMAND,
    services::SUBCOMMAND,
    logs::SUBCOMMAND,
    rules::SUBCOMMAND,
    metrics::SUBCOMMAND,
    chaos::SUBCOMMAND,
    check::SUBCOMMAND,
    config::SUBCOMMAND,
    keys::SUBCOMMAND,
    demo::SUBCOMMAND,
    schema::SUBCOMMAND,
    man::SUBCOMMAND,
    completions::SUBCOMMAND,
    worker::SUBCOMMAND,
    fault_end::SUBCOMMAND,
    fault_hold::SUBCOMMAND,
];

/// Reads the command line and does what it says; returns the exit status.
pub fn run() -> ExitCode {
    let matches = match command().try_get_matches() {
        Ok(matches) => matches,
        Err(error) => return exit::usage(&error),
    };
    let overrides = overrides::read(&matches);
    let Some((name, given)) = matches.subcommand() else { return console::open(&overrides, &matches) };
    if let Some(routine) = routines::find(name) {
        return routine::run(routine, &overrides, given);
    }
    match SUBCOMMANDS.iter().find(|s| (s.command)().get_name() == name) {
        Some(subcommand) => (subcommand.run)(&overrides, given),
        None => Exit::bug(format!("no subcommand is called {name}")).report(),
    }
}

/// Runs something that waits for the outside. A request that still waits for a server does not keep the person waiting.
fn wait_for(work: impl Future<Output = Exit>) -> ExitCode {
    wait_on(Builder::new_multi_thread().worker_threads(2), work)
}

/// The same on this thread alone: for what mostly waits, waking another costs more than it brings.
fn wait_alone(work: impl Future<Output = Exit>) -> ExitCode {
    wait_on(&mut Builder::new_current_thread(), work)
}

fn wait_on(threads: &mut Builder, work: impl Future<Output = Exit>) -> ExitCode {
    match threads.enable_all().build() {
        Ok(runtime) => {
            let exit = runtime.block_on(work);
            runtime.shutdown_background();
            exit.report()
        }
        Err(error) => Exit::io(error).report(),
    }
}

/// The whole command line, for parsing, help and completions.
pub fn command() -> Command {
    let root = Command::new("midwatch")
        .version(env!("CARGO_PKG_VERSION"))
        .about("A terminal console for the person on call: what fires, what the graphs say, how the services are")
        .after_help(OPENING)
        .after_long_help(format!("{OPENING}\n\n{}", exit::table()))
        .args(overrides::args())
        .arg(console::run_argument());
    let routines = routines::ALL.iter().map(|routine| routine::command(routine));
    root.subcommands(routines.chain(SUBCOMMANDS.iter().map(|s| (s.command)())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        command().debug_assert();
    }
}
