//! Damage to a backup is found every time, with its cause, and good ones are not accused.

use std::fs;

use midwatch::domain::backup::Census;
use midwatch::domain::failure::FailureKind;

use crate::data::{bulk, fill};
use crate::servers::Redis;
use crate::stage::{Stage, census};

/// How many bits are flipped, one by one.
const FLIPS: usize = 40;

async fn backed_up(options: &[&str]) -> (Redis, Stage, midwatch::domain::access::Access) {
    let options = [&["--repl-diskless-sync-delay", "0"], options].concat();
    let (server, stage) = (Redis::start(&options), Stage::new());
    fill(&server, 150, 3);
    let access = stage.access(&server);
    stage.back_up("one", &access).await;
    (server, stage, access)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_flipped_bit_and_every_cut_is_found() {
    for (checksum, step) in [("yes", 1), ("no", 10)] {
        let (_server, stage, access) = backed_up(&["--rdbchecksum", checksum]).await;
        let (path, good) = (stage.file("one"), fs::read(stage.file("one")).unwrap());
        let mut random = fastrand::Rng::with_seed(7);
        for n in 0..FLIPS {
            let mut bad = good.clone();
            let bit = random.usize(..bad.len() * 8);
            bad[bit / 8] ^= 1 << (bit % 8);
            fs::write(&path, bad).unwrap();
            let judged = stage.prove("one", &access).await.unwrap();
            assert!(!judged.proved && judged.words.contains("dump.rdb"), "flip {n} at bit {bit}: {}", judged.words);
        }
        for percent in (0..100).step_by(step) {
            fs::write(&path, &good[..good.len() * percent / 100]).unwrap();
            let judged = stage.prove("one", &access).await.unwrap();
            assert!(!judged.proved && judged.words.contains("dump.rdb"), "cut at {percent} %: {}", judged.words);
        }
        fs::write(&path, &good).unwrap();
        let judged = stage.prove("one", &access).await.unwrap();
        assert!(judged.proved, "the good one: {}", judged.words);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn stale_swapped_missing_and_empty_files_are_found() {
    let (server, stage, access) = backed_up(&[]).await;
    server.cli(&["SET", "one more", "key"]);
    stage.back_up("two", &access).await;
    let (path, other) = (stage.file("two"), stage.file("one"));
    let (good, older) = (fs::read(&path).unwrap(), fs::read(other).unwrap());
    for (what, bytes) in [("the older one's", older), ("none at all", vec![]), ("appended", [&good[..], b"x"].concat())] {
        fs::write(&path, bytes).unwrap();
        let judged = stage.prove("two", &access).await.unwrap();
        assert!(!judged.proved, "{what}: {}", judged.words);
    }
    fs::remove_file(&path).unwrap();
    let missing = stage.prove("two", &access).await;
    assert!(missing.as_ref().is_ok_and(|judged| !judged.proved) || missing.is_err(), "{missing:?}");
    fs::write(&path, good).unwrap();
    assert!(stage.prove("two", &access).await.unwrap().proved);
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_15_counts_and_values_that_differ_are_no_proof() {
    let (server, stage) = (Redis::start(&["--repl-diskless-sync-delay", "0"]), Stage::new());
    bulk(&server, 40, 40);
    let access = stage.access(&server);
    let copied = stage.copy("one", &access).await.unwrap();
    let with = |change: &dyn Fn(&mut midwatch::domain::backup::redis::Census)| {
        let mut changed = copied.clone();
        let mut census = census(&copied).clone();
        change(&mut census);
        changed.census = Census::Redis(census);
        changed
    };
    let cases = [
        ("keys: 40 keys were loaded, 41 were saved", with(&|census| census.databases[0].keys += 1)),
        (
            "keys: database 0 holds 40 keys, 0 that expire; 40 were saved, 1 that expire",
            with(&|census| census.databases[0].expires += 1),
        ),
        ("keys: database 7 holds 0 keys", with(&|census| census.databases[0].number = 7)),
        ("values: 0 are missing, ", with(&|census| census.sample.iter_mut().for_each(|sample| sample.digest = "0".repeat(40)))),
        ("values: ", with(&|census| census.sample.iter_mut().for_each(|sample| sample.key.push('!')))),
    ];
    for (n, (words, changed)) in cases.iter().enumerate() {
        let again = stage.copy(&format!("case-{n}"), &access).await.unwrap();
        let changed = midwatch::jobs::steps::backup::Copied { files: again.files, ..changed.clone() };
        stage.publish(&format!("case-{n}"), &changed).await;
        let judged = stage.prove(&format!("case-{n}"), &access).await.unwrap();
        assert!(!judged.proved && judged.words.starts_with(words), "{n}: {}", judged.words);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scratch_server_of_another_version_is_refused_and_says_nothing_of_the_backup() {
    let (server, stage) = (Redis::start(&["--repl-diskless-sync-delay", "0"]), Stage::new());
    bulk(&server, 10, 40);
    let access = stage.access(&server);
    let mut copied = stage.copy("one", &access).await.unwrap();
    copied.origin.version = "6.2.14".to_owned();
    stage.publish("one", &copied).await;
    let failure = stage.prove("one", &access).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Tool);
    assert!(failure.mend.unwrap().contains("image"));
    assert!(stage.catalogue().await.entries[0].proofs.is_empty());
}
