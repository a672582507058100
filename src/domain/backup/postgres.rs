//! What is counted of a PostgreSQL, in the snapshot that is dumped.

use serde::{Deserialize, Serialize};

/// What a cluster held.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Census {
    /// The WAL position of the snapshot, or of a physical backup's end: `0/3000148`.
    pub lsn: String,
    /// The timeline.
    pub timeline: u32,
    /// Each database that was saved.
    pub databases: Vec<Database>,
    /// The roles that own or are granted something, by name: they must be in the globals.
    pub roles: Vec<String>,
}

/// What a database held.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Database {
    /// Its name.
    pub name: String,
    /// Its size on disk.
    pub bytes: u64,
    /// Each ordinary table, by qualified name: `public.orders`.
    pub tables: Vec<Table>,
    /// Things by kind, as `pg_class.relkind` and its like name them: `index` to 12, `constraint`, `function`, `trigger`,
    /// `sequence`, `view`, `extension`.
    pub objects: Vec<(String, u64)>,
}

/// What a table held.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// Its qualified name, quoted where it must be.
    pub name: String,
    /// Its rows.
    pub rows: u64,
    /// An order-free digest of its rows' text, in hex; none where the table was too large to digest in the time allowed.
    pub digest: Option<String>,
}
