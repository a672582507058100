//! Programs that do not run on this host: behind `ssh`, in a container. A shell there (`run.sh`) gets their secrets through its
//! standard input, and ends them when that ends: so nothing goes on over there, however midwatch ends.

use std::process::Output;

use secrecy::ExposeSecret as _;
use tokio::process::Command;

use crate::adapters::tools::find::{in_path, missing};
use crate::adapters::tools::route::Route;
use crate::adapters::tools::running::Program;
use crate::adapters::tools::surroundings::Surroundings;
use crate::domain::access::ToolPlace;
use crate::domain::failure::{Failure, FailureKind};
use crate::ports::tools::{Run, Running};

pub mod bench;

/// Starts a program at the end of a route.
pub async fn start(route: &Route, run: &Run, around: &Surroundings) -> Result<Box<dyn Running>, Failure> {
    let (route, beside) = route.named(&format!("midwatch-{:016x}", fastrand::u64(..)));
    let command = command(&route.run(run), around)?;
    let head = secrets(run)?;
    if !run.input {
        return Ok(Box::new(Program::far(&run.program, command, &head).await?));
    }
    let guard = async |number: &str| {
        let guard = self::command(&beside.guard(number, beside.user(run)), around)?;
        Program::far("the guard of a program", guard, b"").await
    };
    Ok(Box::new(Program::far_with_input(&run.program, command, &head, guard).await?))
}

/// The lines with the values of a run's secrets.
fn secrets(run: &Run) -> Result<Vec<u8>, Failure> {
    let mut lines = Vec::new();
    for (name, secret) in &run.secrets {
        let secret = secret.expose_secret();
        if secret.contains('\n') {
            let what = format!("the secret for {name} has several lines: a password has one");
            return Err(Failure::new(FailureKind::Config, what));
        }
        lines.extend_from_slice(secret.as_bytes());
        lines.push(b'\n');
    }
    Ok(lines)
}

/// `ssh` or `docker` of this host.
pub(super) fn command(words: &[String], around: &Surroundings) -> Result<Command, Failure> {
    let (carrier, rest) = words.split_first().map_or(("sh", words), |(first, rest)| (first, rest));
    let carrier = in_path(carrier, around.path()).ok_or_else(|| missing(carrier, &ToolPlace::Here, None))?;
    let mut command = Command::new(carrier);
    command.args(rest).env_clear().current_dir("/").envs(around.for_carriers()).env("LC_ALL", "C");
    Ok(command)
}

/// Runs `docker` or `ssh` to its end.
async fn output(words: &[String], around: &Surroundings) -> Result<Output, Failure> {
    let mut command = command(words, around)?;
    command.stdin(std::process::Stdio::null()).kill_on_drop(true);
    let failed = |e| Failure::new(FailureKind::Tool, format!("starting {}: {e}", words.first().map_or("", String::as_str)));
    command.output().await.map_err(failed)
}

#[cfg(test)]
mod tests;
