#![allow(clippy::unwrap_used)]
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::os::unix::process::ExitStatusExt as _;

use secrecy::ExposeSecret as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::*;
use crate::adapters::process::Process;
use crate::domain::access::{Reach, Tls, ToolPlace};
use crate::domain::failure::FailureKind;
use crate::domain::secret::SecretRef;
use crate::ports::tools::Ended;

const CANARY: &str = "ca:na\\ry";

fn access() -> Access {
    Access {
        reach: Reach::Tcp { host: "db-1".into(), port: 5433 },
        ssh: None,
        tools: ToolPlace::Here,
        user: Some("midwatch".into()),
        password: None,
        database: Some("shop".into()),
        tls: Tls::Disable,
    }
}

/// The same with a password, in a file.
fn secretive() -> (Access, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("password");
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).unwrap();
    file.write_all(CANARY.as_bytes()).unwrap();
    (Access { password: Some(SecretRef::File(path)), ..access() }, folder)
}

fn here(access: &Access) -> Arc<dyn Tools> {
    tools(access, &Surroundings::inherited())
}

fn shell(script: &str) -> Run {
    Run::new("sh", ["-c", script])
}

async fn output(run: &Run) -> (String, Ended) {
    let mut running = here(&access()).start(run).await.unwrap();
    let mut text = String::new();
    running.stdout().unwrap().read_to_string(&mut text).await.unwrap();
    (text, running.ended().await.unwrap())
}

/// A program that says its number and that of a child of its, and the two.
async fn couple(script: &str) -> (Box<dyn Running>, [Process; 2]) {
    let mut running = here(&access()).start(&shell(script)).await.unwrap();
    let mut out = running.stdout().unwrap();
    let mut text = String::new();
    while text.lines().count() < 2 || !text.ends_with('\n') {
        text.push(out.read_u8().await.unwrap().into());
    }
    let found: Vec<Process> = text.lines().map(|line| Process::of(line.parse().unwrap()).unwrap()).collect();
    (running, found.try_into().unwrap())
}

fn all_gone(processes: [Process; 2]) -> bool {
    crate::adapters::process::wait_gone(processes.to_vec(), std::time::Duration::from_secs(60)).is_empty()
}

#[tokio::test]
async fn a_program_has_a_clean_environment() {
    let (text, ended) = output(&Run { env: vec![("PGPORT".into(), "5433".into())], ..Run::new::<&str>("env", []) }).await;
    assert!(ended.status.success());
    let names: Vec<&str> = text.lines().filter_map(|line| Some(line.split_once('=')?.0)).collect();
    assert!(names.iter().all(|name| ["PATH", "HOME", "LC_ALL", "PGPORT"].contains(name)), "{names:?}");
    assert!(text.contains("LC_ALL=C\n") && text.contains("PGPORT=5433\n"));
}

#[tokio::test]
async fn its_own_status_and_the_end_of_its_errors_are_told() {
    let (_, ended) = output(&shell("echo no such table >&2; exit 3")).await;
    assert_eq!((ended.status.code(), ended.stderr.as_str()), (Some(3), "no such table\n"));
    let (_, ended) = output(&shell("kill -9 $$")).await;
    assert_eq!(ended.status.signal(), Some(9));
    let (_, ended) = output(&shell("yes 0123456789abcde | head -c 1000000 >&2; echo last >&2")).await;
    assert_eq!(ended.stderr.len(), 64 << 10);
    assert!(ended.stderr.ends_with("last\n"));
}

#[tokio::test]
async fn output_that_nobody_takes_holds_nobody_up() {
    let mut running = here(&access()).start(&shell("yes | head -c 1000000; exit 4")).await.unwrap();
    assert_eq!(running.ended().await.unwrap().status.code(), Some(4));
}

#[tokio::test]
async fn input_is_given_and_closed() {
    let run = Run { input: true, ..Run::new::<&str>("cat", []) };
    let mut running = here(&access()).start(&run).await.unwrap();
    let mut input = running.stdin().unwrap();
    input.write_all(b"select 1").await.unwrap();
    drop(input);
    let mut text = String::new();
    running.stdout().unwrap().read_to_string(&mut text).await.unwrap();
    assert_eq!(text, "select 1");
    assert!(running.ended().await.unwrap().status.success());
}

