//! What is counted of a Redis, in the RDB itself.

use serde::{Deserialize, Serialize};

use crate::domain::time::Stamp;

/// What a server held.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Census {
    /// The replication offset, where it is known.
    pub offset: Option<u64>,
    /// Each database that held a key.
    pub databases: Vec<Database>,
    /// Keys whose value was the same before and after the snapshot, with a digest of it.
    pub sample: Vec<Sample>,
}

/// What a database held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Database {
    /// Its number.
    pub number: u32,
    /// Its keys.
    pub keys: u64,
    /// Those of them that expire.
    pub expires: u64,
}

/// A key and its value's digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    /// The database.
    pub database: u32,
    /// The key; bytes that are not UTF-8 make a key unfit for the sample.
    pub key: String,
    /// SHA-1, in hex, of its value in an order of its own.
    pub digest: String,
    /// When it expires, where it does: its absence after that is no loss.
    pub expires: Option<Stamp>,
}
