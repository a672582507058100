//! Good days: taken, counted, proved, restored by stock tools.

use midwatch::domain::backup::redis::Database;

use crate::data::{bulk, counts, fill, passing, shell};
use crate::servers::Redis;
use crate::stage::{Stage, census};

/// Saves when asked and not by itself: a snapshot leaves no file behind, and waits for nobody.
const STREAMS: &[&str] = &["--repl-diskless-sync-delay", "0"];
/// Saves by itself too.
const SAVES: &[&str] = &["--save", "3600 1"];

fn seen(databases: &[Database]) -> Vec<(u32, u64, u64)> {
    databases.iter().map(|one| (one.number, one.keys, one.expires)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_type_is_counted_and_proved_by_either_way() {
    for (options, way) in [(STREAMS, "stream"), (SAVES, "file")] {
        let (server, stage) = (Redis::start(options), Stage::new());
        fill(&server, 300, 1);
        let access = stage.access(&server);
        let copied = stage.back_up("one", &access).await;
        assert_eq!(seen(&census(&copied).databases), counts(&server), "{way}");
        assert_eq!(server.folder.path().join("dump.rdb").exists(), way == "file", "{way}");
        assert!(census(&copied).sample.len() > 50, "{way}: {}", census(&copied).sample.len());
        assert_eq!((copied.origin.flavour.as_str(), copied.origin.major()), ("redis", "7"));
        assert!(copied.consistent >= copied.began && copied.consistent <= midwatch::ports::World::now(&stage));
        let judged = stage.prove("one", &access).await.unwrap();
        assert!(judged.proved, "{way}: {}", judged.words);
        let proof = stage.proof("one").await;
        let names: Vec<_> = proof.checks.iter().map(|check| check.name.as_str()).collect();
        assert_eq!(names, ["restore", "keys", "values"], "{way}");
        assert!(proof.is_good() && proof.restore <= proof.took);
        assert!(!stage.folder.path().join("scratch").join("redis-1-1").exists(), "{way}: the scratch server's folder is left");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn counts_equal_the_servers_own_whatever_it_holds() {
    let (server, stage) = (Redis::start(STREAMS), Stage::new());
    let access = stage.access(&server);
    for seed in 0..12 {
        server.cli(&["FLUSHALL"]);
        // Every packing there is: lists in nodes of any size, values packed or not.
        for limit in ["hash-max-listpack-entries", "zset-max-listpack-entries", "set-max-intset-entries"] {
            server.cli(&["CONFIG", "SET", limit, ["0", "128"][seed as usize % 2]]);
        }
        server.cli(&["CONFIG", "SET", "list-max-listpack-size", ["-2", "5", "-1"][seed as usize % 3]]);
        server.cli(&["CONFIG", "SET", "rdbcompression", ["yes", "no"][seed as usize / 2 % 2]]);
        server.cli(&["CONFIG", "SET", "maxmemory-policy", ["noeviction", "allkeys-lfu", "allkeys-lru"][seed as usize % 3]]);
        fill(&server, 120, seed);
        let copied = stage.copy(&format!("seed-{seed}"), &access).await.unwrap();
        assert_eq!(seen(&census(&copied).databases), counts(&server), "seed {seed}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn stock_tools_restore_what_was_saved() {
    let (server, stage) = (Redis::start(STREAMS), Stage::new());
    fill(&server, 200, 2);
    stage.back_up("one", &stage.access(&server)).await;
    let folder = tempfile::tempdir().unwrap();
    shell(&format!("zstd -qdc {} > {}/dump.rdb", stage.file("one").display(), folder.path().display()));
    let told = shell(&format!("redis-check-rdb {}/dump.rdb", folder.path().display()));
    assert!(told.contains("Checksum OK"), "{told}");
    let restored = Redis::start_in(folder, &[]);
    crate::servers::eventually("the keys", || counts(&restored) == counts(&server));
    let list =
        "redis.call('SELECT', 3) local all = redis.call('KEYS', '*') table.sort(all) return redis.sha1hex(table.concat(all))";
    assert_eq!(restored.cli(&["EVAL", list, "0"]), server.cli(&["EVAL", list, "0"]));
    assert_eq!(restored.cli(&["FCALL", "one", "0"]), "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_15_keys_that_expired_since_are_no_loss() {
    let (server, stage) = (Redis::start(STREAMS), Stage::new());
    let access = stage.access(&server);
    // As long as a backup takes here and now, and hardly longer: they must outlive it, and are waited for.
    let mut seconds = 1;
    let id = loop {
        assert!(seconds < 100, "a backup that lacks what was there all the time");
        bulk(&server, 50, 40);
        passing(&server, 50, seconds);
        let id = format!("lives-{seconds}");
        let copied = stage.back_up(&id, &access).await;
        if seen(&census(&copied).databases) == [(0, 100, 50)] {
            break id;
        }
        seconds *= 2;
    };
    crate::servers::eventually("that they expire", || server.cli(&["DBSIZE"]) == "50");
    let judged = stage.prove(&id, &access).await.unwrap();
    assert!(judged.proved, "{}", judged.words);
    let values = stage.proof(&id).await.checks[2].detail.clone();
    assert!(values.contains("expired since") && !values.contains(" 0 expired"), "{values}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_meanwhile_accuses_nobody() {
    let (server, stage) = (Redis::start(STREAMS), Stage::new());
    bulk(&server, 2000, 400);
    let access = stage.access(&server);
    let write = "for n = 1, 300 do redis.call('SET', 'bulk:' .. math.random(2000), math.random()) end redis.call('INCR', 'n')";
    let _writer = server.keep_asking(&["EVAL", write, "0"]);
    for n in 0..5 {
        let id = format!("try-{n}");
        stage.back_up(&id, &access).await;
        let judged = stage.prove(&id, &access).await.unwrap();
        assert!(judged.proved, "{}", judged.words);
    }
    assert!(stage.told.log.lock().unwrap().iter().any(|line| line.contains("stayed the same meanwhile")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_must_exist_is_looked_for() {
    let (server, mut stage) = (Redis::start(STREAMS), Stage::new());
    bulk(&server, 10, 40);
    server.cli(&["-n", "4", "SET", "config:live", "1"]);
    let access = stage.access(&server);
    stage.assertion("config:live", "4");
    stage.back_up("one", &access).await;
    assert!(stage.prove("one", &access).await.unwrap().proved);
    stage.assertion("config:live", "5");
    let judged = stage.prove("one", &access).await.unwrap();
    assert!(!judged.proved);
    assert_eq!(judged.words, "assertion: config:live: config:live in database 5 is not there");
    assert!(!stage.proof("one").await.is_good(), "the newest proof is the one that failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_server_is_backed_up_and_proved_empty() {
    let (server, stage) = (Redis::start(STREAMS), Stage::new());
    let access = stage.access(&server);
    let copied = stage.back_up("one", &access).await;
    assert!(census(&copied).databases.is_empty());
    let judged = stage.prove("one", &access).await.unwrap();
    assert!(judged.proved, "{}", judged.words);
}
