//! Programs in containers: what they say, how they end, what they leave.

use std::os::unix::process::ExitStatusExt as _;

use midwatch::domain::access::{Access, Reach};
use midwatch::domain::secret::SecretRef;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt as _;

use super::*;
use crate::docker::PASSWORD;

/// The same access with [`PASSWORD`] in a file.
fn with_password(access: Access) -> (Access, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("password");
    std::fs::write(&file, PASSWORD).unwrap();
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    (Access { password: Some(SecretRef::File(file)), ..access }, folder)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postgres_without_a_port_is_asked_and_dumped() {
    let Some(docker) = Docker::start() else { return };
    docker.postgres("db");
    docker.psql("db", "CREATE TABLE orders AS SELECT n, repeat('x', 100) AS note FROM generate_series(1, 200000) n");
    let access = Access { user: Some("postgres".into()), ..inside("db", ToolPlace::Here) };
    let tools = tools_of(&docker, &access);
    let ask = tools.postgres(Run::new("psql", ["-XAtqc", "SELECT count(*) FROM orders"])).await.unwrap();
    assert_eq!(text(&*tools, &ask).await, "200000");

    let dump = tools.postgres(Run::new("pg_dump", ["-Fc", "-Z0"])).await.unwrap();
    let (dumped, ended) = finish(tools.start(&dump).await.unwrap()).await;
    assert!(ended.status.success() && dumped.starts_with(b"PGDMP") && dumped.len() > 20_000_000, "{ended:?}");
    nothing_is_left_of_what_is_killed(&docker, &*tools).await;
    a_program_tells_its_own_end(&*tools).await;
    what_a_program_reads_is_guarded(&docker, &*tools).await;
    a_container_beside_it_reaches_it_too(&docker).await;
}

/// Dropped, stopped, or its client killed: nothing goes on in the container.
async fn nothing_is_left_of_what_is_killed(docker: &Docker, tools: &dyn Tools) {
    // It hangs: somebody else has locked what it wants.
    let lock = "BEGIN; LOCK TABLE orders; SELECT 'locked'; SELECT pg_sleep(600)";
    let lock = Run::new("psql", ["-XAtq", "-c", "SET client_connection_check_interval = 100", "-c", lock]);
    let dump = tools.postgres(Run::new("pg_dump", ["-Fc"])).await.unwrap();
    let lock = tools.postgres(lock).await.unwrap();
    let runs = |name: &str| docker.processes("db").iter().filter(|line| line.contains(name)).count();
    for end in ["drop", "stop", "kill"] {
        let locker = tools.start(&lock).await.unwrap();
        docker.eventually("a lock", || {
            docker.psql("db", "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock'") == "1"
        });
        let mut running = tools.start(&dump).await.unwrap();
        docker.eventually("a dump that waits", || runs("pg_dump -Fc") > 0 && runs("LOCK TABLE waiting") > 0);
        match end {
            "drop" => drop(running),
            "stop" => running.stop().await.unwrap(),
            _ => {
                kill_clients(docker);
                assert!(!running.ended().await.unwrap().status.success());
            }
        }
        docker.eventually(&format!("no dump after {end}"), || runs("pg_dump") == 0);
        drop(locker);
        docker.eventually("no lock", || runs("psql") == 0 && runs("pg_sleep") == 0);
        docker.eventually("no shell", || runs("sh -c") <= 1);
    }
}

/// What a kill -9 of midwatch and all its children comes to.
fn kill_clients(docker: &Docker) {
    let socket = docker.host();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let read = |name: &str| std::fs::read(entry.path().join(name)).unwrap_or_default();
        let arguments = String::from_utf8_lossy(&read("cmdline")).into_owned();
        let is_client = arguments.contains("exec\0-i") && String::from_utf8_lossy(&read("environ")).contains(&socket);
        let pid = entry.file_name().to_str().and_then(|name| rustix::process::Pid::from_raw(name.parse().ok()?));
        if let Some(pid) = pid.filter(|_| is_client) {
            rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
        }
    }
}

async fn a_program_tells_its_own_end(tools: &dyn Tools) {
    let shell = |script: &str| Run::new("sh", ["-c", script]);
    let (said, ended) = finish(tools.start(&shell("echo out; echo no such table >&2; exit 3")).await.unwrap()).await;
    assert_eq!((said.as_slice(), ended.status.code(), ended.stderr.as_str()), (&b"out\n"[..], Some(3), "no such table\n"));
    let (_, ended) = finish(tools.start(&shell("kill -9 $$")).await.unwrap()).await;
    assert_eq!(ended.status.signal(), Some(9));
    let (_, ended) = finish(tools.start(&Run::new("pg_nothing", ["-x"])).await.unwrap()).await;
    assert_eq!((ended.status.code(), ended.stderr.trim()), (Some(127), "midwatch: pg_nothing is not installed there"));
    let whom = Run { user: Some("postgres".into()), ..Run::new("id", ["-un"]) };
    assert_eq!(text(tools, &whom).await, "postgres");
}

