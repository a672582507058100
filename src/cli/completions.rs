//! `midwatch completions SHELL`: what the shell needs to complete the command line.

use std::process::ExitCode;

use clap::builder::EnumValueParser;
use clap::{Arg, ArgMatches, Command};
use clap_complete::Shell;

use crate::cli::exit::Exit;
use crate::cli::{Subcommand, desk, print};
use crate::config::Overrides;

pub(super) const SUBCOMMAND: Subcommand = Subcommand { command, run };

fn command() -> Command {
    let shell = Arg::new("shell").required(true).value_parser(EnumValueParser::<Shell>::new()).help("bash, zsh, fish…");
    Command::new("completions").about("Print the completions for a shell").arg(shell)
}

fn run(_: &Overrides, matches: &ArgMatches) -> ExitCode {
    let Some(shell) = matches.get_one::<Shell>("shell").copied() else { return Exit::usage("which shell?").report() };
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut shown(&super::command()), "midwatch", &mut script);
    desk::exit(print::data(&String::from_utf8_lossy(&script)).map(|()| Exit::status(0))).report()
}

/// The same without what nobody calls by hand: completions know nothing of what is hidden.
fn shown(command: &Command) -> Command {
    let below = command.get_subcommands().filter(|below| !below.is_hide_set()).map(shown);
    let about = command.get_about().cloned().unwrap_or_default();
    Command::new(command.get_name().to_owned()).about(about).args(command.get_arguments()).subcommands(below)
}
