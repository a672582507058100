//! Buckets, and storms between here and the server: whatever happens to whichever request, a backup is there or it is not.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use midwatch::adapters::repository::{self, Patience, open_patiently};
use midwatch::domain::backup::Compression;
use midwatch::domain::failure::{Failure, FailureKind};
use midwatch::domain::repository::{RepositoryPlace, RepositorySpec};
use midwatch::domain::secret::SecretRef;
use midwatch::ports::repository::Repository;

use crate::s3::{ACCESS_KEY, BUCKET, Fault, Proxy, S3, SECRET_KEY, secret};
use crate::shop::{id, key, noise, publish, read, save, spec, trials};

/// Two parts and a bit.
const SIZE: usize = 17 << 20;
/// Short enough for a test of what never answers. On a busy machine it may end what would have come: in fair weather
/// the usual patience is asked for.
const PATIENCE: Patience = Patience {
    connect: Duration::from_secs(2),
    small: Duration::from_secs(4),
    large: Duration::from_secs(4),
    retries: 2,
    retry: Duration::from_secs(20),
};

fn at(server: SocketAddr, folder: &std::path::Path) -> RepositorySpec {
    let secret = |name, text| SecretRef::File(secret(folder, name, text));
    let place = RepositoryPlace::S3 {
        bucket: BUCKET.into(),
        prefix: "production/midwatch".into(),
        endpoint: Some(format!("http://{server}")),
        region: "us-east-1".into(),
        access_key: secret("access.key", ACCESS_KEY),
        secret_key: secret("secret.key", SECRET_KEY),
        ca: None,
    };
    RepositorySpec { place, ..spec(folder) }
}

async fn opened(spec: &RepositorySpec) -> Arc<dyn Repository> {
    open_patiently(spec, Some(key(1)), PATIENCE).await.unwrap()
}

async fn back_up(repository: &dyn Repository, of: &str, size: usize) -> Result<(), Failure> {
    let file = save(repository, of, "shop.dump", Compression::None, &noise(7, size)).await?;
    publish(repository, of, vec![file]).await.map(|_| ())
}

