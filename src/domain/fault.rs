//! Why something could not be learned. A failed poll is state to be shown, never an early return.

use std::fmt;

/// What kind of failure it was; decides the words on screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// No connection: refused, no route, unknown name.
    Unreachable,
    /// It did not answer in time, or stopped in the middle.
    Timeout,
    /// The connection broke before the answer was whole.
    Broken,
    /// It would not let us in (401, 403, wrong password).
    Denied,
    /// TLS could not be agreed on.
    Tls,
    /// It refused the request (other 4xx, a query it cannot run).
    Refused,
    /// It failed itself (5xx, starting up, shutting down).
    Failing,
    /// The answer was not what was asked for (HTML, cut JSON).
    Garbled,
    /// The answer was larger than what midwatch reads.
    TooLarge,
}

/// A failure, with the words to show. `detail` may hold text from outside: drawn only through `Clean`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What kind of failure.
    pub kind: FaultKind,
    /// What was tried and what came back, one line, without secrets.
    pub detail: String,
    /// What mends it, where the failure itself tells: a line of configuration, or what to do at the other side.
    pub mend: Option<&'static str>,
}

impl Fault {
    /// A fault with its words.
    pub fn new(kind: FaultKind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into(), mend: None }
    }

    /// The same, with what mends it.
    #[must_use]
    pub fn mended_by(self, mend: Option<&'static str>) -> Self {
        Self { mend, ..self }
    }

    /// What went wrong, and what mends it where that is known.
    pub fn told(&self) -> String {
        self.mend.map_or_else(|| self.detail.clone(), |mend| format!("{}; {mend}", self.detail))
    }
}

impl FaultKind {
    /// One or two words for a crowded line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::Timeout => "timeout",
            Self::Broken => "connection broke",
            Self::Denied => "access denied",
            Self::Tls => "TLS failed",
            Self::Refused => "refused",
            Self::Failing => "failing",
            Self::Garbled => "garbled answer",
            Self::TooLarge => "answer too large",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind.word(), self.told())
    }
}

impl std::error::Error for Fault {}
