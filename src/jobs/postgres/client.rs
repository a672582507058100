//! PostgreSQL's client programs: how they are run, which versions they have, and what their errors mean.

use std::sync::LazyLock;

use regex::Regex;
use tokio::io::AsyncReadExt as _;

use crate::domain::failure::{Failure, FailureKind};
use crate::ports::tools::{Ended, Run, Running, Tools};

/// What connections are called where the server lists them.
pub const APPLICATION: &str = "midwatch";
/// The variable that says so.
pub const NAME: &str = "PGAPPNAME";
/// The most lines of an error that are told.
const LINES: usize = 6;
/// Words of the server or its tools, and what sort of failure they mean; the first that is found counts.
const MEANINGS: &[(&str, FailureKind)] = &[
    ("No space left on device", FailureKind::Full),
    ("could not extend file", FailureKind::Full),
    ("password authentication failed", FailureKind::Denied),
    ("no password supplied", FailureKind::Denied),
    ("no pg_hba.conf entry", FailureKind::Denied),
    ("permission denied", FailureKind::Denied),
    ("must be superuser", FailureKind::Denied),
    ("must have the", FailureKind::Denied),
    ("query would be affected by row-level security", FailureKind::Denied),
    ("lock timeout", FailureKind::Locked),
    ("server version mismatch", FailureKind::Tool),
    ("is not available", FailureKind::Tool),
    ("extension control file", FailureKind::Tool),
    ("could not access file \"$libdir", FailureKind::Tool),
    ("invalid locale name", FailureKind::Tool),
    ("database locale is incompatible", FailureKind::Tool),
    ("not supported by this build", FailureKind::Tool),
    // What `run.sh` says far away: it is no word about a backup.
    ("is not installed there", FailureKind::Tool),
];

/// What is said where a server was killed or had no memory: of a scratch server that is this host's doing.
const FELL: &[&str] = &[
    "server closed the connection unexpectedly",
    "because of crash of another server process",
    "terminated by signal 9",
    "ERROR:  out of memory",
    "FATAL:  out of memory",
    "error: out of memory",
    "Cannot allocate memory",
    "could not fork",
    "Too many open files",
];

/// Whether these words tell of a server that fell for what its host lacks, and so say nothing of what it was given.
pub fn fell(words: &str) -> bool {
    FELL.iter().any(|known| words.contains(known))
}

/// Whether the host of a scratch server is to blame: it has no room or program, or killed one, or the server.
pub fn is_ours(failure: &Failure) -> bool {
    matches!(failure.kind, FailureKind::Full | FailureKind::Tool | FailureKind::Io) || fell(&failure.what)
}

/// A program that works in a database of a server; by environment, since the name may be any text.
pub fn within(mut run: Run, database: &str) -> Run {
    let named = [("PGDATABASE", database), (NAME, APPLICATION), ("PGCLIENTENCODING", "UTF8"), ("PGCONNECT_TIMEOUT", "15")];
    for (name, value) in named {
        if !run.env.iter().any(|(known, _)| known == name) {
            run.env.push((name.to_owned(), value.to_owned()));
        }
    }
    run
}

/// Everything that a program prints; a failure with its own words where it does not succeed.
pub async fn output(mut running: Box<dyn Running>, program: &str) -> Result<String, Failure> {
    let mut text = Vec::new();
    if let Some(mut stdout) = running.stdout() {
        stdout.read_to_end(&mut text).await?;
    }
    let ended = running.ended().await?;
    if ended.status.success() { Ok(String::from_utf8_lossy(&text).into_owned()) } else { Err(failed(program, &ended)) }
}

/// The version of a program, as it tells it: `15.14`.
pub async fn version(tools: &dyn Tools, program: &str) -> Result<String, Failure> {
    let told = output(tools.start(&Run::new(program, ["--version"])).await?, program).await?;
    let version = told.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit()));
    version
        .map(str::to_owned)
        .ok_or_else(|| Failure::new(FailureKind::Tool, format!("{program} --version says {:?}", told.trim())))
}

/// Refuses a program that is older than the server: it would not understand its catalogues.
pub fn fits(program: &str, client: &str, server: &str) -> Result<(), Failure> {
    let (ours, theirs) = (major(client), major(server));
    if ours >= theirs {
        return Ok(());
    }
    let needed = server.split('.').next().unwrap_or(server);
    let what = format!("{program} is {client}, but the server is {server}: an older {program} cannot copy a newer server");
    Err(Failure::new(FailureKind::Tool, what)
        .mend(format!("install postgresql-client-{needed} where the tools run, or let them run in the image postgres:{needed}")))
}

