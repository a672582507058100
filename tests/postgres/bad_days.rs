//! Bad days: what ends in the middle fails with the server's words, leaves nothing that could be taken for a backup, and works
//! when it is tried again.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use midwatch::domain::access::ToolPlace;
use midwatch::domain::backup::{BackupId, Method};
use midwatch::domain::failure::FailureKind;
use midwatch::domain::secret::SecretRef;
use rustix::process::{Pid, Signal, kill_process};

use crate::bench::{Bench, soak};
use crate::servers::PASSWORD;

/// What would never end is given up after so long.
const LONG: Duration = Duration::from_secs(120);

fn large() -> Bench {
    let bench = Bench::new();
    bench.sql("postgres", "CREATE TABLE big AS SELECT n, repeat(md5(n::text), 20) AS words FROM generate_series(1, 60000) AS n");
    bench
}

/// Processes of this test by the name of their program.
fn children(program: &str) -> Vec<Pid> {
    let own = std::process::id().to_string();
    let stat = |entry: fs::DirEntry| {
        let text = fs::read_to_string(entry.path().join("stat")).ok()?;
        let (front, back) = text.rsplit_once(") ")?;
        let is_child = back.split(' ').nth(1)? == own && front.ends_with(&format!("({program}"));
        is_child.then(|| Pid::from_raw(entry.file_name().to_str()?.parse().ok()?))?
    };
    fs::read_dir("/proc").unwrap().filter_map(|entry| stat(entry.ok()?)).collect()
}

/// Does something once, after so many bytes.
fn after(bench: &Bench, bytes: u64, what: impl FnOnce() + Send + 'static) {
    let mut what = Some(what);
    *bench.watcher.each.lock().unwrap() = Some(Box::new(move |progress| {
        if progress.bytes >= bytes
            && let Some(what) = what.take()
        {
            what();
        }
    }));
}

