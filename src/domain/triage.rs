//! What is asked of a database once something is wrong with it: who is there, who waits for whom, what is slow, how far the
//! followers are. Plain values; texts in them are from outside and are drawn only as `Clean`.

pub mod locks;
pub mod masked;
pub mod postgres;
pub mod redis;

use crate::domain::triage::postgres::PostgresTriage;
use crate::domain::triage::redis::RedisTriage;

/// The most rows of one list that are kept; how many more there were is told.
pub const MOST: usize = 500;
/// The most bytes of one query or command that are kept.
pub const LONGEST: usize = 2000;

/// What one service told.
#[derive(Clone, Debug, PartialEq)]
pub enum Triage {
    /// A PostgreSQL.
    Postgres(Box<PostgresTriage>),
    /// A Redis or Valkey.
    Redis(Box<RedisTriage>),
}
