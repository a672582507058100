//! `midwatch schema NAME`: what `--json` prints, as JSON Schemas.

use std::process::ExitCode;

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgMatches, Command};

use crate::cli::{Subcommand, desk, exit::Exit, print};
use crate::config::Overrides;
use crate::domain::failure::Failure;

pub(super) const SUBCOMMAND: Subcommand = Subcommand { command, run: main };

/// Every form, by the name of its file.
const SCHEMAS: &[(&str, &str)] = &[
    ("alert", include_str!("../../assets/schemas/alert.json")),
    ("asked", include_str!("../../assets/schemas/asked.json")),
    ("audit-entry", include_str!("../../assets/schemas/audit-entry.json")),
    ("audit-verdict", include_str!("../../assets/schemas/audit-verdict.json")),
    ("backup", include_str!("../../assets/schemas/backup.json")),
    ("check", include_str!("../../assets/schemas/check.json")),
    ("demo", include_str!("../../assets/schemas/demo.json")),
    ("demo-ended", include_str!("../../assets/schemas/demo-ended.json")),
    ("demo-endpoints", include_str!("../../assets/schemas/demo-endpoints.json")),
    ("demo-fault", include_str!("../../assets/schemas/demo-fault.json")),
    ("drill", include_str!("../../assets/schemas/drill.json")),
    ("fault", include_str!("../../assets/schemas/fault.json")),
    ("gameday", include_str!("../../assets/schemas/gameday.json")),
    ("gameday-plan", include_str!("../../assets/schemas/gameday-plan.json")),
    ("job", include_str!("../../assets/schemas/job.json")),
    ("key", include_str!("../../assets/schemas/key.json")),
    ("log", include_str!("../../assets/schemas/log.json")),
    ("metric", include_str!("../../assets/schemas/metric.json")),
    ("plan", include_str!("../../assets/schemas/plan.json")),
    ("query", include_str!("../../assets/schemas/query.json")),
    ("rule", include_str!("../../assets/schemas/rule.json")),
    ("service", include_str!("../../assets/schemas/service.json")),
    ("scenario", include_str!("../../assets/schemas/scenario.json")),
    ("setting", include_str!("../../assets/schemas/setting.json")),
    ("target", include_str!("../../assets/schemas/target.json")),
];

fn command() -> Command {
    let names = PossibleValuesParser::new(SCHEMAS.iter().map(|(name, _)| *name));
    Command::new("schema")
        .about("Print the JSON Schema of what --json prints; without a name, the names")
        .arg(Arg::new("name").value_name("NAME").value_parser(names).help("Of what"))
}

fn main(_: &Overrides, matches: &ArgMatches) -> ExitCode {
    desk::exit(run(matches.get_one::<String>("name").map(String::as_str))).report()
}

fn run(wanted: Option<&str>) -> Result<Exit, Failure> {
    match SCHEMAS.iter().find(|(name, _)| Some(*name) == wanted) {
        Some((_, schema)) => print::data(schema)?,
        None => print::data(&SCHEMAS.iter().flat_map(|(name, _)| [*name, "\n"]).collect::<String>())?,
    }
    Ok(Exit::status(0))
}
