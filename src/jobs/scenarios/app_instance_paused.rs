//! One instance of several hangs: it accepts connections and answers nothing.

use crate::jobs::scenario::{Means, Scenario, by_control};
use crate::jobs::scenarios::app_instance_killed;

/// The scenario.
pub const SCENARIO: &Scenario = &Scenario {
    name: "app-instance-paused",
    help: "One instance of an app hangs: it accepts connections and answers nothing",
    end: "a watchdog process lets go on what went on before",
    means: Means::Control(by_control::pause),
    ..*app_instance_killed::SCENARIO
};
