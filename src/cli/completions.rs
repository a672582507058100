//! `midwatch completions SHELL`: what the shell needs to complete the command line.

use std::io::{ErrorKind, Write};
use std::process::ExitCode;

use clap::builder::EnumValueParser;
use clap::{Arg, ArgMatches, Command};
use clap_complete::Shell;

use crate::cli::Subcommand;
use crate::cli::exit::Exit;
use crate::config::Overrides;

pub(super) const SUBCOMMAND: Subcommand = Subcommand { command, run };

fn command() -> Command {
    let shell = Arg::new("shell").required(true).value_parser(EnumValueParser::<Shell>::new()).help("bash, zsh, fish…");
    Command::new("completions").about("Print the completions for a shell").arg(shell)
}

fn run(_: &Overrides, matches: &ArgMatches) -> ExitCode {
    let Some(shell) = matches.get_one::<Shell>("shell").copied() else { return Exit::usage("which shell?").report() };
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut super::command(), "midwatch", &mut script);
    match std::io::stdout().write_all(&script) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Exit::io(error).report(),
        _ => ExitCode::SUCCESS,
    }
}
