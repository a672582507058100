//! PostgreSQL is gone: its clients are disconnected, and none gets in.

use std::time::Duration;

use crate::domain::service::ServiceKind;
use crate::jobs::scenario::{Means, Scenario, by_control, outage};

/// The scenario.
pub const SCENARIO: &Scenario = &Scenario {
    name: "postgres-down",
    help: "PostgreSQL is stopped: connections are refused",
    kinds: &[ServiceKind::Postgres],
    expects: &["PostgresDown"],
    allows: outage::POSTGRES,
    longest: Duration::from_secs(600),
    end: "a watchdog process starts again what ran before",
    loses: false,
    sole: true,
    part: None,
    takes: &[],
    means: Means::Control(by_control::stop),
};
