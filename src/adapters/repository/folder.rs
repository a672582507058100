//! A folder of this host as a store. A file is written beside its name as `.NAME.part`, made durable, and only then renamed;
//! the folder that names it is made durable too.

use std::fs::{self, DirEntry, File};
use std::io::{self, ErrorKind, Write};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use bytes::Bytes;
use futures_util::FutureExt;

use crate::adapters::repository::store::{Draft, Item, Store};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::time::Stamp;
use crate::ports::Promise;

/// What locks publishing.
const LOCK: &str = ".lock";

/// A folder as a store.
#[derive(Clone, Debug)]
pub struct Folder {
    root: PathBuf,
}

impl Folder {
    /// The store in a folder, which must be there: one that is missing may be a disk that is not mounted.
    pub fn open(root: &Path) -> Result<Self, Failure> {
        let about = fs::metadata(root).map_err(|e| match e.kind() {
            ErrorKind::NotFound => Failure::new(FailureKind::Config, format!("{}: there is no such folder", root.display()))
                .mend(format!("mkdir -p {}; or mount the disk that has it", root.display())),
            _ => failure(root, e),
        })?;
        if !about.is_dir() {
            return Err(Failure::new(FailureKind::Config, format!("{}: this is not a folder", root.display())));
        }
        Ok(Self { root: root.to_owned() })
    }

    fn path(&self, key: &str) -> PathBuf {
        self.root.join(key)
    }

    /// Runs what blocks where it may.
    fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, Failure> + Send + 'static,
    ) -> Promise<'static, T> {
        let folder = self.clone();
        let work = tokio::task::spawn_blocking(move || work(&folder));
        async { work.await.map_err(|e| Failure::new(FailureKind::Bug, e.to_string()))? }.boxed()
    }

    fn begin(&self, key: &str) -> Result<Growing, Failure> {
        let last = self.path(key);
        let (Some(folder), Some(name)) = (last.parent(), last.file_name()) else {
            return Err(Failure::new(FailureKind::Bug, format!("{key:?} names no file")));
        };
        self.grow(folder)?;
        let part = folder.join(format!(".{}.part", name.to_string_lossy()));
        let file = File::create(&part).map_err(|e| failure(&part, e))?;
        Ok(Growing { file, part, last, bytes: 0 })
    }

    /// Makes the folders down to one, durably.
    fn grow(&self, folder: &Path) -> Result<(), Failure> {
        if folder == self.root || folder.is_dir() {
            return Ok(());
        }
        let Some(parent) = folder.parent() else { return Ok(()) };
        self.grow(parent)?;
        match fs::create_dir(folder) {
            Err(e) if e.kind() != ErrorKind::AlreadyExists => Err(failure(folder, e)),
            _ => settle(parent),
        }
    }

    fn walk(&self, folder: &Path, found: &mut Vec<Item>) -> Result<(), Failure> {
        let entries = match fs::read_dir(folder) {
            Err(e) if [ErrorKind::NotFound, ErrorKind::NotADirectory].contains(&e.kind()) => return Ok(()),
            entries => entries.map_err(|e| failure(folder, e))?,
        };
        for entry in entries {
            let entry = entry.map_err(|e| failure(folder, e))?;
            let path = entry.path();
            match look(&entry) {
                Err(e) if e.kind() == ErrorKind::NotFound => {}
                Err(e) => return Err(failure(&path, e)),
                Ok(about) if about.is_dir() => self.walk(&path, found)?,
                Ok(about) => found.push(self.item(&path, &about)),
            }
        }
        Ok(())
    }

    fn item(&self, path: &Path, about: &fs::Metadata) -> Item {
        let key = path.strip_prefix(&self.root).unwrap_or(path).to_string_lossy().into_owned();
        let modified = about.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        Item { key, bytes: about.len(), modified: modified.map(|since| Stamp(since.as_millis() as i64)) }
    }
}

/// What an entry is; a link is not followed.
fn look(entry: &DirEntry) -> io::Result<fs::Metadata> {
    entry.metadata()
}

impl Store for Folder {
    fn list<'a>(&'a self, under: &'a str) -> Promise<'a, Vec<Item>> {
        let top = self.path(under);
        self.blocking(move |folder| {
            let mut found = Vec::new();
            folder.walk(&top, &mut found)?;
            Ok(found)
        })
    }

    fn size<'a>(&'a self, key: &'a str) -> Promise<'a, Option<u64>> {
        let path = self.path(key);
        self.blocking(move |_| match fs::symlink_metadata(&path) {
            Ok(about) => Ok(about.is_file().then_some(about.len())),
            Err(e) if [ErrorKind::NotFound, ErrorKind::NotADirectory].contains(&e.kind()) => Ok(None),
            Err(e) => Err(failure(&path, e)),
        })
    }

    fn read<'a>(&'a self, key: &'a str, range: Range<u64>) -> Promise<'a, Bytes> {
        let path = self.path(key);
        self.blocking(move |_| read(&path, range).map_err(|e| failure(&path, e)))
    }

