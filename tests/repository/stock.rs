//! Files are plain: stock tools read them when midwatch is not there.

use std::path::Path;
use std::process::{Command, Stdio};

use age::secrecy::ExposeSecret;
use midwatch::adapters::repository::open;
use midwatch::domain::backup::Compression;
use midwatch::domain::failure::FailureKind;
use midwatch::domain::repository::RepositorySpec;
use midwatch::domain::secret::SecretRef;

use crate::s3::secret;
use crate::shop::{folder, key, noise, read, save, spec};

/// Text that packs well, then noise that does not.
fn plain() -> Vec<u8> {
    let rows = (0..50_000).flat_map(|n| format!("INSERT INTO orders VALUES ({n}, 'open');\n").into_bytes());
    rows.chain(noise(1, 9_000_000)).collect()
}

/// What a command line prints, run in a folder.
fn shell(folder: &Path, line: &str) -> Vec<u8> {
    let mut bash = Command::new("bash");
    bash.args(["-o", "pipefail", "-c", line]).current_dir(folder).stderr(Stdio::inherit());
    let output = bash.output().unwrap();
    assert!(output.status.success(), "{line}: {}", output.status);
    output.stdout
}

#[tokio::test(flavor = "multi_thread")]
async fn stock_tools_read_what_was_saved() {
    let root = tempfile::tempdir().unwrap();
    let repository = folder(root.path()).await;
    let plain = plain();
    let files = root.path().join("backups/a");
    for (compression, line) in [
        (Compression::Zstd, "zstd -dc shop.dump.zst"),
        (Compression::Gzip, "gzip -dc shop.dump.gz"),
        (Compression::None, "cat shop.dump"),
    ] {
        let file = save(&*repository, "a", "shop.dump", compression, &plain).await.unwrap();
        assert!(shell(&files, line) == plain, "{line}");
        let sum = String::from_utf8(shell(&files, &format!("sha256sum {}", file.name))).unwrap();
        assert!(sum.starts_with(&file.sha256), "{sum}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn age_opens_what_was_encrypted_and_only_its_identity_does() {
    let root = tempfile::tempdir().unwrap();
    let (ours, theirs) = (age::x25519::Identity::generate(), age::x25519::Identity::generate());
    let lines = format!("# created: today\n{}\n", ours.to_string().expose_secret());
    let identity = secret(root.path(), "age.key", &lines);
    let encrypt = vec![ours.to_public().to_string()];
    let covered = RepositorySpec { encrypt, identity: Some(SecretRef::File(identity)), ..spec(root.path()) };
    let repository = open(&covered, Some(key(1))).await.unwrap();
    let plain = plain();
    let file = save(&*repository, "a", "shop.dump", Compression::Zstd, &plain).await.unwrap();
    assert_eq!(file.name, "shop.dump.zst.age");
    assert!(shell(&root.path().join("backups/a"), "age -d -i ../../age.key shop.dump.zst.age | zstd -dc") == plain);
    assert!(read(&*repository, "a", &file).await.unwrap() == plain);

    let other = secret(root.path(), "other.key", theirs.to_string().expose_secret());
    let shut = RepositorySpec { identity: Some(SecretRef::File(other)), ..covered.clone() };
    let repository = open(&shut, Some(key(1))).await.unwrap();
    let failure = read(&*repository, "a", &file).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Denied);
    assert!(failure.what.ends_with("it is encrypted, and not to the repository's identity"), "{failure}");
    let bare = RepositorySpec { identity: None, ..covered };
    let failure = read(&*open(&bare, Some(key(1))).await.unwrap(), "a", &file).await.unwrap_err();
    assert_eq!(failure.mend.as_deref(), Some("identity = \"file:/etc/midwatch/age.key\""));
}
