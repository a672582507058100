//! `midwatch job-worker ID`: what carries one job out. Started by consoles and the shell, never by hand.

use std::process::ExitCode;

use clap::{ArgMatches, Command};

use crate::adapters::ledger::Home;
use crate::cli::{Subcommand, desk, exit::Exit};
use crate::config::Overrides;
use crate::domain::failure::Failure;
use crate::domain::job::JobId;
use crate::runtime::worker;

pub(super) const SUBCOMMAND: Subcommand = Subcommand { command, run: main };

fn command() -> Command {
    Command::new("job-worker").about("Carry a job out").hide(true).arg(desk::id())
}

/// How the job ended is the ledger's to tell: a worker that has done its part has succeeded.
fn main(overrides: &Overrides, matches: &ArgMatches) -> ExitCode {
    match ready(overrides, matches) {
        Ok((home, id)) => super::wait_for(async { desk::exit(run(home, id).await) }),
        Err(failure) => Exit::failed(&failure).report(),
    }
}

fn ready(overrides: &Overrides, matches: &ArgMatches) -> Result<(Home, JobId), Failure> {
    let home = Home::find(overrides.state.as_deref())?;
    worker::detach(&home)?;
    Ok((home, desk::given(matches)?))
}

async fn run(home: Home, id: JobId) -> Result<Exit, Failure> {
    worker::run(home, id).await.map(|_| Exit::status(0))
}
