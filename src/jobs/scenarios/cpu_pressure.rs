//! Processors are busy: everything waits for its turn.

use std::time::Duration;

use crate::domain::service::ServiceKind;
use crate::jobs::scenario::{Means, Scenario, by_holder, outage};

/// The scenario.
pub const SCENARIO: &Scenario = &Scenario {
    name: "cpu-pressure",
    help: "Something keeps every processor busy where the service runs",
    kinds: ServiceKind::ALL,
    expects: &[],
    allows: outage::HOST,
    longest: Duration::from_secs(600),
    end: "the process that holds it is ended by a watchdog, or by itself, and the kernel gives its time to others",
    loses: false,
    sole: true,
    part: None,
    takes: &[],
    means: Means::Holder(by_holder::cpu),
};
