//! Programs of this very host.

use std::path::Path;

use secrecy::ExposeSecret as _;
use tokio::process::Command;

use crate::adapters::account::Account;
use crate::adapters::tools::find::{self, find};
use crate::adapters::tools::running::Program;
use crate::adapters::tools::surroundings::Surroundings;
use crate::domain::access::ToolPlace;
use crate::domain::failure::Failure;
use crate::ports::tools::{Run, Running};

/// Where a program works, and as whom.
#[derive(Clone, Copy)]
pub struct Home<'a> {
    /// Its working folder.
    pub folder: &'a Path,
    /// Its user, where that is another.
    pub account: Option<Account>,
}

/// Starts a program of this host: as the present user, or in a home of its own.
pub fn start(place: &ToolPlace, run: &Run, around: &Surroundings, home: Option<Home<'_>>) -> Result<Box<dyn Running>, Failure> {
    let program = find(&run.program, place, run.major, around.path())?;
    let mut command = command(&program, run, around, home);
    command.env("PATH", find::path(place, run.major, around.path()));
    Ok(Box::new(Program::start(&run.program, command, run.input)?))
}

fn command(program: &Path, run: &Run, around: &Surroundings, home: Option<Home<'_>>) -> Command {
    let mut command = Command::new(program);
    command.args(&run.args).env_clear().current_dir("/").envs(around.for_all()).env("LC_ALL", "C");
    if let Some(home) = home {
        command.current_dir(home.folder).env("HOME", home.folder);
        home.account.map(|account| command.uid(account.uid).gid(account.gid));
    }
    command.envs(run.env.iter().map(|(name, value)| (name, value)));
    command.envs(run.secrets.iter().map(|(name, secret)| (name, secret.expose_secret())));
    command
}