/// Whose standard input is its own ends as well, though that says nothing to it.
async fn what_a_program_reads_is_guarded(docker: &Docker, tools: &dyn Tools) {
    let load = Run { input: true, ..Run::new("psql", ["-XAtq"]) };
    let load = tools.postgres(load).await.unwrap();
    let mut running = tools.start(&load).await.unwrap();
    let mut input = running.stdin().unwrap();
    input.write_all(b"SELECT 'hello';").await.unwrap();
    drop(input);
    let (said, ended) = finish(running).await;
    assert_eq!((said.as_slice(), ended.status.code(), ended.stderr.as_str()), (&b"hello\n"[..], Some(0), ""));

    let deaf = Run { input: true, ..Run::new("sh", ["-c", "trap '' TERM; exec sleep 4242"]) };
    let left = || docker.processes("db").iter().filter(|line| line.contains("sleep 4242")).count();
    for end in ["drop", "kill"] {
        let running = tools.start(&deaf).await.unwrap();
        docker.eventually("a deaf program", || left() > 0);
        match end {
            "drop" => drop(running),
            _ => kill_clients(docker),
        }
        docker.eventually(&format!("no deaf program after {end}"), || left() == 0);
    }
}

/// Tools of an image, in the network of the service's container; with a password.
async fn a_container_beside_it_reaches_it_too(docker: &Docker) {
    let (access, _folder) = with_password(Access { user: Some("postgres".into()), ..inside("db", image()) });
    let tools = tools_of(docker, &access);
    let ask = tools.postgres(Run::new("psql", ["-XAtqc", "SELECT count(*) FROM orders; SELECT pg_sleep(1)"])).await.unwrap();
    assert_eq!(text(&*tools, &ask).await, "200000");
    let slow = tools.postgres(Run::new("psql", ["-XAtqc", "SELECT pg_sleep(600)"])).await.unwrap();
    let all = || docker.succeed(&["ps", "--all", "--quiet"]).lines().count();
    let running = tools.start(&slow).await.unwrap();
    docker.eventually("a query", || {
        docker.psql("db", "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(6%'") == "2"
    });
    drop(running);
    docker.eventually("the container alone", || all() == 1);

    let nowhere = Access { reach: Reach::Docker { container: "nowhere".into() }, ..inside("db", ToolPlace::Here) };
    let (_, ended) = finish(tools_of(docker, &nowhere).start(&ask).await.unwrap()).await;
    assert!(!ended.status.success() && ended.stderr.contains("nowhere"), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_12_a_password_for_a_container_is_in_no_argument() {
    let Some(docker) = Docker::start() else { return };
    docker.redis("cache");
    docker.redis_cli("cache", &["SET", "greeting", "hello"]);
    let (access, _folder) = with_password(inside("cache", ToolPlace::Here));
    let tools = tools_of(&docker, &access);
    let ask = tools.redis(Run::new("redis-cli", ["GET", "greeting"])).await.unwrap();
    assert_eq!(text(&*tools, &ask).await, "hello");

    let copy = tools.redis(Run::new("redis-cli", ["--rdb", "-"])).await.unwrap();
    let (copied, ended) = finish(tools.start(&copy).await.unwrap()).await;
    assert!(ended.status.success() && copied.starts_with(b"REDIS0"), "{ended:?}");

    // It stays until it is dropped, for everybody to look at.
    let watch = tools.redis(Run::new("redis-cli", ["SUBSCRIBE", "nothing"])).await.unwrap();
    let running = tools.start(&watch).await.unwrap();
    docker.eventually("a subscriber", || docker.redis_cli("cache", &["PUBSUB", "NUMSUB", "nothing"]) == "nothing\n1");
    let ours = arguments_with("SUBSCRIBE");
    assert!(
        ours.iter().any(|line| line.starts_with("redis-cli")) && ours.iter().any(|line| line.contains("exec\0-i")),
        "{ours:?}"
    );
    assert!(ours.iter().all(|line| !line.contains(PASSWORD)), "{ours:?}");
    drop(running);
    docker.eventually("no subscriber", || docker.redis_cli("cache", &["PUBSUB", "NUMSUB", "nothing"]) == "nothing\n0");
}

/// The arguments of every process of this host, containers' included, that have this among them.
fn arguments_with(word: &str) -> Vec<String> {
    let all = std::fs::read_dir("/proc").unwrap().flatten();
    let read = all.filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok());
    read.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).filter(|line| line.contains(word)).collect()
}
