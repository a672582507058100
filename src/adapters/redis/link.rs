//! A Redis or Valkey that is reached directly, as jobs talk to it: a connection for each question, and one that poses as a replica
//! for a snapshot.

use std::time::Duration;

use redis::{AsyncConnectionConfig, Client, Value};
use secrecy::ExposeSecret;

use crate::adapters::reach::{Login, Reach};
use crate::adapters::redis::{client, fault, sync};
use crate::adapters::secret;
use crate::adapters::tls::{Tls, TlsMode};
use crate::domain::access::{self, Access};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::fault::{Fault, FaultKind};
use crate::ports::Promise;
use crate::ports::redis::{RedisLink, Snapshot, Way};

/// How long one question may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// One server.
pub struct Direct {
    reach: Reach,
    login: Login,
}

impl Direct {
    /// The way to the server of `access`, with its password found; connects to nothing yet.
    pub async fn open(access: &Access) -> Result<Self, Failure> {
        let reach = reach(access)?;
        let password = match &access.password {
            Some(from) => Some(secret::resolve(from).await.map_err(|e| Failure::new(FailureKind::Denied, e.to_string()))?),
            None => None,
        };
        Ok(Self { reach, login: Login { user: access.user.clone(), password } })
    }

    async fn answer(&self, database: u32, words: &[&str]) -> Result<String, Failure> {
        let client: Client = client(&self.reach, &self.login, database).map_err(failure)?;
        // The deadline is ours alone, for connecting and for the answer.
        let config = AsyncConnectionConfig::new().set_connection_timeout(None).set_response_timeout(None);
        let mut command = redis::Cmd::new();
        for word in words {
            command.arg(word);
        }
        let asked = async {
            let mut connection = client.get_multiplexed_async_connection_with_config(&config).await?;
            command.query_async::<Value>(&mut connection).await
        };
        let answer = tokio::time::timeout(PATIENCE, asked).await.map_err(|_| self.slow(words))?;
        text(answer.and_then(Value::extract_error).map_err(|e| failure(fault(&self.reach, &e)))?)
    }

    fn slow(&self, words: &[&str]) -> Failure {
        let command = words.first().unwrap_or(&"");
        Failure::new(FailureKind::Unavailable, format!("{}: no answer to {command} within {} s", self.reach, PATIENCE.as_secs()))
    }
}

impl RedisLink for Direct {
    fn ask<'a>(&'a self, database: u32, words: &'a [&'a str]) -> Promise<'a, String> {
        Box::pin(self.answer(database, words))
    }

    fn snapshot(&self, way: Way) -> Promise<'_, Snapshot> {
        Box::pin(async move {
            let password = self.login.password.as_ref().map(ExposeSecret::expose_secret);
            sync::snapshot(&self.reach, self.login.user.as_deref(), password, way).await
        })
    }
}

fn reach(access: &Access) -> Result<Reach, Failure> {
    let tls = match &access.tls {
        access::Tls::Disable => TlsMode::Disable,
        access::Tls::Require => TlsMode::Require,
        access::Tls::VerifyFull { ca } => TlsMode::VerifyFull(Tls { ca: ca.clone(), client: None }),
    };
    match &access.reach {
        access::Reach::Tcp { host, port } if access.ssh.is_none() => Ok(Reach::Tcp { host: host.clone(), port: *port, tls }),
        access::Reach::Unix(path) if access.ssh.is_none() => Ok(Reach::Unix { path: path.clone() }),
        other => Err(Failure::new(FailureKind::Bug, format!("{other} is not reached directly"))),
    }
}

/// An answer as `redis-cli` would print it to a file.
fn text(answer: Value) -> Result<String, Failure> {
    Ok(match answer {
        Value::Nil => String::new(),
        Value::Int(number) => number.to_string(),
        Value::BulkString(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Value::SimpleString(text) => text,
        Value::Okay => "OK".to_owned(),
        Value::Array(all) => all.into_iter().map(text).collect::<Result<Vec<_>, _>>()?.join("\n"),
        other => return Err(Failure::new(FailureKind::Bug, format!("an answer of a sort that was not asked for: {other:?}"))),
    })
}

/// The same as jobs tell it.
pub(super) fn failure(fault: Fault) -> Failure {
    let kind = match fault.kind {
        FaultKind::Denied => FailureKind::Denied,
        FaultKind::Refused => FailureKind::Refused,
        _ => FailureKind::Unavailable,
    };
    Failure::new(kind, fault.detail)
}
