//! Disks that are full or may not be written to.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use midwatch::domain::backup::Compression;
use midwatch::domain::failure::{Failure, FailureKind};
use midwatch::ports::repository::Repository;

use crate::shop::{folder, id, noise, publish, save, trials};

/// A file system in memory; only root can have one.
struct Disk(PathBuf);

impl Disk {
    fn new(at: &Path) -> Option<Self> {
        let disk = Self(at.to_owned());
        if !mount(&["-t", "tmpfs", "-o", "size=64m", "midwatch-test"], at) {
            eprintln!("skipped: this user may not mount a file system");
            return None;
        }
        Some(disk)
    }

    fn remount(&self, options: &str) {
        assert!(mount(&["-o", &format!("remount,{options}")], &self.0), "{options}");
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("-l").arg(&self.0).stderr(Stdio::null()).status());
    }
}

fn mount(arguments: &[&str], at: &Path) -> bool {
    let run = Command::new("mount").args(arguments).arg(at).stderr(Stdio::null()).status();
    run.is_ok_and(|status| status.success())
}

async fn back_up(repository: &dyn Repository, of: &str, seed: u64) -> Result<(), Failure> {
    let shop = save(repository, of, "shop.dump", Compression::Zstd, &noise(seed, 3_000_000)).await?;
    let globals = save(repository, of, "globals.sql", Compression::Zstd, &noise(seed + 100, 1_000_000)).await?;
    publish(repository, of, vec![shop, globals]).await.map(|_| ())
}

/// Every name in a folder, at any depth.
fn names(folder: &Path) -> Vec<String> {
    let run = Command::new("find").arg(folder).args(["-type", "f", "-printf", "%P\n"]).output().unwrap();
    String::from_utf8(run.stdout).unwrap().lines().map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_14_a_full_disk_leaves_nothing_that_looks_like_a_backup() {
    let root = tempfile::tempdir().unwrap();
    let Some(disk) = Disk::new(root.path()) else { return };
    let repository = folder(root.path()).await;
    back_up(&*repository, "good", 1).await.unwrap();
    let used = 4_000_000 / 4096 + 40;
    let mut failed = 0;
    // From no room at all to room for everything, and about where each file ends and the manifest begins.
    let steps = trials(250);
    for step in 0..=steps {
        let pages = used + (4_100_000 / 4096 + 10) * step / steps;
        disk.remount(&format!("size={}", pages * 4096));
        let outcome = back_up(&*repository, "new", 2).await;
        let there = names(&root.path().join("backups/new"));
        match outcome {
            Ok(()) => assert!(there.iter().any(|name| name == "manifest.json")),
            Err(failure) => {
                failed += 1;
                assert_eq!(failure.kind, FailureKind::Full, "{failure}");
                assert!(failure.what.contains("no room is left: ") && failure.what.contains("bytes are free"), "{failure}");
                assert!(there.iter().all(|name| !name.starts_with('.') && name != "manifest.json"), "{there:?}");
            }
        }
        disk.remount("size=64m");
        let catalogue = repository.catalogue().await.unwrap();
        for file in &catalogue.find(&id("good")).unwrap().manifest.files {
            repository.check(&id("good"), file).await.unwrap();
        }
        repository.remove(&id("new")).await.unwrap();
        back_up(&*repository, "new", 2).await.unwrap();
        repository.remove(&id("new")).await.unwrap();
    }
    assert!(failed > steps / 2, "only {failed} of {steps} disks were full");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_may_not_be_written_to_is_named() {
    let root = tempfile::tempdir().unwrap();
    let Some(disk) = Disk::new(root.path()) else { return };
    let repository = folder(root.path()).await;
    back_up(&*repository, "good", 1).await.unwrap();
    disk.remount("ro");
    let failure = back_up(&*repository, "new", 2).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Denied);
    assert!(failure.what.contains("backups/new: Read-only file system"), "{failure}");
    assert!(repository.remove(&id("good")).await.is_err());
    assert!(repository.catalogue().await.unwrap().find(&id("good")).is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_is_not_there_is_not_made() {
    let root = tempfile::tempdir().unwrap();
    let missing = root.path().join("not-mounted");
    let spec = crate::shop::spec(&missing);
    let failure = midwatch::adapters::repository::open(&spec, None).await.err().unwrap();
    assert_eq!(failure.kind, FailureKind::Config);
    assert!(failure.mend.is_some_and(|mend| mend.starts_with("mkdir -p ")));
    assert!(!missing.exists());
}
