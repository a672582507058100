//! `midwatch check` on real servers: all good, and with one thing after the other broken.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

#[path = "support/servers.rs"]
mod servers;

use servers::{Alertmanager, PASSWORD, Postgres, Prometheus, Redis};

/// One of everything, and a folder with a configuration for it.
struct Stack {
    postgres: Postgres,
    redis: Redis,
    alertmanagers: Vec<Alertmanager>,
    prometheus: Prometheus,
    folder: tempfile::TempDir,
}

/// An environment in which nothing is missing.
const GOOD: &str = r#"
[environments.NAME]
dashboards = ["boards/*.json"]
runbooks = ["books"]
[environments.NAME.prometheus]
url = "PROMETHEUS"
[[environments.NAME.alertmanagers]]
url = "FIRST"
[[environments.NAME.alertmanagers]]
url = "SECOND"
[environments.NAME.services.db]
kind = "postgres"
reach = { tcp = "127.0.0.1:PGPORT" }
user = "seer"
password = "file:good.pass"
[environments.NAME.services.cache]
kind = "redis"
reach = { tcp = "127.0.0.1:REDISPORT" }
password = "cmd:cat FOLDER/good.pass"
[environments.NAME.services.web]
kind = "http"
reach = { tcp = "127.0.0.1:WEBPORT" }
health = { path = "/-/ready", status = 200 }
[[environments.NAME.signals]]
name = "targets"
query = "count(vector(1))"
"#;

/// What is broken, what takes the place of what, and the one thing that is missing then, with a part of what mends it.
const BROKEN: [(&str, [&str; 2], (&str, &str)); 14] = [
    ("prometheus-down", ["PROMETHEUS", "http://127.0.0.1:1"], ("prometheus", "curl -v http://127.0.0.1:1/-/ready")),
    ("prometheus-prefix", ["PROMETHEUS", "PROMETHEUS/nowhere"], ("prometheus", "with the prefix it is served under")),
    ("alertmanager-down", ["SECOND", "http://127.0.0.1:1"], ("alertmanagers[1]", "curl -v http://127.0.0.1:1/-/ready")),
    ("password-wrong", ["file:good.pass", "file:wrong.pass"], ("services.db", "renew what file:FOLDER/wrong.pass names")),
    ("password-readable", ["file:good.pass", "file:open.pass"], ("services.db.password", "chmod 600 FOLDER/open.pass")),
    ("password-missing", ["file:good.pass", "file:none.pass"], ("services.db.password", "install -m 600 /dev/stdin")),
    (
        "variable-unset",
        ["cmd:cat FOLDER/good.pass", "env:MIDWATCH_TEST_UNSET"],
        ("services.cache.password", "export MIDWATCH_TEST_UNSET"),
    ),
    ("role-missing", ["\"seer\"", "\"plain\""], ("services.db.permission", "GRANT pg_monitor TO \"plain\";")),
    ("role-barred", ["\"seer\"", "\"barred\""], ("services.db", "ALTER ROLE \"barred\" LOGIN;")),
    ("tls-missing", ["user = \"seer\"", "user = \"seer\"\ntls = \"verify-full\""], ("services.db", "tls = \"disable\"")),
    ("acl-missing", ["kind = \"redis\"", "kind = \"redis\"\nuser = \"blind\""], ("services.cache", "ACL SETUSER blind +info")),
    ("health-wrong", ["/-/ready", "/-/nowhere"], ("services.web", "curl -v http://127.0.0.1:WEBPORT/-/nowhere")),
    ("dashboards-none", ["boards/*.json", "nowhere/*.json"], ("dashboards", "it is relative to its file")),
    ("query-broken", ["count(vector(1))", "count(vector(1)"], ("signals.targets", "promtool query instant PROMETHEUS")),
];

impl Stack {
    fn start() -> Self {
        let alertmanagers = Alertmanager::cluster(2);
        let prometheus = Prometheus::start(&alertmanagers);
        let redis = Redis::start(&[]);
        redis.cli(&["ACL", "SETUSER", "blind", "on", &format!(">{PASSWORD}"), "+ping"]);
        let postgres = Postgres::primary();
        for role in ["seer LOGIN IN ROLE pg_monitor", "plain LOGIN", "barred NOLOGIN"] {
            let (name, rest) = role.split_once(' ').unwrap();
            postgres.psql(&format!("CREATE ROLE {name} PASSWORD '{PASSWORD}' {rest}")).unwrap();
        }
        Self { postgres, redis, alertmanagers, prometheus, folder: folder() }
    }

    /// The names of this stack in the place of those of the table.
    fn filled(&self, text: &str) -> String {
        let web = self.prometheus.url.rsplit(':').next().unwrap();
        text.replace("PROMETHEUS", &self.prometheus.url)
            .replace("FIRST", &self.alertmanagers[0].url)
            .replace("SECOND", &self.alertmanagers[1].url)
            .replace("PGPORT", &self.postgres.port.to_string())
            .replace("REDISPORT", &self.redis.port.to_string())
            .replace("WEBPORT", web)
            .replace("FOLDER", self.folder.path().to_str().unwrap())
    }

