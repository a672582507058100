//! The servers of a demo: in which order they start, and when all of them are really ready.

mod alertmanager;
mod exporters;
mod postgres;
mod prometheus;
mod redis;
mod shop;
mod writing;

use std::path::Path;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::demo::assets;
use crate::demo::error::DemoError;
use crate::demo::protocol::Endpoints;
use crate::demo::site::Site;

/// Starts everything. What was started stays when this fails or is dropped: the sweep ends it.
/// `socket` is where its supervisor is asked to start a server again.
pub async fn start(site: &Site, name: &str, socket: &Path) -> Result<Endpoints, DemoError> {
    assets::unpack(&site.dir)?;
    let (postgres, redis, alertmanagers, node) =
        tokio::try_join!(postgres::start(site), redis::start(site), alertmanager::start(site), exporters::node(site))?;
    let (exporters, shop) = tokio::try_join!(
        exporters::databases(site, postgres, redis),
        shop::start(site, [postgres.primary, postgres.follower], [redis.primary, redis.follower])
    )?;
    let parts = Parts { postgres, redis, alertmanagers, node, exporters, shop };
    let prometheus = prometheus::start(site, &parts).await?;
    site.folder("backups")?;
    let endpoints = writing::endpoints(site, name, &parts, prometheus);
    writing::config(site, &endpoints, socket)?;
    Ok(endpoints)
}

/// The ports of a server and its follower.
#[derive(Clone, Copy, Debug)]
struct Pair {
    primary: u16,
    follower: u16,
}

/// The ports of all that Prometheus watches.
#[derive(Clone, Debug)]
struct Parts {
    postgres: Pair,
    redis: Pair,
    alertmanagers: [u16; 3],
    node: u16,
    exporters: exporters::Databases,
    shop: shop::Ports,
}

/// Waits for something that several servers have to agree on; `missing` tells what still lacks.
async fn agree(name: &str, within: Duration, mut missing: impl AsyncFnMut() -> Option<String>) -> Result<(), DemoError> {
    let deadline = Instant::now() + within;
    loop {
        match missing().await {
            None => return Ok(()),
            Some(lack) if Instant::now() >= deadline => {
                return Err(DemoError::not_up(name, format!("after {} s: {lack}", within.as_secs())));
            }
            Some(_) => sleep(Duration::from_millis(100)).await,
        }
    }
}

/// Whether an HTTP server on the loopback answers a path with success.
async fn answers(http: &reqwest::Client, port: u16, path: &str) -> bool {
    let answer = http.get(format!("http://127.0.0.1:{port}{path}")).send().await;
    answer.is_ok_and(|answer| answer.status().is_success())
}

/// What an HTTP server on the loopback answers, as JSON; null where it does not.
async fn json(http: &reqwest::Client, port: u16, path: &str) -> serde_json::Value {
    match http.get(format!("http://127.0.0.1:{port}{path}")).send().await {
        Ok(answer) => answer.json().await.unwrap_or_default(),
        Err(_) => serde_json::Value::Null,
    }
}
