//! A slow line: whatever goes to a service and comes from it is kept for a while by a proxy before it. Whether that is too long depends on
//! who asks, so that no alert is sure to fire.

use std::time::Duration;

use crate::domain::service::ServiceKind;
use crate::jobs::scenario::{Means, Scenario, by_network, outage};

/// The scenario.
pub const SCENARIO: &Scenario = &Scenario {
    name: "network-latency",
    help: "A service is far away: each answer takes 600 ms longer",
    kinds: ServiceKind::ALL,
    expects: &[],
    allows: outage::NETWORK,
    longest: Duration::from_secs(600),
    end: by_network::END,
    loses: false,
    sole: true,
    part: None,
    takes: &[],
    means: Means::Control(by_network::delay),
};
