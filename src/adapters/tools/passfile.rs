//! PostgreSQL's password for programs of this host: in a file without a name, kept in memory, that only this user can open and
//! that is gone with this process, however it ends. An environment variable would be seen by everybody who shares the account, for
//! as long as the program runs.

use std::fs::File;
use std::io::Write as _;
use std::os::fd::AsRawFd as _;

use rustix::fs::{MemfdFlags, Mode};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::OnceCell;

use crate::adapters::secret;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::secret::SecretRef;

/// The file, once it was needed.
#[derive(Debug, Default)]
pub struct Passfile(OnceCell<File>);

impl Passfile {
    /// Its path, for `PGPASSFILE`; good as long as this lives.
    pub async fn path(&self, from: &SecretRef) -> Result<String, Failure> {
        let file = self.0.get_or_try_init(async || write(&secret::resolve(from).await?)).await?;
        Ok(format!("/proc/{}/fd/{}", std::process::id(), file.as_raw_fd()))
    }
}

fn write(password: &SecretString) -> Result<File, Failure> {
    let io = |e: std::io::Error| Failure::new(FailureKind::of_io(&e), format!("keeping the password in memory: {e}"));
    let file = rustix::fs::memfd_create("midwatch", MemfdFlags::CLOEXEC).map_err(|e| io(e.into()))?;
    // PostgreSQL's programs ignore a file that others may read.
    rustix::fs::fchmod(&file, Mode::RUSR | Mode::WUSR).map_err(|e| io(e.into()))?;
    let mut file = File::from(file);
    file.write_all(line(password.expose_secret()).as_bytes()).map_err(io)?;
    Ok(file)
}

/// The password for any host, port, database and user.
fn line(password: &str) -> String {
    format!("*:*:*:*:{}\n", password.replace('\\', "\\\\").replace(':', "\\:"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colons_and_backslashes_are_escaped() {
        assert_eq!(line(r"a:b\c"), "*:*:*:*:a\\:b\\\\c\n");
    }
}
