//! Adapters: what speaks to the outside world, and answers in the plain values of [`crate::domain`].
//!
//! Every call ends by its own deadline, holds a bounded share of memory, and fails with a [`crate::domain::fault::Fault`] whose
//! words hold no secret. Adapters know no screen, no configuration file and no schedule.

pub mod alertmanager;
pub mod health;
pub mod http;
pub mod postgres;
pub mod prometheus;
pub mod reach;
pub mod redis;
pub mod repository;
pub mod secret;
pub mod tls;
mod wire;
