//! Plain values that every layer speaks of: series, alerts, services, time. No IO, no clock, no drawing.

pub mod access;
pub mod alert;
pub mod backup;
pub mod clean;
pub mod colour;
pub mod failure;
pub mod fault;
pub mod guard;
pub mod job;
pub mod labels;
pub mod metadata;
pub mod name;
pub mod plan;
pub mod problem;
pub mod promql;
pub mod range;
pub mod repository;
pub mod rule;
pub mod secret;
pub mod series;
pub mod service;
pub mod signal;
pub mod target;
pub mod time;
pub mod unit;
pub mod version;
