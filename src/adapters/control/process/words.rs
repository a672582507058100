//! How processes, their files and signals are told: to people, and to the script.

use rustix::process::Signal;

use crate::adapters::control::process::table::{PidFile, Row};
use crate::domain::failure::{Failure, FailureKind};

/// `process 4711 (worker)`, the first few.
pub(super) fn named(left: &[(String, Row)]) -> String {
    let most = left.iter().take(3).map(|(name, row)| format!("{name}'s process {} ({})", row.seen.process.pid, row.name));
    let more = left.len().saturating_sub(3);
    let more = (more > 0).then(|| format!("{more} more"));
    most.chain(more).collect::<Vec<_>>().join(", ")
}

pub(super) fn hidden(file: &PidFile) -> Failure {
    let what = format!("{} may not be read", file.path);
    Failure::new(FailureKind::Denied, what).mend(format!("sudo setfacl -m u:\"$USER\":r {}", file.path))
}

pub(super) fn word(signal: Signal) -> &'static str {
    match signal {
        Signal::STOP => "STOP",
        Signal::CONT => "CONT",
        Signal::KILL => "KILL",
        Signal::INT => "INT",
        Signal::QUIT => "QUIT",
        _ => "TERM",
    }
}
