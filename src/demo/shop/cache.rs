//! The way to Redis: of two servers, the one that takes writes. It is looked for anew when the one that is used takes none.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use redis::aio::{ConnectionLike, ConnectionManager};
use redis::{Cmd, Pipeline, RedisFuture, RedisResult, Value};
use tokio::time::sleep;

use crate::demo::dial;

/// How often it is looked at.
const LOOKS: Duration = Duration::from_millis(500);

/// Both servers, of which one is used. Cheap to clone; all clones use the same one.
#[derive(Clone)]
pub struct Cache {
    servers: [ConnectionManager; 2],
    used: Arc<AtomicUsize>,
}

impl Cache {
    /// No connection yet; the first one is used first. `patience` is how long an answer may take.
    pub fn new([first, second]: [u16; 2], password: &str, patience: Duration) -> RedisResult<Self> {
        let servers = [dial::redis(first, password, patience)?, dial::redis(second, password, patience)?];
        Ok(Self { servers, used: Arc::default() })
    }

    /// Connections of their own to the same servers; the same one is used.
    pub fn beside(&self, ports: [u16; 2], password: &str, patience: Duration) -> RedisResult<Self> {
        Ok(Self { used: Arc::clone(&self.used), ..Self::new(ports, password, patience)? })
    }

    /// Changes to the other one when that takes writes and this one does not.
    pub async fn keep_to_the_writable(self) {
        loop {
            let used = self.used.load(Ordering::Relaxed);
            if !takes_writes(self.servers[used].clone()).await && takes_writes(self.servers[1 - used].clone()).await {
                self.used.store(1 - used, Ordering::Relaxed);
            }
            sleep(LOOKS).await;
        }
    }

    fn server(&mut self) -> &mut ConnectionManager {
        &mut self.servers[self.used.load(Ordering::Relaxed)]
    }
}

async fn takes_writes(mut server: ConnectionManager) -> bool {
    let told: RedisResult<String> = redis::cmd("INFO").arg("replication").query_async(&mut server).await;
    told.is_ok_and(|told| told.contains("role:master"))
}

impl ConnectionLike for Cache {
    fn req_packed_command<'a>(&'a mut self, cmd: &'a Cmd) -> RedisFuture<'a, Value> {
        self.server().req_packed_command(cmd)
    }

    fn req_packed_commands<'a>(&'a mut self, pipeline: &'a Pipeline, offset: usize, count: usize) -> RedisFuture<'a, Vec<Value>> {
        self.server().req_packed_commands(pipeline, offset, count)
    }

    fn get_db(&self) -> i64 {
        self.servers[0].get_db()
    }
}
