//! Jobs: what changes an environment, as plans of steps. `engine` decides, purely, what comes next; `driver` does it through
//! [`ports`](crate::ports); `steps` holds one file per step kind and `routines` one file per routine. Nothing here knows an adapter
//! or a screen.

pub mod drill;
pub mod driver;
pub mod engine;
pub mod failover;
pub mod foreign;
pub mod postgres;
pub mod recovery;
pub mod redis;
pub mod routine;
pub mod routines;
pub mod scenario;
pub mod scenarios;
pub mod server;
pub mod site;
pub mod step;
pub mod steps;
pub mod target;
