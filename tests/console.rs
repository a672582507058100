//! The real program in a real terminal: every screen, the demo's nights, bad days, and what is left of the terminal afterwards.
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "console/bad_days.rs"]
mod bad_days;
#[path = "console/drills.rs"]
mod drills;
#[allow(dead_code, reason = "every test binary uses its own part")]
#[path = "demo/host.rs"]
mod host;
#[path = "console/lost.rs"]
mod lost;
#[path = "console/night.rs"]
mod night;
#[path = "console/pty.rs"]
mod pty;
#[path = "hostile/server.rs"]
mod server;
#[allow(dead_code, reason = "every test binary uses its own part")]
#[path = "control/stand.rs"]
mod stand;
#[path = "console/strict.rs"]
mod strict;
#[path = "console/tabs.rs"]
mod tabs;
#[path = "console/terminal.rs"]
mod terminal;
