//! Every way to a server: by its socket, with TLS, by its own tools.

use std::path::Path;
use std::process::Command;

use midwatch::domain::access::{Access, Reach, Tls, ToolPlace};
use midwatch::domain::failure::FailureKind;

use crate::data::{counts, fill};
use crate::docker::{Docker, IMAGE};
use crate::servers::{Redis, eventually, free_port};
use crate::stage::{Stage, census};

/// One that listens in every way; with its TLS port, its socket and its certificate.
fn everywhere() -> (Redis, u16, std::path::PathBuf, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = certificate(folder.path());
    let (port, socket) = (free_port(), folder.path().join("redis.sock"));
    let text = |path: &Path| path.display().to_string();
    let options = [
        ("--tls-port", port.to_string()),
        ("--tls-cert-file", text(&certificate)),
        ("--tls-key-file", text(&key)),
        ("--tls-auth-clients", "no".to_owned()),
        ("--unixsocket", text(&socket)),
        ("--repl-diskless-sync-delay", "0".to_owned()),
    ];
    let options: Vec<&str> = options.iter().flat_map(|(name, value)| [*name, value.as_str()]).collect();
    let server = Redis::start_in(folder, &options);
    fill(&server, 60, 5);
    (server, port, socket, certificate)
}

fn certificate(folder: &Path) -> (std::path::PathBuf, std::path::PathBuf) {
    let (certificate, key) = (folder.join("cert.pem"), folder.join("key.pem"));
    let mut openssl = Command::new("openssl");
    openssl.args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]);
    openssl.args(["-addext", "subjectAltName=DNS:localhost", "-addext", "basicConstraints=critical,CA:FALSE"]);
    let output = openssl.arg("-out").arg(&certificate).arg("-keyout").arg(&key).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    (certificate, key)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_comes_by_socket_and_by_tls_and_by_tools_alike() {
    let (server, port, socket, certificate) = everywhere();
    let mut stage = Stage::new();
    let plain = stage.access(&server);
    let tls = |host: &str, tls| Access { reach: Reach::Tcp { host: host.to_owned(), port }, tls, ..plain.clone() };
    stage.inside = Some(plain.clone());
    let ways = [
        ("socket", Access { reach: Reach::Unix(socket), ..plain.clone() }),
        ("require", tls("127.0.0.1", Tls::Require)),
        ("verify-full", tls("localhost", Tls::VerifyFull { ca: Some(certificate.clone()) })),
        ("tools", Access { reach: Reach::Docker { container: "cache".to_owned() }, ..plain.clone() }),
    ];
    for (way, access) in &ways {
        let copied = stage.back_up(way, access).await;
        let seen: Vec<_> = census(&copied).databases.iter().map(|one| (one.number, one.keys, one.expires)).collect();
        assert_eq!(seen, counts(&server), "{way}");
        assert!(census(&copied).sample.len() > 20, "{way}");
        let judged = stage.prove(way, &plain).await.unwrap();
        assert!(judged.proved, "{way}: {}", judged.words);
    }
    let stranger = tls("127.0.0.1", Tls::VerifyFull { ca: Some(certificate) });
    assert_eq!(stage.server(&stranger).await.unwrap_err().kind, FailureKind::Unavailable, "the name is another");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_is_backed_up_while_it_follows_its_primary() {
    let (mut primary, stage) = (Redis::start(&["--repl-diskless-sync-delay", "0"]), Stage::new());
    fill(&primary, 40, 6);
    let port = primary.port.to_string();
    let replica = Redis::start(&["--repl-diskless-sync-delay", "0", "--replicaof", "127.0.0.1", &port]);
    let link = |state: &str| {
        eventually(state, || replica.cli(&["INFO", "replication"]).contains(&format!("master_link_status:{state}")));
    };
    link("up");
    let access = stage.access(&replica);
    let server = stage.server(&access).await.unwrap();
    assert_eq!((server.role, server.notes.len()), ("replica", 1));
    stage.back_up("one", &access).await;
    assert!(stage.prove("one", &access).await.unwrap().proved);
    primary.process.kill();
    link("down");
    let failure = stage.copy("two", &access).await.unwrap_err();
    assert!(failure.what.contains("NOMASTERLINK") && failure.mend.is_some(), "{failure}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_of_a_cluster_is_backed_up_for_itself() {
    let (server, stage) = (Redis::start(&["--cluster-enabled", "yes", "--repl-diskless-sync-delay", "0"]), Stage::new());
    server.cli(&["CLUSTER", "ADDSLOTSRANGE", "0", "16383"]);
    eventually("the cluster", || server.cli(&["SET", "a", "1"]) == "OK" && server.cli(&["SET", "b", "2"]) == "OK");
    let access = stage.access(&server);
    let found = stage.server(&access).await.unwrap();
    assert!(found.notes[0].contains("one node of a cluster"), "{:?}", found.notes);
    let copied = stage.back_up("one", &access).await;
    assert_eq!(census(&copied).databases[0].keys, 2);
    assert_eq!(census(&copied).sample.len(), 2, "{:?}", stage.told.log.lock().unwrap());
    assert!(stage.prove("one", &access).await.unwrap().proved);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_in_a_container_without_a_port_is_backed_up_and_proved() {
    let Some(docker) = Docker::start() else { return };
    docker.redis("cache");
    for n in 0..30 {
        docker.redis_cli("cache", &["-n", "2", "HSET", &format!("basket:{n}"), "items", "3"]);
    }
    let mut stage = Stage::new();
    stage.docker = Some(docker.host());
    for (id, tools) in [("exec", ToolPlace::Here), ("image", ToolPlace::Image(IMAGE.to_owned()))] {
        let access = stage.reached(Reach::Docker { container: "cache".to_owned() }, tools);
        let copied = stage.back_up(id, &access).await;
        assert_eq!((census(&copied).databases[0].number, census(&copied).databases[0].keys), (2, 30), "{id}");
        assert!(!census(&copied).sample.is_empty(), "{id}");
        let judged = stage.prove(id, &access).await.unwrap();
        assert!(judged.proved, "{id}: {}", judged.words);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_10_one_server_has_one_lock_by_whatever_way() {
    let (server, _, socket, _) = everywhere();
    let stage = Stage::new();
    let plain = stage.access(&server);
    let (by_port, by_socket) =
        (stage.server(&plain).await.unwrap(), stage.server(&Access { reach: Reach::Unix(socket), ..plain }).await.unwrap());
    assert!(by_port.keys.iter().any(|key| by_socket.keys.contains(key)), "{:?} {:?}", by_port.keys, by_socket.keys);
    assert!(by_port.words.starts_with("Redis 7.") && by_port.words.contains(", primary, 127.0.0.1:"), "{}", by_port.words);
    let other = Redis::start(&[]);
    let other = stage.server(&stage.access(&other)).await.unwrap();
    assert!(by_port.keys.iter().all(|key| !other.keys.contains(key)));
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_12_a_wrong_password_is_told_without_it() {
    let (server, _, _, _) = everywhere();
    let stage = Stage::new();
    let access = stage.access(&server);
    std::fs::write(stage.folder.path().join("password"), "CANARY").unwrap();
    let failure = stage.copy_of("one", &access, "any").await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Denied);
    assert!(!format!("{failure:?}").contains("CANARY"));
}
