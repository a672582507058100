//! A new host takes over a repository: without the old key its backups are unattested, and never refused for that.

use std::time::Duration;

use midwatch::adapters::repository::open;
use midwatch::domain::backup::catalogue::{Attestation, Standing};
use midwatch::domain::backup::{Check, Compression, FORMAT, Made, Proof};
use midwatch::domain::time::Stamp;
use midwatch::ports::repository::Repository;

use crate::shop::{folder, id, key, noise, publish, read, save, spec};

async fn proof(repository: &dyn Repository, of: &str, at: i64, good: bool) -> Proof {
    let catalogue = repository.catalogue().await.unwrap();
    let entry = catalogue.find(&id(of)).unwrap();
    Proof {
        format: FORMAT,
        backup: id(of),
        manifest_sha256: entry.manifest_sha256.clone(),
        at: Stamp(at),
        restore: Duration::from_secs(38),
        took: Duration::from_secs(60),
        checks: vec![if good { Check::passed("rows", "1932") } else { Check::failed("rows", "one less") }],
        server: "15.14".into(),
        made: Made::default(),
    }
}

async fn standing(repository: &dyn Repository, of: &str) -> (Attestation, Standing, usize) {
    let catalogue = repository.catalogue().await.unwrap();
    let entry = catalogue.find(&id(of)).unwrap();
    (entry.attestation.clone(), entry.standing(), entry.proofs.len())
}

#[tokio::test]
async fn rule_18_a_new_host_can_read_and_prove_what_another_saved() {
    let root = tempfile::tempdir().unwrap();
    let old = folder(root.path()).await;
    let plain = noise(1, 100_000);
    let file = save(&*old, "a", "shop.dump", Compression::Zstd, &plain).await.unwrap();
    publish(&*old, "a", vec![file.clone()]).await.unwrap();
    old.attach(&proof(&*old, "a", 5, true).await).await.unwrap();
    assert_eq!(standing(&*old, "a").await, (Attestation::Attested, Standing::Proved, 1));

    // Another key, and none at all.
    let new = open(&spec(root.path()), Some(key(2))).await.unwrap();
    let guest = open(&spec(root.path()), None).await.unwrap();
    let unattested = Attestation::Unattested(key(1).name().to_owned());
    for repository in [&new, &guest] {
        assert_eq!(standing(&**repository, "a").await, (unattested.clone(), Standing::ChecksumOnly, 0));
        repository.check(&id("a"), &file).await.unwrap();
        assert!(read(&**repository, "a", &file).await.unwrap() == plain);
    }
    assert!(guest.attach(&proof(&*new, "a", 6, true).await).await.is_err(), "who has no key cannot vouch");

    new.attach(&proof(&*new, "a", 6, true).await).await.unwrap();
    assert_eq!(standing(&*new, "a").await, (unattested, Standing::Proved, 1));
    assert_eq!(standing(&*old, "a").await, (Attestation::Attested, Standing::Proved, 1));

    // Its own backups go on where the others end.
    let file = save(&*new, "b", "shop.dump", Compression::Zstd, &plain).await.unwrap();
    assert_eq!(publish(&*new, "b", vec![file]).await.unwrap().sequence, 2);
}

#[tokio::test]
async fn the_newest_proof_is_the_last_one_whatever_the_clock_said() {
    let root = tempfile::tempdir().unwrap();
    let repository = folder(root.path()).await;
    let file = save(&*repository, "a", "shop.dump", Compression::Zstd, b"rows").await.unwrap();
    publish(&*repository, "a", vec![file]).await.unwrap();
    repository.attach(&proof(&*repository, "a", 4_000_000_000_000, true).await).await.unwrap();
    // The clock was set back.
    repository.attach(&proof(&*repository, "a", 1_000, false).await).await.unwrap();
    assert_eq!(standing(&*repository, "a").await, (Attestation::Attested, Standing::Failed, 2));
}

#[tokio::test]
async fn a_proof_counts_for_its_own_manifest_alone() {
    let root = tempfile::tempdir().unwrap();
    let repository = folder(root.path()).await;
    for of in ["a", "b"] {
        let file = save(&*repository, of, "shop.dump", Compression::Zstd, of.as_bytes()).await.unwrap();
        publish(&*repository, of, vec![file]).await.unwrap();
    }
    repository.attach(&proof(&*repository, "a", 5, true).await).await.unwrap();
    let backups = root.path().join("backups");
    let name = std::fs::read_dir(backups.join("a/proofs")).unwrap().next().unwrap().unwrap().file_name();
    let proof_a = backups.join("a/proofs").join(&name);

    // Copied to another backup, it proves nothing.
    std::fs::create_dir(backups.join("b/proofs")).unwrap();
    std::fs::copy(&proof_a, backups.join("b/proofs").join(&name)).unwrap();
    assert_eq!(standing(&*repository, "b").await, (Attestation::Attested, Standing::ChecksumOnly, 0));
    // Edited, neither.
    let edited = std::fs::read_to_string(&proof_a).unwrap().replace("1932", "2932");
    std::fs::write(&proof_a, edited).unwrap();
    assert_eq!(standing(&*repository, "a").await, (Attestation::Attested, Standing::ChecksumOnly, 0));
}