/// The parts of a version that tell whether data is compatible: two before 10, one since.
fn major(version: &str) -> (u32, u32) {
    let mut numbers = version.split(|c: char| !c.is_ascii_digit()).map(|n| n.parse().unwrap_or(0));
    let first = numbers.next().unwrap_or(0);
    (first, if first < 10 { numbers.next().unwrap_or(0) } else { 0 })
}

/// Why a program did not succeed: its own status, its own words, and what sort of failure they mean.
pub fn failed(program: &str, ended: &Ended) -> Failure {
    let said = words(&ended.stderr);
    let known = MEANINGS.iter().find(|(words, _)| ended.stderr.contains(words)).map(|(_, kind)| *kind);
    let what = match (said.is_empty(), ended.status.success()) {
        (true, _) => format!("{program} ended with {} and said nothing", ended.status),
        (false, true) => format!("{program}: {said}"),
        (false, false) => format!("{program} ended with {}: {said}", ended.status),
    };
    // One that was killed, by the system for want of memory perhaps, has said nothing of what it was given.
    let unknown = if ended.status.code().is_none() { FailureKind::Io } else { FailureKind::Unavailable };
    Failure::new(known.unwrap_or(unknown), what)
}

/// The end of what a program wrote to its standard error, on one line and without a secret.
pub fn words(stderr: &str) -> String {
    let lines: Vec<&str> = stderr.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    hushed(&lines[lines.len().saturating_sub(LINES)..].join("; "))
}

/// A statement that sets a password may be quoted in an error: its verifier is not told on.
fn hushed(text: &str) -> String {
    static SECRET: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"(?i)SCRAM-SHA-256\$[^'\s]*|\bmd5[0-9a-f]{32}\b|\bpassword\s+'[^']*'?").ok());
    SECRET.as_ref().map_or_else(|| text.to_owned(), |secret| secret.replace_all(text, "***").into_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::os::unix::process::ExitStatusExt as _;
    use std::process::ExitStatus;

    use super::*;

    fn ended(stderr: &str) -> Ended {
        Ended { status: ExitStatus::from_raw(256), stderr: stderr.to_owned() }
    }

    #[test]
    fn a_client_that_is_older_than_its_server_is_refused_with_what_mends_it() {
        let failure = fits("pg_dump", "14.9", "15.14").unwrap_err();
        assert_eq!(failure.kind, FailureKind::Tool);
        assert!(failure.mend.unwrap().contains("postgresql-client-15"));
        assert!(fits("pg_dump", "9.5.2", "9.6.1").is_err());
        for (client, server) in [("15.2", "15.14"), ("18.1", "9.6.24"), ("9.6.1", "9.6.24"), ("19beta1", "18.2")] {
            assert_eq!(fits("pg_dump", client, server), Ok(()), "{client} on {server}");
        }
    }

    #[test]
    fn errors_keep_the_server_s_words_and_mean_something() {
        let said = "psql: error: connection to server failed: FATAL:  password authentication failed for user \"anna\"\n";
        let failure = failed("psql", &ended(said));
        assert_eq!(failure.kind, FailureKind::Denied);
        assert!(failure.what.contains("failed for user \"anna\""), "{failure}");
        assert_eq!(failed("pg_dump", &ended("server closed the connection")).kind, FailureKind::Unavailable);
    }

    #[test]
    fn rule_15_what_this_host_lacks_or_kills_says_nothing_of_a_backup() {
        assert_eq!(failed("tar", &ended("midwatch: tar is not installed there")).kind, FailureKind::Tool);
        let killed = Ended { status: ExitStatus::from_raw(9), stderr: String::new() };
        assert_eq!(failed("pg_restore", &killed).kind, FailureKind::Io);
        let locale = "psql: error: FATAL:  database locale is incompatible with operating system\nDETAIL:  The database was \
            initialized with LC_COLLATE \"es_ES.UTF-8\",  which is not recognized by setlocale().\n";
        assert_eq!(failed("psql", &ended(locale)).kind, FailureKind::Tool);
    }

    #[test]
    fn rule_12_a_statement_that_sets_a_password_is_quoted_without_it() {
        let said = "LINE 1: ALTER ROLE a WITH LOGIN PASSWORD 'SCRAM-SHA-256$4096:c2FsdA==$a:b';\nPASSWORD 'hunter2'";
        let told = words(said);
        assert!(!told.contains("c2FsdA") && !told.contains("hunter2"), "{told}");
        assert!(told.contains("ALTER ROLE a"), "{told}");
    }
}
