//! Redis and Valkey: their snapshots taken, counted, and proved in a scratch server. Knows ports only.

mod cli;
pub mod client;
pub mod copy;
pub mod identity;
pub mod info;
pub mod knobs;
pub mod prove;
pub mod rdb;
mod refusal;
pub mod sample;
pub mod scratch;
pub mod succession;

pub use cli::link;
