//! The imperative shell: the terminal, the event loop, the feeds that answer needs. It alone sees both the core and the world.

pub mod check;
pub mod clerk;
pub mod connect;
pub mod console;
pub mod courses;
pub mod dashboards;
pub mod desk;
pub mod ends;
pub mod feeds;
pub mod fetch;
pub mod glance;
pub mod graph;
pub mod lazy;
pub mod metrics;
pub mod office;
pub mod painter;
pub mod paper;
pub mod planner;
pub mod probe;
pub mod served;
pub mod setup;
pub mod signals;
pub mod terminal;
pub mod worker;
pub mod world;
