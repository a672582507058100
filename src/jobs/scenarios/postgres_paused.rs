//! PostgreSQL hangs, as on a host that swaps: its clients wait, and so do their locks.

use std::time::Duration;

use crate::domain::service::ServiceKind;
use crate::jobs::scenario::{Means, Scenario, by_control, outage};

/// The scenario.
pub const SCENARIO: &Scenario = &Scenario {
    name: "postgres-paused",
    help: "PostgreSQL hangs: it holds every connection and answers nothing",
    kinds: &[ServiceKind::Postgres],
    expects: &["PostgresDown"],
    allows: outage::POSTGRES,
    longest: Duration::from_secs(600),
    end: "a watchdog process lets go on what went on before",
    loses: false,
    sole: true,
    part: None,
    takes: &[],
    means: Means::Control(by_control::pause),
};
