//! Services in containers of a real Docker, with no port published and no network at all: all of it goes through `docker exec`.

use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::desk::Desk;
use crate::docker::{Docker, IMAGE};

const SERVICES: &str = r#"[environments.e.services.db]
kind = "postgres"
reach = { docker = "db" }
tools = { image = "IMAGE" }
user = "postgres"
password = "file:password"
[environments.e.services.db.backup]
methods = ["logical", "physical"]
[environments.e.services.cache]
kind = "redis"
reach = { docker = "cache" }
tools = { image = "IMAGE" }
password = "file:password"
[environments.e.services.cache.backup]
methods = ["rdb"]
"#;

#[test]
fn what_has_no_port_is_backed_up_proved_and_restored() {
    let Some(docker) = Docker::start() else { return };
    docker.postgres("db");
    docker.redis("cache");
    docker.psql("db", "CREATE TABLE orders AS SELECT n AS id, md5(n::text) AS what FROM generate_series(1, 3000) n");
    docker.redis_cli("cache", &["SET", "cart", "7"]);
    let desk = Desk::with_docker(&SERVICES.replace("IMAGE", IMAGE), &docker.host());
    for words in ["backup db --prove", "backup cache --prove"] {
        desk.ok(words);
    }
    assert!(desk.backups().iter().all(|backup| backup["standing"] == "proved"));
    desk.ok("backup db --method physical --prove");
    assert_eq!(desk.backups()[0]["standing"], "proved");
    assert_eq!(docker.succeed(&["ps", "--all", "--format", "{{.Names}}"]).lines().count(), 2, "no scratch server is left");
    postgres_restored_by_stock_tools(&docker, &desk);
    redis_restored_by_stock_tools(&docker, &desk);
}

/// As the README says, without midwatch.
fn postgres_restored_by_stock_tools(docker: &Docker, desk: &Desk) {
    let dump = desk.file_of("logical", "postgres");
    let plain = Command::new("zstd").arg("-dcq").arg(dump).output().unwrap();
    assert!(plain.status.success());
    docker.psql("db", "CREATE DATABASE again");
    let mut restore = Command::new("docker")
        .args(["exec", "-i", "db", "pg_restore", "-U", "postgres", "-d", "again"])
        .env("DOCKER_HOST", docker.host())
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    restore.stdin.take().unwrap().write_all(&plain.stdout).unwrap();
    assert!(restore.wait().unwrap().success());
    let count = ["exec", "db", "psql", "-XAtqU", "postgres", "-d", "again", "-c", "SELECT count(*) FROM orders"];
    assert_eq!(docker.succeed(&count), "3000");
}

/// The same: a server in a second container that starts with our file as its data.
fn redis_restored_by_stock_tools(docker: &Docker, desk: &Desk) {
    let file = desk.file_of("rdb", "rdb");
    let plain = Command::new("zstd").arg("-dcq").arg(file).output().unwrap();
    assert!(plain.status.success());
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("dump.rdb"), plain.stdout).unwrap();
    docker.succeed(&["create", "--network", "none", "--name", "again", IMAGE, "redis-server", "--dir", "/tmp", "--save", ""]);
    docker.succeed(&["cp", folder.path().join("dump.rdb").to_str().unwrap(), "again:/tmp/dump.rdb"]);
    docker.succeed(&["start", "again"]);
    docker.eventually("the restored Redis", || docker.redis_cli("again", &["GET", "cart"]) == "7");
    assert_eq!(docker.redis_cli("again", &["DBSIZE"]), "1");
}
