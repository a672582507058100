//! Damage: every kind is caught, each time, with its cause named; what is good is never accused.

use std::fs;
use std::path::{Path, PathBuf};

use fastrand::Rng;
use midwatch::domain::backup::catalogue::{Attestation, Standing};
use midwatch::domain::backup::{BLOCK, Compression, FileFacts, Manifest};
use midwatch::domain::failure::FailureKind;
use midwatch::ports::repository::Repository;

use crate::shop::{folder, id, key, noise, publish, read, save, spec, trials};

/// Two and a half blocks.
const SIZE: usize = BLOCK as usize * 5 / 2;

/// A repository with an older and a newer backup of two files each.
struct Bench {
    folder: tempfile::TempDir,
    repository: std::sync::Arc<dyn Repository>,
    old: Manifest,
    new: Manifest,
}

impl Bench {
    async fn new(compression: Compression) -> Self {
        let root = tempfile::tempdir().unwrap();
        let repository = folder(root.path()).await;
        let mut published = Vec::new();
        for (seed, of) in [(1, "old"), (2, "new")] {
            let shop = save(&*repository, of, "shop.dump", compression, &noise(seed, SIZE)).await.unwrap();
            let globals = save(&*repository, of, "globals.sql", compression, &noise(seed + 10, 5_000)).await.unwrap();
            published.push(publish(&*repository, of, vec![shop, globals]).await.unwrap());
        }
        let [old, new] = published.try_into().unwrap();
        Self { folder: root, repository, old, new }
    }

    fn file(&self) -> &FileFacts {
        &self.new.files[0]
    }

    fn path(&self) -> PathBuf {
        path(self.folder.path(), "new", &self.file().name)
    }

    /// Does something to the newer backup's large file; gives back what is said of it, and mends it.
    async fn damaged(&self, damage: impl FnOnce(&mut Vec<u8>)) -> String {
        let good = fs::read(self.path()).unwrap();
        let mut bad = good.clone();
        damage(&mut bad);
        assert!(bad != good, "nothing was damaged");
        fs::write(self.path(), bad).unwrap();
        let told = self.accused().await;
        fs::write(self.path(), good).unwrap();
        told
    }

    /// What is said of the newer backup's large file. Reading it fails as well.
    async fn accused(&self) -> String {
        let failure = self.repository.check(&id("new"), self.file()).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Damaged, "{failure}");
        assert!(failure.what.contains(&self.file().name), "{failure}");
        let reading = read(&*self.repository, "new", self.file()).await.unwrap_err();
        assert_eq!(reading.kind, FailureKind::Damaged, "{reading}");
        failure.what
    }

    async fn good(&self) {
        for (of, manifest) in [("old", &self.old), ("new", &self.new)] {
            for file in &manifest.files {
                self.repository.check(&id(of), file).await.unwrap();
            }
        }
    }
}