    fn write<'a>(&'a self, key: &'a str, bytes: Bytes) -> Promise<'a, ()> {
        let key = key.to_owned();
        self.blocking(move |folder| {
            let mut growing = folder.begin(&key)?;
            growing.write_all(&bytes)?;
            Box::new(growing).finish()
        })
    }

    fn draft<'a>(&'a self, key: &'a str) -> Promise<'a, Box<dyn Draft>> {
        let key = key.to_owned();
        self.blocking(move |folder| Ok(Box::new(folder.begin(&key)?) as Box<dyn Draft>))
    }

    fn remove<'a>(&'a self, key: &'a str) -> Promise<'a, ()> {
        let path = self.path(key);
        self.blocking(move |_| gone(&path, fs::remove_file(&path)))
    }

    fn clear<'a>(&'a self, key: &'a str) -> Promise<'a, ()> {
        let path = self.path(key);
        self.blocking(move |_| {
            let is_folder = fs::symlink_metadata(&path).is_ok_and(|about| about.is_dir());
            gone(&path, if is_folder { fs::remove_dir_all(&path) } else { fs::remove_file(&path) })
        })
    }

    fn turn(&self) -> Promise<'_, Box<dyn Send>> {
        self.blocking(|folder| {
            let path = folder.path(LOCK);
            let file = File::options().create(true).append(true).open(&path).map_err(|e| failure(&path, e))?;
            file.lock().map_err(|e| failure(&path, e))?;
            Ok(Box::new(file) as Box<dyn Send>)
        })
    }

    fn told(&self, key: &str) -> String {
        self.path(key).display().to_string()
    }
}

/// A file that does not have its name yet.
struct Growing {
    file: File,
    part: PathBuf,
    last: PathBuf,
    bytes: u64,
}

impl Growing {
    /// The error with what it means here.
    fn explain(&self, error: io::Error) -> Failure {
        let told = failure(&self.last, error);
        match told.kind {
            FailureKind::Full => {
                Failure { what: format!("{} ({} bytes of this file were written)", told.what, self.bytes), ..told }
            }
            _ => told,
        }
    }
}

impl Write for Growing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes).map_err(|e| match e.kind() {
            ErrorKind::Interrupted => e,
            _ => io::Error::other(self.explain(e)),
        })?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Draft for Growing {
    fn finish(self: Box<Self>) -> Result<(), Failure> {
        self.file.sync_all().map_err(|e| self.explain(e))?;
        fs::rename(&self.part, &self.last).map_err(|e| self.explain(e))?;
        self.last.parent().map_or(Ok(()), settle)
    }
}

/// After a rename there is nothing left to remove.
impl Drop for Growing {
    fn drop(&mut self) {
        if let Err(e) = fs::remove_file(&self.part)
            && e.kind() != ErrorKind::NotFound
        {
            tracing::warn!("{}: {e}", self.part.display());
        }
    }
}

fn read(path: &Path, range: Range<u64>) -> io::Result<Bytes> {
    let file = File::open(path)?;
    let mut bytes = vec![0; range.end.saturating_sub(range.start) as usize];
    let mut full = 0;
    while full < bytes.len() {
        match file.read_at(&mut bytes[full..], range.start + full as u64) {
            Ok(0) => break,
            Ok(some) => full += some,
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    bytes.truncate(full);
    Ok(bytes.into())
}

/// What was removed is so durably.
fn gone(path: &Path, removed: io::Result<()>) -> Result<(), Failure> {
    match removed {
        Err(e) if [ErrorKind::NotFound, ErrorKind::NotADirectory].contains(&e.kind()) => Ok(()),
        Err(e) => Err(failure(path, e)),
        Ok(()) => path.parent().map_or(Ok(()), settle),
    }
}

/// Makes a folder's names durable.
fn settle(folder: &Path) -> Result<(), Failure> {
    File::open(folder).and_then(|file| file.sync_all()).map_err(|e| failure(folder, e))
}

/// What went wrong, with where, and what mends it.
fn failure(path: &Path, error: io::Error) -> Failure {
    let told = Failure::from(error);
    let shown = path.display();
    match told.kind {
        FailureKind::Full => {
            let what = format!("{shown}: no room is left{}", room(path));
            Failure::new(FailureKind::Full, what).mend("make room there, or prune what is old: midwatch prune")
        }
        FailureKind::Denied => {
            let what = format!("{shown}: {}", told.what);
            Failure::new(FailureKind::Denied, what).mend("midwatch must be able to write there: see its owner, mode and mount")
        }
        _ => Failure { what: format!("{shown}: {}", told.what), ..told },
    }
}

/// How much room the file system of a path has, in words.
fn room(path: &Path) -> String {
    let there = path.ancestors().find_map(|folder| rustix::fs::statvfs(folder).ok());
    there.map_or_else(String::new, |about| {
        format!(": {} of {} bytes are free", about.f_bavail * about.f_frsize, about.f_blocks * about.f_frsize)
    })
}
