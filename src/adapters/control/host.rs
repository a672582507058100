//! The host that a control acts on, this one or one behind `ssh`: its programs are run there to their end, within a bound. A
//! host that does not answer in time has done something or nothing: whoever asked looks again.

use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncReadExt as _;

use crate::adapters::tools::surroundings::Surroundings;
use crate::adapters::tools::tools;
use crate::domain::access::{Access, Reach, Tls, ToolPlace};
use crate::domain::failure::{Failure, FailureKind};
use crate::ports::tools::{Run, Running, Tools};

/// How long a question may take: `ssh` itself takes up to 10 s to connect.
pub const PATIENCE: Duration = Duration::from_secs(20);
/// The longest answer that is read.
const LONGEST: u64 = 8 << 20;
/// What `ssh` ends with where it is itself what failed.
const SSH_FAILED: i32 = 255;

/// `ssh` as it is where nobody is logged in: over no line that stands already.
const ALONE: [&str; 9] =
    ["-o", "BatchMode=yes", "-o", "ConnectTimeout=10", "-o", "ControlMaster=no", "-o", "ControlPath=none", "-T"];

/// A host.
pub struct Host {
    tools: Arc<dyn Tools>,
    ssh: Option<String>,
    around: Surroundings,
}

/// What a program said.
pub struct Said {
    /// On its standard output.
    pub out: String,
    /// The end of its standard error.
    pub err: String,
    /// How it ended.
    pub status: ExitStatus,
}

impl Host {
    /// This host, or the one that `ssh` knows by a name.
    pub fn new(ssh: Option<&str>, around: &Surroundings) -> Self {
        let (reach, ssh) = (Reach::Tcp { host: "localhost".to_owned(), port: 0 }, ssh.map(str::to_owned));
        let (user, password, database) = (None, None, None);
        let access = Access { reach, ssh: ssh.clone(), tools: ToolPlace::Here, user, password, database, tls: Tls::Disable };
        Self { tools: tools(&access, around), ssh, around: around.clone() }
    }

    /// Where it is, for people: empty on this host.
    pub fn words(&self) -> String {
        self.ssh.as_ref().map_or_else(String::new, |host| format!(" on {host}"))
    }

    /// Whether it is reached by `ssh`.
    pub fn is_far(&self) -> bool {
        self.ssh.is_some()
    }

    /// Refuses a host that `ssh` reaches only as long as somebody is logged in here.
    pub async fn outlasts(&self) -> Result<(), Failure> {
        let Some(host) = &self.ssh else { return Ok(()) };
        // A program of this host is not told of anybody's agent.
        let here = Self::new(None, &self.around);
        let said = here.run(&Run::new("ssh", ALONE.into_iter().chain(["--", host, "true"])), PATIENCE).await?;
        if said.status.code() != Some(SSH_FAILED) {
            return Ok(());
        }
        let what = format!(
            "without your agent and the lines that stand already ssh does not reach {host} ({}): what is broken there could not be \
             mended once you have logged out",
            last(&said.err)
        );
        Err(Failure::new(FailureKind::Denied, what)
            .mend(format!("an IdentityFile for {host} in ~/.ssh/config, without a passphrase")))
    }

    /// Starts a program there.
    pub async fn start(&self, run: &Run) -> Result<Box<dyn Running>, Failure> {
        self.tools.start(run).await
    }

    /// Runs a program there to its end.
    pub async fn run(&self, run: &Run, within: Duration) -> Result<Said, Failure> {
        let said = tokio::time::timeout(within, self.said(run)).await;
        let late = || format!("{}{} did not answer within {}s", run.program, self.words(), within.as_secs());
        let said = said.map_err(|_| Failure::new(FailureKind::Stalled, late()))??;
        if self.ssh.is_some() && said.status.code() == Some(SSH_FAILED) {
            let denied = said.err.contains("Permission denied") || said.err.contains("Host key verification failed");
            let kind = if denied { FailureKind::Denied } else { FailureKind::Unavailable };
            let host = self.ssh.as_deref().unwrap_or_default();
            return Err(Failure::new(kind, format!("{host}: {}", last(&said.err))).mend(format!("ssh {host} true")));
        }
        Ok(said)
    }

    /// The same; what ends with an error is one.
    pub async fn done(&self, run: &Run, within: Duration) -> Result<Said, Failure> {
        let said = self.run(run, within).await?;
        if said.status.success() {
            return Ok(said);
        }
        let words = last(&said.err);
        let denied = ["ermission denied", "not permitted", "ccess denied", "authentication required"]
            .iter()
            .any(|part| words.contains(part));
        let kind = if denied { FailureKind::Denied } else { FailureKind::Tool };
        Err(Failure::new(kind, format!("{}{}: {words} ({})", run.program, self.words(), said.status)))
    }

    async fn said(&self, run: &Run) -> Result<Said, Failure> {
        let mut running = self.tools.start(run).await?;
        let mut out = Vec::new();
        if let Some(from) = running.stdout() {
            from.take(LONGEST).read_to_end(&mut out).await?;
        }
        let ended = running.ended().await?;
        Ok(Said { out: String::from_utf8_lossy(&out).into_owned(), err: ended.stderr, status: ended.status })
    }
}

/// The last line that says something.
pub fn last(words: &str) -> &str {
    words.lines().rev().map(str::trim).find(|line| !line.is_empty()).unwrap_or("it ended without a word")
}
