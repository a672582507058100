//! Where things lie in a repository: `backups/ID/FILE`, `backups/ID/manifest.json`, `backups/ID/proofs/STAMP.json`. Names come
//! from manifests that others may have edited: none of them leads out of its backup.

use crate::domain::backup::BackupId;
use crate::domain::failure::{Failure, FailureKind};

/// What every key begins with.
pub const ROOT: &str = "backups";
/// The document that makes a backup exist.
pub const MANIFEST: &str = "manifest.json";
/// What proofs lie in, in their backup.
pub const PROOFS: &str = "proofs";

/// Everything of a backup lies under this.
pub fn backup(id: &BackupId) -> Result<String, Failure> {
    let id = plain(&id.0).ok_or_else(|| odd("a backup", &id.0))?;
    Ok(format!("{ROOT}/{id}"))
}

/// A backup's manifest.
pub fn manifest(id: &BackupId) -> Result<String, Failure> {
    Ok(format!("{}/{MANIFEST}", backup(id)?))
}

/// A file of a backup.
pub fn file(id: &BackupId, name: &str) -> Result<String, Failure> {
    let name = plain(name).filter(|name| ![MANIFEST, PROOFS].contains(name)).ok_or_else(|| odd("a file of a backup", name))?;
    Ok(format!("{}/{name}", backup(id)?))
}

/// A name that is one part of a path, and not hidden.
fn plain(name: &str) -> Option<&str> {
    let good = !name.is_empty() && name.len() <= 200 && !name.starts_with('.');
    let odd = |c: char| c == '/' || c == '\\' || c.is_control();
    (good && !name.contains(odd)).then_some(name)
}

fn odd(what: &str, name: &str) -> Failure {
    Failure::new(FailureKind::Refused, format!("{name:?} is no name of {what}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_name_never_leads_out_of_its_backup() {
        let id = BackupId("20261122T031500Z-db".into());
        assert_eq!(file(&id, "shop.dump.zst").unwrap(), "backups/20261122T031500Z-db/shop.dump.zst");
        for name in ["", ".", "..", "../x", "a/b", "a\\b", ".hidden", "manifest.json", "proofs", "a\nb", &"a".repeat(201)] {
            assert_eq!(file(&id, name).unwrap_err().kind, FailureKind::Refused, "{name:?}");
        }
        assert!(manifest(&BackupId("../../etc".into())).is_err());
    }
}
