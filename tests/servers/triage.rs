//! What PostgreSQL and Redis tell once something is wrong: chains of locks, who holds a transaction open, what is slow, how far
//! the followers are, who takes the memory.

use std::time::Duration;

use midwatch::adapters::postgres::Postgres;
use midwatch::adapters::reach::{Login, Reach};
use midwatch::adapters::redis::Redis;
use midwatch::adapters::tls::TlsMode;
use midwatch::domain::triage::locks;
use midwatch::domain::triage::postgres::{Doing, PostgresTriage, Session};
use midwatch::domain::triage::redis::RedisTriage;
use tokio_postgres::NoTls;

use crate::servers::{self, PASSWORD};
use crate::until;

const UNHURRIED: Duration = Duration::from_secs(20);

fn reach(port: u16) -> Reach {
    Reach::Tcp { host: "localhost".into(), port, tls: TlsMode::Disable }
}

fn postgres(server: &servers::Postgres, user: &str) -> Postgres {
    let login = Login { user: Some(user.into()), password: Some(PASSWORD.into()) };
    Postgres::new(reach(server.port), &login, Some("postgres"), UNHURRIED).unwrap()
}

fn redis(server: &servers::Redis) -> Redis {
    Redis::new(reach(server.port), &Login { user: None, password: Some(PASSWORD.into()) }, UNHURRIED).unwrap()
}

/// A client of the server, known by its name there.
async fn client(server: &servers::Postgres, name: &str) -> tokio_postgres::Client {
    let mut config = tokio_postgres::Config::new();
    config.host("localhost").port(server.port).user("postgres").password(PASSWORD).dbname("postgres").application_name(name);
    let (client, connection) = config.connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// Starts statements that will take their time, and does not wait for them.
fn begin(client: tokio_postgres::Client, sql: &'static str) {
    tokio::spawn(async move { drop(client.batch_execute(sql).await) });
}

fn named<'a>(told: &'a PostgresTriage, name: &str) -> Option<&'a Session> {
    told.sessions.iter().find(|session| session.who.application == name)
}

fn is_blocked(told: &PostgresTriage, name: &str) -> bool {
    named(told, name).is_some_and(|session| session.doing() == Doing::Blocked)
}

/// The names in the tree, each with its depth.
fn tree(told: &PostgresTriage) -> Vec<(usize, &str)> {
    let name = |node: &locks::Node| node.session.map_or("?", |at| &told.sessions[at].who.application);
    locks::tree(&told.sessions).iter().map(|node| (node.depth, name(node))).collect()
}

#[tokio::test]
async fn a_chain_of_locks_is_a_tree_with_its_root_on_top() {
    let server = servers::Postgres::primary();
    server.psql("CREATE TABLE stock (id int PRIMARY KEY, n int)").unwrap();
    server.psql("INSERT INTO stock VALUES (1, 1), (2, 1)").unwrap();
    let triage = postgres(&server, "postgres");
    begin(client(&server, "root").await, "BEGIN; UPDATE stock SET n = 2 WHERE id = 1; SELECT pg_sleep(600)");
    until("the root holds its row", || triage.triage(), |t| named(t.as_ref().unwrap(), "root").is_some_and(|s| s.wait.is_some()))
        .await
        .unwrap();
    begin(client(&server, "second").await, "BEGIN; UPDATE stock SET n = 3 WHERE id = 2; UPDATE stock SET n = 3 WHERE id = 1");
    until("the second waits", || triage.triage(), |t| is_blocked(t.as_ref().unwrap(), "second")).await.unwrap();
    begin(client(&server, "third").await, "UPDATE stock SET n = 4 WHERE id = 2");
    let told = until("the third waits", || triage.triage(), |t| is_blocked(t.as_ref().unwrap(), "third")).await.unwrap();
    assert_eq!(tree(&told), [(0, "root"), (1, "second"), (2, "third")]);
    let root = named(&told, "root").unwrap();
    assert_eq!(locks::frees(&locks::waits(&told.sessions), root.id.pid), 2);
    assert_eq!((root.doing(), root.who.user.as_str()), (Doing::Working, "postgres"));
    let wants = named(&told, "second").unwrap().wants.clone().unwrap();
    assert_eq!((wants.mode.as_str(), wants.on.as_str()), ("ShareLock", "a row of stock"));
    assert!(wants.since.is_some(), "{wants:?}");
    assert!(named(&told, "third").unwrap().query.starts_with("UPDATE stock"));
}

#[tokio::test]
async fn a_table_that_is_locked_whole_holds_up_nobody_who_looks() {
    let server = servers::Postgres::primary();
    server.psql("CREATE TABLE t (id int)").unwrap();
    let triage = postgres(&server, "postgres");
    let holder = client(&server, "holder").await;
    holder.batch_execute("BEGIN; LOCK TABLE t IN ACCESS EXCLUSIVE MODE").await.unwrap();
    begin(client(&server, "reader").await, "SELECT * FROM t");
    let told = until("the reader waits", || triage.triage(), |t| is_blocked(t.as_ref().unwrap(), "reader")).await.unwrap();
    let wants = named(&told, "reader").unwrap().wants.clone().unwrap();
    assert_eq!((wants.mode.as_str(), wants.on.as_str()), ("AccessShareLock", "t"));
    let holder = named(&told, "holder").unwrap();
    assert_eq!((holder.doing(), holder.state.as_str()), (Doing::Holding, "idle in transaction"));
    assert!(holder.is_slow(Duration::ZERO) && holder.age.transaction.is_some(), "{holder:?}");
}

