#![allow(clippy::unwrap_used)]

use tokio::io::AsyncReadExt;

use super::*;
use crate::adapters::repository::store::{Draft, Item};
use crate::domain::backup::catalogue::Attestation;
use crate::domain::backup::{BLOCK, Census, FORMAT, Made, Method, Origin, Times};
use crate::domain::repository::Keep;
use crate::domain::time::Stamp;

fn spec(folder: &std::path::Path) -> RepositorySpec {
    RepositorySpec {
        name: "main".into(),
        place: RepositoryPlace::Folder(folder.to_owned()),
        encrypt: vec![],
        identity: None,
        keep: Keep::default(),
    }
}

async fn opened(spec: &RepositorySpec, key: u8) -> Arc<dyn Repository> {
    open(spec, Some(SealKey::new([key; 32]))).await.unwrap()
}

fn manifest(id: &str, files: Vec<FileFacts>) -> Manifest {
    let source = Origin {
        environment: "production".into(),
        service: "shop-db".into(),
        flavour: "postgresql".into(),
        version: "15.14".into(),
        system: "7312".into(),
        address: "db-1:5432".into(),
    };
    Manifest {
        format: FORMAT,
        id: BackupId(id.into()),
        sequence: 0,
        source,
        method: Method::Logical,
        times: Times { began: Stamp(1), consistent: Stamp(2), ended: Stamp(3) },
        files,
        census: Census::None,
        made: Made::default(),
    }
}

/// Noise that is longer than a block however it is packed.
fn plain() -> Vec<u8> {
    let mut bytes = vec![0; BLOCK as usize * 3 / 2];
    fastrand::Rng::with_seed(7).fill(&mut bytes);
    bytes
}

async fn save(repository: &dyn Repository, id: &str, name: &str, compression: Compression, plain: &[u8]) -> FileFacts {
    let mut sink = repository.create(&BackupId(id.into()), name, "shop", compression).await.unwrap();
    for piece in plain.chunks(100_000) {
        sink.write(bytes::Bytes::copy_from_slice(piece)).await.unwrap();
    }
    sink.finish().await.unwrap()
}

