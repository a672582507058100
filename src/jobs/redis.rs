//! Redis and Valkey: their snapshots taken, counted, and proved in a scratch server. Knows ports only.

pub mod rdb;
