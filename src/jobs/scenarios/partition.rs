//! A service that nobody reaches any more: every packet to it is lost, and nobody is told.

use std::time::Duration;

use crate::domain::service::ServiceKind;
use crate::jobs::scenario::{Means, Scenario, by_network, outage};

/// Of a PostgreSQL.
pub const POSTGRES: &Scenario = &Scenario {
    name: "postgres-partition",
    help: "PostgreSQL is cut off: packets to it vanish, and its clients wait until they give up",
    kinds: &[ServiceKind::Postgres],
    expects: &["PostgresDown"],
    allows: outage::POSTGRES,
    longest: Duration::from_secs(600),
    end: by_network::END,
    loses: false,
    sole: true,
    part: None,
    takes: &[],
    means: Means::Control(by_network::partition),
};

/// Of a Redis.
pub const REDIS: &Scenario = &Scenario {
    name: "redis-partition",
    help: "Redis is cut off: packets to it vanish, and its clients wait until they give up",
    kinds: &[ServiceKind::Redis],
    expects: &["RedisDown"],
    allows: outage::REDIS,
    ..*POSTGRES
};

/// Of an app's instance.
pub const APP: &Scenario = &Scenario {
    name: "app-instance-partition",
    help: "One instance of an app is cut off: it goes on working, and nobody reaches it",
    kinds: &[ServiceKind::Http],
    expects: &["AppInstanceDown"],
    allows: outage::APP,
    sole: false,
    ..*POSTGRES
};
