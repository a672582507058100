//! Service control against what really holds services up: a Docker daemon, processes, and OpenSSH in front of them.
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "support/booted.rs"]
mod booted;
#[path = "control/docker.rs"]
mod containers;
#[path = "support/docker.rs"]
mod docker;
#[path = "support/gates.rs"]
#[allow(dead_code, reason = "other tests use the rest of it")]
mod gates;
#[path = "control/operators.rs"]
mod operators;
#[path = "control/process.rs"]
mod process;
#[path = "support/servers.rs"]
mod servers;
#[path = "support/ssh.rs"]
mod ssh;
#[path = "control/stand.rs"]
mod stand;
#[path = "control/systemd.rs"]
mod systemd;
