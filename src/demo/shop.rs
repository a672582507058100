//! The shop: what the demo's servers are there for. It must know nothing of the demo around it, only ports and passwords.

pub mod app;
mod cache;
pub mod load;
mod metrics;
mod orders;
mod pool;
pub mod proxy;
mod serve;
mod worker;
