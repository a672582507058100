//! A Redis or Valkey that is reached directly. [`Redis`] probes it: one `INFO` a probe, on a connection that is kept between
//! probes; and asks it for more once something is wrong. [`link`] is how jobs talk to it.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, ErrorKind, IntoConnectionInfo, RedisConnectionInfo, RedisError,
    ServerErrorKind, TlsCertificates, Value,
};
use secrecy::ExposeSecret;
use tokio::sync::Mutex;

use crate::adapters::reach::{Login, Reach};
use crate::adapters::redis::triage::{Reply, Told};
use crate::adapters::tls::{self, Tls, TlsMode};
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::service::{Facts, Report};
use crate::domain::triage::redis::RedisTriage;

mod body;
pub(crate) mod info;
pub mod link;
mod sync;
pub(crate) mod triage;

/// One Redis. Cloning shares its connection.
#[derive(Clone)]
pub struct Redis {
    reach: Reach,
    client: Client,
    timeout: Duration,
    open: Arc<Mutex<Option<MultiplexedConnection>>>,
}

impl Redis {
    /// A probe of the server behind `reach`; connects to nothing yet.
    pub fn new(reach: Reach, login: &Login, timeout: Duration) -> Result<Self, Fault> {
        let client = client(&reach, login, 0)?;
        Ok(Self { reach, client, timeout, open: Arc::default() })
    }

    /// Asks once; ends within the timeout, whatever the server does.
    pub async fn probe(&self) -> Result<Report, Fault> {
        let started = Instant::now();
        let told = self.within(Question::Info).await?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let facts = info::read(&told.info, now).ok_or_else(|| self.garbled())?;
        Ok(Report { took: started.elapsed(), facts: Facts::Redis(facts) })
    }

    /// Its clients, slow commands, memory and keys. What an access list forbids is left out, and that is said.
    pub async fn triage(&self) -> Result<RedisTriage, Fault> {
        triage::read(&self.within(Question::All).await?).ok_or_else(|| self.garbled())
    }

    fn garbled(&self) -> Fault {
        Fault::new(FaultKind::Garbled, format!("{}: the answer to INFO is not Redis's", self.reach))
    }

    async fn within(&self, question: Question) -> Result<Told, Fault> {
        let late = |_| Fault::new(FaultKind::Timeout, format!("{}: no answer within {:?}", self.reach, self.timeout));
        let answer = tokio::time::timeout(self.timeout, self.ask(question)).await.map_err(late)?;
        answer.map_err(|e| fault(&self.reach, &e))
    }

    async fn ask(&self, question: Question) -> Result<Told, RedisError> {
        let mut open = self.open.lock().await;
        // Taken out while in use: a probe that fails or is given up leaves no half-used connection behind.
        if let Some(mut connection) = open.take() {
            match question.ask(&mut connection).await {
                Err(error) if error.is_io_error() || error.is_connection_dropped() => {}
                answer => {
                    *open = Some(connection);
                    return answer;
                }
            }
        }
        // The deadline is ours alone: the crate's own would hide a slow server as an error of its own.
        let config = AsyncConnectionConfig::new().set_connection_timeout(None).set_response_timeout(None);
        let mut connection = self.client.get_multiplexed_async_connection_with_config(&config).await?;
        let answer = question.ask(&mut connection).await;
        *open = Some(connection);
        answer
    }
}

/// How much is wanted.
#[derive(Clone, Copy)]
enum Question {
    /// `INFO` alone.
    Info,
    /// The clients and the slow commands too.
    All,
}

impl Question {
    async fn ask(self, connection: &mut MultiplexedConnection) -> Result<Told, RedisError> {
        let info = redis::cmd("INFO").query_async(connection).await?;
        if let Self::Info = self {
            return Ok(Told { info, clients: Ok(String::new()), slowlog: Ok(Reply::Array(Vec::new())) });
        }
        let clients = refusable(redis::cmd("CLIENT").arg("LIST").query_async::<Value>(connection).await)?;
        let slowlog = refusable(redis::cmd("SLOWLOG").arg("GET").arg(triage::SLOW).query_async::<Value>(connection).await)?;
        Ok(Told { info, clients: clients.map(text), slowlog: slowlog.map(reply) })
    }
}

