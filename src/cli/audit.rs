//! `midwatch audit`: who did what, and whether the record of it is as it was written.

use std::process::ExitCode;

use clap::{Arg, ArgMatches, Command, value_parser};
use serde_json::json;

use crate::adapters::ledger::audit::{Entry, Verdict};
use crate::adapters::ledger::told;
use crate::cli::{Subcommand, desk, exit::Exit, print};
use crate::config::Overrides;
use crate::domain::clean::Clean;
use crate::domain::failure::Failure;

/// Something was found to be wrong.
const BROKEN: u8 = 1;

pub(super) const SUBCOMMAND: Subcommand = Subcommand { command, run: main };

fn command() -> Command {
    let limit = Arg::new("limit").long("limit").value_name("N").value_parser(value_parser!(u32)).default_value("50");
    Command::new("audit")
        .about("Tell who did what, and whether that record is whole")
        .subcommand_required(true)
        .subcommand(
            Command::new("verify")
                .about("Walk the whole trail, and name the first entry that is not as it was written")
                .after_help("Exits with 0 when the trail is whole, else with 1.")
                .arg(print::json_argument()),
        )
        .subcommand(Command::new("list").about("Tell the last entries").arg(limit.help("How many")).arg(print::json_argument()))
}

fn main(overrides: &Overrides, matches: &ArgMatches) -> ExitCode {
    super::wait_for(async { desk::exit(run(overrides, matches).await) })
}

async fn run(overrides: &Overrides, matches: &ArgMatches) -> Result<Exit, Failure> {
    let desk = desk::open(overrides)?;
    match matches.subcommand() {
        Some(("list", matches)) => {
            let limit = matches.get_one("limit").copied().unwrap_or(50);
            let entries = desk.audit(limit).await?;
            let entries = || entries.iter().rev();
            let text = || entries().map(words).collect();
            print::told(matches, || entries().map(|entry| json!(entry)), text)?;
            Ok(Exit::status(0))
        }
        Some((_, matches)) => verify(&desk.verify_audit().await?, matches),
        None => Ok(Exit::usage("midwatch audit verify, or midwatch audit list")),
    }
}

fn verify(verdict: &Verdict, matches: &ArgMatches) -> Result<Exit, Failure> {
    let said = || match verdict {
        Verdict::Whole { entries, head } => format!("{entries} entries, as they were written; the last hash is {head}\n"),
        Verdict::Broken { seq, why } => format!("entry {seq} is not as it was written: {why}\n"),
    };
    print::told(matches, || [json!(verdict)], said)?;
    Ok(Exit::status(if matches!(verdict, Verdict::Whole { .. }) { 0 } else { BROKEN }))
}

fn words(entry: &Entry) -> String {
    let job = entry.job.map(|job| format!("job {job}")).unwrap_or_default();
    let line = format!("{:>6}  {}  {:<12} {:<8} {}  {}", entry.seq, told(entry.at), entry.who, job, entry.target, entry.what);
    Clean::new(&line).into_string() + "\n"
}
