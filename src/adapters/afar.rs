//! Services that only their own tools reach — in a container, behind `ssh` — asked the same as the others, by `psql` and
//! `redis-cli`.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::io::AsyncReadExt as _;
use tokio::time::timeout;

use crate::adapters::postgres::facts;
use crate::adapters::redis::info;
use crate::adapters::{postgres, redis};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::service::{Facts, Report};
use crate::domain::triage::Triage;
use crate::ports::tools::{Ended, Run, Tools};

/// The most time one probe may take: a container made for it, or a host behind another, takes its own.
pub const PATIENCE: Duration = Duration::from_secs(8);
/// The longest answer that is read: thousands of clients.
const LONGEST: u64 = 8 << 20;

/// What a service answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A PostgreSQL.
    Postgres,
    /// A Redis or Valkey.
    Redis,
}

/// One service.
#[derive(Clone)]
pub struct Afar {
    tools: Arc<dyn Tools>,
    kind: Kind,
    patience: Duration,
}

impl Afar {
    /// A probe through these tools; starts nothing yet.
    pub fn new(tools: Arc<dyn Tools>, kind: Kind, patience: Duration) -> Self {
        Self { tools, kind, patience }
    }

    /// Asks once; ends within its patience, whatever stands in between.
    pub async fn probe(&self) -> Result<Report, Fault> {
        let started = Instant::now();
        let text = self.within(self.ask()).await?;
        let facts = match self.kind {
            Kind::Postgres => facts::read(&text, None).ok().map(Facts::Postgres),
            Kind::Redis => info::read(&text, SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()).map(Facts::Redis),
        };
        Ok(Report { took: started.elapsed(), facts: facts.ok_or_else(|| self.garbled())? })
    }

    /// What there is to know once something is wrong with it.
    pub async fn triage(&self) -> Result<Triage, Fault> {
        let told = match self.kind {
            Kind::Postgres => {
                let text = self.within(self.sql(&postgres::triage::query())).await?;
                postgres::triage::read(&text).ok().map(Box::new).map(Triage::Postgres)
            }
            Kind::Redis => redis::triage::read(&self.within(self.clients()).await?).map(Box::new).map(Triage::Redis),
        };
        told.ok_or_else(|| self.garbled())
    }

    async fn within<T>(&self, asking: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
        let late = |_| Fault::new(FaultKind::Timeout, format!("{}: no answer within {:?}", self.place(), self.patience));
        timeout(self.patience, asking).await.map_err(late)?
    }

    fn garbled(&self) -> Fault {
        Fault::new(FaultKind::Garbled, format!("{}: the answer is not to be understood", self.place()))
    }

    async fn ask(&self) -> Result<String, Fault> {
        match self.kind {
            Kind::Postgres => self.sql(facts::QUERY).await,
            Kind::Redis => self.redis(&["INFO"]).await,
        }
    }

    async fn sql(&self, query: &str) -> Result<String, Fault> {
        let run = self.tools.postgres(question(self.patience, query)).await;
        self.said(run, |_| true).await
    }

    async fn redis(&self, words: &[&str]) -> Result<String, Fault> {
        let words = ["--no-auth-warning"].iter().chain(words);
        let run = self.tools.redis(Run::new("redis-cli", words.copied())).await;
        // Its own status does not tell of an error that the server answered.
        self.said(run, |said| !is_refusal(said)).await
    }

    /// All three at once, each through a program of its own. What an access list forbids is left out.
    async fn clients(&self) -> Result<redis::triage::Told, Fault> {
        let slowlog = ["--no-raw", "SLOWLOG", "GET", redis::triage::SLOW];
        let (info, clients, slowlog) = tokio::join!(self.redis(&["INFO"]), self.redis(&["CLIENT", "LIST"]), self.redis(&slowlog));
        let refused = |fault: Fault| fault.detail;
        let drawn =
            |text: String| redis::triage::drawn(&text).ok_or_else(|| "SLOWLOG: the answer is not to be understood".to_owned());
        Ok(redis::triage::Told {
            info: info?,
            clients: clients.map_err(refused),
            slowlog: slowlog.map_err(refused).and_then(drawn),
        })
    }

    async fn said(&self, run: Result<Run, Failure>, good: fn(&str) -> bool) -> Result<String, Fault> {
        let run = run.map_err(|failure| fault(&failure))?;
        let (said, ended) = told(&*self.tools, &run).await.map_err(|failure| fault(&failure))?;
        if ended.status.success() && good(&said) {
            return Ok(said);
        }
        let words = if ended.stderr.trim().is_empty() { said } else { ended.stderr };
        Err(Fault::new(kind_of(&words), format!("{}: {}", self.place(), last_line(&words))))
    }

