//! PostgreSQL is backed up and proved by its steps, against a real server: what is whole is proved, what is damaged is told with
//! its cause, and what fails leaves nothing that could be taken for a backup.
//!
//! `MIDWATCH_SOAK=1` tries many more damages and many more moments.
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "postgres/bad_days.rs"]
mod bad_days;
#[path = "postgres/bench.rs"]
mod bench;
#[path = "postgres/damage.rs"]
mod damage;
#[path = "postgres/round_trip.rs"]
mod round_trip;
#[path = "support/servers.rs"]
mod servers;
#[path = "postgres/taking_over.rs"]
mod taking_over;
