//! A bad line: one packet in four is lost. Everything comes through in the end, late. How late is luck, so that no alert is sure to
//! fire.

use std::time::Duration;

use crate::domain::service::ServiceKind;
use crate::jobs::scenario::{Means, Scenario, by_network, outage};

/// The scenario.
pub const SCENARIO: &Scenario = &Scenario {
    name: "packet-loss",
    help: "One in four packets to a service is lost: everything takes longer, some of it too long",
    kinds: ServiceKind::ALL,
    expects: &[],
    allows: outage::NETWORK,
    longest: Duration::from_secs(600),
    end: by_network::END,
    loses: false,
    sole: true,
    part: None,
    takes: &[],
    means: Means::Control(by_network::lose),
};
