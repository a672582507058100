//! How each screen is drawn: one file each.

pub mod alerts;
pub mod backups;
pub mod chaos;
pub mod dashboards;
pub mod jobs;
pub mod overview;
pub mod services;
