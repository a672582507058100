#![allow(clippy::unwrap_used)]
use super::*;
use crate::adapters::process::Process;

async fn open(folder: &Path) -> Result<HereBench, Failure> {
    HereBench::open(folder.to_owned(), ToolPlace::Here, Surroundings::inherited()).await
}

/// A place that every user of the host can reach.
fn scratch() -> tempfile::TempDir {
    let scratch = tempfile::tempdir().unwrap();
    fs::set_permissions(scratch.path(), std::os::unix::fs::PermissionsExt::from_mode(0o711)).unwrap();
    scratch
}

async fn asleep(bench: &HereBench) -> (Box<dyn Running>, Process) {
    let mut running = bench.start(&Run::new("sh", ["-c", "echo $$; exec sleep 1000"])).await.unwrap();
    let mut line = String::new();
    let mut out = tokio::io::BufReader::new(running.stdout().unwrap());
    tokio::io::AsyncBufReadExt::read_line(&mut out, &mut line).await.unwrap();
    let process = Process::of(line.trim().parse().unwrap()).unwrap();
    (running, process)
}

#[tokio::test]
async fn a_room_is_empty_private_and_gone_with_all_that_runs_in_it() {
    let scratch = scratch();
    let folder = scratch.path().join("above/job-1");
    let bench = open(&folder).await.unwrap();
    let about = bench.folder().metadata().unwrap();
    assert_eq!(about.mode() & 0o777, 0o700);
    assert_eq!(bench.folder().read_dir().unwrap().count(), 0);
    if let Some(account) = bench.account {
        assert_eq!(about.uid(), account.uid);
    }
    let (running, process) = asleep(&bench).await;
    drop(bench);
    assert!(!process.alive());
    assert!(!folder.exists());
    drop(running);
}

#[tokio::test]
async fn what_a_dead_process_left_is_ended_and_removed() {
    let scratch = scratch();
    let folder = scratch.path().join("job-1");
    let bench = open(&folder).await.unwrap();
    let (running, process) = asleep(&bench).await;
    fs::write(bench.folder().join("data"), "old").unwrap();
    // What a kill -9 does: nobody cleans up, and the lock is free.
    bench.hold.mark.unlock().unwrap();
    std::mem::forget(bench);
    let bench = open(&folder).await.unwrap();
    assert!(!process.alive());
    assert_eq!(bench.folder().read_dir().unwrap().count(), 0);
    drop(running);
}

#[tokio::test]
async fn a_room_in_use_is_left_alone() {
    let scratch = scratch();
    let folder = scratch.path().join("job-1");
    let bench = open(&folder).await.unwrap();
    let (_running, process) = asleep(&bench).await;
    let failure = open(&folder).await.err().unwrap();
    assert_eq!(failure.kind, FailureKind::Locked);
    assert!(process.alive());
}

#[tokio::test]
async fn rule_16_nothing_is_removed_where_our_mark_is_missing() {
    let scratch = scratch();
    let theirs = scratch.path().join("main");
    fs::create_dir_all(theirs.join("room")).unwrap();
    fs::write(theirs.join("room/PG_VERSION"), "15").unwrap();
    let failure = open(&theirs).await.err().unwrap();
    assert_eq!(failure.kind, FailureKind::Refused, "{failure}");
    assert!(theirs.join("room/PG_VERSION").exists());
    let link = scratch.path().join("link");
    std::os::unix::fs::symlink(&theirs, &link).unwrap();
    assert_eq!(open(&link).await.err().unwrap().kind, FailureKind::Refused);
    assert!(theirs.join("room/PG_VERSION").exists());
}

#[tokio::test]
async fn cleared_early_it_is_gone_and_stays_so() {
    let scratch = scratch();
    let folder = scratch.path().join("job-1");
    let bench = open(&folder).await.unwrap();
    bench.clear().await.unwrap();
    assert!(!folder.exists());
    let next = open(&folder).await.unwrap();
    drop(bench);
    assert!(next.folder().exists());
}