    fn place(&self) -> String {
        let access = self.tools.access();
        access.ssh.as_ref().map_or_else(|| access.reach.to_string(), |host| format!("{host}: {}", access.reach))
    }
}

impl std::fmt::Debug for Afar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Afar").field("place", &self.place()).field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// Whether it is an error of the server's: `NOAUTH Authentication required.`, drawn or not.
fn is_refusal(said: &str) -> bool {
    let said = said.trim_start().trim_start_matches("(error) ");
    let code = said.split(' ').next().unwrap_or_default();
    said.lines().count() == 1 && code.len() > 2 && code.bytes().all(|byte| byte.is_ascii_uppercase())
}

/// The same question as a direct one. Read-only, with limits that end with it.
fn question(patience: Duration, query: &str) -> Run {
    let limit = patience.as_millis() / 3;
    let limits = format!("SET LOCAL statement_timeout = {limit}; SET LOCAL lock_timeout = {limit}");
    let asked = ["-XAtq", "-v", "ON_ERROR_STOP=1", "-c", "BEGIN READ ONLY", "-c", &limits, "-c", query, "-c", "COMMIT"];
    Run::new("psql", asked)
}

/// What a program says and how it ended.
///
/// # Errors
/// It could not be started, or says more than anybody reads.
pub async fn told(tools: &dyn Tools, run: &Run) -> Result<(String, Ended), Failure> {
    let mut running = tools.start(run).await?;
    let mut said = Vec::new();
    if let Some(out) = running.stdout() {
        out.take(LONGEST).read_to_end(&mut said).await?;
    }
    Ok((String::from_utf8_lossy(&said).into_owned(), running.ended().await?))
}

fn fault(failure: &Failure) -> Fault {
    let kind = match failure.kind {
        FailureKind::Denied => FaultKind::Denied,
        FailureKind::Unavailable => FaultKind::Unreachable,
        _ => FaultKind::Refused,
    };
    Fault::new(kind, failure.to_string())
}

/// What the words of `psql`, `redis-cli`, `docker` or `ssh` come to.
fn kind_of(words: &str) -> FaultKind {
    const DENIED: &[&str] = &[
        "password",
        "NOAUTH",
        "WRONGPASS",
        "NOPERM",
        "AUTH failed",
        "not permitted to log in",
        "no pg_hba.conf entry",
        "permission denied",
        "Permission denied",
        "Host key verification failed",
    ];
    const UNREACHABLE: &[&str] = &[
        "onnection refused",
        "No such container",
        "is not running",
        "Cannot connect to the Docker daemon",
        "could not translate host name",
        "Could not resolve hostname",
        "onnection timed out",
        "No route to host",
        "could not connect",
        "Could not connect",
        "No such file or directory",
        "is not installed there",
        "No such image",
        "network",
    ];
    let any = |list: &[&str]| list.iter().any(|part| words.contains(part));
    match () {
        () if any(DENIED) => FaultKind::Denied,
        () if words.contains("starting up") || words.contains("shutting down") || words.contains("LOADING") => FaultKind::Failing,
        () if any(UNREACHABLE) => FaultKind::Unreachable,
        () => FaultKind::Refused,
    }
}

/// The last line that says something: what stands before are warnings.
fn last_line(words: &str) -> &str {
    // Newer clients of Docker end with advice.
    let advice = |line: &str| line.is_empty() || line.starts_with("Run 'docker");
    words.lines().rev().map(str::trim).find(|line| !advice(line)).unwrap_or("it ended without a word")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_tools_are_understood() {
        for (words, kind) in [
            ("psql: error: FATAL:  password authentication failed for user \"u\"", FaultKind::Denied),
            ("NOAUTH Authentication required.", FaultKind::Denied),
            ("psql: error: FATAL:  the database system is starting up", FaultKind::Failing),
            ("Error response from daemon: No such container: db", FaultKind::Unreachable),
            ("Error response from daemon: Container 46d is not running", FaultKind::Unreachable),
            ("ssh: Could not resolve hostname bastion: Name or service not known", FaultKind::Unreachable),
            ("psql: error: FATAL:  database \"shop\" does not exist", FaultKind::Refused),
        ] {
            assert_eq!(kind_of(words), kind, "{words}");
        }
        assert!(is_refusal("NOAUTH Authentication required.\n") && is_refusal("(error) NOPERM this user has no permissions"));
        assert!(!is_refusal("# Server\r\nredis_version:7\r\n") && !is_refusal("1) 1) (integer) 3\n"));
        assert_eq!(last_line("warning: x\nerror: y\n\n"), "error: y");
    }
}
