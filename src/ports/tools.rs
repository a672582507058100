//! Tools: PostgreSQL's and Redis's own programs, run where a service wants them — here, behind `ssh`, in its container, in its
//! image — always in the same way. Secrets reach them by environment or password file, never by argument.

use std::path::Path;
use std::process::ExitStatus;

use secrecy::SecretString;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::domain::access::Access;
use crate::ports::Promise;

/// One run of a program.
#[derive(Clone, Debug, Default)]
pub struct Run {
    /// The program's name, `pg_dump`; where it is found is the place's business.
    pub program: String,
    /// PostgreSQL's: the major version it must be of, where several are installed side by side; else the newest.
    pub major: Option<u16>,
    /// Its arguments; no secret.
    pub args: Vec<String>,
    /// Environment variables that are not secret, beside a clean environment with `LC_ALL=C`. Variables like `PGHOST` that
    /// happen to be set around midwatch are never inherited.
    pub env: Vec<(String, String)>,
    /// Environment variables that are secret.
    pub secrets: Vec<(String, SecretString)>,
    /// Whether something will be written to its standard input; else that is empty.
    pub input: bool,
    /// The user to run as inside a container: `postgres`.
    pub user: Option<String>,
}

impl Run {
    /// A program with its arguments.
    pub fn new<A: Into<String>>(program: &str, args: impl IntoIterator<Item = A>) -> Self {
        Self { program: program.to_owned(), args: args.into_iter().map(Into::into).collect(), ..Self::default() }
    }
}

/// A program that runs. Dropped, it is killed with everything it started, wherever it runs.
pub trait Running: Send {
    /// Its standard output; none when it was taken before.
    fn stdout(&mut self) -> Option<Box<dyn AsyncRead + Send + Unpin>>;

    /// Its standard input, where the run asked for it. Dropped, it is closed.
    fn stdin(&mut self) -> Option<Box<dyn AsyncWrite + Send + Unpin>>;

    /// Waits for its end; says how it ended, with the end of what it wrote to its standard error (at most 64 KiB, the last).
    fn ended(&mut self) -> Promise<'_, Ended>;

    /// Asks it to end (`SIGTERM` to the group); kills it where it does not within 10 s.
    fn stop(&mut self) -> Promise<'_, ()>;
}

/// How a program ended.
#[derive(Clone, Debug)]
pub struct Ended {
    /// Its own status, not that of a shell or of `docker` around it where that can be told.
    pub status: ExitStatus,
    /// The end of its standard error.
    pub stderr: String,
}

/// The tools of one service.
pub trait Tools: Send + Sync {
    /// How the service is reached.
    fn access(&self) -> &Access;

    /// The arguments and variables with which PostgreSQL's programs connect (`-h`, `-p`, `-U`, `PGPASSFILE` or `PGPASSWORD`,
    /// `PGSSLMODE`…), filled into a run; from where the tools run.
    fn postgres(&self, run: Run) -> Promise<'_, Run>;

    /// The same for `redis-cli` (`-h`, `-p`, `-s`, `--user`, `REDISCLI_AUTH`, `--tls`…).
    fn redis(&self, run: Run) -> Promise<'_, Run>;

    /// Starts a program where the service's tools run.
    fn start<'a>(&'a self, run: &'a Run) -> Promise<'a, Box<dyn Running>>;

    /// A place for a scratch server of the service's kind: here, or a fresh container of its image without network.
    fn bench<'a>(&'a self, folder: &'a Path) -> Promise<'a, Box<dyn Bench>>;
}

/// Where a scratch server lives: a private folder, and programs that run beside it. Dropped, everything in it is ended and
/// removed; after a crash, [`Tools::bench`] of the same folder removes what was left first.
pub trait Bench: Send + Sync {
    /// The folder as the programs see it: empty at first, mode 0700, theirs.
    fn folder(&self) -> &Path;

    /// The folder as this process sees it, where it does: not behind `ssh`, not in a container.
    fn local(&self) -> Option<&Path>;

    /// Starts a program there, as the unprivileged user that owns the folder (a server refuses to run as root).
    fn start<'a>(&'a self, run: &'a Run) -> Promise<'a, Box<dyn Running>>;

    /// Ends everything and removes the folder; says what could not be removed.
    fn clear(&self) -> Promise<'_, ()>;
}
