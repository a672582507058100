//! Redis and Valkey: their snapshots taken, counted, and proved in a scratch server. Knows ports only.

mod cli;
pub mod identity;
pub mod info;
pub mod rdb;
pub mod sample;

pub use cli::link;
