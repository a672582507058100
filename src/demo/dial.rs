//! Connections to the demo's own databases on the loopback. None waits longer than its time, whatever state the server is in.

use std::ops::{Deref, DerefMut};
use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig, MultiplexedConnection};
use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, ConnectionInfo, IntoConnectionInfo as _, RedisConnectionInfo, RedisResult,
};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_postgres::config::TargetSessionAttrs;
use tokio_postgres::{Config, NoTls};

/// How long any answer may take.
pub const PATIENCE: Duration = Duration::from_secs(1);

/// A connection to PostgreSQL. Dropping it closes it at once, also when the server does not answer.
#[derive(Debug)]
pub struct Session {
    client: tokio_postgres::Client,
    driver: JoinHandle<()>,
}

impl Drop for Session {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl Deref for Session {
    type Target = tokio_postgres::Client;

    fn deref(&self) -> &Self::Target {
        &self.client
    }
}

impl DerefMut for Session {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.client
    }
}

/// Connects to PostgreSQL and proves that it answers.
pub async fn postgres(port: u16, user: &str, database: &str, password: &str) -> Result<Session, String> {
    let mut config = Config::new();
    config.host("127.0.0.1").port(port);
    answering(config.user(user).dbname(database).password(password)).await
}

/// The same, to the first of some servers that takes writes: after a failover that is another one.
pub async fn primary(ports: [u16; 2], user: &str, database: &str, password: &str) -> Result<Session, String> {
    let mut config = Config::new();
    for port in ports {
        config.host("127.0.0.1").port(port);
    }
    config.target_session_attrs(TargetSessionAttrs::ReadWrite);
    answering(config.user(user).dbname(database).password(password)).await
}

async fn answering(config: &Config) -> Result<Session, String> {
    let attempt = async {
        let (client, connection) = config.connect(NoTls).await?;
        let driver = tokio::spawn(async { drop(connection.await) });
        let session = Session { client, driver };
        session.simple_query("SELECT 1").await.map(|_| session)
    };
    match timeout(PATIENCE, attempt).await {
        Ok(answer) => answer.map_err(|error| sql_error(&error)),
        Err(_) => Err("PostgreSQL does not answer".to_owned()),
    }
}

/// The server's words: the error itself says no more than "db error".
pub fn sql_error(error: &tokio_postgres::Error) -> String {
    error.as_db_error().map_or_else(|| error.to_string(), ToString::to_string)
}

/// One connection to Redis.
pub async fn redis_once(port: u16, password: &str) -> RedisResult<MultiplexedConnection> {
    let config = AsyncConnectionConfig::new().set_connection_timeout(Some(PATIENCE)).set_response_timeout(Some(PATIENCE));
    redis_client(port, password)?.get_multiplexed_async_connection_with_config(&config).await
}

/// A connection to Redis that comes back by itself. `patience` is how long an answer may take.
pub fn redis(port: u16, password: &str, patience: Duration) -> RedisResult<ConnectionManager> {
    let config = ConnectionManagerConfig::new()
        .set_connection_timeout(Some(PATIENCE))
        .set_response_timeout(Some(patience))
        .set_number_of_retries(1)
        .set_max_delay(Duration::from_millis(200));
    redis_client(port, password)?.get_connection_manager_lazy(config)
}

fn redis_client(port: u16, password: &str) -> RedisResult<Client> {
    let info: ConnectionInfo = ConnectionAddr::Tcp("127.0.0.1".into(), port).into_connection_info()?;
    Client::open(info.set_redis_settings(RedisConnectionInfo::default().set_password(password)))
}
