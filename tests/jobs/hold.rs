//! A table that somebody holds: whoever wants to dump it waits.

use std::sync::Arc;
use std::thread::JoinHandle;

use crate::servers::{Postgres, eventually};

/// A table that is held until this is released or dropped.
pub struct Hold {
    server: Arc<Postgres>,
    session: Option<JoinHandle<()>>,
}

impl Hold {
    pub fn on(server: &Arc<Postgres>, table: &str) -> Self {
        let lock = format!("BEGIN; LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(3600) -- the hold");
        let theirs = Arc::clone(server);
        let session = std::thread::spawn(move || drop(theirs.psql(&lock)));
        let held =
            format!("SELECT 1 FROM pg_locks WHERE relation = '{table}'::regclass AND mode = 'AccessExclusiveLock' AND granted");
        eventually("the table is held", || server.psql(&held).as_deref() == Some("1"));
        Self { server: Arc::clone(server), session: Some(session) }
    }

    /// Lets go.
    pub fn release(self) {
        drop(self);
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let end =
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%-- the hold' AND pid <> pg_backend_pid()";
        self.server.psql(end);
        drop(self.session.take().map(JoinHandle::join));
    }
}
