//! What the console and `midwatch check` learn of services that only Docker reaches.

use std::process::Command;
use std::time::Duration;

use midwatch::adapters::afar::{Afar, Kind};
use midwatch::domain::fault::FaultKind;
use midwatch::domain::service::{Facts, Role};

use super::*;
use crate::docker::PASSWORD;

const CONFIG: &str = r#"
[environments.shop]
repositories.main.path = "backups"
[environments.shop.services.db]
kind = "postgres"
reach = { docker = "db" }
user = "postgres"
backup = { methods = ["logical", "physical"] }
[environments.shop.services.managed]
kind = "postgres"
reach = { docker = "db" }
user = "plain"
backup = { methods = ["logical", "physical"] }
[environments.shop.services.cache]
kind = "redis"
reach = { docker = "cache" }
password = "file:password"
backup = {}
[environments.shop.services.gone]
kind = "redis"
reach = { docker = "nowhere" }
[environments.shop.services.bare]
kind = "postgres"
reach = { docker = "db" }
user = "postgres"
tools = { image = "nothing:1" }
"#;

#[tokio::test(flavor = "multi_thread")]
async fn what_only_its_tools_reach_is_probed_and_checked() {
    let Some(docker) = Docker::start() else { return };
    docker.postgres("db");
    docker.psql("db", "CREATE ROLE plain LOGIN");
    docker.redis("cache");
    probes(&docker).await;

    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("midwatch.toml"), CONFIG).unwrap();
    std::fs::write(folder.path().join("password"), PASSWORD).unwrap();
    let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(folder.path().join("password"), private).unwrap();
    let mut check = Command::new(env!("CARGO_BIN_EXE_midwatch"));
    check.args(["check", "--json", "--config"]).arg(folder.path().join("midwatch.toml")).env("DOCKER_HOST", docker.host());
    let output = check.output().unwrap();
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let of = |service: &str| {
        let subject = format!("services.{service}");
        let all = told["findings"].as_array().unwrap().iter();
        let of = all.filter(|f| f["subject"].as_str().unwrap().starts_with(&subject));
        of.map(|f| format!("{} {} | {}", f["verdict"], f["detail"], f["mend"])).collect::<Vec<_>>().join("\n")
    };
    assert!(of("db").contains("allows logical and physical backups"), "{told:#}");
    assert!(of("managed").contains("missing") && of("managed").contains("allows logical backups only"), "{told:#}");
    assert!(of("managed").contains("ALTER ROLE \\\"plain\\\" REPLICATION"), "{told:#}");
    assert!(of("cache").contains("allows a copy through replication") && !of("cache").contains("missing"), "{told:#}");
    assert!(of("gone").contains("No such container"), "{told:#}");
    assert!(of("bare").contains("docker pull nothing:1"), "{told:#}");
    assert!(!told.to_string().contains(PASSWORD));
}

async fn probes(docker: &Docker) {
    let patience = Duration::from_secs(60);
    let access = Access { user: Some("postgres".into()), ..inside("db", ToolPlace::Here) };
    let report = Afar::new(tools_of(docker, &access), Kind::Postgres, patience).probe().await.unwrap();
    let Facts::Postgres(facts) = report.facts else { panic!("{report:?}") };
    assert!(matches!(facts.role, Role::Primary { .. }) && facts.max_connections == 100, "{facts:?}");

    let cache = tools_of(docker, &inside("cache", ToolPlace::Here));
    let fault = Afar::new(cache, Kind::Redis, patience).probe().await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Denied, "{fault}");
    docker.redis_cli("cache", &["SET", "k", "v"]);
    docker.redis_cli("cache", &["CONFIG", "SET", "requirepass", ""]);
    let cache = tools_of(docker, &inside("cache", ToolPlace::Here));
    let report = Afar::new(cache, Kind::Redis, patience).probe().await.unwrap();
    let Facts::Redis(facts) = report.facts else { panic!("{report:?}") };
    assert_eq!(facts.keys, 1);
    docker.redis_cli("cache", &["CONFIG", "SET", "requirepass", PASSWORD]);

    let nowhere = tools_of(docker, &inside("nowhere", ToolPlace::Here));
    let fault = Afar::new(nowhere, Kind::Redis, patience).probe().await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Unreachable, "{fault}");
}
