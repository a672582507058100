//! Memory is short: something else takes part of what is available.

use std::time::Duration;

use crate::domain::service::ServiceKind;
use crate::jobs::scenario::{Means, Scenario, by_holder, outage};

/// The scenario.
pub const SCENARIO: &Scenario = &Scenario {
    name: "memory-pressure",
    help: "Something takes up to half of the memory that is available where the service runs",
    kinds: ServiceKind::ALL,
    expects: &[],
    allows: outage::HOST,
    longest: Duration::from_secs(600),
    end: "the process that holds it is ended by a watchdog, or by itself, and the kernel takes back what it held",
    loses: false,
    sole: true,
    part: None,
    takes: &[("most", "how many MiB")],
    means: Means::Holder(by_holder::memory),
};
