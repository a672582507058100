//! How each screen is drawn: one file each.

pub mod alerts;
pub mod dashboards;
pub mod overview;
