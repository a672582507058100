//! The scenarios, one file and one line each.

use crate::domain::failure::{Failure, FailureKind};
use crate::domain::problem::nearest;
use crate::jobs::scenario::Scenario;

mod all_but_one;
mod app_instance_killed;
mod app_instance_paused;
mod connection_reset;
mod cpu_pressure;
mod disk_filled;
mod io_pressure;
mod memory_pressure;
mod network_latency;
mod packet_loss;
mod partition;
mod postgres_connections_dropped;
mod postgres_down;
mod postgres_locked;
mod postgres_out_of_connections;
mod postgres_paused;
mod postgres_slow;
mod redis_clients_killed;
mod redis_down;
mod redis_memory_full;
mod redis_paused;
mod redis_writes_paused;
mod refused;
mod standby_lagging;
mod standby_lost;

/// Every scenario, in the order of help.
pub const ALL: &[&Scenario] = &[
    postgres_paused::SCENARIO,
    postgres_down::SCENARIO,
    postgres_locked::SCENARIO,
    postgres_slow::SCENARIO,
    postgres_out_of_connections::SCENARIO,
    postgres_connections_dropped::SCENARIO,
    standby_lost::SCENARIO,
    standby_lagging::SCENARIO,
    redis_paused::SCENARIO,
    redis_down::SCENARIO,
    redis_writes_paused::SCENARIO,
    redis_memory_full::SCENARIO,
    redis_clients_killed::SCENARIO,
    app_instance_killed::SCENARIO,
    app_instance_paused::SCENARIO,
    all_but_one::SCENARIO,
    memory_pressure::SCENARIO,
    cpu_pressure::SCENARIO,
    io_pressure::SCENARIO,
    disk_filled::SCENARIO,
    partition::POSTGRES,
    partition::REDIS,
    partition::APP,
    refused::POSTGRES,
    refused::REDIS,
    refused::APP,
    connection_reset::SCENARIO,
    packet_loss::SCENARIO,
    network_latency::SCENARIO,
];

/// Their names.
pub fn names() -> Vec<&'static str> {
    ALL.iter().map(|scenario| scenario.name).collect()
}

/// A scenario by its name.
pub fn find(name: &str) -> Result<&'static Scenario, Failure> {
    ALL.iter().copied().find(|scenario| scenario.name == name).ok_or_else(|| {
        let failure = Failure::new(FailureKind::Usage, format!("no scenario is called {name:?}"));
        let names = names();
        match nearest(name, names.iter().copied()) {
            Some(near) => failure.mend(format!("did you mean {near:?}?")),
            None => failure.mend(format!("there are {}", names.join(", "))),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scenario_explains_itself_and_has_a_name_of_its_own() {
        for scenario in ALL {
            assert!(!scenario.help.is_empty() && !scenario.end.is_empty() && !scenario.longest.is_zero(), "{}", scenario.name);
            assert_eq!(ALL.iter().filter(|other| other.name == scenario.name).count(), 1, "{}", scenario.name);
            let allowed: Vec<_> = scenario.allowed().collect();
            let twice = allowed.iter().find(|alert| allowed.iter().filter(|other| other == alert).count() > 1);
            assert_eq!(twice, None, "{}: allowed once", scenario.name);
        }
    }

    /// Rule 20: what a scenario names must be what midwatch's own rules are called.
    #[test]
    fn rule_20_the_alerts_that_scenarios_name_are_in_midwatchs_own_rules() {
        let rules = [
            include_str!("../../assets/rules/app.yml"),
            include_str!("../../assets/rules/host.yml"),
            include_str!("../../assets/rules/latency.yml"),
            include_str!("../../assets/rules/postgres.yml"),
            include_str!("../../assets/rules/redis.yml"),
            include_str!("../../assets/rules/host.yml"),
        ];
        let is_known = |alert: &str| rules.iter().any(|file| file.contains(&format!("- alert: {alert}\n")));
        for scenario in ALL {
            for alert in scenario.expects.iter().copied().chain(scenario.allowed()) {
                assert!(is_known(alert), "{}: {alert}", scenario.name);
            }
        }
    }
}
