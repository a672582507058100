//! Why a plan could not be made or a step failed: what is wrong, and the command that mends it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What sort of failure it is; the shell's exit status follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureKind {
    /// It was called wrongly.
    Usage,
    /// The configuration lacks something.
    Config,
    /// A rule of safety, a guard or a precondition forbids it; nothing was changed.
    Refused,
    /// Somebody else holds the target.
    Locked,
    /// Something did not answer.
    Unavailable,
    /// A password or a permission is wrong.
    Denied,
    /// A tool is missing or too old.
    Tool,
    /// Data is not what it should be.
    Damaged,
    /// A file could not be read or written.
    Io,
    /// No room is left.
    Full,
    /// It took longer than it may, or stood still.
    Stalled,
    /// An operator cancelled it.
    Cancelled,
    /// midwatch is wrong.
    Bug,
}

impl FailureKind {
    /// What the host's refusal amounts to.
    pub fn of_io(error: &std::io::Error) -> Self {
        use std::io::ErrorKind;
        match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Self::Full,
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => Self::Denied,
            _ => Self::Io,
        }
    }
}

/// Why something did not work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// What sort.
    pub kind: FailureKind,
    /// What is wrong, and where: a file and offset, an address, a tool's own words.
    pub what: String,
    /// What mends it, where that is known.
    pub mend: Option<String>,
}

impl Failure {
    /// One without a remedy.
    pub fn new(kind: FailureKind, what: impl Into<String>) -> Self {
        Self { kind, what: what.into(), mend: None }
    }

    /// A rule of safety, a guard or a precondition forbids it.
    pub fn refused(what: impl Into<String>) -> Self {
        Self::new(FailureKind::Refused, what)
    }

    /// The same with what mends it.
    #[must_use]
    pub fn mend(self, how: impl Into<String>) -> Self {
        Self { mend: Some(how.into()), ..self }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        self.mend.as_ref().map_or(Ok(()), |mend| write!(f, " ({mend})"))
    }
}

impl std::error::Error for Failure {}

/// An error that carries a failure is that failure.
impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        match error.downcast::<Self>() {
            Ok(failure) => failure,
            Err(error) => Self::new(FailureKind::of_io(&error), error.to_string()),
        }
    }
}
