//! The PostgreSQL primary with the shop's data, and a standby that streams from it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::demo::assets;
use crate::demo::dial::{self, Session, sql_error};
use crate::demo::error::DemoError;
use crate::demo::secret::write_private;
use crate::demo::site::{Launch, Site};
use crate::demo::stack::{Pair, agree};

/// The standby's name on the primary, and of its slot.
const STANDBY: &str = "standby1";

/// Keeps the passwords of new roles out of the server's log and statistics.
const DISCREET: &str =
    "SET log_min_duration_statement = -1; SET log_min_error_statement = panic; SET pg_stat_statements.track = 'none'";

/// What lets midwatch promote the standby, and hold it back in drills: rights of the database that it does so from.
const MAY_PROMOTE: &str =
    "GRANT EXECUTE ON FUNCTION pg_promote(boolean, integer), pg_wal_replay_pause(), pg_wal_replay_resume() TO midwatch";
/// What lets it lock a table in drills.
const MAY_LOCK: &str = "GRANT UPDATE ON ALL TABLES IN SCHEMA public TO midwatch";

/// Starts both servers.
pub async fn start(site: &Site) -> Result<Pair, DemoError> {
    let primary = site.step("PostgreSQL primary", primary(site)).await?;
    site.step("shop's data", fill(site, primary)).await?;
    let follower = site.step("PostgreSQL standby", standby(site, primary)).await?;
    Ok(Pair { primary, follower })
}

async fn primary(site: &Site) -> Result<u16, DemoError> {
    let home = home(site, "primary")?;
    let password = home.join("password");
    write_owned(site, &password, &site.secrets.read("postgres")?)?;
    let data = home.join("data");
    site.run(
        tool(site, "initdb", "initdb")
            .args(["-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "-A", "scram-sha-256", "--no-sync", "--no-instructions"])
            .args(["--pwfile".as_ref(), password.as_os_str()])
            .args(["-D".as_ref(), data.as_os_str()]),
    )
    .await?;
    let config = format!("{}{}", assets::POSTGRESQL_CONF, preloads(site));
    write_owned(site, &data.join("postgresql.conf"), &config)?;
    serve(site, "primary").await
}

async fn standby(site: &Site, primary: u16) -> Result<u16, DemoError> {
    let home = home(site, "standby")?;
    let passwords = home.join("pgpass");
    write_owned(site, &passwords, &format!("127.0.0.1:*:*:replicator:{}\n", site.secrets.read("replicator")?))?;
    let source = format!("host=127.0.0.1 port={primary} user=replicator application_name={STANDBY}");
    site.run(
        tool(site, "pg_basebackup", "pg_basebackup")
            .env("PGPASSFILE", &passwords)
            .args(["-R", "-C", "-S", STANDBY, "-X", "stream", "-c", "fast", "--no-sync", "-d", &source])
            .args(["-D".as_ref(), home.join("data").as_os_str()]),
    )
    .await?;
    let port = serve(site, "standby").await?;
    let client = connect(site, primary, "postgres").await?;
    agree("PostgreSQL standby", Duration::from_secs(15), async || {
        let found = client.query("SELECT FROM pg_stat_replication WHERE state = 'streaming'", &[]).await;
        found.is_ok_and(|rows| rows.is_empty()).then(|| "it does not stream".to_owned())
    })
    .await?;
    Ok(port)
}

/// Makes the roles, the database and its data.
async fn fill(site: &Site, port: u16) -> Result<(), DemoError> {
    let failed = |error: tokio_postgres::Error| DemoError::not_up("shop's data", sql_error(&error));
    let password = |owner| site.secrets.read(owner);
    let roles = format!(
        "CREATE ROLE replicator LOGIN REPLICATION PASSWORD '{}';
         CREATE ROLE shop LOGIN PASSWORD '{}';
         CREATE ROLE midwatch LOGIN REPLICATION PASSWORD '{}' IN ROLE pg_monitor, pg_read_all_data, pg_signal_backend;
         CREATE ROLE exporter LOGIN PASSWORD '{}' IN ROLE pg_monitor;",
        password("replicator")?,
        password("shop")?,
        password("midwatch")?,
        password("exporter")?,
    );
    let client = connect(site, port, "postgres").await?;
    client.batch_execute(DISCREET).await.map_err(failed)?;
    client.batch_execute(&roles).await.map_err(failed)?;
    client.batch_execute(MAY_PROMOTE).await.map_err(failed)?;
    client.batch_execute("CREATE DATABASE shop OWNER shop").await.map_err(failed)?;
    let client = connect(site, port, "shop").await?;
    client.batch_execute(DISCREET).await.map_err(failed)?;
    if !preloads(site).is_empty() {
        client.batch_execute("CREATE EXTENSION pg_stat_statements").await.map_err(failed)?;
    }
    client.batch_execute("SET ROLE shop").await.map_err(failed)?;
    client.batch_execute(assets::SHOP_SQL).await.map_err(failed)?;
    client.batch_execute(MAY_LOCK).await.map_err(failed)
}

async fn serve(site: &Site, name: &str) -> Result<u16, DemoError> {
    let home = site.dir.join(name);
    let launch = |[port]: [u16; 1]| {
        tool(site, &format!("postgres-{name}"), "postgres")
            .args(["-D".as_ref(), home.join("data").as_os_str()])
            .args(["-p".to_owned(), port.to_string()])
            .args(["-c".to_owned(), format!("cluster_name={name}")])
            .args(["-c".to_owned(), format!("unix_socket_directories={}", socket_folder(&home))])
    };
    let [port] = site.serve(launch, async |[port]| connect(site, port, "postgres").await.is_ok()).await?;
    Ok(port)
}

/// Connects as the superuser and proves that the server answers.
async fn connect(site: &Site, port: u16, database: &str) -> Result<Session, DemoError> {
    let password = site.secrets.read("postgres")?;
    dial::postgres(port, "postgres", database, &password).await.map_err(|why| DemoError::not_up("PostgreSQL", why))
}

/// A private folder of the user that the server runs as.
fn home(site: &Site, name: &str) -> Result<PathBuf, DemoError> {
    let home = site.folder(name)?;
    if let Some(account) = site.account {
        account.enters(&site.dir)?;
        account.own(&home)?;
    }
    Ok(home)
}

fn write_owned(site: &Site, file: &Path, text: &str) -> Result<(), DemoError> {
    write_private(file, text)?;
    Ok(site.account.map_or(Ok(()), |account| account.own(file))?)
}

fn tool(site: &Site, name: &str, program: &str) -> Launch {
    Launch::new(name, site.tools.postgres.join(program)).account(site.account)
}

/// The setting that loads `pg_stat_statements`, where that is installed.
fn preloads(site: &Site) -> &'static str {
    let library = site.tools.postgres.join("../lib/pg_stat_statements.so");
    if fs::exists(library).unwrap_or_default() { "shared_preload_libraries = 'pg_stat_statements'\n" } else { "" }
}

/// The folder for the server's Unix socket: none where the path would be too long for one.
fn socket_folder(home: &Path) -> String {
    let path = home.display().to_string();
    if path.len() < 80 { path } else { String::new() }
}
