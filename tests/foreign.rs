//! A folder of foreign backups — good ones, and ones broken the way scripts break them — is judged without a mistake, with real
//! servers.
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "foreign/bench.rs"]
mod bench;
#[path = "foreign/clusters.rs"]
mod clusters;
#[path = "foreign/dumps.rs"]
mod dumps;
#[path = "support/s3.rs"]
mod s3;
#[path = "support/servers.rs"]
mod servers;
#[path = "foreign/snapshots.rs"]
mod snapshots;
