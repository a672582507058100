//! PostgreSQL and Redis, up, down, paused and locked.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use midwatch::adapters::postgres::Postgres;
use midwatch::adapters::reach::{Login, PATIENCE, Reach};
use midwatch::adapters::redis::Redis;
use midwatch::adapters::tls::{Tls, TlsMode};
use midwatch::domain::fault::{Fault, FaultKind};
use midwatch::domain::service::{Facts, PostgresFacts, RedisFacts, Report, Role};

use crate::servers::{self, PASSWORD};
use crate::until;

/// More than a probe needs on a busy machine.
const UNHURRIED: Duration = Duration::from_secs(20);

fn tcp(port: u16, tls: TlsMode) -> Reach {
    Reach::Tcp { host: "localhost".into(), port, tls }
}

fn login(user: Option<&str>, password: &str) -> Login {
    Login { user: user.map(Into::into), password: Some(password.into()) }
}

fn postgres(server: &servers::Postgres, user: &str, password: &str) -> Postgres {
    Postgres::new(tcp(server.port, TlsMode::Disable), &login(Some(user), password), Some("postgres"), UNHURRIED).unwrap()
}

fn pg_facts(report: Result<Report, Fault>) -> PostgresFacts {
    match report.unwrap().facts {
        Facts::Postgres(facts) => facts,
        other => panic!("{other:?}"),
    }
}

fn redis_facts(report: Result<Report, Fault>) -> RedisFacts {
    match report.unwrap().facts {
        Facts::Redis(facts) => facts,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn postgres_tells_its_role_and_its_followers() {
    let server = servers::Postgres::primary();
    let probe = postgres(&server, "postgres", PASSWORD);
    let alone = pg_facts(probe.probe().await);
    assert_eq!(alone.role, Role::Primary { replicas: vec![] });
    assert!(alone.version.starts_with(|c: char| c.is_ascii_digit()) && alone.max_connections == 100, "{alone:?}");
    assert!(alone.connections >= 1 && alone.bytes > Some(1 << 20), "{alone:?}");
    assert_eq!(alone.archiving, None, "archiving is off");

    let standby = server.standby();
    let follows = postgres(&standby, "postgres", PASSWORD);
    until(
        "streaming",
        || async { pg_facts(follows.probe().await) },
        |f| matches!(f.role, Role::Replica { linked: Some(true), .. }),
    )
    .await;
    server.psql("CREATE TABLE t AS SELECT 1").unwrap();
    let idle = |f: &PostgresFacts| matches!(f.role, Role::Replica { linked: Some(true), lag: Some(Duration::ZERO) });
    until("caught up", || async { pg_facts(follows.probe().await) }, idle).await;
    let Role::Primary { replicas } = pg_facts(probe.probe().await).role else { panic!("no primary") };
    assert_eq!((replicas[0].name.as_str(), replicas[0].state.as_str()), ("walreceiver", "streaming"));

    drop(server);
    until(
        "unlinked",
        || async { pg_facts(follows.probe().await) },
        |f| matches!(f.role, Role::Replica { linked: Some(false), .. }),
    )
    .await;
}

#[tokio::test]
async fn postgres_that_archives_in_vain_says_so() {
    let server = servers::Postgres::primary().restarted(&["archive_mode=on", "archive_command=false"]);
    server.psql("CREATE TABLE t AS SELECT 1").unwrap();
    server.psql("SELECT pg_switch_wal()").unwrap();
    let probe = postgres(&server, "postgres", PASSWORD);
    until("a failed archiving", || async { pg_facts(probe.probe().await) }, |f| f.archiving == Some(false)).await;
}

#[tokio::test]
async fn rule_02_a_role_without_rights_learns_less_and_no_wrong() {
    let server = servers::Postgres::primary();
    server.psql(&format!("CREATE ROLE plain LOGIN PASSWORD '{PASSWORD}'")).unwrap();
    server.psql(&format!("CREATE ROLE watch LOGIN PASSWORD '{PASSWORD}' IN ROLE pg_monitor")).unwrap();
    let plain = pg_facts(postgres(&server, "plain", PASSWORD).probe().await);
    assert_eq!((plain.oldest_transaction, &plain.role), (None, &Role::Primary { replicas: vec![] }));
    assert!(plain.connections >= 1, "{plain:?}");
    let watch = pg_facts(postgres(&server, "watch", PASSWORD).probe().await);
    assert!(watch.bytes > Some(1 << 20) && watch.connections >= 1, "{watch:?}");
}

#[tokio::test]
async fn postgres_denies_a_wrong_password_without_telling_it() {
    let server = servers::Postgres::primary();
    for (user, password) in [("postgres", "wrong-canary"), ("nobody", PASSWORD)] {
        let probe = postgres(&server, user, password);
        let fault = probe.probe().await.unwrap_err();
        assert_eq!(fault.kind, FaultKind::Denied, "{fault}");
        assert!(!format!("{fault:?} {probe:?}").contains(password), "{fault:?} {probe:?}");
    }
    let no_password = Postgres::new(tcp(server.port, TlsMode::Disable), &Login::default(), None, UNHURRIED).unwrap();
    assert_eq!(no_password.probe().await.unwrap_err().kind, FaultKind::Denied);
    let no_database =
        Postgres::new(tcp(server.port, TlsMode::Disable), &login(Some("postgres"), PASSWORD), Some("nope"), UNHURRIED);
    assert_eq!(no_database.unwrap().probe().await.unwrap_err().kind, FaultKind::Refused);
}

#[tokio::test]
async fn postgres_that_is_paused_times_out_and_heals() {
    let server = servers::Postgres::primary();
    let kept = Postgres::new(Reach::Unix { path: server.socket() }, &Login::default(), None, PATIENCE).unwrap();
    until("a first answer", || kept.probe(), Result::is_ok).await.unwrap();
    let fresh = Postgres::new(tcp(server.port, TlsMode::Disable), &login(Some("postgres"), PASSWORD), None, PATIENCE).unwrap();
    server.process.pause();
    for probe in [&kept, &fresh] {
        let started = Instant::now();
        let fault = probe.probe().await.unwrap_err();
        assert_eq!(fault.kind, FaultKind::Timeout, "{fault}");
        assert!(started.elapsed() < PATIENCE + UNHURRIED, "it hung");
    }
    server.process.resume();
    until("healing", || kept.probe(), Result::is_ok).await.unwrap();
    until("healing", || fresh.probe(), Result::is_ok).await.unwrap();
}

#[tokio::test]
async fn postgres_that_restarts_between_probes_is_asked_anew() {
    let server = servers::Postgres::primary();
    let probe = postgres(&server, "postgres", PASSWORD);
    probe.probe().await.unwrap();
    server.psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'midwatch'").unwrap();
    probe.probe().await.unwrap();
    let port = server.port;
    drop(server);
    let fault = probe.probe().await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Unreachable, "{fault}");
    assert!(fault.detail.contains(&format!("localhost:{port}")), "{fault}");
}

#[tokio::test]
async fn postgres_keeps_one_connection_and_names_it() {
    let server = servers::Postgres::primary();
    let probe = postgres(&server, "postgres", PASSWORD);
    let ours = "SELECT count(*) || ' ' || min(backend_start) FROM pg_stat_activity WHERE application_name = 'midwatch'";
    probe.probe().await.unwrap();
    let first = server.psql(ours).unwrap();
    assert!(first.starts_with("1 "), "{first}");
    probe.probe().await.unwrap();
    assert_eq!(server.psql(ours).unwrap(), first);
}

/// A certificate for `localhost` and its key.
fn certificate(folder: &Path) -> (std::path::PathBuf, std::path::PathBuf) {
    let (cert, key) = (folder.join("cert.pem"), folder.join("key.pem"));
    let mut openssl = Command::new("openssl");
    openssl.args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]);
    openssl.args(["-addext", "subjectAltName=DNS:localhost", "-addext", "basicConstraints=critical,CA:FALSE"]);
    let output = openssl.arg("-out").arg(&cert).arg("-keyout").arg(&key).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    (cert, key)
}

