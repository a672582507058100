//! Secrets from their references. An error says what was looked for, never what was found.
//!
//! A `cmd:` line is run by `sh -c`, as `password_command` and `PGPASSFILE` helpers are written everywhere: it is the operator's
//! own configuration, it needs quotes and pipes, and the secret comes out of its stdout, never into an argument.

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use secrecy::SecretString;
use tokio::process::Command;

use crate::domain::failure::{Failure, FailureKind};
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::secret::SecretRef;

/// How long a `cmd:` may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// The longest secret; a certificate chain fits.
const LONGEST: u64 = 64 << 10;

/// Why a secret could not be had.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{from}: {why}")]
pub struct SecretError {
    /// Where it was looked for.
    pub from: SecretRef,
    /// What went wrong there.
    pub why: String,
}

/// To whoever needed it, a secret that cannot be had is a door that stays shut.
impl From<SecretError> for Fault {
    fn from(error: SecretError) -> Self {
        Self::new(FaultKind::Denied, error.to_string())
    }
}

/// To a job as well.
impl From<SecretError> for Failure {
    fn from(error: SecretError) -> Self {
        Self::new(FailureKind::Denied, error.to_string())
    }
}

/// The secret that `from` refers to.
pub async fn resolve(from: &SecretRef) -> Result<SecretString, SecretError> {
    let found = match from {
        SecretRef::File(path) => read(path).await,
        SecretRef::Env(name) => std::env::var(name).map_err(|_| "this environment variable is not set".to_owned()),
        SecretRef::Cmd(line) => run(line).await,
    };
    let text = found.and_then(|text| if text.is_empty() { Err("it is empty".to_owned()) } else { Ok(text) });
    text.map(SecretString::from).map_err(|why| SecretError { from: from.clone(), why })
}

async fn read(path: &Path) -> Result<String, String> {
    let about = tokio::fs::metadata(path).await.map_err(|e| plain(&e))?;
    if !about.is_file() {
        return Err("this is not a file".to_owned());
    }
    if about.mode() & 0o077 != 0 {
        return Err(format!("others can read it (mode {:03o})", about.mode() & 0o777));
    }
    if about.len() > LONGEST {
        return Err(format!("it is {} bytes long, no secret is", about.len()));
    }
    text(tokio::fs::read(path).await.map_err(|e| plain(&e))?)
}

async fn run(line: &str) -> Result<String, String> {
    let mut command = Command::new("sh");
    command.args(["-c", line]).stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(PATIENCE, command.output())
        .await
        .map_err(|_| format!("this command did not end within {} s", PATIENCE.as_secs()))?
        .map_err(|e| plain(&e))?;
    if !output.status.success() {
        return Err(format!("this command failed ({})", output.status));
    }
    text(output.stdout)
}

/// Its text without the one newline that editors and `echo` leave.
fn text(bytes: Vec<u8>) -> Result<String, String> {
    let mut text = String::from_utf8(bytes).map_err(|_| "it is not text".to_owned())?;
    if text.ends_with('\n') {
        text.pop();
    }
    Ok(text)
}

fn plain(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
        std::io::ErrorKind::PermissionDenied => "you may not read it".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests;
