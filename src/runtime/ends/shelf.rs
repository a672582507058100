//! Where the ends of faults lie: `drills/` beside the ledger. Of each drill a record, and files beside it that are locked or
//! merely there: `.watched` is locked by the watchdog as long as it lives, `.held` by what holds the fault where something does,
//! `.injecting` by whoever injects; `.asked` is there once the end was asked for, `.accepted` once what it leaves was. `.words` is what those processes themselves say.

use std::collections::BTreeSet;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::adapters::ledger::{Home, files};
use crate::domain::chaos::end::{Record, VERSION};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::job::JobId;

const FOLDER: &str = "drills";
/// How often, and how long apart, a lock is tried that somebody may only be looking at.
const TRIES: u32 = 40;
const PAUSE: Duration = Duration::from_millis(25);

/// The records of one ledger.
#[derive(Clone)]
pub struct Shelf(Home);

impl Shelf {
    /// Those of a ledger.
    pub fn new(home: Home) -> Self {
        Self(home)
    }

    /// The ledger's folder.
    pub fn home(&self) -> &Home {
        &self.0
    }

    /// A record; none where that drill never armed anything.
    pub fn read(&self, job: JobId) -> Result<Option<Record>, Failure> {
        let path = self.path(job, "json");
        let bytes = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            read => read.map_err(|e| Failure { what: format!("{}: {e}", path.display()), ..e.into() })?,
        };
        let record: Record = serde_json::from_slice(&bytes).map_err(|e| {
            Failure::new(FailureKind::Damaged, format!("{}: {e}", path.display())).mend("look at it, then remove it")
        })?;
        if record.version > VERSION {
            let what = format!("{}: a later midwatch wrote it (version {})", path.display(), record.version);
            return Err(Failure::refused(what).mend("end it with that midwatch: midwatch chaos sweep"));
        }
        Ok(Some(record))
    }

    /// Every record that promises something.
    pub fn all(&self) -> Result<Vec<Record>, Failure> {
        self.all_but(&BTreeSet::new())
    }

    /// The same without those of some drills.
    pub fn all_but(&self, known: &BTreeSet<JobId>) -> Result<Vec<Record>, Failure> {
        self.each_but(known)?.into_iter().collect()
    }

    /// The same, one by one: what is wrong with one is no reason to leave the others.
    pub fn each_but(&self, known: &BTreeSet<JobId>) -> Result<Vec<Result<Record, Failure>>, Failure> {
        let mut records = self.written(known)?;
        records.retain(|read| !read.as_ref().is_ok_and(|record| self.is_void(record)));
        Ok(records)
    }

    /// Removes what promises nothing.
    pub fn tidy(&self) -> Result<(), Failure> {
        for record in self.written(&BTreeSet::new())?.into_iter().flatten().filter(|record| self.is_void(record)) {
            // A watchdog that has just begun takes it up, or finds nothing any more.
            if let Some(_lock) = self.watch(record.undoing.job)? {
                self.remove(record.undoing.job);
            }
        }
        Ok(())
    }

    /// Whether its drill's worker died before anybody was ready to perform it: then nothing was injected.
    fn is_void(&self, record: &Record) -> bool {
        let job = record.undoing.job;
        !record.armed && record.ended.is_none() && !files::is_alive(&self.0, job) && !self.is_watched(job)
    }

    fn written(&self, known: &BTreeSet<JobId>) -> Result<Vec<Result<Record, Failure>>, Failure> {
        let folder = self.0.path().join(FOLDER);
        let entries = match fs::read_dir(&folder) {
            // No drill was ever armed.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            read => read.map_err(|e| Failure { what: format!("{}: {e}", folder.display()), ..e.into() })?,
        };
        let names = entries.flatten().map(|entry| PathBuf::from(entry.file_name()));
        let records = names.filter(|name| name.extension().is_some_and(|ending| ending == "json"));
        let jobs = records.filter_map(|name| name.file_stem()?.to_str()?.parse().ok()).map(JobId);
        let jobs = jobs.filter(|job| !known.contains(job));
        Ok(jobs.filter_map(|job| self.read(job).transpose()).collect())
    }

    /// Writes a record, whole and durable.
    pub fn write(&self, record: &Record) -> Result<(), Failure> {
        let folder = self.0.folder(FOLDER)?;
        let path = self.path(record.undoing.job, "json");
        let written = serde_json::to_vec_pretty(record).map_err(io::Error::from).and_then(|bytes| {
            self.0.replace(&path, &bytes)?;
            File::open(&path)?.sync_all()?;
            File::open(folder)?.sync_all()
        });
        written.map_err(|e| Failure { what: format!("{}: {e}", path.display()), ..e.into() })
    }

    /// Removes a record: of a fault that was never injected.
    pub fn remove(&self, job: JobId) {
        drop(fs::remove_file(self.path(job, "json")));
    }

    /// Asks for the end, now.
    pub fn ask(&self, job: JobId) -> Result<(), Failure> {
        self.0.file(name(job, "asked")).map(drop)
    }

    /// Whether the end was asked for.
    pub fn is_asked(&self, job: JobId) -> bool {
        self.path(job, "asked").exists()
    }

    /// Accepts what an end leaves that was tried in vain.
    pub fn accept(&self, job: JobId) -> Result<(), Failure> {
        self.0.file(name(job, "accepted")).map(drop)
    }

    /// Whether that was accepted.
    pub fn is_accepted(&self, job: JobId) -> bool {
        self.path(job, "accepted").exists()
    }

    /// Whether a watchdog lives. Where that cannot be told there is none: then another is started, which takes the lock or ends.
    pub fn is_watched(&self, job: JobId) -> bool {
        self.is_locked(job, "watched")
    }

    /// To be the watchdog of a drill, as long as this is held; none where there is one.
    pub fn watch(&self, job: JobId) -> Result<Option<File>, Failure> {
        self.take(job, "watched")
    }

    /// Whether a process holds the fault.
    pub fn is_held(&self, job: JobId) -> bool {
        self.is_locked(job, "held")
    }

    /// To be the process that holds the fault of a drill, as long as this is kept; none where there is one.
    pub fn hold(&self, job: JobId) -> Result<Option<File>, Failure> {
        self.take(job, "held")
    }

    /// To be held while a fault is injected. That it was begun is known from then on, also after a crash of the host.
    pub fn inject(&self, job: JobId) -> Result<File, Failure> {
        let file = self.0.file(name(job, "injecting"))?;
        file.lock()?;
        File::open(self.0.folder(FOLDER)?)?.sync_all()?;
        Ok(file)
    }

    /// Whether a fault was ever begun to be injected. Where that cannot be told it was.
    pub fn has_begun(&self, job: JobId) -> bool {
        self.path(job, "injecting").try_exists().unwrap_or(true)
    }

    /// Whether somebody injects just now.
    pub fn is_injecting(&self, job: JobId) -> bool {
        self.is_locked(job, "injecting")
    }

    /// Where the watchdog, and what holds the fault, say what goes wrong with themselves.
    pub fn words(&self, job: JobId) -> Result<File, Failure> {
        self.0.folder(FOLDER)?;
        self.0.appending(name(job, "words"))
    }

    /// The end of that, where anything was said.
    pub fn last_words(&self, job: JobId) -> Option<String> {
        let words = fs::read(self.path(job, "words")).ok()?;
        String::from_utf8_lossy(&words).lines().last().map(str::to_owned)
    }

    fn take(&self, job: JobId, ending: &str) -> Result<Option<File>, Failure> {
        let file = self.0.file(name(job, ending))?;
        for _ in 0..TRIES {
            match file.try_lock() {
                Ok(()) => return Ok(Some(file)),
                // A look holds it for an instant.
                Err(TryLockError::WouldBlock) => std::thread::sleep(PAUSE),
                Err(TryLockError::Error(error)) => return Err(error.into()),
            }
        }
        Ok(None)
    }

    fn is_locked(&self, job: JobId, ending: &str) -> bool {
        let file = File::open(self.path(job, ending));
        file.is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
    }

    fn path(&self, job: JobId, ending: &str) -> PathBuf {
        self.0.path().join(name(job, ending))
    }
}

fn name(job: JobId, ending: &str) -> PathBuf {
    PathBuf::from(FOLDER).join(format!("{}.{ending}", job.0))
}
