//! What an instance does besides answering: it settles orders from the queue, brings stranded ones there, and watches how long
//! the queue is.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use redis::AsyncCommands as _;
use tokio::time::sleep;

use crate::demo::shop::app::Shop;
use crate::demo::shop::cache::Cache;
use crate::demo::shop::orders;

/// How long the worker waits for a job before it asks anew.
pub const WAITS: Duration = Duration::from_secs(2);
/// How long it rests when a database does not answer.
const RESTS: Duration = Duration::from_millis(500);
/// How often the outbox is looked through, and the queue measured.
const PUBLISHES: Duration = Duration::from_secs(5);
const WATCHES: Duration = Duration::from_secs(1);

const QUEUE: &str = "jobs";

/// Puts an order into the queue, with the time.
pub async fn enqueue(redis: &mut Cache, order: i64) -> Result<(), String> {
    redis.lpush(QUEUE, format!("{order} {}", now_ms())).await.map_err(|error| error.to_string())
}

/// Settles orders, one at a time. `jobs` is a connection of its own: it waits for the next one.
pub async fn settle(shop: Shop, mut jobs: Cache) {
    loop {
        match jobs.brpop::<_, Option<(String, String)>>(QUEUE, WAITS.as_secs_f64()).await {
            Ok(Some((_, job))) => settle_one(&shop, &mut jobs, &job).await,
            Ok(None) => {}
            Err(_) => sleep(RESTS).await,
        }
    }
}

/// A job that fails goes back to where it came from: it is not lost, and keeps its age.
async fn settle_one(shop: &Shop, jobs: &mut Cache, job: &str) {
    let Some(order) = job.split(' ').next().and_then(|number| number.parse().ok()) else { return };
    let settled = orders::settle(&shop.pool, order).await;
    let result = if settled.is_ok() { "ok" } else { "failed" };
    shop.metrics.add("shop_jobs_processed_total", &[("result", result)], 1.0);
    if settled.is_err() {
        let _: Result<(), _> = jobs.rpush(QUEUE, job).await;
        sleep(RESTS).await;
    }
}

/// Brings orders to the queue that did not get there when they were placed.
pub async fn publish(mut shop: Shop) {
    loop {
        sleep(PUBLISHES.mul_f64(0.8 + fastrand::f64() * 0.4)).await;
        for order in orders::stranded(&shop.pool).await.unwrap_or_default() {
            if enqueue(&mut shop.redis, order).await.is_err() || orders::queued(&shop.pool, order).await.is_err() {
                break;
            }
        }
    }
}

/// Measures the queue and the pool.
pub async fn watch(mut shop: Shop) {
    loop {
        let depth: Option<f64> = shop.redis.llen(QUEUE).await.ok();
        let oldest: Option<Option<String>> = shop.redis.lindex(QUEUE, -1).await.ok();
        let age = oldest.map(|job| job.and_then(|job| age(&job)).unwrap_or_default());
        shop.metrics.set("shop_queue_depth", depth);
        shop.metrics.set("shop_queue_oldest_seconds", age);
        shop.metrics.set("shop_db_pool_in_use", Some(shop.pool.in_use() as f64));
        sleep(WATCHES).await;
    }
}

/// Seconds since a job was put into the queue.
fn age(job: &str) -> Option<f64> {
    let since: u64 = job.split(' ').nth(1)?.parse().ok()?;
    Some(Duration::from_millis(now_ms().saturating_sub(since)).as_secs_f64())
}

fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |age| age.as_millis() as u64)
}
