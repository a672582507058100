//! The throwaway stack: real servers and a small shop under load, in a temporary folder, on free ports of the loopback.
//!
//! A [`supervisor`] of its own owns the folder and every server in it. It is held up by a lease, an open connection to its
//! control socket, and ends by itself when nobody has held one for a while; so it outlives a console that was killed, and
//! leaves nothing when it goes. Everything a demo runs bears the supervisor's session id: that is how a [`sweep`] finds all of
//! it, also when the supervisor itself was killed and only its [`watchdog`] is left to do so.
//!
//! Broken things ([`faults`]) end by themselves, from a process that is neither the console nor the supervisor.
//!
//! This module knows no screen and no configuration of the console: it writes a `midwatch.toml` as text and leaves reading it
//! to others.

mod assets;
mod client;
mod dial;
mod error;
mod faults;
pub mod ports;
mod protocol;
mod registry;
mod role;
mod secret;
mod shop;
mod site;
mod small;
mod stack;
mod supervisor;
mod sweep;
mod tools;
mod watchdog;

pub use client::{Client, Handle, Options, Starting, attach, list, start, stop};
pub use error::DemoError;
pub use faults::{Ended, FaultKind, FaultStatus};
pub use protocol::{AppEndpoint, Endpoints, ProcessStatus, Progress, Server, Status};
pub use role::Role;
