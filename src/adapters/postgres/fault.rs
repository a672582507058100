//! Why a PostgreSQL could not be asked.

use std::error::Error as _;
use std::io;

use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

use crate::adapters::reach::Reach;
use crate::domain::fault::{Fault, FaultKind};

/// The fault behind an error, in the server's words where it has some.
pub(super) fn of(reach: &Reach, error: &Error) -> Fault {
    let (kind, words) = match error.as_db_error() {
        Some(said) => (of_state(said.code()), said.message().to_owned()),
        None => (of_connection(error), innermost(error)),
    };
    Fault::new(kind, format!("{reach}: {words}"))
}

/// Whether the connection is what failed: it may have been lost since the last probe, and is worth a second try.
pub(super) fn is_lost(error: &Error) -> bool {
    let ended = |state: &SqlState| [&SqlState::ADMIN_SHUTDOWN, &SqlState::CRASH_SHUTDOWN].contains(&state);
    error.as_db_error().map_or_else(|| error.is_closed() || io_kind(error).is_some(), |said| ended(said.code()))
}

fn of_state(state: &SqlState) -> FaultKind {
    match state.code() {
        "28P01" | "28000" | "42501" => FaultKind::Denied,
        "57014" | "55P03" => FaultKind::Timeout,
        // Starting, stopping, crashed, out of connections, memory or disk, broken inside.
        code if ["57P", "53", "58", "XX"].iter().any(|class| code.starts_with(class)) => FaultKind::Failing,
        _ => FaultKind::Refused,
    }
}

fn of_connection(error: &Error) -> FaultKind {
    let words = error.to_string();
    if words.contains("TLS") {
        return FaultKind::Tls;
    }
    if words.contains("authentication") || words.contains("password") || words.contains("invalid configuration") {
        return FaultKind::Denied;
    }
    match io_kind(error) {
        Some(io::ErrorKind::TimedOut) => FaultKind::Timeout,
        Some(io::ErrorKind::PermissionDenied) => FaultKind::Denied,
        Some(io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe | io::ErrorKind::UnexpectedEof) => FaultKind::Broken,
        Some(_) => FaultKind::Unreachable,
        None if error.is_closed() => FaultKind::Broken,
        None if words.contains("connect") => FaultKind::Unreachable,
        None => FaultKind::Garbled,
    }
}

fn io_kind(error: &Error) -> Option<io::ErrorKind> {
    error.source()?.downcast_ref::<io::Error>().map(io::Error::kind)
}

/// The cause that says something: the outer ones are "error connecting to server" and its kin.
fn innermost(error: &Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
