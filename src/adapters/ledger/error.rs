//! What can go wrong with the ledger, and how it is told.

use rusqlite::ErrorCode;

use super::home::Home;
use crate::domain::failure::{Failure, FailureKind};

/// SQLite cannot make its shared memory longer: the disk is full.
const SHARED_MEMORY_SIZE: i32 = rusqlite::ffi::SQLITE_IOERR_SHMSIZE;

/// Why a transaction was not.
#[derive(Debug)]
pub(super) enum Trouble {
    /// SQLite says so.
    Sql(rusqlite::Error),
    /// Something else does.
    Failed(Failure),
}

impl From<rusqlite::Error> for Trouble {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<std::io::Error> for Trouble {
    fn from(error: std::io::Error) -> Self {
        Self::Failed(error.into())
    }
}

impl From<serde_json::Error> for Trouble {
    fn from(error: serde_json::Error) -> Self {
        Self::Failed(Failure::new(FailureKind::Damaged, format!("what the ledger says cannot be read: {error}")))
    }
}

impl Trouble {
    /// Whether room would help. Never so after a failed sync: what is on the disk then is unknown, and asking again would
    /// be answered wrongly.
    pub(super) fn is_full(&self) -> bool {
        match self {
            Self::Sql(rusqlite::Error::SqliteFailure(error, _)) => {
                error.code == ErrorCode::DiskFull || error.extended_code == SHARED_MEMORY_SIZE
            }
            Self::Failed(failure) => failure.kind == FailureKind::Full,
            Self::Sql(_) => false,
        }
    }

    /// Whether somebody else is at it.
    pub(super) fn is_busy(&self) -> bool {
        matches!(self, Self::Sql(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy))
    }

    /// As it is told to people.
    pub(super) fn of(self, home: &Home) -> Failure {
        let error = match self {
            Self::Failed(failure) => return failure,
            Self::Sql(error) => error,
        };
        let place = home.path().display();
        let (kind, mend) = match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => (FailureKind::Full, Some(format!("free room on the disk of {place}"))),
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => (FailureKind::Unavailable, None),
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => {
                (FailureKind::Denied, Some(format!("every file in {place} must be writable by its group")))
            }
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => (FailureKind::Damaged, None),
            Some(_) => (FailureKind::Io, None),
            None => (FailureKind::Bug, None),
        };
        Failure { kind, what: format!("the ledger in {place}: {error}"), mend }
    }
}
