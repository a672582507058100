//! The console's commands, grouped by screen: one line here for each group.

mod alerts;
mod console;
mod dashboards;
mod demo;
mod travel;

use crate::app::command::Command;

/// Every group, in the order of help.
pub const ALL: &[&[Command]] = &[console::COMMANDS, travel::COMMANDS, alerts::COMMANDS, dashboards::COMMANDS, demo::COMMANDS];
