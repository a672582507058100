//! A replica that takes over, and a client that is disconnected, by the very steps that jobs take, on real servers.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use midwatch::domain::failure::FailureKind;
use midwatch::domain::service::ServiceKind;
use midwatch::domain::service::spec::ServiceSpec;
use midwatch::jobs::steps::kill_client::KillArgs;
use midwatch::jobs::steps::redis_failover::{FenceArgs, FollowArgs, PromoteArgs, Successor};
use midwatch::jobs::target::Target;

use crate::servers::{PASSWORD, Redis, eventually};
use crate::stage::Stage;

fn service(stage: &Stage, name: &str, server: &Redis) -> ServiceSpec {
    ServiceSpec {
        name: name.into(),
        kind: ServiceKind::Redis,
        access: stage.access(server),
        health: None,
        backup: None,
        control: None,
        depends_on: vec![],
        requires: midwatch::domain::recovery::Requires::default(),
        labels: BTreeMap::new(),
    }
}

async fn successor(stage: &Stage, name: &str, server: &Redis) -> Successor {
    let service = service(stage, name, server);
    let run = stage.server(&service.access).await.unwrap().origin.system;
    Successor { service, run }
}

fn replica_of(primary: &Redis) -> Redis {
    let port = primary.port.to_string();
    let replica = Redis::start(&["--repl-diskless-sync-delay", "0", "--replicaof", "127.0.0.1", &port]);
    eventually("it follows", || replica.cli(&["INFO", "replication"]).contains("master_link_status:up"));
    replica
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_takes_over_only_once_its_primary_is_silent_and_the_others_follow_it() {
    let options = ["--repl-diskless-sync-delay", "0", "--repl-ping-replica-period", "1"];
    let (mut primary, stage) = (Redis::start(&options), Stage::new());
    let (first, second) = (replica_of(&primary), replica_of(&primary));
    primary.cli(&["SET", "kept", "1"]);
    eventually("it arrives", || first.cli(&["GET", "kept"]) == "1");
    let (old, new) = (service(&stage, "cache", &primary), successor(&stage, "first", &first).await);
    let promote = PromoteArgs { successor: new.clone(), primary: old.clone(), fence: None };
    let still = FenceArgs { target: Target::of(&"test".into(), &old), run: None, force: false, successor: new.clone() };
    stage.run("redis-still-follows", &still, None).await.unwrap();

    // Alive but unreachable for us, it is heard of by its replica: the link is asked, not our own probe alone.
    let unreachable = PromoteArgs { primary: ServiceSpec { access: stage.nowhere(), ..old.clone() }, ..promote.clone() };
    let refused = stage.run("redis-promote", &unreachable, None).await.unwrap_err();
    assert!(refused.what.contains("first still receives from its primary"), "{refused}");
    assert_eq!(first.cli(&["SET", "a", "1"]).split(' ').next(), Some("READONLY"));

    primary.process.kill();
    eventually("it is noticed", || first.cli(&["INFO", "replication"]).contains("master_link_status:down"));
    let other = PromoteArgs { successor: Successor { run: "another".to_owned(), ..new.clone() }, ..promote.clone() };
    assert_eq!(stage.run("redis-promote", &other, None).await.unwrap_err().kind, FailureKind::Refused, "rule 11");
    let told = stage.run("redis-promote", &promote, None).await.unwrap();
    assert!(told["words"].as_str().unwrap().contains("first takes writes"), "{told}");
    assert_eq!((first.cli(&["SET", "a", "1"]).as_str(), first.cli(&["GET", "kept"]).as_str()), ("OK", "1"));
    assert_eq!(first.cli(&["KEYS", "midwatch*"]), "", "what it was tried with is gone");
    let refused = stage.run("redis-still-follows", &still, None).await.unwrap_err();
    assert!(refused.what.contains("first has taken over: cache is not started beside it"), "{refused}");

    let to = ("127.0.0.1".to_owned(), first.port);
    let follow = FollowArgs { replica: successor(&stage, "second", &second).await, to: to.clone() };
    stage.run("redis-follow", &follow, None).await.unwrap();
    eventually("what is written there arrives", || second.cli(&["GET", "a"]) == "1");
    let itself = FollowArgs { replica: new, to };
    let refused = stage.run("redis-follow", &itself, None).await.unwrap_err();
    assert!(refused.what.contains("takes writes itself now"), "{refused}");
}

/// Somebody who is connected by a name.
fn connected(server: &Redis, name: &str) -> (TcpStream, KillTarget) {
    let mut stream = TcpStream::connect(("127.0.0.1", server.port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    write!(stream, "AUTH {PASSWORD}\r\nCLIENT SETNAME {name}\r\n").unwrap();
    let mut answers = [0; 10];
    stream.read_exact(&mut answers).unwrap();
    assert_eq!(&answers, b"+OK\r\n+OK\r\n");
    let list = server.cli(&["CLIENT", "LIST"]);
    let line = list.lines().find(|line| line.contains(&format!(" name={name} "))).unwrap().to_owned();
    let field = |key: &str| line.split(' ').find_map(|pair| pair.strip_prefix(key)).unwrap().to_owned();
    (stream, KillTarget { id: field("id=").parse().unwrap(), address: field("addr=") })
}

struct KillTarget {
    id: u64,
    address: String,
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_is_disconnected_is_gone_and_the_others_are_not() {
    let (server, stage) = (Redis::start(&[]), Stage::new());
    let access = stage.access(&server);
    let run = stage.server(&access).await.unwrap().origin.system;
    let ((mut victim, target), (mut witness, _)) = (connected(&server, "victim"), connected(&server, "witness"));
    let args = KillArgs { service: "cache".into(), access, run, client: target.id, address: target.address, force: false };
    for wrong in [KillArgs { run: "another".into(), ..args.clone() }, KillArgs { address: "10.0.0.1:1".into(), ..args.clone() }] {
        assert_eq!(stage.run("kill-client", &wrong, None).await.unwrap_err().kind, FailureKind::Refused);
    }
    assert_eq!(stage.run("kill-client", &args, None).await.unwrap()["gone"], true);
    assert_eq!(victim.read(&mut [0; 1]).unwrap(), 0, "its connection is closed");
    write!(witness, "PING\r\n").unwrap();
    let mut answer = [0; 7];
    witness.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"+PONG\r\n");
    assert_eq!(stage.run("kill-client", &args, None).await.unwrap()["by_itself"], true, "asked again it is gone already");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_link_of_a_replica_is_disconnected_by_force_alone() {
    let (primary, stage) = (Redis::start(&["--repl-diskless-sync-delay", "0"]), Stage::new());
    let _replica = replica_of(&primary);
    let access = stage.access(&primary);
    let run = stage.server(&access).await.unwrap().origin.system;
    let list = primary.cli(&["CLIENT", "LIST"]);
    let line = list.lines().find(|line| line.contains(" flags=S ")).unwrap().to_owned();
    let field = |key: &str| line.split(' ').find_map(|pair| pair.strip_prefix(key)).unwrap().to_owned();
    let args = KillArgs {
        service: "cache".into(),
        access,
        run,
        client: field("id=").parse().unwrap(),
        address: field("addr="),
        force: false,
    };
    let refused = stage.run("kill-client", &args, None).await.unwrap_err();
    assert!(refused.what.contains("replication runs through it"), "{refused}");
    assert_eq!(stage.run("kill-client", &KillArgs { force: true, ..args }, None).await.unwrap()["gone"], true);
}
