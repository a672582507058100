//! The disk is full, or nearly: whoever writes fails.

use std::time::Duration;

use crate::domain::service::ServiceKind;
use crate::jobs::scenario::{Means, Scenario, by_holder, outage};

/// The scenario.
pub const SCENARIO: &Scenario = &Scenario {
    name: "disk-filled",
    help: "The file system where the service keeps its data is filled, but for what must be left",
    kinds: ServiceKind::ALL,
    expects: &[],
    allows: outage::HOST,
    longest: Duration::from_secs(600),
    end: "the process that holds it is ended by a watchdog, or by itself, and the kernel frees what it took",
    loses: false,
    sole: true,
    part: None,
    takes: &[("folder", "a folder on the disk that is meant")],
    means: Means::Holder(by_holder::disk_full),
};
