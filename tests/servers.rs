//! The adapters against real servers: PostgreSQL, Redis, Prometheus, Alertmanager, and what speaks their language or stands before them.
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "servers/databases.rs"]
mod databases;
#[path = "support/gates.rs"]
mod gates;
#[path = "servers/monitoring.rs"]
mod monitoring;
#[path = "servers/proxies.rs"]
mod proxies;
#[path = "support/servers.rs"]
mod servers;
#[path = "servers/split.rs"]
mod split;
#[path = "servers/triage.rs"]
mod triage;
#[path = "servers/victoria.rs"]
mod victoria;

use std::fmt::Debug;
use std::time::{Duration, Instant};

/// Asks again until the answer is the one hoped for.
async fn until<T: Debug, F: Future<Output = T>>(what: &str, ask: impl Fn() -> F, hoped: impl Fn(&T) -> bool) -> T {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let answer = ask().await;
        if hoped(&answer) {
            return answer;
        }
        assert!(Instant::now() < deadline, "{what}: never came, but {answer:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
