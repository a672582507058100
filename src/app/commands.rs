//! The console's commands, grouped by screen: one line here for each group.

mod alerts;
mod backups;
mod chaos;
mod console;
mod dashboards;
mod demo;
mod jobs;
mod services;
mod travel;
mod triage;

use crate::app::command::Command;

/// Every group, in the order of help.
pub const ALL: &[&[Command]] = &[
    console::COMMANDS,
    travel::COMMANDS,
    alerts::COMMANDS,
    dashboards::COMMANDS,
    jobs::COMMANDS,
    backups::COMMANDS,
    chaos::COMMANDS,
    services::COMMANDS,
    triage::COMMANDS,
    demo::COMMANDS,
];
