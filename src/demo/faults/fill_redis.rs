//! Filling a Redis to its limit with keys that are known by their prefix and expire by themselves, and taking them out again.

use std::path::Path;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncCommands as _, RedisError, RedisResult, ServerErrorKind};

use crate::demo::dial;
use crate::demo::secret::Secrets;

const PREFIX: &str = "midwatch:fill:";
/// The size of one key's value.
const CHUNK: u64 = 4 << 20;
/// How far over the limit the last key goes, so that the little that others free makes no room.
const OVER: u64 = 512 << 10;
/// How much longer than the fault the keys live: the server's own end of it, should the process that ends it be lost.
const SPARE: Duration = Duration::from_secs(5);

/// Fills it. The values grow inside the server, so nothing large is sent.
pub async fn inject(dir: &Path, port: u16, left: Duration) -> Result<(), String> {
    let mut redis = connect(dir, port).await?;
    fill(&mut redis, left + SPARE).await.map_err(|error| error.to_string())
}

/// Takes the keys out, and proves that there are none and that the server takes writes.
pub async fn revert(dir: &Path, port: u16) -> Result<String, String> {
    if !dir.exists() {
        return Ok("the demo is gone".to_owned());
    }
    let mut redis = connect(dir, port).await?;
    let removed = empty(&mut redis).await.map_err(|error| error.to_string())?;
    Ok(format!("{removed} keys removed, none is left; the server takes writes"))
}

async fn connect(dir: &Path, port: u16) -> Result<MultiplexedConnection, String> {
    let password = Secrets::at(dir.join("secrets")).read("redis").map_err(|error| error.to_string())?;
    dial::redis_once(port, &password).await.map_err(|error| error.to_string())
}

async fn fill(redis: &mut MultiplexedConnection, live: Duration) -> RedisResult<()> {
    for number in 0.. {
        let (used, limit) = memory(redis).await?;
        let room = limit.saturating_sub(used);
        if room == 0 {
            break;
        }
        let size = if room > CHUNK { CHUNK } else { room + OVER };
        let key = format!("{PREFIX}{number}");
        let grown = async {
            redis.pset_ex::<_, _, ()>(&key, "", live.as_millis() as u64).await?;
            redis.setrange::<_, _, ()>(&key, size as isize - 1, "\0").await
        };
        match grown.await {
            Err(error) if full(&error) => break,
            other => other?,
        }
    }
    Ok(())
}

async fn empty(redis: &mut MultiplexedConnection) -> RedisResult<usize> {
    let mut removed = 0;
    loop {
        let keys = ours(redis).await?;
        if keys.is_empty() {
            break;
        }
        removed += keys.len();
        redis.unlink::<_, ()>(&keys).await?;
    }
    let probe = format!("{PREFIX}probe");
    redis.pset_ex::<_, _, ()>(&probe, "", 1000).await?;
    redis.unlink::<_, ()>(&probe).await?;
    Ok(removed)
}

async fn ours(redis: &mut MultiplexedConnection) -> RedisResult<Vec<String>> {
    let mut found = Vec::new();
    let mut cursor = 0_u64;
    loop {
        let pattern = format!("{PREFIX}*");
        let (next, keys): (u64, Vec<String>) =
            redis::cmd("SCAN").arg(cursor).arg("MATCH").arg(pattern).arg("COUNT").arg(1000).query_async(redis).await?;
        found.extend(keys);
        cursor = next;
        if cursor == 0 {
            return Ok(found);
        }
    }
}

/// Bytes used and the limit.
async fn memory(redis: &mut MultiplexedConnection) -> RedisResult<(u64, u64)> {
    let text: String = redis::cmd("INFO").arg("memory").query_async(redis).await?;
    let value = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok()).unwrap_or_default();
    Ok((value("used_memory:"), value("maxmemory:")))
}

fn full(error: &RedisError) -> bool {
    error.code() == Some("OOM") || error.kind() == ServerErrorKind::ResponseError.into() && error.to_string().contains("OOM")
}
