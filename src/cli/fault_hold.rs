//! `midwatch fault-hold ID`: what holds the fault of one drill, which ends with it. Told on its standard input what to hold. Started
//! by workers, never by hand.

use std::process::ExitCode;

use clap::{ArgMatches, Command};

use crate::adapters::ledger::Home;
use crate::cli::{Subcommand, desk, exit::Exit};
use crate::config::Overrides;
use crate::domain::failure::Failure;
use crate::domain::job::JobId;
use crate::runtime::ends::holder;

pub(super) const SUBCOMMAND: Subcommand = Subcommand { command, run: main };

fn command() -> Command {
    Command::new("fault-hold").about("Hold a drill's fault").hide(true).arg(desk::id())
}

fn main(overrides: &Overrides, matches: &ArgMatches) -> ExitCode {
    match ready(overrides, matches) {
        Ok((home, id)) => super::wait_for(async { desk::exit(holder::run(home, id).await.map(|()| Exit::status(0))) }),
        Err(failure) => Exit::failed(&failure).report(),
    }
}

fn ready(overrides: &Overrides, matches: &ArgMatches) -> Result<(Home, JobId), Failure> {
    let home = Home::find(overrides.state.as_deref())?;
    holder::detach(&home)?;
    Ok((home, desk::given(matches)?))
}
