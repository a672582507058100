#![allow(clippy::unwrap_used)]

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::*;
use crate::config::{self, Overrides, Places};

/// A configuration in a folder of its own, with a canary in every place where a secret may be.
struct Bench(tempfile::TempDir);

const CANARY: &str = "canary-hunter2";

impl Bench {
    fn new(toml: &str) -> Self {
        let bench = Self(tempfile::tempdir().unwrap());
        bench.file("midwatch.toml", 0o600, toml);
        bench.file("good.pass", 0o600, CANARY);
        bench.file("open.pass", 0o644, CANARY);
        bench.file("empty.pass", 0o600, "");
        bench
    }

    fn file(&self, name: &str, mode: u32, text: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    /// Every finding as one line, without the folder's name.
    async fn told(&self) -> Vec<String> {
        let nowhere = Path::new("/nonexistent").to_owned();
        let places = Places { here: self.0.path().to_owned(), user: None, system: nowhere };
        let config = config::load(&Overrides::default(), &places).unwrap_or_else(|error| panic!("{error}"));
        let folder = self.0.path().to_string_lossy().into_owned();
        run(&config).await.iter().map(|finding| line(finding).replace(&folder, "HERE")).collect()
    }
}

fn line(finding: &Finding) -> String {
    let mend = finding.mend.as_deref().unwrap_or("-");
    format!("{:?} {}: {} | {mend}", finding.verdict, finding.subject, finding.detail)
}

const SECRETS: &str = r#"
[environments.e.services]
good = { kind = "redis", reach = { tcp = "127.0.0.1:1" }, password = "file:good.pass" }
open = { kind = "redis", reach = { tcp = "127.0.0.1:1" }, password = "file:open.pass" }
none = { kind = "redis", reach = { tcp = "127.0.0.1:1" }, password = "file:none.pass" }
bare = { kind = "redis", reach = { tcp = "127.0.0.1:1" }, password = "file:empty.pass" }
unset = { kind = "redis", reach = { tcp = "127.0.0.1:1" }, password = "env:MIDWATCH_TEST_UNSET" }
fails = { kind = "redis", reach = { tcp = "127.0.0.1:1" }, password = "cmd:exit 3" }
"#;

#[tokio::test]
async fn a_secret_that_cannot_be_had_is_told_with_what_mends_it() {
    let told = Bench::new(SECRETS).told().await;
    let secrets: Vec<_> = told.iter().filter(|line| line.contains(".password: ")).map(String::as_str).collect();
    assert_eq!(
        secrets,
        [
            "Good services.good.password: file:HERE/good.pass | -",
            "Missing services.open.password: file:HERE/open.pass: others can read it (mode 644) | chmod 600 HERE/open.pass",
            "Missing services.none.password: file:HERE/none.pass: there is no such file | \
             install -m 600 /dev/stdin HERE/none.pass, then type it and end with Ctrl-D",
            "Missing services.bare.password: file:HERE/empty.pass: it is empty | \
             install -m 600 /dev/stdin HERE/empty.pass, then type it and end with Ctrl-D",
            "Missing services.unset.password: env:MIDWATCH_TEST_UNSET: this environment variable is not set | \
             export MIDWATCH_TEST_UNSET=… in the shell or unit that starts midwatch",
            "Missing services.fails.password: cmd:exit 3: this command failed (exit status: 3) | run it and see: exit 3",
        ]
    );
}

#[tokio::test]
async fn an_endpoint_that_is_missing_is_told_although_its_secret_is_missing_too() {
    let told = Bench::new(SECRETS).told().await;
    let unreachable = told.iter().filter(|line| line.starts_with("Missing services.") && line.contains("127.0.0.1:1: "));
    assert_eq!(unreachable.count(), 6, "{told:#?}");
}

const FILES: &str = r#"
[environments.e]
dashboards = ["boards", "none/*.json"]
runbooks = ["books/*.md", "one.md"]
[environments.e.prometheus]
url = "https://127.0.0.1:1"
ca = "none.pem"
client = { certificate = "binary.pem", key = "good.pem" }
"#;

#[tokio::test]
async fn a_file_that_is_missing_or_cannot_be_read_is_told_with_where_it_was_looked_for() {
    let bench = Bench::new(FILES);
    bench.file("boards/good.json", 0o644, r#"{"title": "Good", "panels": []}"#);
    bench.file("boards/cut.json", 0o644, r#"{"title": "#);
    bench.file("books/a.md", 0o644, "# A");
    bench.file("binary.pem", 0o644, "\u{1}\u{2}");
    bench.file("good.pem", 0o600, "-----BEGIN PRIVATE KEY-----");
    let told = bench.told().await;
    let looked = |start: &str| told.iter().filter(|line| line.contains(start)).cloned().collect::<Vec<_>>();
    let boards = looked(" dashboards: ");
    assert_eq!(boards[0], "Good dashboards: \"boards\": 1 file | -");
    assert!(boards[1].starts_with("Missing dashboards: HERE/boards/cut.json: line 1, column "), "{boards:?}");
    assert_eq!(
        boards[2],
        "Missing dashboards: \"none/*.json\" matches no file: looked for HERE/none/*.json | \
         mend the path at midwatch.toml:3:25: it is relative to its file"
    );
    assert_eq!(looked(" runbooks: ").iter().filter(|line| line.starts_with("Missing")).count(), 1);
    assert!(looked("prometheus.ca: ")[0].starts_with("Missing prometheus.ca: HERE/none.pem: No such file"), "{told:?}");
    assert!(looked("client.certificate: ")[0].contains("no PEM is in it"), "{told:?}");
    assert!(looked("client.key: ").is_empty());
    assert!(looked(" prometheus: ")[0].starts_with("Missing"), "{told:?}");
}

#[tokio::test]
async fn rule_12_no_check_tells_a_secret() {
    let bench = Bench::new(
        r#"
        [environments.e]
        dashboards = ["good.pass"]
        [environments.e.prometheus]
        url = "http://127.0.0.1:1"
        basic = { user = "u", password = "file:good.pass" }
        headers = { X-Api-Key = "cmd:cat good.pass; exit 1", X-Token = "cmd:echo canary-hunter2 | tee /dev/stderr" }
        [[environments.e.alertmanagers]]
        url = "https://127.0.0.1:1"
        bearer = "file:good.pass"
        ca = "good.pass"
        [environments.e.services]
        db = { kind = "postgres", user = "u", password = "file:good.pass", reach = { tcp = "127.0.0.1:1" }, tls = "require" }
        sock = { kind = "postgres", user = "u", password = "file:open.pass", reach = { unix = "good.pass" } }
        cache = { kind = "redis", password = "file:good.pass", reach = { unix = "good.pass" } }
        "#,
    );
    let told = bench.told().await;
    // The command line is the reference itself; what it printed is not.
    let leaks: Vec<_> = told.iter().filter(|line| line.contains(CANARY) && !line.contains("cmd:echo")).collect();
    assert!(told.len() > 8 && leaks.is_empty(), "{told:#?}");
}

#[test]
fn a_terminal_is_told_what_it_lacks() {
    let terminal = |term: &str, locale: &str| terminal::Terminal { term: Some(term.into()), locale: Some(locale.into()) };
    let verdicts = |terminal, ascii| terminal::check(&terminal, ascii).iter().map(|f| f.verdict).collect::<Vec<_>>();
    assert_eq!(verdicts(terminal("tmux-256color", "en_GB.UTF-8"), false), [Verdict::Good, Verdict::Good]);
    assert_eq!(verdicts(terminal("dumb", "C"), false), [Verdict::Note, Verdict::Note]);
    assert_eq!(verdicts(terminal("vt220", "C"), true), [Verdict::Good, Verdict::Good]);
    assert_eq!(verdicts(terminal::Terminal::default(), false), [Verdict::Note, Verdict::Note]);
}

#[test]
fn a_clock_that_differs_is_told_with_its_side() {
    let subject = Subject { environment: None, name: "prometheus".into() };
    assert_eq!(endpoint::of_clock(&subject, 900), None);
    assert_eq!(
        line(&endpoint::of_clock(&subject, -3_600_000).unwrap()),
        "Note prometheus.clock: its clock is 1h behind this host's: ages on screen would be wrong | \
         timedatectl set-ntp true, on the host whose clock is wrong"
    );
}

const REPOSITORIES: &str = r#"
[environments.e]
unattended = ["backup", "verfy", "tidyup"]
[environments.e.repositories]
there = { path = "kept" }
gone = { path = "unmounted" }
sealed = { path = "sealed", encrypt = ["age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"] }
bare = { s3 = { bucket = "backups", endpoint = "http://192.0.2.1:9000", access_key = "env:MIDWATCH_TEST_UNSET", secret_key = "file:good.pass" } }
here = { s3 = { bucket = "backups", endpoint = "http://[::1]:1", access_key = "env:MIDWATCH_TEST_UNSET", secret_key = "file:good.pass" } }
"#;

#[tokio::test]
async fn a_repository_that_is_not_there_or_not_safe_is_told() {
    let bench = Bench::new(REPOSITORIES);
    for folder in ["kept", "sealed"] {
        std::fs::create_dir(bench.path(folder)).unwrap();
    }
    let told = bench.told().await;
    let looked = |name: &str| told.iter().filter(|line| line.contains(&format!(" repositories.{name}"))).collect::<Vec<_>>();
    assert!(looked("there")[0].starts_with("Good repositories.there: HERE/kept  0 backups, 0 orphans, "), "{told:#?}");
    assert_eq!(
        looked("gone"),
        [
            "Missing repositories.gone: HERE/unmounted: there is no such folder | mkdir -p HERE/unmounted; or mount the disk that has it"
        ]
    );
    assert!(looked("sealed")[1].starts_with("Note repositories.sealed.identity: its backups are encrypted"), "{told:#?}");
    assert!(
        told.contains(
            &"Note repositories.bare.s3.endpoint: http://192.0.2.1:9000: backups go over the network without encryption | \
          endpoint = \"https://…\""
                .to_owned()
        )
    );
    assert_eq!(looked("here.s3.endpoint"), [&""; 0], "{told:#?}");
    assert!(looked("bare: ")[0].contains("was not asked without its keys"), "{told:#?}");
}

#[tokio::test]
async fn a_word_that_lets_nothing_run_unattended_is_told() {
    let told = Bench::new(REPOSITORIES).told().await;
    let unattended: Vec<_> = told.iter().filter(|line| line.contains(" unattended: ")).map(String::as_str).collect();
    assert_eq!(
        unattended,
        [
            "Missing unattended: no routine is called \"verfy\": nothing runs by it | did you mean \"verify\"?",
            "Missing unattended: no routine is called \"tidyup\": nothing runs by it | \
             there are backup, verify, adopt, prune, clean, start, stop, restart, pause, unpause, scale, recover, cancel-query, \
             terminate, kill-client, promote, rebuild, failover, drill",
        ]
    );
}
