//! Direct probes of a PostgreSQL, so that it is known even while Prometheus is the thing that is down, and what it tells of its
//! sessions once something is wrong.
//!
//! One read-only transaction a probe, on a connection that is kept between probes. It works with `pg_monitor` and degrades
//! without: what may not be asked is unknown, not an error. It changes nothing on the server and never waits for a lock.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use secrecy::ExposeSecret;
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tokio_postgres::config::SslMode;
use tokio_postgres::{Client, Config, Error, NoTls, SimpleQueryMessage};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::adapters::reach::{Login, Reach};
use crate::adapters::tls::{self, TlsMode};
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::service::{Facts, Report};
use crate::domain::triage::postgres::PostgresTriage;

pub(crate) mod facts;
mod fault;
pub(crate) mod triage;

/// How old the known size may be: the server walks its folders for it.
const SIZE_AGE: Duration = Duration::from_secs(60);

/// One PostgreSQL. Cloning shares its connection.
#[derive(Clone, Debug)]
pub struct Postgres {
    reach: Reach,
    config: Config,
    tls: Option<rustls::ClientConfig>,
    timeout: Duration,
    link: Arc<Mutex<Link>>,
}

/// What is kept between probes.
#[derive(Debug, Default)]
struct Link {
    open: Option<Open>,
    size: Size,
}

/// What is asked.
#[derive(Clone, Copy, Debug)]
enum Question {
    /// How it is.
    Facts,
    /// Who is there, and who waits for whom.
    Triage,
}

/// The size of all databases, bytes, and when it was asked for.
type Size = Option<(Instant, Option<u64>)>;
/// The row that was asked for; of facts the size too.
type Answer = (String, Option<u64>);

impl Link {
    fn kept(&mut self, open: Open, answer: Result<Answer, Error>) -> Result<Answer, Error> {
        self.open = answer.is_ok().then_some(open);
        answer
    }
}

/// A connection and the task that drives it, which ends with it.
#[derive(Debug)]
struct Open {
    client: Client,
    _driver: JoinSet<()>,
}

impl Postgres {
    /// A probe of the server behind `reach`; connects to nothing yet. `database` is the one to connect to; none is the user's own.
    pub fn new(reach: Reach, login: &Login, database: Option<&str>, timeout: Duration) -> Result<Self, Fault> {
        let (mut config, tls) = (configured(login, database, timeout), transport(&reach)?);
        match &reach {
            Reach::Tcp { host, port, .. } => config.host(host).port(*port),
            Reach::Unix { path } => socket(&mut config, path),
        };
        config.ssl_mode(if tls.is_some() { SslMode::Require } else { SslMode::Disable });
        Ok(Self { reach, config, tls, timeout, link: Arc::default() })
    }

    /// Asks once; ends within the timeout, whatever the server does.
    pub async fn probe(&self) -> Result<Report, Fault> {
        let started = Instant::now();
        let (row, bytes) = self.within(Question::Facts).await?;
        let facts = facts::read(&row, bytes).map_err(|e| self.garbled(&e))?;
        Ok(Report { took: started.elapsed(), facts: Facts::Postgres(facts) })
    }

    /// Its sessions, who waits for whom, and its replication.
    pub async fn triage(&self) -> Result<PostgresTriage, Fault> {
        let (row, _) = self.within(Question::Triage).await?;
        triage::read(&row).map_err(|e| self.garbled(&e))
    }

    fn garbled(&self, error: &serde_json::Error) -> Fault {
        Fault::new(FaultKind::Garbled, format!("{}: {error}", self.reach))
    }

    async fn within(&self, question: Question) -> Result<Answer, Fault> {
        let late = |_| Fault::new(FaultKind::Timeout, format!("{}: no answer within {:?}", self.reach, self.timeout));
        let answer = tokio::time::timeout(self.timeout, self.ask(question)).await.map_err(late)?;
        answer.map_err(|e| fault::of(&self.reach, &e))
    }

