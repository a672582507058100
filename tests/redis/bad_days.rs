//! Bad days: the server dies, the job is cancelled, the right is missing. No backup then exists, the last one is whole, and
//! trying again works.

use std::time::Duration;

use midwatch::domain::failure::FailureKind;

use crate::data::bulk;
use crate::servers::Redis;
use crate::stage::Stage;

/// Saves so slowly that something can happen meanwhile: so many microseconds a key.
const SLOW: &[&str] = &["--repl-diskless-sync-delay", "0", "--rdb-key-save-delay", "200"];

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_dies_at_any_moment_leaves_no_backup() {
    for (n, options) in [SLOW, &[SLOW, &["--save", "3600 1"]].concat()].into_iter().cycle().take(10).enumerate() {
        let (mut server, stage) = (Redis::start(options), Stage::new());
        bulk(&server, 3000, 400);
        let access = stage.access(&server);
        let system = stage.server(&access).await.unwrap().origin.system;
        let wait = Duration::from_millis(fastrand::u64(5..700));
        let (copied, ()) = tokio::join!(stage.copy_of("one", &access, &system), async {
            killed_after(&mut server, wait).await;
        });
        let failure = copied.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Unavailable, "{n}, after {wait:?}: {failure}");
        assert!(stage.catalogue().await.entries.is_empty());
        assert!(stage.files().iter().all(|path| !path.to_string_lossy().ends_with("dump.rdb.zst")), "{:?}", stage.files());
        // Another on the same port, another try.
        let server = Redis::start(&["--repl-diskless-sync-delay", "0"]);
        let access = stage.access(&server);
        stage.back_up("one", &access).await;
        assert!(stage.prove("one", &access).await.unwrap().proved);
    }
}

/// The moment is what is tried here: any will do.
async fn killed_after(server: &mut Redis, wait: Duration) {
    tokio::time::sleep(wait).await;
    server.process.kill();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_copy_ends_and_lets_the_server_go() {
    let (server, stage) = (Redis::start(SLOW), Stage::new());
    bulk(&server, 30_000, 40);
    let access = stage.access(&server);
    let copied = tokio::join!(stage.copy("one", &access), async {
        while stage.told.progress.lock().unwrap().iter().all(|progress| progress.rows.is_none()) {
            tokio::task::yield_now().await;
        }
        stage.cancel();
    });
    assert_eq!(copied.0.unwrap_err().kind, FailureKind::Cancelled);
    assert!(stage.catalogue().await.entries.is_empty());
    crate::servers::eventually("that it saves no more", || {
        server.cli(&["INFO", "persistence"]).contains("rdb_bgsave_in_progress:0")
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_right_is_named_with_the_line_that_grants_it() {
    let (server, stage) = (Redis::start(&["--repl-diskless-sync-delay", "0"]), Stage::new());
    bulk(&server, 10, 40);
    let password = format!(">{}", crate::servers::PASSWORD);
    server.cli(&["ACL", "SETUSER", "backup", "on", &password, "~*", "+info", "+ping", "+config|get", "+select"]);
    let access = midwatch::domain::access::Access { user: Some("backup".to_owned()), ..stage.access(&server) };
    let failure = stage.copy("one", &access).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Denied, "{failure}");
    let mend = failure.mend.unwrap();
    assert!(mend.starts_with("ACL SETUSER backup "), "{mend}");
    let words: Vec<&str> = mend.split(' ').collect();
    assert_eq!(server.cli(&words), "OK");
    stage.back_up("one", &access).await;
    assert!(!stage.told.log.lock().unwrap().is_empty(), "that nothing was digested the first time");
    assert!(stage.prove("one", &access).await.unwrap().proved);
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_11_a_server_that_was_restarted_is_not_the_one_that_was_confirmed() {
    let (server, stage) = (Redis::start(&[]), Stage::new());
    let access = stage.access(&server);
    let failure = stage.copy_of("one", &access, "another").await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Refused);
    assert!(stage.files().is_empty(), "{:?}", stage.files());
}
