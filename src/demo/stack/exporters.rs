//! The exporters of the host and of the four database servers.

use crate::demo::error::DemoError;
use crate::demo::site::{Launch, Site};
use crate::demo::stack::{Pair, answers};

/// The ports of the exporters of the databases.
#[derive(Clone, Copy, Debug)]
pub struct Databases {
    /// Of PostgreSQL.
    pub postgres: Pair,
    /// Of Redis.
    pub redis: Pair,
}

/// Starts the exporter of the host.
pub async fn node(site: &Site) -> Result<u16, DemoError> {
    let launch = |port| {
        Launch::new("node-exporter", &site.tools.node_exporter)
            .args(["--collector.disable-defaults"])
            .args(
                // What the dashboards show; the rest costs time at each scrape.
                [
                    "cpu",
                    "diskstats",
                    "filefd",
                    "filesystem",
                    "loadavg",
                    "meminfo",
                    "netdev",
                    "pressure",
                    "sockstat",
                    "stat",
                    "time",
                    "uname",
                    "vmstat",
                ]
                .map(|collector| format!("--collector.{collector}")),
            )
            .args([listen(port)])
    };
    site.step("node exporter", serve(site, launch)).await
}

/// Starts one exporter for each database server.
pub async fn databases(site: &Site, postgres: Pair, redis: Pair) -> Result<Databases, DemoError> {
    let all = async {
        let (primary, standby, redis_primary, replica) = tokio::try_join!(
            postgres_exporter(site, "primary", postgres.primary),
            postgres_exporter(site, "standby", postgres.follower),
            redis_exporter(site, "primary", redis.primary),
            redis_exporter(site, "replica", redis.follower),
        )?;
        Ok(Databases { postgres: Pair { primary, follower: standby }, redis: Pair { primary: redis_primary, follower: replica } })
    };
    site.step("database exporters", all).await
}

async fn postgres_exporter(site: &Site, role: &str, server: u16) -> Result<u16, DemoError> {
    let launch = |port| {
        Launch::new(format!("postgres-exporter-{role}"), &site.tools.postgres_exporter)
            .env("DATA_SOURCE_URI", format!("127.0.0.1:{server}/shop?sslmode=disable&connect_timeout=1"))
            .env("DATA_SOURCE_USER", "exporter")
            .env("DATA_SOURCE_PASS_FILE", site.secrets.file("exporter"))
            .args([listen(port)])
    };
    serve(site, launch).await
}

async fn redis_exporter(site: &Site, role: &str, server: u16) -> Result<u16, DemoError> {
    let password = site.secrets.read("redis")?;
    let launch = |port| {
        Launch::new(format!("redis-exporter-{role}"), &site.tools.redis_exporter)
            .env("REDIS_PASSWORD", &password)
            .args([format!("-redis.addr=redis://127.0.0.1:{server}"), "-connection-timeout=1s".to_owned()])
            .args([format!("-web.listen-address=127.0.0.1:{port}")])
    };
    serve(site, launch).await
}

fn listen(port: u16) -> String {
    format!("--web.listen-address=127.0.0.1:{port}")
}

async fn serve(site: &Site, launch: impl Fn(u16) -> Launch) -> Result<u16, DemoError> {
    let launch = |[port]: [u16; 1]| launch(port).env("GOMAXPROCS", "1");
    let [port] = site.serve(launch, async |[port]| answers(&site.http, port, "/").await).await?;
    Ok(port)
}
