//! `midwatch metrics`: backups and proofs as Prometheus reads them.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Arg, ArgMatches, Command, value_parser};
use serde_json::{Value, json};

use crate::cli::Subcommand;
use crate::cli::exit::Exit;
use crate::cli::{desk, open, print};
use crate::config::Overrides;
use crate::domain::failure::Failure;
use crate::runtime::metrics::{self, Sample};

pub(super) const SUBCOMMAND: Subcommand = Subcommand { command, run };

fn command() -> Command {
    Command::new("metrics")
        .about("Print metrics of backups and proofs, or write them for node_exporter's textfile collector")
        .after_help("Every job writes them too, where the configuration has a textfile.")
        .arg(
            Arg::new("write").long("write").value_name("FILE").value_parser(value_parser!(PathBuf)).help("Write this file whole"),
        )
        .arg(print::json_argument().conflicts_with("write"))
}

fn run(overrides: &Overrides, matches: &ArgMatches) -> ExitCode {
    super::wait_for(async { desk::exit(tell(overrides, matches).await) })
}

async fn tell(overrides: &Overrides, matches: &ArgMatches) -> Result<Exit, Failure> {
    let clerk = open::open(overrides).await?;
    let sheet = clerk.metrics().await?;
    match matches.get_one::<PathBuf>("write") {
        Some(path) => metrics::write(path, &sheet.text())?,
        None => print::told(matches, || sheet.samples().map(object), || sheet.text())?,
    }
    Ok(Exit::status(0))
}

fn object((family, (labels, value)): (&str, &Sample)) -> Value {
    let labels: BTreeMap<_, _> = labels.iter().cloned().collect();
    json!({ "metric": family, "labels": labels, "value": value })
}
