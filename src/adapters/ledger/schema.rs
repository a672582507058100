//! The tables of the ledger, and how an older file becomes a newer one: by adding, never by changing.

use rusqlite::{Connection, TransactionBehavior};

/// Each brings the schema one version further. What has once been released is never edited: append.
const MIGRATIONS: &[&str] = &[FIRST];

/// Nothing in `events` and `audit` is ever changed, and no job ends twice: the database itself says so.
const FIRST: &str = "
CREATE TABLE jobs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    plan TEXT NOT NULL,
    operator TEXT NOT NULL,
    host TEXT NOT NULL,
    submitted INTEGER NOT NULL,
    confirmation TEXT NOT NULL,
    files TEXT NOT NULL
) STRICT;

CREATE TABLE events (
    job INTEGER NOT NULL REFERENCES jobs (id),
    seq INTEGER NOT NULL,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    event TEXT NOT NULL,
    PRIMARY KEY (job, seq)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX one_end ON events (job) WHERE kind = 'finished';
CREATE TRIGGER events_stay BEFORE UPDATE ON events BEGIN SELECT RAISE(ABORT, 'an event never changes'); END;
CREATE TRIGGER events_are_kept BEFORE DELETE ON events BEGIN SELECT RAISE(ABORT, 'an event is never removed'); END;

CREATE TABLE controls (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    job INTEGER NOT NULL REFERENCES jobs (id),
    at INTEGER NOT NULL,
    control TEXT NOT NULL,
    operator TEXT NOT NULL,
    taken INTEGER
) STRICT;
CREATE INDEX controls_asked ON controls (job) WHERE taken IS NULL;

CREATE TABLE audit (
    seq INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    who TEXT NOT NULL,
    what TEXT NOT NULL,
    target TEXT NOT NULL,
    job INTEGER,
    plan TEXT NOT NULL,
    previous TEXT NOT NULL,
    hash TEXT NOT NULL
) STRICT;
CREATE TRIGGER audit_stays BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit trail never changes'); END;
CREATE TRIGGER audit_is_kept BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit trail is never shortened'); END;

CREATE TABLE unlocks (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    environment TEXT NOT NULL,
    operator TEXT NOT NULL,
    at INTEGER NOT NULL,
    until INTEGER NOT NULL
) STRICT;

CREATE TABLE seen (
    operator TEXT PRIMARY KEY,
    at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
";

/// The version that this midwatch writes.
pub(super) const VERSION: usize = MIGRATIONS.len();

/// The version of a file.
pub(super) fn version(connection: &Connection) -> rusqlite::Result<usize> {
    connection.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0)).map(|version| version.max(0) as usize)
}

/// Brings an older file up to date; leaves a newer one alone. Returns the version it has now.
pub(super) fn migrate(connection: &mut Connection) -> rusqlite::Result<usize> {
    let found = version(connection)?;
    if found >= VERSION {
        return Ok(found);
    }
    let migration = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Somebody else may have been quicker.
    for step in MIGRATIONS.iter().skip(version(&migration)?) {
        migration.execute_batch(step)?;
    }
    migration.pragma_update(None, "user_version", VERSION as i64)?;
    migration.commit()?;
    Ok(VERSION)
}
