//! Repositories on bad days: damage, full disks, storms between here and an S3 server, other hosts, and no midwatch at all.
//!
//! `MIDWATCH_SOAK=1` runs the full numbers instead of a tenth of them.
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "repository/bucket.rs"]
mod bucket;
#[path = "repository/damage.rs"]
mod damage;
#[path = "repository/full.rs"]
mod full;
#[path = "repository/import.rs"]
mod import;
#[path = "support/s3.rs"]
mod s3;
#[path = "repository/shop.rs"]
mod shop;
#[path = "repository/stock.rs"]
mod stock;
