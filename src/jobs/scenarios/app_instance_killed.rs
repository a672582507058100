//! One instance of several dies without a word.

use std::time::Duration;

use crate::domain::service::ServiceKind;
use crate::jobs::scenario::{Means, Scenario, by_control, outage};

/// The scenario.
pub const SCENARIO: &Scenario = &Scenario {
    name: "app-instance-killed",
    help: "One instance of an app is killed without a word, and stays down",
    kinds: &[ServiceKind::Http],
    expects: &["AppInstanceDown"],
    allows: outage::APP,
    longest: Duration::from_secs(600),
    end: "a watchdog process starts again what ran before",
    loses: false,
    sole: false,
    part: None,
    takes: &[],
    means: Means::Control(by_control::kill),
};
