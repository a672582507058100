//! What the program does when it is called: one file for each subcommand.

pub mod check;
pub mod demo;
pub mod overrides;

use std::process::ExitCode;

use clap::Command;

/// The program's arguments.
pub fn command() -> Command {
    Command::new("midwatch")
        .about("A terminal console for the person on call")
        .version(env!("CARGO_PKG_VERSION"))
        .subcommand_required(true)
        .args(overrides::args())
        .subcommand(check::command())
        .subcommand(demo::command())
}

/// Parses the arguments and does what they say.
pub fn run() -> ExitCode {
    let matches = command().get_matches();
    match matches.subcommand() {
        Some(("demo", matches)) => {
            demo::main(matches, async |_| color_eyre::eyre::bail!("the console is not there yet: use --headless"))
        }
        Some(("check", matches)) => check::main(matches, &overrides::read(matches)),
        _ => ExitCode::from(64),
    }
}
