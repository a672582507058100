//! Damage of every sort is found, with its cause; what is whole is never accused.

use std::fs;

use midwatch::domain::backup::{Census, Method};
use midwatch::domain::failure::Failure;
use midwatch::jobs::steps::backup::{Copied, Judged};

use crate::bench::{Bench, soak};

fn shop(rows: u32) -> Bench {
    let bench = Bench::new();
    bench.sql("postgres", "CREATE DATABASE shop");
    fill(&bench, rows);
    Bench {
        policy: midwatch::domain::backup::policy::Policy { databases: vec!["shop".to_owned()], ..bench.policy.clone() },
        ..bench
    }
}

fn fill(bench: &Bench, rows: u32) {
    let rows = format!("SELECT n AS id, md5(n::text) AS word FROM generate_series(1, {rows}) AS n");
    bench.sql("shop", &format!("CREATE TABLE orders AS {rows}"));
    bench.sql("shop", "CREATE INDEX by_word ON orders (word)");
}

/// Proves it, and must hear one of these causes.
async fn caught(bench: &Bench, id: &str, causes: &[&str]) {
    let judged = bench.prove(id).await;
    assert!(!judged.proved, "{id} was proved: {judged:?}");
    assert!(causes.iter().any(|cause| judged.words.contains(cause)), "{id}: {}", judged.words);
}

#[tokio::test(flavor = "multi_thread")]
async fn flipped_bits_cuts_and_missing_files_are_told_with_file_and_place() {
    let bench = shop(20_000);
    bench.backup("one", Method::Logical).await;
    let path = bench.path("one", "shop.dump.zst");
    let whole = fs::read(&path).unwrap();
    let (flips, cuts) = if soak() { (200, 99) } else { (3, 2) };
    let mut random = fastrand::Rng::with_seed(3);
    for _ in 0..flips {
        let mut bytes = whole.clone();
        let at = random.usize(..bytes.len());
        bytes[at] ^= 1 << random.u8(..8);
        fs::write(&path, bytes).unwrap();
        caught(&bench, "one", &["shop.dump.zst"]).await;
    }
    for n in 1..=cuts {
        fs::write(&path, &whole[..whole.len() * n / (cuts + 1)]).unwrap();
        caught(&bench, "one", &["shop.dump.zst"]).await;
    }
    fs::write(&path, [&whole[..], b"more"].concat()).unwrap();
    caught(&bench, "one", &["shop.dump.zst"]).await;
    fs::remove_file(&path).unwrap();
    caught(&bench, "one", &["shop.dump.zst"]).await;
    fs::write(&path, &whole).unwrap();
    let judged = bench.prove("one").await;
    assert!(judged.proved, "a good one is not accused: {judged:?}");
}

