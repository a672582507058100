//! All instances of an app but one die without a word: whether the one that is left carries the rest is what this shows.

use crate::jobs::scenario::{Means, Scenario, by_group};
use crate::jobs::scenarios::app_instance_killed;

/// The scenario.
pub const SCENARIO: &Scenario = &Scenario {
    name: "all-but-one",
    help: "Every instance of an app but one is killed without a word, and stays down (--on INSTANCE: the one that is left)",
    takes: &[("on", "the instance that is left")],
    means: Means::Several(by_group::kill_all_but_one),
    ..*app_instance_killed::SCENARIO
};
