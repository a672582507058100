//! Redis is gone, and what it had not saved with it.

use std::time::Duration;

use crate::domain::service::ServiceKind;
use crate::jobs::scenario::{Means, Scenario, by_control, outage};

/// The scenario.
pub const SCENARIO: &Scenario = &Scenario {
    name: "redis-down",
    help: "Redis is stopped: connections are refused, and what was in no snapshot and no log is lost",
    kinds: &[ServiceKind::Redis],
    expects: &["RedisDown"],
    allows: outage::REDIS,
    longest: Duration::from_secs(600),
    end: "a watchdog process starts again what ran before",
    loses: true,
    sole: true,
    part: None,
    takes: &[],
    means: Means::Control(by_control::stop),
};
