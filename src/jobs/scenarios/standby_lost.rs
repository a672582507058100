//! A standby is gone: its primary goes on, and a failover would have nowhere to go.

use std::time::Duration;

use crate::domain::chaos::offer::Part;
use crate::domain::service::ServiceKind;
use crate::jobs::scenario::{Means, Scenario, by_control};

/// The scenario.
pub const SCENARIO: &Scenario = &Scenario {
    name: "standby-lost",
    help: "A standby is stopped: its primary goes on alone",
    kinds: &[ServiceKind::Postgres],
    expects: &["PostgresReplicaLost"],
    allows: &[&["PostgresDown", "PostgresReplicationLag"]],
    longest: Duration::from_secs(600),
    end: "a watchdog process starts again what ran before",
    loses: false,
    sole: true,
    part: Some(Part::Follows),
    takes: &[],
    means: Means::Control(by_control::stop),
};
