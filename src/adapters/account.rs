//! The user that PostgreSQL's servers run as where midwatch is root: they refuse to run as that.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use crate::domain::failure::{Failure, FailureKind};

/// A user of this host that processes and files can be given to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its user id.
    pub uid: u32,
    /// Its group id.
    pub gid: u32,
}

impl Account {
    /// None when PostgreSQL can run as the present user; else `postgres` where that exists, else `nobody`.
    pub fn for_postgres() -> Result<Option<Self>, Failure> {
        if !rustix::process::geteuid().is_root() {
            return Ok(None);
        }
        let users = fs::read_to_string("/etc/passwd").map_err(|e| io("reading /etc/passwd", &e))?;
        let found = ["postgres", "nobody"].iter().find_map(|name| find(&users, name));
        let nobody = || {
            let what = "PostgreSQL refuses to run as root, and there is no user postgres or nobody";
            Failure::new(FailureKind::Config, what).mend("sudo useradd --system postgres")
        };
        found.map(Some).ok_or_else(nobody)
    }

    /// Whether this user can enter a folder: it must be let through by all above it.
    pub fn enters(self, folder: &Path) -> Result<(), Failure> {
        let closed = folder.ancestors().find(|above| !above.metadata().is_ok_and(|meta| self.passes(&meta)));
        closed.map_or(Ok(()), |above| {
            let what = format!("user {}, whom PostgreSQL runs as, cannot enter {}", self.uid, above.display());
            Err(Failure::new(FailureKind::Denied, what)
                .mend("let it be a folder that others may pass through: scratch = \"…\" in midwatch.toml, or TMPDIR"))
        })
    }

    fn passes(self, meta: &fs::Metadata) -> bool {
        let bit = match (meta.uid() == self.uid, meta.gid() == self.gid) {
            (true, _) => 0o100,
            (false, true) => 0o010,
            (false, false) => 0o001,
        };
        meta.mode() & bit != 0
    }

    /// Gives a file or folder to this user.
    pub fn own(self, path: &Path) -> Result<(), Failure> {
        let owned = std::os::unix::fs::chown(path, Some(self.uid), Some(self.gid));
        owned.map_err(|e| io(&format!("giving {} to user {}", path.display(), self.uid), &e))
    }
}

/// The host's refusal, with what was tried.
fn io(tried: &str, error: &std::io::Error) -> Failure {
    Failure::new(FailureKind::of_io(error), format!("{tried}: {error}"))
}

fn find(users: &str, name: &str) -> Option<Account> {
    let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
    let mut numbers = line.split(':').skip(2);
    Some(Account { uid: numbers.next()?.parse().ok()?, gid: numbers.next()?.parse().ok()? })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_closed_folder_above_is_named() {
        let above = tempfile::tempdir().unwrap();
        let folder = above.path().join("demo");
        fs::create_dir(&folder).unwrap();
        let stranger = Account { uid: 4242, gid: 4242 };
        fs::set_permissions(above.path(), fs::Permissions::from_mode(0o700)).unwrap();
        let error = stranger.enters(&folder).unwrap_err().to_string();
        assert!(error.contains(&format!("cannot enter {}", above.path().display())), "{error}");
        fs::set_permissions(above.path(), fs::Permissions::from_mode(0o711)).unwrap();
        stranger.enters(&folder).unwrap();
    }

    #[test]
    fn a_user_is_found_by_its_whole_name() {
        let users = "root:x:0:0::/root:/bin/sh\npostgres2:x:7:7::/:/bin/sh\npostgres:x:101:104:,,,:/var:/bin/bash\n";
        assert_eq!(find(users, "postgres"), Some(Account { uid: 101, gid: 104 }));
        assert_eq!(find(users, "nobody"), None);
    }
}
