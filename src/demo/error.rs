//! What can go wrong with a demo, in words for the person who asked for one.

use std::io;
use std::path::PathBuf;

use crate::demo::tools::Missing;
use crate::domain::failure::Failure;

/// Why a demo did not start, was not found or did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// Programs that the stack is made of are not installed.
    #[error("{0}")]
    Missing(Missing),
    /// A name that would not do as part of a file name.
    #[error("a demo's name has 1 to 32 lower-case letters, digits and dashes: {0:?} has not")]
    BadName(String),
    /// The name belongs to a demo that is up.
    #[error("a demo called {0:?} is already up: `midwatch demo attach {0}`, or `midwatch demo stop {0}`")]
    Taken(String),
    /// No demo is up under this name.
    #[error("no demo called {0:?} is up: `midwatch demo list` tells which are")]
    Unknown(String),
    /// No demo is up at all.
    #[error("no demo is up: `midwatch demo` starts one")]
    NoneUp,
    /// Several are up and none was named.
    #[error("several demos are up ({}): name one", .0.join(", "))]
    Several(Vec<String>),
    /// A server of the stack did not come up.
    #[error("{name} did not come up: {why}")]
    NotUp {
        /// The server's name, as progress lines give it.
        name: String,
        /// Its last words, or what was waited for.
        why: String,
    },
    /// The supervisor answered that it cannot do this.
    #[error("{0}")]
    Refused(String),
    /// The supervisor went away without an answer.
    #[error("the demo's supervisor went away{}", .0.as_deref().map(|words| format!(": {words}")).unwrap_or_default())]
    Gone(Option<String>),
    /// The host lacks something that the stack needs.
    #[error(transparent)]
    Host(#[from] Failure),
    /// The folder for sockets belongs to somebody else or is open to others.
    #[error("{} is not a private folder of this user: remove it", .0.display())]
    UnsafeFolder(PathBuf),
    /// The host refused something.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: String,
        /// The host's answer.
        source: io::Error,
    },
}

impl DemoError {
    /// For `map_err`: what was tried when the host refused.
    pub(super) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }

    /// A server that did not come up, and why.
    pub(super) fn not_up(name: impl Into<String>, why: impl std::fmt::Display) -> Self {
        Self::NotUp { name: name.into(), why: why.to_string() }
    }
}