#[tokio::test]
async fn rule_02_who_may_not_see_is_told_so() {
    let server = servers::Postgres::primary();
    server.psql(&format!("CREATE ROLE plain LOGIN PASSWORD '{PASSWORD}'")).unwrap();
    begin(client(&server, "slow").await, "SELECT pg_sleep(600)");
    let seen = until(
        "the slow query",
        || async { postgres(&server, "postgres").triage().await.unwrap() },
        |t| named(t, "slow").is_some_and(|session| session.is_slow(Duration::ZERO)),
    );
    assert!(!seen.await.blind);
    let told = postgres(&server, "plain").triage().await.unwrap();
    assert!(told.blind, "{told:?}");
    let hidden = told.sessions.iter().filter(|session| session.who.user == "postgres");
    assert!(hidden.clone().count() > 0 && hidden.clone().all(|session| session.doing() == Doing::Other), "{told:?}");
}

#[tokio::test]
async fn a_primary_tells_how_far_its_standby_is_and_the_standby_what_it_replays() {
    let server = servers::Postgres::primary();
    let standby = server.standby();
    server.psql("SELECT pg_create_physical_replication_slot('left_over', true)").unwrap();
    let follows =
        |told: &PostgresTriage| told.replication.followers.iter().any(|f| f.state == "streaming" && f.bytes[3].is_some());
    let told = until("the standby streams", || async { postgres(&server, "postgres").triage().await.unwrap() }, follows).await;
    let slot = &told.replication.slots[0];
    assert_eq!((slot.name.as_str(), slot.active, slot.retained.is_some()), ("left_over", false, true));
    assert_eq!(told.replication.upstream, None);
    assert!(told.sessions.iter().any(|session| session.kind == "walsender"), "{told:?}");

    let streams = |told: &PostgresTriage| told.replication.upstream.as_ref().is_some_and(|up| up.state == "streaming");
    let follower = postgres(&standby, "postgres");
    let told = until("the standby's own words", || async { follower.triage().await.unwrap() }, streams).await;
    let upstream = told.replication.upstream.unwrap();
    assert!(!upstream.received.is_empty() && upstream.behind.is_some(), "{upstream:?}");
    standby.psql("SELECT pg_wal_replay_pause()").unwrap();
    server.psql("CREATE TABLE t AS SELECT generate_series(1, 1000)").unwrap();
    let behind = |told: &PostgresTriage| told.replication.upstream.as_ref().is_some_and(|up| up.paused && up.behind > Some(0));
    until("what is not replayed", || async { follower.triage().await.unwrap() }, behind).await;
    let lags = |told: &PostgresTriage| told.replication.followers.iter().any(|f| f.bytes[3] > Some(0));
    until("the lag at the primary", || async { postgres(&server, "postgres").triage().await.unwrap() }, lags).await;
}

#[tokio::test]
async fn redis_tells_its_biggest_clients_what_was_slow_and_its_keys() {
    let server = servers::Redis::start(&[]);
    server.cli(&["CONFIG", "SET", "slowlog-log-slower-than", "0"]);
    server.cli(&["SET", "greeting", "hello"]);
    let triage = redis(&server);
    let has = |told: &RedisTriage| told.slowlog.iter().any(|slow| slow.command == "SET greeting hello");
    let told = until("the slow command", || async { triage.triage().await.unwrap() }, has).await;
    assert!(told.denied.is_empty() && told.more == 0, "{told:?}");
    assert!(told.clients.iter().all(|client| client.memory.is_some()), "{told:?}");
    assert!(told.clients.is_sorted_by_key(|client| std::cmp::Reverse(client.cost())), "{told:?}");
    assert!(told.memory.used > 0 && !told.memory.policy.is_empty(), "{told:?}");
    assert_eq!(told.databases.first().map(|database| (database.number, database.keys)), Some((0, 1)));
}

/// An access list that allows INFO and nothing of clients: the rest is told, and what is missing is said.
#[tokio::test]
async fn rule_02_what_an_access_list_forbids_is_not_an_empty_list() {
    let server = servers::Redis::start(&[]);
    server.cli(&["ACL", "SETUSER", "watch", "on", &format!(">{PASSWORD}"), "+info", "+slowlog"]);
    let login = Login { user: Some("watch".into()), password: Some(PASSWORD.into()) };
    let told = Redis::new(reach(server.port), &login, UNHURRIED).unwrap().triage().await.unwrap();
    assert!(told.clients.is_empty() && told.denied.len() == 1 && told.denied[0].contains("no permissions"), "{told:?}");
    assert!(told.memory.used > 0);
}
