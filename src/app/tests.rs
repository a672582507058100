#![allow(clippy::unwrap_used)]
//! The core as a whole: messages in, and what the model, its effects and its needs are then.

mod alarm;
mod backups;
mod board;
mod chaos;
mod confirm;
mod environments;
pub mod fixtures;
mod health;
mod jobs;
mod keys;
mod ladder;
mod lists;
mod needs;
mod rows;
mod services;
mod tabs;
mod trust;
