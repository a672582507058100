//! How a service is backed up, as its team configured it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::domain::backup::{Compression, Method};
use crate::domain::name::Name;

/// How a service is backed up: `[environments.NAME.services.NAME.backup]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Into which of the environment's repositories.
    pub repository: Name,
    /// How, the first being what `b` does; one at least, and only those of the service's kind.
    pub methods: Vec<Method>,
    /// PostgreSQL, logical: which databases; all but the templates where there are none.
    pub databases: Vec<String>,
    /// How files are compressed.
    pub compression: Compression,
    /// The most that may be lost: the age that the last proved backup may reach.
    pub rpo: Option<Duration>,
    /// The longest a restore may take.
    pub rto: Option<Duration>,
    /// What must hold in what was restored.
    pub assertions: Vec<Assertion>,
}

/// Something that must hold in what was restored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assertion {
    /// What it is called in proofs.
    pub name: String,
    /// PostgreSQL: the database. Redis: the database's number.
    pub database: String,
    /// PostgreSQL: a query whose one value must be true. Redis: a key that must exist.
    pub test: String,
}
