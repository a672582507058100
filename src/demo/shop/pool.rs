//! A small pool of connections to PostgreSQL. Nobody waits for one, or for an answer, longer than a second; and while the
//! server does not answer, most find that out at once.

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::demo::dial::{self, PATIENCE, Session, sql_error};
use crate::demo::error::DemoError;
use crate::demo::secret::Secrets;

/// How many connections may be open.
pub const SIZE: usize = 6;
/// How long after a failed attempt nobody tries again.
const REST: Duration = Duration::from_millis(500);

/// The pool.
#[derive(Debug)]
pub struct Pool {
    ports: [u16; 2],
    password: String,
    slots: Semaphore,
    idle: Mutex<Vec<Session>>,
    failed: tokio::sync::Mutex<Option<Instant>>,
}

impl Pool {
    /// A pool that has no connection yet, to the one of two servers that takes writes.
    pub fn new(ports: [u16; 2], secrets: &Path) -> Result<Self, DemoError> {
        let password = Secrets::at(secrets.to_owned()).read("shop")?;
        Ok(Self { ports, password, slots: Semaphore::new(SIZE), idle: Mutex::default(), failed: tokio::sync::Mutex::default() })
    }

    /// How many connections are in use.
    pub fn in_use(&self) -> usize {
        SIZE - self.slots.available_permits()
    }

    /// Does something with a connection. One that was not good for it is not used again.
    pub async fn with<T>(&self, work: impl AsyncFnOnce(&mut Session) -> Result<T, tokio_postgres::Error>) -> Result<T, String> {
        let attempt = async {
            let _slot = self.slots.acquire().await.map_err(|error| error.to_string())?;
            let mut session = self.take().await?;
            let done = work(&mut session).await.map_err(|error| sql_error(&error))?;
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(session);
            Ok(done)
        };
        timeout(PATIENCE, attempt).await.unwrap_or_else(|_| Err("PostgreSQL does not answer".to_owned()))
    }

    async fn take(&self) -> Result<Session, String> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        if let Some(session) = idle.filter(|session| !session.is_closed()) {
            return Ok(session);
        }
        // One at a time: the others wait for it, and hear how it went.
        let mut failed = self.failed.lock().await;
        if failed.is_some_and(|at| at.elapsed() < REST) {
            return Err("PostgreSQL did not answer a moment ago".to_owned());
        }
        // Counts as failed until it succeeds: whoever gives up waiting for it leaves that behind.
        *failed = Some(Instant::now() + PATIENCE);
        let session = dial::primary(self.ports, "shop", "shop", &self.password).await;
        *failed = session.is_err().then(Instant::now);
        session
    }
}
