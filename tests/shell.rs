//! The shell's commands as people and scripts use them: the real program on real servers. Every subcommand of the command line has
//! an entry in [`cases`]: what it says to a person, what it prints as JSON held against its schema, and how it exits.
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "shell/cases.rs"]
mod cases;
#[path = "shell/config.rs"]
mod config;
#[path = "backups/desk.rs"]
#[allow(dead_code, reason = "other tests use the rest of it")]
mod desk;
#[path = "shell/drills.rs"]
mod drills;
#[path = "shell/ends.rs"]
mod ends;
#[path = "jobs/hold.rs"]
mod hold;
#[path = "shell/judge.rs"]
mod judge;
#[path = "shell/live.rs"]
mod live;
#[path = "shell/pages.rs"]
mod pages;
#[path = "shell/schema.rs"]
mod schema;
#[path = "support/servers.rs"]
mod servers;
#[path = "shell/services.rs"]
mod services;
#[path = "shell/stage.rs"]
mod stage;
#[path = "shell/terminal.rs"]
mod terminal;
