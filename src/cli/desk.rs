//! The ledger that flags, variables and the configuration mean; and what every command on it has in common.

use clap::{Arg, ArgMatches};

use crate::cli::exit::Exit;
use crate::config::{self, ConfigError, Overrides, Places};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::job::JobId;
use crate::runtime::desk::Desk;

/// Opens the ledger. Jobs can be seen without any configuration, but not past one that is wrong: it may say where the ledger is.
pub fn open(overrides: &Overrides) -> Result<Desk, Failure> {
    if overrides.state.is_some() {
        return Desk::open(overrides.state.as_deref());
    }
    let state = match config::load(overrides, &Places::of_process()?) {
        Ok(config) => config.state,
        Err(ConfigError::Missing { .. }) => None,
        Err(error) => return Err(Failure::new(FailureKind::Config, error.to_string())),
    };
    Desk::open(state.as_deref())
}

/// `ID`, with or without its `#`.
pub fn id() -> Arg {
    let parse = |text: &str| text.trim_start_matches('#').parse().map(JobId).map_err(|_| "a job's number, such as 12");
    Arg::new("id").value_name("ID").required(true).value_parser(parse).help("The job's number")
}

/// Which job was meant.
pub fn given(matches: &ArgMatches) -> Result<JobId, Failure> {
    matches.get_one("id").copied().ok_or_else(|| Failure::new(FailureKind::Usage, "which job?"))
}

/// What a command came to, as an exit status.
pub fn exit(done: Result<Exit, Failure>) -> Exit {
    done.unwrap_or_else(|failure| Exit::failed(&failure))
}