fn path(root: &Path, of: &str, name: &str) -> PathBuf {
    root.join("backups").join(of).join(name)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flipped_bit_is_found_in_its_block() {
    for compression in [Compression::None, Compression::Zstd] {
        let bench = Bench::new(compression).await;
        let mut random = Rng::with_seed(3);
        for _ in 0..trials(200) {
            let at = random.usize(..bench.file().bytes as usize);
            let told = bench.damaged(|bytes| bytes[at] ^= 1 << random.u8(..8)).await;
            let block = at as u64 / BLOCK;
            let last = ((block + 1) * BLOCK).min(bench.file().bytes) - 1;
            let place = format!("bytes {}–{last} changed since the backup", block * BLOCK);
            assert!(told.ends_with(&place), "flipped at {at}: {told}");
        }
        bench.good().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_is_found_wherever_it_is() {
    let bench = Bench::new(Compression::Zstd).await;
    let bytes = bench.file().bytes;
    let step = if trials(10) == 10 { 1 } else { 7 };
    for percent in (0..100).step_by(step) {
        let at = bytes * percent / 100;
        let told = bench.damaged(|bytes| bytes.truncate(at as usize)).await;
        assert!(told.ends_with(&format!(": it is cut at byte {at} of {bytes}")), "{told}");
    }
    bench.good().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_other_damage_to_a_file_is_named() {
    let bench = Bench::new(Compression::Zstd).await;
    let bytes = bench.file().bytes;
    let old = fs::read(path(bench.folder.path(), "old", "shop.dump.zst")).unwrap();
    let globals = fs::read(path(bench.folder.path(), "new", "globals.sql.zst")).unwrap();
    let block = BLOCK as usize;

    let longer = bench.damaged(|bytes| bytes.push(0)).await;
    assert!(longer.ends_with(": it is 1 bytes longer than it was"), "{longer}");
    let doubled = bench.damaged(|bytes| bytes.extend_from_within(..)).await;
    assert!(doubled.ends_with(&format!(": it is {bytes} bytes longer than it was")), "{doubled}");
    let stale = bench.damaged(|bytes| *bytes = old.clone()).await;
    assert!(stale.ends_with(": this is the file shop.dump.zst of the backup old"), "{stale}");
    let swapped = bench.damaged(|bytes| *bytes = globals.clone()).await;
    assert!(swapped.ends_with(": this is the file globals.sql.zst of this backup"), "{swapped}");
    let zeros = bench.damaged(|bytes| bytes[block..2 * block].fill(0)).await;
    assert!(zeros.ends_with("bytes 8388608–16777215 changed since the backup: they are all zeros"), "{zeros}");
    let both = bench
        .damaged(|bytes| {
            bytes[5] ^= 1;
            bytes.truncate(block + 9);
        })
        .await;
    let place = format!(": it is cut at byte 8388617 of {bytes}, and bytes 0–8388607 changed since the backup");
    assert!(both.ends_with(&place), "{both}");
    let empty = bench.damaged(Vec::clear).await;
    assert!(empty.ends_with(&format!(": it is cut at byte 0 of {bytes}")), "{empty}");

    let aside = bench.folder.path().join("aside");
    fs::rename(bench.path(), &aside).unwrap();
    assert!(bench.accused().await.ends_with("new/shop.dump.zst: it is missing"));
    fs::create_dir(bench.path()).unwrap();
    assert!(bench.accused().await.ends_with("new/shop.dump.zst: it is missing"), "a folder is no file");
    fs::remove_dir(bench.path()).unwrap();
    fs::rename(&aside, bench.path()).unwrap();
    bench.good().await;
}

/// Whether what lies there is still taken for the newer backup, as it was.
async fn is_believed(bench: &Bench) -> bool {
    let catalogue = bench.repository.catalogue().await.unwrap();
    let Some(entry) = catalogue.find(&id("new")) else {
        let orphan = catalogue.orphans.iter().find(|orphan| orphan.id == id("new")).unwrap();
        assert!(orphan.why.as_ref().is_some_and(|why| why.contains("manifest.json: it ")), "{orphan:?}");
        return false;
    };
    assert!(catalogue.find(&id("old")).is_some_and(|old| old.attestation == Attestation::Attested), "a good one is accused");
    entry.attestation == Attestation::Attested
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_14_an_edited_manifest_is_found_out_though_its_hashes_are_redone() {
    let bench = Bench::new(Compression::Zstd).await;
    let at = path(bench.folder.path(), "new", "manifest.json");
    let good = fs::read_to_string(&at).unwrap();

    // The file is replaced, and every hash of it in the manifest with it.
    let file = fs::read(bench.path()).unwrap();
    let forged = save(&*bench.repository, "forged", "shop.dump", Compression::Zstd, &noise(9, SIZE)).await.unwrap();
    fs::copy(path(bench.folder.path(), "forged", "shop.dump.zst"), bench.path()).unwrap();
    let facts = |facts: &FileFacts| serde_json::to_string(facts).unwrap();
    let edited = good.replace(&facts(bench.file()), &facts(&forged));
    assert!(edited != good);
    fs::write(&at, edited).unwrap();
    bench.repository.check(&id("new"), &forged).await.unwrap();
    let catalogue = bench.repository.catalogue().await.unwrap();
    assert_eq!(catalogue.find(&id("new")).unwrap().standing(), Standing::Forged);
    fs::write(bench.path(), file).unwrap();

    // Another key's name does not make it this host's word.
    let renamed = good.replace(key(1).name(), key(2).name());
    fs::write(&at, renamed).unwrap();
    assert!(!is_believed(&bench).await);

    // A manifest that was copied from another backup.
    fs::copy(path(bench.folder.path(), "old", "manifest.json"), &at).unwrap();
    let catalogue = bench.repository.catalogue().await.unwrap();
    let why = catalogue.orphans.iter().find(|orphan| orphan.id == id("new")).unwrap().why.clone().unwrap();
    assert!(why.ends_with("it is the manifest of another backup, old"), "{why}");
    fs::write(&at, good).unwrap();
    assert!(is_believed(&bench).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_14_no_damage_to_a_manifest_goes_unseen() {
    let bench = Bench::new(Compression::Zstd).await;
    let at = path(bench.folder.path(), "new", "manifest.json");
    let good = fs::read(&at).unwrap();
    let mut random = Rng::with_seed(4);
    for _ in 0..trials(2_000) {
        let mut bad = good.clone();
        bad[random.usize(..good.len())] ^= 1 << random.u8(..8);
        fs::write(&at, &bad).unwrap();
        assert!(!is_believed(&bench).await, "{}", String::from_utf8_lossy(&bad));
    }
    for length in (0..good.len()).step_by(if trials(10) == 10 { 1 } else { 23 }) {
        fs::write(&at, &good[..length]).unwrap();
        assert!(!is_believed(&bench).await, "cut at {length}");
    }
    fs::write(&at, &good).unwrap();
    assert!(is_believed(&bench).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_good_is_never_accused() {
    for compression in [Compression::None, Compression::Zstd, Compression::Gzip] {
        let root = tempfile::tempdir().unwrap();
        let repository = midwatch::adapters::repository::open(&spec(root.path()), Some(key(1))).await.unwrap();
        let mut random = Rng::with_seed(5);
        let edges = [0, 1, BLOCK as usize - 1, BLOCK as usize, BLOCK as usize + 1];
        let sizes = edges.into_iter().chain((0..trials(200)).map(|_| random.usize(..300_000)));
        for (n, size) in sizes.collect::<Vec<_>>().into_iter().enumerate() {
            let of = format!("b{n}");
            let plain = noise(n as u64, size);
            let file = save(&*repository, &of, "shop.dump", compression, &plain).await.unwrap();
            publish(&*repository, &of, vec![file.clone()]).await.unwrap();
            repository.check(&id(&of), &file).await.unwrap();
            assert!(read(&*repository, &of, &file).await.unwrap() == plain, "{size} bytes, {compression:?}");
        }
        let catalogue = repository.catalogue().await.unwrap();
        assert!(catalogue.orphans.is_empty());
        assert!(catalogue.entries.iter().all(|entry| entry.standing() == Standing::ChecksumOnly));
        assert!(catalogue.entries.is_sorted_by_key(|entry| std::cmp::Reverse(entry.manifest.sequence)));
    }
}
