//! The shell around the core: what connects the console to the world.

pub mod check;
pub mod connect;
