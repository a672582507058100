//! Redis and a replica of it.

use std::time::Duration;

use redis::RedisResult;

use crate::demo::assets;
use crate::demo::dial;
use crate::demo::error::DemoError;
use crate::demo::secret::write_private;
use crate::demo::site::{Launch, Site};
use crate::demo::small;
use crate::demo::stack::{Pair, agree};

/// Starts both servers.
pub async fn start(site: &Site) -> Result<Pair, DemoError> {
    let primary = site.step("Redis primary", serve(site, small::FOLDER, None)).await?;
    let follower = site.step("Redis replica", replica(site, primary)).await?;
    Ok(Pair { primary, follower })
}

async fn replica(site: &Site, primary: u16) -> Result<u16, DemoError> {
    let port = serve(site, "redis-replica", Some(primary)).await?;
    agree("Redis replica", Duration::from_secs(10), async || {
        let replication = info(site, port).await.unwrap_or_default();
        (!replication.contains("master_link_status:up")).then(|| "it does not follow".to_owned())
    })
    .await?;
    Ok(port)
}

async fn serve(site: &Site, name: &str, primary: Option<u16>) -> Result<u16, DemoError> {
    let home = site.folder(name)?;
    if primary.is_none() {
        small::mount(&home);
    }
    let config = home.join("redis.conf");
    write_private(&config, &assets::fill(assets::REDIS_CONF, &[("password", site.secrets.read("redis")?)]))?;
    let launch = |[port]: [u16; 1]| {
        let launch = Launch::new(name, &site.tools.redis)
            .args([config.as_os_str(), "--dir".as_ref(), home.as_os_str()])
            .args(["--port".to_owned(), port.to_string()]);
        match primary {
            Some(primary) => launch.args(["--replicaof".to_owned(), "127.0.0.1".to_owned(), primary.to_string()]),
            None => launch,
        }
    };
    let [port] = site.serve(launch, async |[port]| info(site, port).await.is_ok()).await?;
    Ok(port)
}

async fn info(site: &Site, port: u16) -> RedisResult<String> {
    let password = site.secrets.read("redis").map_err(std::io::Error::other)?;
    let mut connection = dial::redis_once(port, &password).await?;
    redis::cmd("INFO").arg("replication").query_async(&mut connection).await
}