#[tokio::test]
async fn dropped_it_is_killed_with_all_it_started() {
    let (running, both) = couple("echo $$; sh -c 'trap \"\" TERM; echo $$; sleep 1000'; true").await;
    drop(running);
    assert!(all_gone(both));
}

#[tokio::test]
async fn stopped_it_may_clean_up_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let note = folder.path().join("note");
    let script = format!(
        "trap 'echo bye > {}; exit 7' TERM; echo $$; (trap '' TERM; sh -c 'echo $PPID; sleep 1000') & while :; do wait; done",
        note.display()
    );
    let (mut running, both) = couple(&script).await;
    running.stop().await.unwrap();
    assert_eq!(std::fs::read_to_string(note).unwrap(), "bye\n");
    assert_eq!(running.ended().await.unwrap().status.code(), Some(7));
    assert!(all_gone(both));
}

#[tokio::test]
async fn what_is_not_installed_is_told_with_its_package() {
    let failure = here(&access()).start(&Run::new::<&str>("pg_nothing", [])).await.err().unwrap();
    assert_eq!(failure.kind, FailureKind::Tool);
    assert!(failure.mend.unwrap().contains("apt-get install"));
}

#[tokio::test]
async fn rule_12_the_password_is_in_no_argument_no_variable_and_no_file_that_stays() {
    let (access, _folder) = secretive();
    let tools = here(&access);
    let run =
        tools.postgres(shell("cat $PGPASSFILE; stat -L -c %a $PGPASSFILE; cat /proc/$$/environ /proc/$$/cmdline")).await.unwrap();
    assert!(!format!("{run:?}").contains(CANARY));
    let mut running = tools.start(&run).await.unwrap();
    let mut text = String::new();
    running.stdout().unwrap().read_to_string(&mut text).await.unwrap();
    let (file, rest) = text.split_once('\n').unwrap();
    assert_eq!(file, "*:*:*:*:ca\\:na\\\\ry");
    assert!(rest.starts_with("600\n") && !rest.contains("na\\ry"), "{rest:?}");
    let path = run.env.iter().find(|(name, _)| name == "PGPASSFILE").unwrap().1.clone();
    drop(tools);
    assert!(!std::path::Path::new(&path).exists());
}

#[tokio::test]
async fn postgres_is_told_where_and_who_by_variables_alone() {
    let tools = here(&access());
    let asked = Run { env: vec![("PGDATABASE".into(), "other".into())], ..Run::new("pg_dump", ["-Fc"]) };
    let run = tools.postgres(asked).await.unwrap();
    assert_eq!(run.args, ["-Fc"]);
    let told =
        |name: &str| run.env.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str()).collect::<Vec<_>>();
    assert_eq!((told("PGHOST"), told("PGPORT"), told("PGUSER")), (vec!["db-1"], vec!["5433"], vec!["midwatch"]));
    assert_eq!((told("PGDATABASE"), told("PGSSLMODE")), (vec!["other"], vec!["disable"]));
    let unix = Access { reach: Reach::Unix("/run/postgresql/.s.PGSQL.5434".into()), ..access() };
    let run = here(&unix).postgres(Run::default()).await.unwrap();
    assert!(run.env.contains(&("PGHOST".into(), "/run/postgresql".into())));
    assert!(run.env.contains(&("PGPORT".into(), "5434".into())));
}

#[tokio::test]
async fn rule_12_redis_is_told_where_and_who_before_what() {
    let (access, _folder) = secretive();
    let access = Access { tls: Tls::Require, ..access };
    let run = here(&access).redis(Run::new("redis-cli", ["PING"])).await.unwrap();
    assert_eq!(run.args, ["-h", "db-1", "-p", "5433", "--user", "midwatch", "--tls", "--insecure", "PING"]);
    assert!(!format!("{run:?}").contains(CANARY));
    assert_eq!(run.secrets[0].0, "REDISCLI_AUTH");
    assert_eq!(run.secrets[0].1.expose_secret(), CANARY);
}
