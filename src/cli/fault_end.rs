//! `midwatch fault-end ID`: the watchdog that waits to end the fault of one drill. Started by workers, never by hand.

use std::process::ExitCode;

use clap::{ArgMatches, Command};

use crate::adapters::ledger::Home;
use crate::cli::{Subcommand, desk, exit::Exit};
use crate::config::Overrides;
use crate::domain::failure::Failure;
use crate::domain::job::JobId;
use crate::runtime::ends::watchdog;

pub(super) const SUBCOMMAND: Subcommand = Subcommand { command, run: main };

fn command() -> Command {
    Command::new("fault-end").about("Wait to end a drill's fault").hide(true).arg(desk::id())
}

fn main(overrides: &Overrides, matches: &ArgMatches) -> ExitCode {
    match ready(overrides, matches) {
        Ok((home, id)) => super::wait_for(async { desk::exit(watchdog::run(home, id).await.map(|()| Exit::status(0))) }),
        Err(failure) => Exit::failed(&failure).report(),
    }
}

fn ready(overrides: &Overrides, matches: &ArgMatches) -> Result<(Home, JobId), Failure> {
    let home = Home::find(overrides.state.as_deref())?;
    watchdog::detach(&home)?;
    Ok((home, desk::given(matches)?))
}
