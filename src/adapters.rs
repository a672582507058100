//! Adapters: what speaks to the outside world, and answers in the plain values of [`crate::domain`].
//!
//! What the console polls ends by its own deadline, holds a bounded share of memory, and fails with a
//! [`crate::domain::fault::Fault`]; what jobs use stands behind [`crate::ports`] and fails with a
//! [`crate::domain::failure::Failure`]. The words of neither hold a secret. Adapters know no screen, no configuration file and no
//! schedule.

pub mod account;
pub mod afar;
pub mod alertmanager;
pub mod control;
pub mod firewall;
pub mod health;
pub mod hold;
pub mod http;
pub mod ledger;
pub mod listener;
pub mod postgres;
pub mod postmaster;
pub mod prerequisite;
pub mod process;
pub mod prometheus;
pub mod reach;
pub mod redis;
pub mod repository;
pub mod secret;
pub mod tls;
pub mod tools;
mod wire;
