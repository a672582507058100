//! The private folder in which the control sockets of one user's demos lie, one for each name.

use std::env;
use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use crate::demo::error::DemoError;

/// The folder of this user's control sockets.
#[derive(Clone, Debug)]
pub struct Registry(PathBuf);

/// A name that is free for as long as this is held: nobody else can claim one meanwhile.
#[derive(Debug)]
pub struct Claim {
    /// The name.
    pub name: String,
    /// Where its control socket will be.
    pub socket: PathBuf,
    _lock: File,
}

impl Registry {
    /// `$XDG_RUNTIME_DIR/midwatch`, or `/tmp/midwatch-UID` where there is no such folder (over `su`, for instance).
    pub fn of_user() -> Self {
        let runtime = env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|dir| dir.is_dir());
        let shared = || PathBuf::from(format!("/tmp/midwatch-{}", rustix::process::geteuid().as_raw()));
        Self(runtime.map_or_else(shared, |dir| dir.join("midwatch")))
    }

    /// Takes a free name: the wanted one, or `demo`, `demo-2`...
    pub fn claim(&self, wanted: Option<&str>) -> Result<Claim, DemoError> {
        let lock = self.lock()?;
        let name = match wanted {
            Some(name) if !valid(name) => return Err(DemoError::BadName(name.into())),
            Some(name) if self.is_up(name) => return Err(DemoError::Taken(name.into())),
            Some(name) => name.to_owned(),
            None => self.free_name(),
        };
        let socket = self.socket(&name);
        remove(&socket)?;
        Ok(Claim { name, socket, _lock: lock })
    }

    /// Names of the demos that are up.
    pub fn names(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(&self.0) else { return Vec::new() };
        let mut names: Vec<String> = entries
            .flatten()
            .filter_map(|entry| entry.file_name().to_str()?.strip_suffix(".sock").map(str::to_owned))
            .filter(|name| self.is_up(name))
            .collect();
        names.sort();
        names
    }

    /// The control socket of one demo: the named one, or the only one.
    pub fn find(&self, name: Option<&str>) -> Result<PathBuf, DemoError> {
        let mut names = self.names();
        match name {
            Some(name) if names.iter().any(|up| up == name) => Ok(self.socket(name)),
            Some(name) => Err(DemoError::Unknown(name.into())),
            None if names.len() > 1 => Err(DemoError::Several(names)),
            None => names.pop().map(|name| self.socket(&name)).ok_or(DemoError::NoneUp),
        }
    }

    fn socket(&self, name: &str) -> PathBuf {
        self.0.join(format!("{name}.sock"))
    }

    fn is_up(&self, name: &str) -> bool {
        UnixStream::connect(self.socket(name)).is_ok()
    }

    fn free_name(&self) -> String {
        let later = (2_u32..).map(|number| format!("demo-{number}"));
        std::iter::once("demo".to_owned()).chain(later).find(|name| !self.is_up(name)).unwrap_or_default()
    }

    /// Locks the folder itself, so that no lock file stays behind. A demo that ends removes the empty folder: then once more.
    fn lock(&self) -> Result<File, DemoError> {
        loop {
            self.make()?;
            let lock = File::open(&self.0).and_then(|folder| folder.lock().map(|()| folder));
            let lock = lock.map_err(DemoError::io(format!("locking {}", self.0.display())))?;
            if same_file(&lock, &self.0) {
                return Ok(lock);
            }
        }
    }

    /// Makes the folder, and refuses one that another user could have put there.
    fn make(&self) -> Result<(), DemoError> {
        match DirBuilder::new().mode(0o700).create(&self.0) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                return Err(DemoError::io(format!("making {}", self.0.display()))(error));
            }
            _ => {}
        }
        let meta = fs::symlink_metadata(&self.0).map_err(DemoError::io(format!("looking at {}", self.0.display())))?;
        // None of the six bits for group and others.
        let private = meta.is_dir() && meta.uid() == rustix::process::geteuid().as_raw() && meta.mode().trailing_zeros() >= 6;
        if private { Ok(()) } else { Err(DemoError::UnsafeFolder(self.0.clone())) }
    }
}

/// Removes a demo's control socket, and the folder too where it was the last.
pub fn retire(socket: &Path) {
    let _ = fs::remove_file(socket);
    if let Some(folder) = socket.parent() {
        let _ = fs::remove_dir(folder);
    }
}

fn remove(socket: &Path) -> Result<(), DemoError> {
    match fs::remove_file(socket) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(DemoError::io(format!("removing {}", socket.display()))(error))
        }
        _ => Ok(()),
    }
}

fn same_file(open: &File, path: &Path) -> bool {
    let identity = |meta: fs::Metadata| (meta.dev(), meta.ino());
    open.metadata().ok().map(identity) == fs::metadata(path).ok().map(identity)
}

fn valid(name: &str) -> bool {
    (1..=32).contains(&name.len()) && name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::os::unix::fs::PermissionsExt as _;
    use std::os::unix::net::UnixListener;

    use super::*;

    fn registry() -> (tempfile::TempDir, Registry) {
        let folder = tempfile::tempdir().unwrap();
        let registry = Registry(folder.path().join("midwatch"));
        (folder, registry)
    }

    #[test]
    fn names_count_up_and_a_dead_socket_is_free_again() {
        let (_folder, registry) = registry();
        let first = registry.claim(None).unwrap();
        assert_eq!(first.name, "demo");
        let listener = UnixListener::bind(&first.socket).unwrap();
        drop(first);
        assert!(matches!(registry.claim(Some("demo")), Err(DemoError::Taken(_))));
        assert_eq!(registry.claim(None).unwrap().name, "demo-2");
        assert_eq!(registry.names(), ["demo"]);
        drop(listener);
        assert_eq!(registry.names(), Vec::<String>::new());
        assert_eq!(registry.claim(None).unwrap().name, "demo");
    }

    #[test]
    fn a_folder_open_to_others_is_refused() {
        let (_folder, registry) = registry();
        fs::create_dir(&registry.0).unwrap();
        fs::set_permissions(&registry.0, fs::Permissions::from_mode(0o755)).unwrap();
        assert!(matches!(registry.claim(None), Err(DemoError::UnsafeFolder(_))));
    }

    #[test]
    fn a_name_cannot_leave_the_folder() {
        let (_folder, registry) = registry();
        for name in ["../x", "", "A", "a.b", "a/b"] {
            assert!(matches!(registry.claim(Some(name)), Err(DemoError::BadName(_))), "{name}");
        }
    }
}
