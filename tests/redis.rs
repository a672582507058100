//! Redis, backed up and proved by the very steps that jobs take, on real servers and a real repository.
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "redis/bad_days.rs"]
mod bad_days;
#[path = "redis/damage.rs"]
mod damage;
#[path = "redis/data.rs"]
mod data;
#[path = "support/docker.rs"]
mod docker;
#[path = "redis/reach.rs"]
mod reach;
#[path = "redis/round_trip.rs"]
mod round_trip;
#[path = "support/servers.rs"]
mod servers;
#[path = "redis/stage.rs"]
mod stage;
#[path = "redis/taking_over.rs"]
mod taking_over;
