//! `midwatch metrics`: backups and proofs as Prometheus reads them.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Arg, ArgMatches, Command, value_parser};

use crate::cli::Subcommand;
use crate::cli::exit::Exit;
use crate::cli::{desk, open};
use crate::config::Overrides;
use crate::domain::failure::Failure;
use crate::runtime::metrics;

pub(super) const SUBCOMMAND: Subcommand = Subcommand { command, run };

fn command() -> Command {
    Command::new("metrics")
        .about("Print metrics of backups and proofs, or write them for node_exporter's textfile collector")
        .after_help("Every job writes them too, where the configuration has a textfile.")
        .arg(
            Arg::new("write").long("write").value_name("FILE").value_parser(value_parser!(PathBuf)).help("Write this file whole"),
        )
}

fn run(overrides: &Overrides, matches: &ArgMatches) -> ExitCode {
    super::wait_for(async { desk::exit(tell(overrides, matches).await) })
}

async fn tell(overrides: &Overrides, matches: &ArgMatches) -> Result<Exit, Failure> {
    let clerk = open::open(overrides).await?;
    let text = clerk.metrics().await?;
    match matches.get_one::<PathBuf>("write") {
        Some(path) => metrics::write(path, &text)?,
        None => desk::print(&text)?,
    }
    Ok(Exit::status(0))
}
