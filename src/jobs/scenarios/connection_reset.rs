//! Connections break in the middle: some of what comes to a service resets its connection instead. Who tries again gets through in the
//! end, so that no alert is sure to fire.

use std::time::Duration;

use crate::domain::service::ServiceKind;
use crate::jobs::scenario::{Means, Scenario, by_network, outage};

/// The scenario.
pub const SCENARIO: &Scenario = &Scenario {
    name: "connection-reset",
    help: "Connections to a service are reset in the middle, at random",
    kinds: ServiceKind::ALL,
    expects: &[],
    allows: outage::NETWORK,
    longest: Duration::from_secs(600),
    end: by_network::END,
    loses: false,
    sole: true,
    part: None,
    takes: &[],
    means: Means::Control(by_network::reset),
};
