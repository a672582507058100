//! What is asked right before a standby takes over, and before the old primary is started again; and that a session of others is
//! not ended without the right to it.

use std::collections::BTreeMap;
use std::time::Duration;

use midwatch::domain::access::{Access, Reach};
use midwatch::domain::control::{ControlSpec, ProcessSpec, StopSignal, Way};
use midwatch::domain::failure::FailureKind;
use midwatch::domain::recovery::Requires;
use midwatch::domain::service::ServiceKind;
use midwatch::domain::service::spec::ServiceSpec;
use midwatch::jobs::postgres::backend::{self, Ending};
use midwatch::jobs::postgres::identity;
use midwatch::jobs::steps::end_session::EndArgs;
use midwatch::jobs::steps::fence::FenceArgs;
use midwatch::jobs::steps::postgres_promote::PromoteArgs;
use midwatch::jobs::target::Target;
use midwatch::ports::World as _;

use crate::bench::Bench;
use crate::servers::{PASSWORD, Postgres, eventually};

/// A server as a service whose control is its own PID file.
fn service(bench: &Bench, name: &str, server: &Postgres) -> ServiceSpec {
    let pid_file = server.folder.path().join("data/postmaster.pid");
    let way =
        Way::Process(ProcessSpec { pid_file, start: vec![], env: vec![], signal: StopSignal::Int, log: None, seen: vec![] });
    let reach = Reach::Tcp { host: "127.0.0.1".to_owned(), port: server.port };
    ServiceSpec {
        name: name.into(),
        kind: ServiceKind::Postgres,
        access: Access { reach, ..bench.access.clone() },
        health: None,
        backup: None,
        control: Some(ControlSpec { way, ssh: None, grace: Duration::from_secs(10) }),
        depends_on: vec![],
        requires: Requires::default(),
        labels: BTreeMap::new(),
    }
}

fn is_standby(server: &Postgres) -> bool {
    server.psql("SELECT pg_is_in_recovery()").unwrap().trim() == "t"
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standby_is_promoted_only_beside_a_silent_primary_and_then_that_is_not_started_again() {
    let mut bench = Bench::new();
    let standby = bench.postgres.standby();
    let state = "SELECT state FROM pg_stat_replication";
    eventually("it streams", || bench.postgres.psql(state).is_some_and(|state| state.trim() == "streaming"));
    let (old, new) = (service(&bench, "db", &bench.postgres), service(&bench, "db-standby", &standby));
    let server = identity::identify(&*bench.world.tools(&new.access)).await.unwrap();
    let system = server.system.clone();
    let args = PromoteArgs { standby: new.clone(), primary: old.clone(), system: system.clone(), timeline: 1, fence: None };
    let target = Target::of(&"test".into(), &old);
    let fence = FenceArgs { target, force: false, successor: new.clone(), system };
    let none = BTreeMap::new();

    // Both answer: whatever was true when it was planned, the standby stays one.
    let refused = bench.step("postgres-promote", &args, &server, &none).await.unwrap_err();
    assert!(refused.what.contains("is not fenced") || refused.what.contains("still receives"), "{refused}");
    let stranger = PromoteArgs { system: "1".to_owned(), ..args.clone() };
    let refused = bench.step("postgres-promote", &stranger, &server, &none).await.unwrap_err();
    assert!(refused.what.contains("another server than was confirmed"), "{refused}");
    assert!(is_standby(&standby));

    bench.postgres.process.kill();
    bench.step("still-follows", &fence, &server, &none).await.unwrap();
    let told = bench.step("postgres-promote", &args, &server, &none).await.unwrap();
    assert_eq!(told["timeline"], 2, "{told}");
    assert!(!is_standby(&standby));
    let refused = bench.step("still-follows", &fence, &server, &none).await.unwrap_err();
    assert!(refused.what.contains("db-standby has taken over: db is not started beside it"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_grant_nobodys_session_is_ended_and_the_grant_is_named() {
    let bench = Bench::new();
    bench.sql(
        "postgres",
        &format!(
            "CREATE ROLE watch LOGIN PASSWORD '{PASSWORD}' IN ROLE pg_monitor; CREATE ROLE shop LOGIN PASSWORD '{PASSWORD}'; \
             CREATE ROLE \"on-call\" LOGIN PASSWORD '{PASSWORD}'"
        ),
    );
    let mut config = tokio_postgres::Config::new();
    config.host("127.0.0.1").port(bench.postgres.port).user("shop").password(PASSWORD).dbname("postgres");
    let (client, connection) = config.connect(tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    let pid: i32 = client.query_one("SELECT pg_backend_pid()", &[]).await.unwrap().get(0);
    let server = bench.server().await;
    let access = Access { user: Some("watch".to_owned()), ..bench.access.clone() };
    let mut session = identity::maintenance(&*bench.world.tools(&bench.access)).await.unwrap();
    let aim = backend::find(&mut session, pid).await.unwrap().unwrap().aim(Ending::Terminate, "db").unwrap();
    // One that sees nothing of others cannot know that the session is still the same: both rights are named.
    let blind = Access { user: Some("on-call".to_owned()), ..bench.access.clone() };
    let mut hidden = identity::maintenance(&*bench.world.tools(&blind)).await.unwrap();
    let refused = backend::find(&mut hidden, pid).await.unwrap_err();
    assert_eq!(refused.kind, FailureKind::Denied, "{refused}");
    assert_eq!(refused.mend.unwrap(), "as a superuser: GRANT pg_monitor, pg_signal_backend TO \"on-call\";");
    assert!(refused.what.contains("of shop@postgres is and does is hidden from on-call"), "{}", refused.what);
    backend::waits(&mut hidden).await.unwrap();
    let args = EndArgs { service: "db".into(), access, server: server.key(), aim, ending: Ending::Terminate, force: false };
    let refused = bench.step("end-session", &args, &server, &BTreeMap::new()).await.unwrap_err();
    assert_eq!(refused.kind, FailureKind::Denied, "{refused}");
    assert!(refused.mend.clone().unwrap().starts_with("GRANT pg_signal_backend TO watch"), "{refused}");
    client.query_one("SELECT 1", &[]).await.expect("it goes on");

    bench.sql("postgres", "GRANT pg_signal_backend TO watch");
    let told = bench.step("end-session", &args, &server, &BTreeMap::new()).await.unwrap();
    assert_eq!(told["gone"], true, "{told}");
    assert!(client.query_one("SELECT 1", &[]).await.is_err());
}
