#![allow(clippy::unwrap_used)]

pub mod fixtures;
