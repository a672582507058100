//! The console's commands, grouped by screen: one line here for each group.

mod alerts;
mod backups;
mod console;
mod dashboards;
mod demo;
mod jobs;
mod travel;

use crate::app::command::Command;

/// Every group, in the order of help.
pub const ALL: &[&[Command]] = &[
    console::COMMANDS,
    travel::COMMANDS,
    alerts::COMMANDS,
    dashboards::COMMANDS,
    jobs::COMMANDS,
    backups::COMMANDS,
    demo::COMMANDS,
];