    fn configure(&self, toml: &str) {
        fs::write(self.folder.path().join("midwatch.toml"), self.filled(toml)).unwrap();
    }

    fn check(&self, arguments: &[&str]) -> Output {
        check(self.folder.path(), arguments)
    }
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, mode: u32, text: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    write("good.pass", 0o600, PASSWORD);
    write("open.pass", 0o644, PASSWORD);
    write("wrong.pass", 0o600, "not-hunter2");
    write("boards/one.json", 0o644, r#"{"title": "One", "panels": []}"#);
    write("books/one.md", 0o644, "# One");
    folder
}

fn check(folder: &Path, arguments: &[&str]) -> Output {
    let mut midwatch = Command::new(env!("CARGO_BIN_EXE_midwatch"));
    midwatch.env_clear().env("PATH", std::env::var_os("PATH").unwrap()).env("TERM", "xterm-256color").env("LANG", "C.UTF-8");
    midwatch.arg("check").arg("--config").arg(folder.join("midwatch.toml")).args(arguments).output().unwrap()
}

/// Everything that was printed; a secret is not among it.
fn printed(output: &Output) -> String {
    let text = [&output.stdout[..], &output.stderr].map(String::from_utf8_lossy).concat();
    assert!(!text.contains(PASSWORD), "a secret was printed:\n{text}");
    text
}

/// `(environment, subject, mend)` of everything that is missing.
fn missing(report: &str) -> Vec<[String; 3]> {
    let report: Value = serde_json::from_str(report).unwrap_or_else(|error| panic!("{error}: {report}"));
    assert_eq!(report["schema_version"], 1);
    let findings = report["findings"].as_array().unwrap().iter();
    let text = |finding: &Value, key: &str| finding[key].as_str().unwrap_or_default().to_owned();
    let missing = findings.filter(|finding| finding["verdict"] == "missing");
    missing.map(|finding| ["environment", "subject", "mend"].map(|key| text(finding, key))).collect()
}

#[test]
fn rule_12_everything_that_is_broken_is_named_at_once_and_nothing_else_and_no_secret() {
    let stack = Stack::start();
    let good = GOOD.replace("NAME", "good");

    stack.configure(&good);
    let output = stack.check(&[]);
    let text = printed(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("Everything the configuration needs is there."), "{text}");
    for subject in
        ["prometheus", "alertmanagers[1]", "services.db", "services.cache", "services.web", "signals.targets", "runbooks"]
    {
        assert!(text.lines().any(|line| line.starts_with("ok   good  ") && line.contains(subject)), "{subject}:\n{text}");
    }

    let broken = BROKEN.map(|(name, [from, to], _)| GOOD.replace(from, to).replace("NAME", name));
    stack.configure(&format!("{good}{}", broken.concat()));
    let output = stack.check(&["--json"]);
    let report = printed(&output);
    assert_eq!(output.status.code(), Some(78), "{report}");
    let found = missing(&report);
    for (name, _, (subject, mend)) in BROKEN {
        let [[_, found_subject, found_mend]] =
            &found.iter().filter(|[environment, ..]| environment == name).collect::<Vec<_>>()[..]
        else {
            panic!("{name}: {found:#?}")
        };
        assert_eq!(found_subject, subject, "{name}");
        assert!(found_mend.contains(&stack.filled(mend)), "{name}: {found_mend}");
    }
    assert_eq!(found.len(), BROKEN.len(), "{found:#?}");
}

#[test]
fn a_wrong_configuration_ends_with_78_and_every_problem() {
    let folder = folder();
    fs::write(folder.path().join("midwatch.toml"), include_str!("fixtures/config/many.toml")).unwrap();
    let output = check(folder.path(), &[]);
    let text = printed(&output);
    assert_eq!(output.status.code(), Some(78));
    assert!(text.contains("midwatch.toml:8:1: unknown key \"dashboard\"") && text.contains("18 problems"), "{text}");
    assert!(!text.contains("correct horse"), "{text}");
    assert_eq!(missing(&printed(&check(folder.path(), &["--json"]))).len(), 18);
}

#[test]
fn without_a_configuration_it_is_said_what_to_write_and_where() {
    let folder = tempfile::tempdir().unwrap();
    let mut midwatch = Command::new(env!("CARGO_BIN_EXE_midwatch"));
    midwatch.env_clear().env("HOME", folder.path()).current_dir(folder.path());
    // A configuration of the host's own would be found.
    if Path::new("/etc/midwatch/midwatch.toml").exists() {
        println!("skipped: this host has a configuration");
        return;
    }
    let output = midwatch.arg("check").output().unwrap();
    let text = printed(&output);
    assert_eq!(output.status.code(), Some(78));
    assert!(text.contains(".config/midwatch/midwatch.toml") && text.contains("[environments.production]"), "{text}");
}