/// Waits until `done`, and says what it waited for if that never comes.
async fn until(what: &str, done: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !done() {
        assert!(Instant::now() < deadline, "{what}: never came");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_14_a_bucket_holds_backups_as_a_folder_does() {
    let (server, secrets) = (S3::start().await, tempfile::tempdir().unwrap());
    let repository = opened(&at(server.address, secrets.path())).await;
    for (of, size) in [("a", SIZE), ("b", 0), ("c", 8 << 20), ("d", 16 << 20)] {
        let plain = noise(3, size);
        let file = save(&*repository, of, "shop.dump", Compression::Zstd, &plain).await.unwrap();
        let orphans = repository.catalogue().await.unwrap().orphans;
        assert!(matches!(&orphans[..], [orphan] if orphan.modified.is_some()), "{orphans:?}");
        let sequence = repository.catalogue().await.unwrap().entries.len() as u64 + 1;
        assert_eq!(publish(&*repository, of, vec![file.clone()]).await.unwrap().sequence, sequence);
        repository.check(&id(of), &file).await.unwrap();
        assert!(read(&*repository, of, &file).await.unwrap() == plain, "{size}");
    }
    assert!(server.object("production/midwatch/backups/a/manifest.json").is_file());
    assert_eq!(server.parts(), 0);

    // Damage has a place there too.
    let file = repository.catalogue().await.unwrap().find(&id("a")).unwrap().manifest.files[0].clone();
    let object = server.object("production/midwatch/backups/a/shop.dump.zst");
    let mut bytes = std::fs::read(&object).unwrap();
    bytes[9 << 20] ^= 1;
    std::fs::write(&object, bytes).unwrap();
    let failure = repository.check(&id("a"), &file).await.unwrap_err();
    let told = "s3://backups/production/midwatch/backups/a/shop.dump.zst: bytes 8388608–16777215 changed since the backup";
    assert_eq!((failure.kind, failure.what.as_str()), (FailureKind::Damaged, told));
    assert_eq!(read(&*repository, "a", &file).await.unwrap_err().kind, FailureKind::Damaged);

    repository.remove(&id("a")).await.unwrap();
    assert!(!object.exists());
    assert_eq!(repository.catalogue().await.unwrap().entries.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_nobody_finishes_is_aborted() {
    let (server, secrets) = (S3::start().await, tempfile::tempdir().unwrap());
    let repository = opened(&at(server.address, secrets.path())).await;
    let mut sink = repository.create(&id("a"), "shop.dump", "shop", Compression::None).await.unwrap();
    for piece in noise(7, SIZE).chunks(1 << 20) {
        sink.write(bytes::Bytes::copy_from_slice(piece)).await.unwrap();
    }
    until("parts on the server", || server.parts() > 0).await;
    drop(sink);
    until("no parts on the server", || server.parts() == 0).await;
    let catalogue = repository.catalogue().await.unwrap();
    assert!(catalogue.entries.is_empty() && catalogue.orphans.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_server_refuses_is_told_with_what_mends_it() {
    let (server, secrets) = (S3::start().await, tempfile::tempdir().unwrap());
    let good = at(server.address, secrets.path());
    let RepositoryPlace::S3 { bucket, .. } = &good.place else { panic!() };
    let with = |change: &dyn Fn(&mut RepositorySpec)| {
        let mut spec = good.clone();
        change(&mut spec);
        spec
    };
    let wrong_key = with(&|spec| {
        if let RepositoryPlace::S3 { secret_key, .. } = &mut spec.place {
            *secret_key = SecretRef::File(secret(secrets.path(), "wrong.key", "s3-wrong-hunter2"));
        }
    });
    let no_bucket = with(&|spec| {
        if let RepositoryPlace::S3 { bucket, .. } = &mut spec.place {
            *bucket = "nowhere".into();
        }
    });
    let no_server = with(&|spec| {
        if let RepositoryPlace::S3 { endpoint, .. } = &mut spec.place {
            *endpoint = Some("http://127.0.0.1:1".into());
        }
    });
    assert_eq!(bucket, BUCKET);
    for (spec, kind) in
        [(wrong_key, FailureKind::Denied), (no_bucket, FailureKind::Config), (no_server, FailureKind::Unavailable)]
    {
        let failure = opened(&spec).await.catalogue().await.unwrap_err();
        assert_eq!(failure.kind, kind, "{failure}");
        assert!(!format!("{failure:?}").contains("hunter2"), "{failure}");
        assert_eq!(failure.mend.is_some(), kind != FailureKind::Unavailable, "{failure}");
    }
}

/// A server with one good backup, behind a proxy.
struct Storm {
    server: S3,
    proxy: Proxy,
    /// Gives up soon.
    repository: Arc<dyn Repository>,
    /// The same, as people have it.
    patient: Arc<dyn Repository>,
    _secrets: tempfile::TempDir,
}

impl Storm {
    async fn new() -> Self {
        let (server, secrets) = (S3::start().await, tempfile::tempdir().unwrap());
        let proxy = Proxy::start(server.address).await;
        let spec = at(proxy.address, secrets.path());
        let (repository, patient) = (opened(&spec).await, repository::open(&spec, Some(key(1))).await.unwrap());
        back_up(&*patient, "good", 1_000).await.unwrap();
        proxy.heal();
        Self { server, proxy, repository, patient, _secrets: secrets }
    }

    /// The last good one is intact; the new one is there as a whole, or not.
    async fn judge(&self, is_there: bool, when: &str) {
        let catalogue = self.patient.catalogue().await.unwrap_or_else(|e| panic!("{when}: {e}"));
        let good = catalogue.find(&id("good")).unwrap();
        self.patient.check(&id("good"), &good.manifest.files[0]).await.unwrap_or_else(|e| panic!("{when}: {e}"));
        assert_eq!(catalogue.find(&id("new")).is_some(), is_there, "{when}");
        for file in catalogue.find(&id("new")).iter().flat_map(|entry| &entry.manifest.files) {
            self.patient.check(&id("new"), file).await.unwrap_or_else(|e| panic!("{when}: {e}"));
        }
    }
}

/// How many requests a backup is, and which.
async fn requests() -> Vec<String> {
    let storm = Storm::new().await;
    back_up(&*storm.patient, "new", SIZE).await.unwrap();
    storm.proxy.seen()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_bad_request_does_not_spoil_a_backup() {
    let requests = requests().await;
    assert_eq!(requests.iter().filter(|line| line.contains("partNumber=")).count(), 3, "{requests:#?}");
    for fault in Fault::ALL {
        let trials = (0..requests.len()).step_by(if trials(10) == 10 { 1 } else { 3 }).map(|number| async move {
            let storm = Storm::new().await;
            storm.proxy.fault(fault, number..number + 1);
            let when = format!("{fault:?} at request {number}");
            back_up(&*storm.repository, "new", SIZE).await.unwrap_or_else(|e| panic!("{when}: {e}"));
            storm.judge(true, &when).await;
        });
        join_all(trials).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_14_a_server_that_is_lost_at_any_request_leaves_no_backup() {
    let requests = requests().await;
    for fault in [Fault::Reset, Fault::Lost, Fault::Hole, Fault::Unavailable] {
        let trials = (0..requests.len()).step_by(if trials(10) == 10 { 1 } else { 3 }).map(|number| async move {
            let storm = Storm::new().await;
            storm.proxy.fault(fault, number..usize::MAX);
            let when = format!("{fault:?} from request {number}");
            let outcome = back_up(&*storm.repository, "new", SIZE).await;
            let failure = outcome.expect_err(&when);
            assert!([FailureKind::Unavailable, FailureKind::Cancelled].contains(&failure.kind), "{when}: {failure}");
            storm.proxy.heal();
            // The answer to the last request may have been lost, with all done.
            let manifest = storm.server.object("production/midwatch/backups/new/manifest.json");
            storm.judge(manifest.exists(), &when).await;
            assert!(!manifest.exists() || fault == Fault::Lost, "{when}");
            storm.patient.remove(&id("new")).await.unwrap();
            back_up(&*storm.patient, "new", SIZE).await.unwrap_or_else(|e| panic!("{when}, then again: {e}"));
            storm.judge(true, &when).await;
        });
        join_all(trials).await;
    }
}