#[tokio::test]
async fn postgres_over_tls_is_verified_by_certificate_and_name() {
    let server = servers::Postgres::primary();
    let folder = tempfile::tempdir().unwrap();
    let (cert, key) = certificate(folder.path());
    let data = server.folder.path().join("data");
    let owner = std::fs::metadata(&data).unwrap();
    for (from, name) in [(&cert, "server.crt"), (&key, "server.key")] {
        std::fs::copy(from, data.join(name)).unwrap();
        let (uid, gid) = (std::os::unix::fs::MetadataExt::uid(&owner), std::os::unix::fs::MetadataExt::gid(&owner));
        std::os::unix::fs::chown(data.join(name), Some(uid), Some(gid)).unwrap();
    }
    let plain = servers::Postgres::primary();
    let server = server.restarted(&["ssl=on"]);
    let probe = |host: &str, port: u16, tls: TlsMode| {
        let reach = Reach::Tcp { host: host.into(), port, tls };
        Postgres::new(reach, &login(Some("postgres"), PASSWORD), None, UNHURRIED).unwrap()
    };
    let trusting = |ca: &Path| TlsMode::VerifyFull(Tls { ca: Some(ca.into()), client: None });
    let other = tempfile::tempdir().unwrap();
    let (stranger, _) = certificate(other.path());

    pg_facts(probe("localhost", server.port, TlsMode::Require).probe().await);
    pg_facts(probe("localhost", server.port, trusting(&cert)).probe().await);
    let refused = [
        probe("localhost", server.port, trusting(&stranger)),
        probe("127.0.0.1", server.port, trusting(&cert)),
        probe("localhost", plain.port, TlsMode::Require),
    ];
    for probe in refused {
        let fault = probe.probe().await.unwrap_err();
        assert_eq!(fault.kind, FaultKind::Tls, "{fault}");
    }
}