#[tokio::test]
async fn what_was_saved_is_read_back_whatever_it_was_packed_with() {
    let folder = tempfile::tempdir().unwrap();
    let identity = age::x25519::Identity::generate();
    let secret = folder.path().join("age.key");
    std::fs::write(&secret, identity.to_string().expose_secret()).unwrap();
    std::fs::set_permissions(&secret, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let open = spec(folder.path());
    let covered = RepositorySpec {
        encrypt: vec![identity.to_public().to_string()],
        identity: Some(crate::domain::secret::SecretRef::File(secret)),
        ..open.clone()
    };
    let plain = plain();
    for (spec, ending) in [(open, ""), (covered, ".age")] {
        let repository = opened(&spec, 1).await;
        for (compression, packed) in [(Compression::None, ""), (Compression::Zstd, ".zst"), (Compression::Gzip, ".gz")] {
            let file = save(&*repository, "a", "shop.dump", compression, &plain).await;
            assert_eq!(file.name, format!("shop.dump{packed}{ending}"));
            assert_eq!((file.plain_bytes, file.blocks.len()), (plain.len() as u64, 2));
            repository.check(&BackupId("a".into()), &file).await.unwrap();
            let mut read = Vec::new();
            repository.open(&BackupId("a".into()), &file).await.unwrap().read_to_end(&mut read).await.unwrap();
            assert!(read == plain, "{}", file.name);
        }
    }
}

#[tokio::test]
async fn rule_14_a_backup_exists_when_its_manifest_does() {
    let folder = tempfile::tempdir().unwrap();
    let repository = opened(&spec(folder.path()), 1).await;
    let file = save(&*repository, "a", "shop.dump", Compression::Zstd, b"rows").await;
    let catalogue = repository.catalogue().await.unwrap();
    assert!(catalogue.entries.is_empty());
    assert_eq!(
        (catalogue.orphans[0].id.0.as_str(), catalogue.orphans[0].files, catalogue.orphans[0].bytes),
        ("a", 1, file.bytes)
    );

    let published = repository.publish(manifest("a", vec![file])).await.unwrap();
    let catalogue = repository.catalogue().await.unwrap();
    assert_eq!((catalogue.entries.len(), catalogue.orphans.len(), published.sequence), (1, 0, 1));
    assert_eq!((&catalogue.entries[0].manifest, &catalogue.entries[0].attestation), (&published, &Attestation::Attested));
    let again = repository.create(&BackupId("a".into()), "shop.dump", "shop", Compression::Zstd).await;
    assert_eq!(again.err().unwrap().kind, FailureKind::Refused);

    let file = save(&*repository, "b", "shop.dump", Compression::Zstd, b"rows").await;
    assert_eq!(repository.publish(manifest("b", vec![file])).await.unwrap().sequence, 2);
    repository.remove(&BackupId("b".into())).await.unwrap();
    repository.remove(&BackupId("b".into())).await.unwrap();
    assert_eq!(repository.catalogue().await.unwrap(), catalogue);
}

#[tokio::test]
async fn rule_14_a_manifest_is_refused_where_a_file_is_missing_or_cut() {
    let folder = tempfile::tempdir().unwrap();
    let repository = opened(&spec(folder.path()), 1).await;
    let file = save(&*repository, "a", "shop.dump", Compression::None, b"rows").await;
    let path = folder.path().join("backups/a/shop.dump");
    std::fs::write(&path, b"row").unwrap();
    let cut = repository.publish(manifest("a", vec![file.clone()])).await.unwrap_err();
    assert!(cut.what.ends_with("it has 3 bytes, 4 were written"), "{cut}");
    std::fs::remove_file(&path).unwrap();
    let missing = repository.publish(manifest("a", vec![file])).await.unwrap_err();
    assert!(missing.what.ends_with("shop.dump: it is missing"), "{missing}");
    assert!(repository.catalogue().await.unwrap().entries.is_empty());
}

/// A folder that gives one of its files to nobody. A test may run as root, who may read everything.
struct Shut(Folder, &'static str);

impl Store for Shut {
    fn list<'a>(&'a self, under: &'a str) -> Promise<'a, Vec<Item>> {
        self.0.list(under)
    }

    fn size<'a>(&'a self, key: &'a str) -> Promise<'a, Option<u64>> {
        self.0.size(key)
    }

    fn read<'a>(&'a self, key: &'a str, range: std::ops::Range<u64>) -> Promise<'a, bytes::Bytes> {
        let shut = Failure::new(FailureKind::Denied, format!("{}: permission denied", self.told(key)));
        if key == self.1 { async { Err(shut) }.boxed() } else { self.0.read(key, range) }
    }

    fn write<'a>(&'a self, key: &'a str, bytes: bytes::Bytes) -> Promise<'a, ()> {
        self.0.write(key, bytes)
    }

    fn draft<'a>(&'a self, key: &'a str) -> Promise<'a, Box<dyn Draft>> {
        self.0.draft(key)
    }

    fn remove<'a>(&'a self, key: &'a str) -> Promise<'a, ()> {
        self.0.remove(key)
    }

    fn clear<'a>(&'a self, key: &'a str) -> Promise<'a, ()> {
        self.0.clear(key)
    }

    fn turn(&self) -> Promise<'_, Box<dyn Send>> {
        self.0.turn()
    }

    fn told(&self, key: &str) -> String {
        self.0.told(key)
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_listed_stops_no_other_and_is_never_removed() {
    let folder = tempfile::tempdir().unwrap();
    let spec = spec(folder.path());
    let whole = opened(&spec, 1).await;
    for id in ["a", "b"] {
        let file = save(&*whole, id, "shop.dump", Compression::None, b"rows").await;
        whole.publish(manifest(id, vec![file])).await.unwrap();
    }
    let store = Arc::new(Shut(Folder::open(folder.path()).unwrap(), "backups/b/manifest.json"));
    let shut = StoredRepository { spec, store, key: Some(SealKey::new([1; 32])), recipients: Arc::new([]) };
    let catalogue = shut.catalogue().await.unwrap();
    let why = catalogue.orphans[0].why.clone().unwrap();
    assert!(catalogue.orphans[0].unread && why.ends_with("b/manifest.json: permission denied"), "{why}");
    assert_eq!(catalogue.entries.len(), 1);
    assert!(shut.sweep(&BackupId("b".into())).await.unwrap_err().what.contains("it may be a good backup"));

    let file = save(&shut, "0", "shop.dump", Compression::None, b"rows").await;
    shut.publish(manifest("0", vec![file])).await.unwrap();
    let entries = whole.catalogue().await.unwrap().entries;
    let ids: Vec<_> = entries.iter().map(|entry| entry.manifest.id.0.as_str()).collect();
    assert_eq!(ids, ["0", "b", "a"], "the newest comes first, whatever could be read when it was published");
    assert!(!whole.sweep(&BackupId("b".into())).await.unwrap(), "it exists");
}
