//! A dependency that refuses: whoever connects is told so at once, and connections there are are reset.

use crate::jobs::scenario::{Means, Scenario, by_network};
use crate::jobs::scenarios::partition;

/// Of a PostgreSQL.
pub const POSTGRES: &Scenario = &Scenario {
    name: "postgres-refused",
    help: "PostgreSQL runs, but every connection to it is refused, and those there are are reset",
    means: Means::Control(by_network::refuse),
    ..*partition::POSTGRES
};

/// Of a Redis.
pub const REDIS: &Scenario = &Scenario {
    name: "redis-refused",
    help: "Redis runs, but every connection to it is refused, and those there are are reset",
    means: Means::Control(by_network::refuse),
    ..*partition::REDIS
};

/// Of an app's instance.
pub const APP: &Scenario = &Scenario {
    name: "app-instance-refused",
    help: "One instance of an app runs, but every connection to it is refused, and those there are are reset",
    means: Means::Control(by_network::refuse),
    ..*partition::APP
};