    async fn ask(&self, question: Question) -> Result<Answer, Error> {
        let mut link = self.link.lock().await;
        // Taken out while in use: a probe that fails or is given up leaves no half-used connection behind.
        if let Some(open) = link.open.take() {
            match self.answer(question, &open, &mut link.size).await {
                Err(error) if fault::is_lost(&error) => {}
                answer => return link.kept(open, answer),
            }
        }
        let open = self.connect().await?;
        let answer = self.answer(question, &open, &mut link.size).await;
        link.kept(open, answer)
    }

    async fn answer(&self, question: Question, open: &Open, size: &mut Size) -> Result<Answer, Error> {
        if let Question::Triage = question {
            let row = one(&open.client, &self.transaction(&triage::query())).await?.unwrap_or_default();
            return Ok((row, None));
        }
        let row = one(&open.client, &self.transaction(facts::QUERY)).await?.unwrap_or_default();
        let bytes = match size {
            Some((at, bytes)) if at.elapsed() < SIZE_AGE => *bytes,
            _ => size.insert((Instant::now(), self.size(&open.client).await)).1,
        };
        Ok((row, bytes))
    }

    /// Not worth a fault: on a server with very many files it takes longer than a probe may.
    async fn size(&self, client: &Client) -> Option<u64> {
        one(client, &self.transaction(facts::SIZE)).await.ok()??.parse().ok()
    }

    /// Read-only, with limits that end with it: a pooler between us and the server hands the session to others.
    fn transaction(&self, query: &str) -> String {
        let limit = self.timeout.as_millis() / 3;
        format!("BEGIN READ ONLY; SET LOCAL statement_timeout = {limit}; SET LOCAL lock_timeout = {limit}; {query}; COMMIT")
    }

    async fn connect(&self) -> Result<Open, Error> {
        let mut driver = JoinSet::new();
        let client = match &self.tls {
            None => {
                let (client, connection) = self.config.connect(NoTls).await?;
                driver.spawn(async { drop(connection.await) });
                client
            }
            Some(tls) => {
                let (client, connection) = self.config.connect(MakeRustlsConnect::new(tls.clone())).await?;
                driver.spawn(async { drop(connection.await) });
                client
            }
        };
        Ok(Open { client, _driver: driver })
    }
}

fn configured(login: &Login, database: Option<&str>, timeout: Duration) -> Config {
    let mut config = Config::new();
    config.application_name("midwatch").connect_timeout(timeout).user(login.user.as_deref().unwrap_or("postgres"));
    if let Some(password) = &login.password {
        config.password(password.expose_secret());
    }
    if let Some(database) = database {
        config.dbname(database);
    }
    config
}

fn transport(reach: &Reach) -> Result<Option<rustls::ClientConfig>, Fault> {
    match reach {
        Reach::Unix { .. } | Reach::Tcp { tls: TlsMode::Disable, .. } => Ok(None),
        Reach::Tcp { tls: TlsMode::Require, .. } => tls::unverified().map(Some),
        Reach::Tcp { tls: TlsMode::VerifyFull(tls), .. } => tls.config().map(Some),
    }
}

/// From `/run/postgresql` or `/run/postgresql/.s.PGSQL.5433`.
fn socket<'a>(config: &'a mut Config, path: &Path) -> &'a mut Config {
    let port = path.file_name().and_then(|n| n.to_str()?.strip_prefix(".s.PGSQL.")?.parse().ok());
    match (port, path.parent()) {
        (Some(port), Some(folder)) => config.host_path(folder).port(port),
        _ => config.host_path(path),
    }
}

/// The one value that a text with one SELECT in it answers.
async fn one(client: &Client, sql: &str) -> Result<Option<String>, Error> {
    let messages = client.simple_query(sql).await?;
    let row = messages.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    });
    row.map_or(Ok(None), |row| row.try_get(0).map(|text| text.map(str::to_owned)))
}
