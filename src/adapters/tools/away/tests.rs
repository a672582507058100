#![allow(clippy::unwrap_used)]
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::*;
use crate::adapters::process::{Process, wait_gone};
use crate::adapters::tools::tools;
use crate::domain::access::{Access, Reach, Tls};
use crate::ports::tools::{Bench, Ended, Tools};

/// An `ssh` that goes nowhere: as with the real one, what runs behind it does not die with it, but loses its standard input.
const SSH: &str = r#"#!/bin/sh
while [ "$1" != -- ]; do shift; done
shift 2
exec 3<&0
mkfifo "$0.$$"
cat <&3 >"$0.$$" &
cat=$!
setsid sh -c "$*" <"$0.$$"
status=$?
kill "$cat" 2>/dev/null
exit "$status"
"#;

/// Tools behind it.
fn behind() -> (Arc<dyn Tools>, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let ssh = folder.path().join("ssh");
    fs::write(&ssh, SSH).unwrap();
    fs::set_permissions(&ssh, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap());
    let access = Access {
        reach: Reach::Tcp { host: "db".into(), port: 5432 },
        ssh: Some("bastion".into()),
        tools: ToolPlace::Here,
        user: None,
        password: None,
        database: None,
        tls: Tls::Disable,
    };
    (tools(&access, &Surroundings::inherited().with_path(path)), folder)
}

async fn finish(mut running: Box<dyn Running>) -> (String, Ended) {
    let mut said = String::new();
    running.stdout().unwrap().read_to_string(&mut said).await.unwrap();
    (said, running.ended().await.unwrap())
}

fn shell(script: &str) -> Run {
    Run::new("sh", ["-c", script])
}

/// The process whose number is the first thing a program says.
async fn first(running: &mut dyn Running) -> Process {
    let (mut out, mut line) = (running.stdout().unwrap(), String::new());
    while !line.ends_with('\n') {
        line.push(out.read_u8().await.unwrap().into());
    }
    Process::of(line.trim().parse().unwrap()).unwrap()
}

fn gone(process: Process) -> bool {
    wait_gone(vec![process], Duration::from_secs(60)).is_empty()
}

#[tokio::test]
async fn rule_12_what_is_said_over_there_arrives_and_secrets_go_there_unseen() {
    let (tools, _folder) = behind();
    let run = Run {
        env: vec![("PGUSER".into(), "it's \"me\" $HOME".into())],
        secrets: vec![("PGPASSWORD".into(), SecretString::from(" ca'na\\ry$x "))],
        ..shell(
            "printf '%s\\n' \"$PGUSER|$PGPASSWORD|$LC_ALL|$PGHOST\"; tr '\\0' ' ' </proc/$PPID/cmdline; echo no such table >&2; exit 3",
        )
    };
    let (said, ended) = finish(tools.start(&run).await.unwrap()).await;
    let (first, arguments) = said.split_once('\n').unwrap();
    assert_eq!(first, "it's \"me\" $HOME| ca'na\\ry$x |C|");
    assert!(arguments.contains("PGPASSWORD") && !arguments.contains("na\\ry"), "{arguments}");
    assert_eq!((ended.status.code(), ended.stderr.as_str()), (Some(3), "no such table\n"));
    let lines = Run { secrets: vec![("PGPASSWORD".into(), SecretString::from("a\nb"))], ..shell("true") };
    assert_eq!(tools.start(&lines).await.err().unwrap().kind, FailureKind::Config);
}

#[tokio::test]
async fn a_version_that_is_not_there_is_not_replaced_by_another() {
    let (tools, _folder) = behind();
    let newest = Run::new("initdb", ["--version"]);
    let (said, _) = finish(tools.start(&newest).await.unwrap()).await;
    let major = crate::domain::version::major(crate::domain::version::told(&said).unwrap()).unwrap();
    let (same, _) = finish(tools.start(&Run { major: Some(major), ..newest.clone() }).await.unwrap()).await;
    assert_eq!(said, same);
    let (_, ended) = finish(tools.start(&Run { major: Some(99), ..newest }).await.unwrap()).await;
    assert_eq!(ended.status.code(), Some(127), "{ended:?}");
}

#[tokio::test]
async fn nothing_goes_on_over_there() {
    let (tools, _folder) = behind();
    for input in [false, true] {
        let deaf = Run { input, ..shell("trap '' TERM; echo $$; while :; do sleep 1; done") };
        let mut running = tools.start(&deaf).await.unwrap();
        let process = first(&mut *running).await;
        drop(running);
        assert!(gone(process), "dropped, input {input}");

        let polite = Run { input, ..shell("trap 'exit 7' TERM; echo $$; while :; do sleep 0.1; done") };
        let mut running = tools.start(&polite).await.unwrap();
        let process = first(&mut *running).await;
        running.stop().await.unwrap();
        assert!(gone(process), "stopped, input {input}");
        assert_eq!(running.ended().await.unwrap().status.code(), Some(7), "input {input}");
    }
}

#[tokio::test]
async fn input_arrives_whole_after_the_secrets() {
    let (tools, _folder) = behind();
    let secrets = vec![("PGPASSWORD".into(), SecretString::from("canary"))];
    let run = Run { input: true, secrets, ..shell("echo $PGPASSWORD; wc -c") };
    let mut running = tools.start(&run).await.unwrap();
    let mut input = running.stdin().unwrap();
    tokio::spawn(async move { input.write_all(&vec![b'x'; 1 << 20]).await.unwrap() });
    let (said, ended) = finish(running).await;
    assert_eq!((said.as_str(), ended.stderr.as_str()), ("canary\n1048576\n", ""));
}

#[tokio::test]
async fn a_room_over_there_is_private_and_goes_with_what_runs_in_it() {
    let (tools, folder) = behind();
    let place = folder.path().join("job-1");
    let bench: Box<dyn Bench> = tools.bench(&place).await.unwrap();
    let room = bench.folder().to_owned();
    let about = room.metadata().unwrap();
    assert_eq!(about.mode() & 0o777, 0o700);
    if rustix::process::geteuid().is_root() {
        assert_ne!(about.uid(), 0, "a PostgreSQL refuses to run as root");
    }
    let (said, _) = finish(bench.start(&shell("id -u; pwd; echo $HOME")).await.unwrap()).await;
    assert_eq!(said, format!("{}\n{1}\n{1}\n", about.uid(), room.display()));
    let mut running = bench.start(&shell("echo $$; trap '' TERM QUIT; while :; do sleep 1; done")).await.unwrap();
    let process = first(&mut *running).await;
    bench.clear().await.unwrap();
    assert!(gone(process));
    assert!(!room.exists() && !place.exists());

    let whole = room.parent().unwrap();
    fs::create_dir(whole).unwrap();
    fs::write(whole.join("theirs"), "").unwrap();
    let failure = tools.bench(&place).await.err().unwrap();
    assert!(failure.what.contains("not a scratch folder of midwatch"), "{failure}");
    assert!(whole.join("theirs").exists());
    fs::remove_dir_all(whole).unwrap();
}
