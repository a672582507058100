//! The user that PostgreSQL runs as: the server refuses to run as root.

use std::fs;
use std::path::Path;

use crate::demo::error::DemoError;

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
    pub fn for_postgres() -> Result<Option<Self>, DemoError> {
        if !rustix::process::geteuid().is_root() {
            return Ok(None);
        }
        let users = fs::read_to_string("/etc/passwd").map_err(DemoError::io("reading /etc/passwd"))?;
        ["postgres", "nobody"]
            .iter()
            .find_map(|name| find(&users, name))
            .map(Some)
            .ok_or_else(|| DemoError::not_up("PostgreSQL", "it refuses to run as root, and there is no user postgres or nobody"))
    }

    /// Gives a file or folder to this user.
    pub fn own(self, path: &Path) -> Result<(), DemoError> {
        std::os::unix::fs::chown(path, Some(self.uid), Some(self.gid)).map_err(DemoError::io(format!(
            "giving {} to user {}",
            path.display(),
            self.uid
        )))
    }
}

fn find(users: &str, name: &str) -> Option<Account> {
    let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
    let mut numbers = line.split(':').skip(2);
    Some(Account { uid: numbers.next()?.parse().ok()?, gid: numbers.next()?.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_found_by_its_whole_name() {
        let users = "root:x:0:0::/root:/bin/sh\npostgres2:x:7:7::/:/bin/sh\npostgres:x:101:104:,,,:/var:/bin/bash\n";
        assert_eq!(find(users, "postgres"), Some(Account { uid: 101, gid: 104 }));
        assert_eq!(find(users, "nobody"), None);
    }
}
