//! PostgreSQL as jobs see it: who a server is, one session with it, a copy of its data with a census taken in the same state, and
//! a scratch server that proves the copy. All of it is done by PostgreSQL's own programs, wherever the service's tools run:
//! nothing here opens a connection of its own, and nothing here knows whether a server is near or far.

pub mod advisory;
pub mod backend;
pub mod census;
pub mod client;
pub mod errand;
pub mod folder;
pub mod identity;
pub mod logical;
pub mod lsn;
pub mod physical;
pub mod proof;
pub mod scratch;
pub mod session;
pub mod stream;
pub mod succession;
