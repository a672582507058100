//! Exit statuses, as `sysexits.h` numbers them, and the words that go with them on standard error.

use std::process::ExitCode;

use crate::cli::print;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::job::{Job, Outcome, State};

/// Every exit status, and what it means: those of `sysexits.h`, and 128 with the number of a signal.
const TABLE: &[(&str, &str)] = &[
    ("0", "all well; the job is done"),
    ("1", "the job failed, or what was looked at is damaged"),
    ("64", "the command line is wrong, or a terminal is missing"),
    ("69", "something that is needed does not answer, or is not installed"),
    ("70", "a bug in midwatch"),
    ("73", "no room is left"),
    ("74", "reading or writing failed"),
    ("75", "somebody else holds the target, or a worker died: try again"),
    ("77", "a guard or a rule of safety forbids it, or a server does"),
    ("78", "the configuration is wrong, or check found something missing"),
    ("129", "ended by SIGHUP, or the terminal is gone"),
    ("130", "ended by SIGINT, or cancelled"),
    ("131", "ended by SIGQUIT"),
    ("143", "ended by SIGTERM"),
];

/// The table for help and manual pages.
pub fn table() -> String {
    let rows: Vec<String> = TABLE.iter().map(|(status, meaning)| format!("  {status:<5}{meaning}")).collect();
    format!("Exit statuses:\n{}", rows.join("\n"))
}

/// How a command ended.
#[derive(Debug)]
pub struct Exit {
    status: u8,
    words: Option<String>,
}

impl Exit {
    /// With a status and nothing more to say.
    pub fn status(status: u8) -> Self {
        Self { status, words: None }
    }

    /// With a status and why.
    pub fn because(status: u8, words: impl Into<String>) -> Self {
        Self { status, words: Some(words.into()) }
    }

    /// 64: the command line is wrong.
    pub fn usage(words: impl Into<String>) -> Self {
        Self { status: 64, words: Some(words.into()) }
    }

    /// 70: midwatch itself is wrong.
    pub fn bug(words: impl Into<String>) -> Self {
        Self { status: 70, words: Some(words.into()) }
    }

    /// 74: reading or writing failed.
    pub fn io(error: impl std::fmt::Display) -> Self {
        Self { status: 74, words: Some(error.to_string()) }
    }

    /// 78: the configuration is wrong.
    pub fn config(words: impl Into<String>) -> Self {
        Self { status: 78, words: Some(words.into()) }
    }

    /// As a failure of a job or of its plan says.
    pub fn failed(failure: &Failure) -> Self {
        let status = match failure.kind {
            FailureKind::Usage => 64,
            FailureKind::Damaged => 1,
            FailureKind::Unavailable | FailureKind::Tool => 69,
            FailureKind::Bug => 70,
            FailureKind::Full => 73,
            FailureKind::Io => 74,
            FailureKind::Locked | FailureKind::Stalled => 75,
            FailureKind::Refused | FailureKind::Denied => 77,
            FailureKind::Config => 78,
            FailureKind::Cancelled => 130,
        };
        Self { status, words: Some(failure.to_string()) }
    }

    /// As a job ended.
    pub fn of_job(job: &Job) -> Self {
        match job.state {
            State::Ended(Outcome::Done) => Self::status(0),
            State::Submitted | State::Running => Self::because(75, format!("job {} goes on", job.id)),
            State::Lost => {
                let (id, n) = (job.id, job.id.0);
                Self::because(75, format!("the worker of job {id} has died: midwatch jobs resume {n}, cancel {n} or undo {n}"))
            }
            State::Ended(_) => {
                let status = match job.failure().map(|failure| failure.kind) {
                    Some(FailureKind::Locked) => 75,
                    Some(FailureKind::Refused | FailureKind::Denied) => 77,
                    Some(FailureKind::Config) => 78,
                    _ => 1,
                };
                let why = job.failure().map(|failure| format!(": {failure}")).unwrap_or_default();
                Self::because(status, format!("job {} has ended: {}{why}", job.id, job.state.word()))
            }
        }
    }

    /// Says on standard error what there is to say, and returns the status.
    pub fn report(self) -> ExitCode {
        if let Some(words) = &self.words {
            print::say(words);
        }
        ExitCode::from(self.status)
    }
}

/// Prints what clap says of a command line: help and version are no errors, anything else is 64.
pub fn usage(error: &clap::Error) -> ExitCode {
    // The reader of a pipe may have gone: then nobody is left to be told.
    let _ = error.print();
    ExitCode::from(if error.use_stderr() { 64 } else { 0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_failure_ends_with_a_status_of_the_table() {
        use FailureKind::{
            Bug, Cancelled, Config, Damaged, Denied, Full, Io, Locked, Refused, Stalled, Tool, Unavailable, Usage,
        };
        let kinds = [Usage, Config, Refused, Locked, Unavailable, Denied, Tool, Damaged, Io, Full, Stalled, Cancelled, Bug];
        let ended = kinds.map(|kind| Exit::failed(&Failure::new(kind, "x")).status);
        assert_eq!(ended, [64, 78, 77, 75, 69, 77, 69, 1, 74, 73, 75, 130, 70]);
        assert!(ended.iter().all(|status| TABLE.iter().any(|(told, _)| *told == status.to_string())));
        assert_eq!(
            [Exit::usage("x"), Exit::bug("x"), Exit::io("x"), Exit::config("x")].map(|exit| exit.status),
            [64, 70, 74, 78]
        );
    }
}