/// What failed is no backup, its undo removes it, and trying again works.
async fn leaves_nothing(bench: &Bench, id: &str, method: Method) {
    *bench.watcher.each.lock().unwrap() = None;
    let repository = bench.repository().await;
    assert!(repository.catalogue().await.unwrap().entries.is_empty(), "{id} must not exist");
    let server = bench.server().await;
    for undo in bench.copy_args(id, method, &server.system).undo() {
        bench.step(&undo.kind, &undo.args, &server, &BTreeMap::new()).await.unwrap();
    }
    assert_eq!(bench.left(id), Vec::<String>::new());
    assert!(repository.catalogue().await.unwrap().orphans.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_is_killed_leaves_no_backup() {
    let bench = large();
    let mut random = fastrand::Rng::with_seed(7);
    for n in 0..if soak() { 100 } else { 2 } {
        for (method, program) in [(Method::Logical, "pg_dump"), (Method::Physical, "sh")] {
            let signal = if n % 2 == 0 { Signal::KILL } else { Signal::TERM };
            let id = format!("{program}-{n}");
            after(&bench, random.u64(1..20_000_000), move || {
                for pid in children(program) {
                    _ = kill_process(pid, signal);
                }
            });
            match bench.copy(&id, method).await {
                Err(failure) => {
                    assert!(["signal", "terminated by user"].iter().any(|said| failure.what.contains(said)), "{failure}");
                }
                // It had ended before the signal came.
                Ok(_) => assert!(n % 2 == 1 || method == Method::Physical, "{id} must have been killed"),
            }
            leaves_nothing(&bench, &id, method).await;
        }
    }
    bench.backup("again", Method::Logical).await;
    assert!(bench.prove("again").await.proved);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_that_takes_nothing_ends_a_physical_copy_at_once_and_by_its_name() {
    let bench = Bench::new();
    let place = bench.repository().await.spec().place.to_string();
    let backups = std::path::Path::new(&place).join("backups");
    fs::write(&backups, "in the way").unwrap();
    let copied = tokio::time::timeout(LONG, bench.copy("shut", Method::Physical)).await;
    let failure = copied.expect("the copy ends").unwrap_err();
    assert!(failure.what.contains(&backups.display().to_string()), "{failure}");
    fs::remove_file(&backups).unwrap();
    leaves_nothing(&bench, "shut", Method::Physical).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backend_that_is_ended_and_a_server_that_restarts_are_told_in_the_server_s_words() {
    let mut bench = large();
    let (folder, port) = (bench.postgres.folder.path().to_owned(), bench.postgres.port);
    after(&bench, 5_000_000, move || {
        let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'COPY %'";
        crate::servers::psql_at(&folder, port, "postgres", sql).expect("a backend that can be ended");
    });
    let failure = bench.copy("ended", Method::Logical).await.unwrap_err();
    // What the server says last is lost in the middle of a COPY: pg_dump tells of the connection then.
    assert!(["terminating connection", "server closed"].iter().any(|said| failure.what.contains(said)), "{failure}");
    leaves_nothing(&bench, "ended", Method::Logical).await;

    let server = bench.postgres.process.pid();
    after(&bench, 5_000_000, move || _ = kill_process(server, Signal::QUIT));
    let failure = bench.copy("gone", Method::Logical).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Unavailable, "{failure}");
    bench.postgres = bench.postgres.restarted(&[]);
    bench.access.reach = midwatch::domain::access::Reach::Tcp { host: "127.0.0.1".to_owned(), port: bench.postgres.port };
    leaves_nothing(&bench, "gone", Method::Logical).await;
    bench.backup("again", Method::Logical).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_not_be_done_is_refused_with_a_reason_and_no_secret() {
    let mut bench = large();
    let server = bench.server().await;
    let good = bench.access.clone();

    let wrong = bench.folder.path().join("wrong");
    fs::write(&wrong, "canary-wrong").unwrap();
    fs::set_permissions(&wrong, fs::Permissions::from_mode(0o600)).unwrap();
    bench.access.password = Some(SecretRef::File(wrong));
    let args = bench.copy_args("denied", Method::Logical, &server.system);
    let failure = bench.step("postgres-dump", &args, &server, &BTreeMap::new()).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Denied);
    assert!(failure.what.contains("password authentication failed") && !failure.what.contains("canary"), "{failure}");

    bench.access = good.clone();
    bench.sql("postgres", &format!("CREATE ROLE guest LOGIN PASSWORD '{PASSWORD}'"));
    bench.access.user = Some("guest".to_owned());
    let failure = bench.copy("guest", Method::Logical).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Denied);
    assert!(failure.what.contains("permission denied"), "{failure}");
    let failure = bench.copy("guest", Method::Physical).await.unwrap_err();
    assert!(failure.mend.unwrap().contains("logical"));

    bench.access = good;
    bench.policy.databases = vec!["no_such".to_owned()];
    assert_eq!(bench.copy("none", Method::Logical).await.unwrap_err().kind, FailureKind::Config);
    for id in ["denied", "none"] {
        assert_eq!(bench.left(id), Vec::<String>::new());
    }
    // Roles may be read by everybody.
    leaves_nothing(&bench, "guest", Method::Logical).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_11_another_server_at_the_same_address_is_refused_before_anything_is_written() {
    let bench = large();
    let server = bench.server().await;
    for (kind, method) in [("postgres-dump", Method::Logical), ("postgres-base-backup", Method::Physical)] {
        let args = bench.copy_args("other", method, "7312000000000000000");
        let failure = bench.step(kind, &args, &server, &BTreeMap::new()).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Refused, "{failure}");
        assert_eq!(bench.left("other"), Vec::<String>::new());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_is_older_than_the_server_is_refused_before_anything_is_written() {
    let mut bench = large();
    let old = bench.folder.path().join("old");
    fs::create_dir(&old).unwrap();
    for (program, version) in [("pg_dump", "9.6.24"), ("pg_dumpall", "9.6.24")] {
        script(&old.join(program), &format!("#!/bin/sh\necho '{program} (PostgreSQL) {version}'\n"));
    }
    script(&old.join("psql"), &format!("#!/bin/sh\nexec {} \"$@\"\n", crate::servers::program("psql").display()));
    bench.access.tools = ToolPlace::Folder(old);
    let failure = bench.copy("old", Method::Logical).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Tool);
    assert!(failure.what.contains("9.6.24") && failure.mend.is_some(), "{}", failure.what);
    assert_eq!(bench.left("old"), Vec::<String>::new());
}

fn script(path: &std::path::Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_is_not_there_cannot_be_proved() {
    let bench = large();
    let failure = bench.try_prove("nothing").await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Usage);
    let repository = bench.repository().await;
    assert!(repository.catalogue().await.unwrap().find(&BackupId("nothing".to_owned())).is_none());
}