#[tokio::test]
async fn redis_tells_its_role_and_its_memory() {
    let server = servers::Redis::start(&["--maxmemory", "64mb", "--maxmemory-policy", "allkeys-lru"]);
    server.cli(&["SET", "a", "1"]);
    let probe = Redis::new(tcp(server.port, TlsMode::Disable), &login(None, PASSWORD), UNHURRIED).unwrap();
    let facts = redis_facts(probe.probe().await);
    assert_eq!((facts.keys, facts.max_memory, facts.eviction.as_str()), (1, Some(64 << 20), "allkeys-lru"));
    assert!(facts.used_memory > 0 && facts.clients >= 1 && facts.persistence.healthy && !facts.persistence.loading, "{facts:?}");
    assert_eq!(facts.persistence.last_save, None, "nothing was saved yet");
    server.cli(&["SAVE"]);
    assert!(redis_facts(probe.probe().await).persistence.last_save.is_some());

    let replica =
        servers::Redis::start(&["--replicaof", "127.0.0.1", &server.port.to_string(), "--repl-diskless-sync-delay", "0"]);
    let follows = Redis::new(tcp(replica.port, TlsMode::Disable), &login(None, PASSWORD), UNHURRIED).unwrap();
    let linked = |f: &RedisFacts| matches!(f.role, Role::Replica { linked: Some(true), .. });
    until("a link", || async { redis_facts(follows.probe().await) }, linked).await;
    let online =
        |f: &RedisFacts| matches!(&f.role, Role::Primary { replicas } if replicas.len() == 1 && replicas[0].state == "online");
    until("a follower", || async { redis_facts(probe.probe().await) }, online).await;
    drop(server);
    until(
        "no link",
        || async { redis_facts(follows.probe().await) },
        |f| matches!(f.role, Role::Replica { linked: Some(false), .. }),
    )
    .await;
}

#[tokio::test]
async fn redis_denies_whom_it_does_not_know_without_telling_the_password() {
    let server = servers::Redis::start(&[
        "--user", "watch", "on", ">hunter2", "+info", "+ping", "--user", "blind", "on", ">hunter2", "+ping",
    ]);
    let probe = |login: &Login| Redis::new(tcp(server.port, TlsMode::Disable), login, UNHURRIED).unwrap();
    redis_facts(probe(&login(Some("watch"), PASSWORD)).probe().await);
    for denied in
        [login(None, "wrong-canary"), login(Some("watch"), "wrong-canary"), login(Some("blind"), PASSWORD), Login::default()]
    {
        let probe = probe(&denied);
        let fault = probe.probe().await.unwrap_err();
        assert_eq!(fault.kind, FaultKind::Denied, "{fault}");
        assert!(!format!("{fault:?} {probe:?}").contains("canary"), "{fault:?}");
    }
}

#[tokio::test]
async fn redis_that_is_paused_times_out_and_heals() {
    let server = servers::Redis::start(&[]);
    let kept = Redis::new(tcp(server.port, TlsMode::Disable), &login(None, PASSWORD), PATIENCE).unwrap();
    until("a first answer", || kept.probe(), Result::is_ok).await.unwrap();
    let fresh = Redis::new(tcp(server.port, TlsMode::Disable), &login(None, PASSWORD), PATIENCE).unwrap();
    server.process.pause();
    for probe in [&kept, &fresh] {
        assert_eq!(probe.probe().await.unwrap_err().kind, FaultKind::Timeout);
    }
    server.process.resume();
    until("healing", || kept.probe(), Result::is_ok).await.unwrap();
    drop(server);
    let fault = kept.probe().await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Unreachable, "{fault}");
}

#[tokio::test]
async fn redis_that_loads_its_file_says_so() {
    let server = servers::Redis::start(&[]);
    server.cli(&["EVAL", "for n = 1, 20000 do redis.call('SET', n, 'x') end", "0"]);
    assert_eq!(server.cli(&["SAVE"]), "OK");
    let mut server = server;
    server.process.kill();
    let folder = std::mem::replace(&mut server.folder, tempfile::tempdir().unwrap());
    let slow = ["--key-load-delay", "1000", "--loading-process-events-interval-bytes", "1024"];
    let server = servers::Redis::start_in(folder, &slow);
    let probe = Redis::new(tcp(server.port, TlsMode::Disable), &login(None, PASSWORD), UNHURRIED).unwrap();
    assert!(redis_facts(probe.probe().await).persistence.loading);
}