/// An answer, or why the server refused it: an access list may allow one command and not another.
fn refusable(answer: Result<Value, RedisError>) -> Result<Result<Value, String>, RedisError> {
    match answer.and_then(Value::extract_error) {
        Ok(value) => Ok(Ok(value)),
        Err(error) if matches!(error.kind(), ErrorKind::Server(_) | ErrorKind::Extension) => Ok(Err(error.to_string())),
        Err(error) => Err(error),
    }
}

fn text(value: Value) -> String {
    match value {
        Value::BulkString(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Value::SimpleString(text) | Value::VerbatimString { text, .. } => text,
        _ => String::new(),
    }
}

fn reply(value: Value) -> Reply {
    match value {
        Value::Int(number) => Reply::Number(number),
        Value::Array(all) => Reply::Array(all.into_iter().map(reply).collect()),
        other => Reply::Text(text(other)),
    }
}

impl std::fmt::Debug for Redis {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Redis").field("reach", &self.reach).field("timeout", &self.timeout).finish_non_exhaustive()
    }
}

fn client(reach: &Reach, login: &Login, database: u32) -> Result<Client, Fault> {
    let bad = |e: RedisError| Fault::new(FaultKind::Refused, format!("{reach}: {e}"));
    let mut who = RedisConnectionInfo::default().set_skip_set_lib_name().set_db(i64::from(database));
    if let Some(user) = &login.user {
        who = who.set_username(user);
    }
    if let Some(password) = &login.password {
        who = who.set_password(password.expose_secret());
    }
    let info = address(reach).into_connection_info().map_err(bad)?.set_redis_settings(who);
    match reach {
        Reach::Tcp { tls: TlsMode::Disable, .. } | Reach::Unix { .. } => Client::open(info),
        Reach::Tcp { tls: TlsMode::Require, .. } => Client::build_with_tls(info, certificates(&Tls::default())?),
        Reach::Tcp { tls: TlsMode::VerifyFull(tls), .. } => Client::build_with_tls(info, certificates(tls)?),
    }
    .map_err(bad)
}

fn address(reach: &Reach) -> ConnectionAddr {
    match reach {
        Reach::Unix { path } => ConnectionAddr::Unix(path.clone()),
        Reach::Tcp { host, port, tls: TlsMode::Disable } => ConnectionAddr::Tcp(host.clone(), *port),
        Reach::Tcp { host, port, tls } => {
            ConnectionAddr::TcpTls { host: host.clone(), port: *port, insecure: *tls == TlsMode::Require, tls_params: None }
        }
    }
}

/// The crate reads PEM itself, and asks for the process's provider, which `main` has installed; a test may not have.
fn certificates(tls: &Tls) -> Result<TlsCertificates, Fault> {
    drop(rustls::crypto::ring::default_provider().install_default());
    let read = |path: &std::path::PathBuf| std::fs::read(path).map_err(|e| tls::fault(path, &e));
    let client_tls = match &tls.client {
        Some((cert, key)) => Some(redis::ClientTlsConfig { client_cert: read(cert)?, client_key: read(key)? }),
        None => None,
    };
    Ok(TlsCertificates { client_tls, root_cert: tls.ca.as_ref().map(read).transpose()? })
}

fn fault(reach: &Reach, error: &RedisError) -> Fault {
    let kind = match error.kind() {
        ErrorKind::AuthenticationFailed | ErrorKind::Server(ServerErrorKind::NoPerm) => FaultKind::Denied,
        _ if matches!(error.code(), Some("NOAUTH" | "WRONGPASS" | "DENIED")) => FaultKind::Denied,
        ErrorKind::Server(ServerErrorKind::BusyLoading | ServerErrorKind::MasterDown | ServerErrorKind::ClusterDown) => {
            FaultKind::Failing
        }
        ErrorKind::Server(_) | ErrorKind::Extension | ErrorKind::InvalidClientConfig => FaultKind::Refused,
        _ if error.to_string().contains("certificate") || error.to_string().contains("TLS") => FaultKind::Tls,
        _ if error.is_timeout() => FaultKind::Timeout,
        _ if error.is_connection_refusal() => FaultKind::Unreachable,
        ErrorKind::Io if error.is_connection_dropped() => FaultKind::Broken,
        ErrorKind::Io => FaultKind::Unreachable,
        _ => FaultKind::Garbled,
    };
    Fault::new(kind, format!("{reach}: {error}"))
}