/// Publishes what was copied, after `change` made it lie: the files are whole, and are not what was counted.
async fn published(bench: &Bench, id: &str, change: impl FnOnce(&mut Copied)) -> Result<Judged, Failure> {
    let mut copied = bench.copy(id, Method::Logical).await?;
    change(&mut copied);
    bench.publish(id, Method::Logical, &copied).await?;
    bench.try_prove(id).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dump_that_holds_something_else_than_was_counted_is_told_by_table() {
    let bench = shop(1932);
    let truth = bench.backup("truth", Method::Logical).await.census;

    bench.sql("shop", "UPDATE orders SET word = 'changed' WHERE id = 7");
    let judged = published(&bench, "changed", |copied| copied.census = truth.clone()).await.unwrap();
    assert!(judged.words.contains("public.orders: 1932 rows, but their values differ"), "{judged:?}");

    bench.sql("shop", "DROP INDEX by_word");
    let judged = published(&bench, "indexless", |copied| {
        let (Census::Postgres(now), Census::Postgres(then)) = (&mut copied.census, &truth) else { return };
        now.databases[0].objects.clone_from(&then.databases[0].objects);
    });
    let judged = judged.await.unwrap();
    assert!(judged.words.contains("index: 0, 1 in the dump's snapshot"), "{judged:?}");

    bench.sql("shop", "TRUNCATE orders");
    let judged = published(&bench, "emptied", |copied| copied.census = truth.clone()).await.unwrap();
    assert!(judged.words.contains("public.orders: 0 rows, 1932 in the dump's snapshot"), "{judged:?}");

    bench.sql("shop", "DROP TABLE orders");
    let judged = published(&bench, "empty", |copied| copied.census = truth.clone()).await.unwrap();
    assert!(judged.words.contains("public.orders: is missing"), "{judged:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_database_and_an_edited_manifest_are_found() {
    let mut bench = shop(10);
    bench.policy.databases = vec!["shop".to_owned(), "postgres".to_owned()];
    let judged = published(&bench, "swapped", |copied| {
        let [_, first, second] = &mut copied.files[..] else { panic!("three files") };
        std::mem::swap(&mut first.role, &mut second.role);
    });
    let judged = judged.await.unwrap();
    assert!(judged.words.contains("its file is a dump of"), "{judged:?}");

    let judged = published(&bench, "roleless", |copied| {
        let Census::Postgres(census) = &mut copied.census else { return };
        census.roles.push("carla".to_owned());
    });
    assert!(judged.await.unwrap().words.contains("carla is missing"));

    bench.backup("edited", Method::Logical).await;
    let path = bench.path("edited", "manifest.json");
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains("\"rows\""), "{text}");
    fs::write(&path, text.replacen("\"operator\":", "\"operator\" :", 1).replacen("anna", "otto", 1)).unwrap();
    caught(&bench, "edited", &["edited after it was sealed"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_or_false_assertion_is_a_failed_check_with_its_words() {
    let mut bench = shop(10);
    bench.backup("one", Method::Logical).await;
    bench.assertion("enough orders", "shop", "SELECT count(*) > 1000 FROM orders");
    bench.assertion("a view", "shop", "SELECT count(*) > 0 FROM no_such_view");
    bench.assertion("still asked", "shop", "SELECT true");
    let judged = bench.prove("one").await;
    assert!(judged.words.contains("enough orders") && judged.words.contains("\"f\""), "{judged:?}");
    let proof = bench.proof("one").await;
    let named = |name: &str| proof.checks.iter().find(|check| check.name.contains(name)).unwrap();
    assert!(named("a view").detail.contains("relation \"no_such_view\" does not exist"), "{proof:?}");
    assert!(named("still asked").passed);
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_to_a_physical_backup_is_found() {
    let bench = shop(20_000);
    bench.backup("damaged", Method::Physical).await;
    let path = bench.path("damaged", "base.tar.zst");
    let whole = fs::read(&path).unwrap();
    let mut random = fastrand::Rng::with_seed(5);
    for _ in 0..if soak() { 50 } else { 1 } {
        let mut bytes = whole.clone();
        let at = random.usize(..bytes.len());
        bytes[at] ^= 1 << random.u8(..8);
        fs::write(&path, bytes).unwrap();
        caught(&bench, "damaged", &["base.tar.zst"]).await;
    }
    fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    caught(&bench, "damaged", &["base.tar.zst"]).await;
    fs::write(&path, &whole).unwrap();
    let judged = bench.prove("damaged").await;
    assert!(judged.proved, "a good one is not accused: {judged:?}");
}

/// Copies once more, with a base archive that `script` has changed (`$1`: the folder it lies unpacked in).
async fn tampered(bench: &Bench, id: &str, script: &str) -> Judged {
    let mut copied = bench.copy(id, Method::Physical).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let tar = folder.path().join("changed.tar.zst");
    let whole = format!(
        "set -e; mkdir \"$2/base\"; zstd -dc \"$1\" | tar -x -C \"$2/base\"; cd \"$2/base\"; {script}; tar -c -C \"$2/base\" . | zstd -q >\"$3\""
    );
    let (base, place) = (bench.path(id, "base.tar.zst"), folder.path());
    let done = std::process::Command::new("bash").args(["-c", &whole, "bash"]).arg(base).arg(place).arg(&tar).status();
    assert!(done.unwrap().success());
    copied.files[0] = bench.save(id, "base.tar.zst", "base", fs::read(&tar).unwrap()).await;
    bench.publish(id, Method::Physical, &copied).await.unwrap();
    bench.prove(id).await
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_16_an_archive_that_leads_out_of_the_scratch_server_is_refused() {
    let bench = shop(10);
    let judged = tampered(&bench, "linked", "rm -rf pg_wal; ln -s /var/tmp pg_wal").await;
    assert!(judged.words.contains("/pg_wal: it is not started"), "{judged:?}");
    let judged = tampered(&bench, "mapped", "echo '16999 /var/tmp' >tablespace_map").await;
    assert!(judged.words.contains("16999"), "{judged:?}");
    let judged = tampered(&bench, "walless", "rm pg_wal/0*").await;
    assert!(!judged.proved && judged.words.starts_with("pg_verifybackup"), "{judged:?}");
}
