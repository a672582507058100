//! The ledger: the durable record of jobs, what happened to them, what operators asked, and the audit trail.
//!
//! Facts are in SQLite (`ledger.db`: WAL, every commit on disk when it returns); what is written all the time is in files of each
//! job (`jobs/ID/`); who holds what is in locks (`locks/`) that the kernel frees with their process. Several users may share
//! one. A ledger of a later midwatch is shown, never written.
//!
//! Every call here blocks, for milliseconds mostly: [`JobJournal`] and `runtime::desk` call it from threads that may. It decides
//! nothing: where a job stands follows from its history, and what comes next is the engine's business.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use crate::domain::failure::{Failure, FailureKind};
use crate::domain::time::Stamp;

pub mod audit;
mod error;
pub mod files;
mod home;
pub mod journal;
mod key;
pub mod locks;
pub mod operator;
mod records;
mod reserve;
mod schema;
mod unlocks;

pub use home::Home;
pub use journal::JobJournal;
pub use records::{Record, Submission};

use self::audit::{Head, Writing};
use self::error::Trouble;

/// How long a writer waits for another.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long it waits at a time where SQLite itself does not.
const PAUSE: Duration = Duration::from_millis(5);
const DATABASE: &str = "ledger.db";

/// A ledger that is open.
pub struct Ledger {
    home: Home,
    connection: Mutex<Connection>,
    version: usize,
    newest: Mutex<Option<records::Newest>>,
}

impl Ledger {
    /// Opens the ledger of a folder, and makes it where there is none.
    pub fn open(home: Home) -> Result<Self, Failure> {
        let opened = match patiently(&home) {
            Err(trouble) if trouble.is_full() && reserve::release(&home) => patiently(&home),
            opened => opened,
        };
        let (connection, version) = opened.map_err(|trouble| trouble.of(&home))?;
        reserve::keep(&home);
        Ok(Self { home, connection: Mutex::new(connection), version, newest: Mutex::default() })
    }

    /// Its folder.
    pub fn home(&self) -> &Home {
        &self.home
    }

    /// Whether it may be written: a later midwatch may have given it a shape that this one does not know.
    pub fn writable(&self) -> Result<(), Failure> {
        if self.version <= schema::VERSION {
            return Ok(());
        }
        let path = self.home.path().join(DATABASE);
        let (found, known) = (self.version, schema::VERSION);
        let what = format!(
            "{}: a later midwatch wrote it (schema {found}, this one knows {known}): it can only be looked at",
            path.display()
        );
        Err(Failure::new(FailureKind::Refused, what).mend("upgrade midwatch on this host"))
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads in one transaction, so that what is read belongs together.
    fn read<T>(&self, work: impl FnOnce(&Connection) -> Result<T, Trouble>) -> Result<T, Failure> {
        let mut connection = self.connection();
        let reading = connection.transaction().map_err(Trouble::from);
        reading.and_then(|reading| work(&reading)).map_err(|trouble| trouble.of(&self.home))
    }

    /// Writes all or nothing; durable when it returns. Where the disk is full, the reserve is given up for it.
    fn write<T>(&self, work: impl Fn(&Writing<'_>) -> Result<T, Trouble>) -> Result<T, Failure> {
        self.writable()?;
        let written = match self.attempt(&work) {
            Err(trouble) if trouble.is_full() && reserve::release(&self.home) => self.attempt(&work),
            written => written,
        };
        let (value, heads) = written.map_err(|trouble| trouble.of(&self.home))?;
        audit::mirror(&self.home, &heads);
        Ok(value)
    }

    fn attempt<T>(&self, work: impl Fn(&Writing<'_>) -> Result<T, Trouble>) -> Result<(T, Vec<Head>), Trouble> {
        let mut connection = self.connection();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let writing = Writing::new(&transaction, now());
        let value = work(&writing)?;
        let heads = writing.into_heads();
        transaction.commit()?;
        Ok((value, heads))
    }
}

/// SQLite waits for others, but not while a new file is turned to WAL: of two who do that at once one is told `busy`.
fn patiently(home: &Home) -> Result<(Connection, usize), Trouble> {
    let began = Instant::now();
    loop {
        match connect(home) {
            Err(trouble) if trouble.is_busy() && began.elapsed() < PATIENCE => std::thread::sleep(PAUSE),
            connected => return connected,
        }
    }
}

fn connect(home: &Home) -> Result<(Connection, usize), Trouble> {
    drop(home.file(DATABASE)?);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    // SQLite is told to follow no link, for a ledger is shared; those above the folder are the system's own.
    let path = home.path().canonicalize()?.join(DATABASE);
    let mut connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(PATIENCE)?;
    if schema::version(&connection)? > schema::VERSION {
        connection.pragma_update(None, "query_only", true)?;
        return Ok((connection, schema::VERSION + 1));
    }
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    let version = schema::migrate(&mut connection)?;
    Ok((connection, version))
}

/// The wall clock.
pub fn now() -> Stamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Stamp(since.as_millis() as i64)
}

/// Bytes as lower-case hexadecimal digits.
fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// An instant as operators write it, UTC.
pub(crate) fn told(at: Stamp) -> String {
    jiff::Timestamp::from_millisecond(at.0).map_or_else(|_| "?".into(), |at| at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string())
}

#[cfg(test)]
mod tests;
