//! Where each scenario is tried. One line each: a scenario that stands nowhere fails a test.

use std::process::{Command, Stdio};

use midwatch::jobs::scenarios;

use crate::trials::Place;

/// What the demo hosts.
pub const PLACES: &[Place] = &[
    Place { scenario: "postgres-paused", control: "process", words: "--target postgres" },
    Place { scenario: "postgres-down", control: "process", words: "--target postgres" },
    Place { scenario: "postgres-locked", control: "none, by SQL", words: "--target postgres" },
    Place { scenario: "postgres-slow", control: "none, by SQL", words: "--target postgres" },
    Place { scenario: "postgres-out-of-connections", control: "none, by SQL", words: "--target postgres" },
    Place { scenario: "postgres-connections-dropped", control: "none, by SQL", words: "--target postgres --on shop" },
    Place { scenario: "standby-lost", control: "process", words: "--target standby" },
    Place { scenario: "standby-lagging", control: "none, by SQL", words: "--target standby" },
    Place { scenario: "redis-memory-full", control: "none, by RESP", words: "--target redis" },
    Place { scenario: "redis-writes-paused", control: "none, by RESP", words: "--target redis" },
    Place { scenario: "redis-clients-killed", control: "none, by RESP", words: "--target redis" },
    Place { scenario: "redis-paused", control: "process", words: "--target redis" },
    Place { scenario: "redis-down", control: "process", words: "--target redis" },
    Place { scenario: "app-instance-killed", control: "process", words: "--target app-2" },
    Place { scenario: "app-instance-paused", control: "process", words: "--target app-3" },
    Place { scenario: "all-but-one", control: "process", words: "--target app --on app-2" },
    Place { scenario: "memory-pressure", control: "process", words: "--target app-2 --most 64" },
    Place { scenario: "cpu-pressure", control: "process", words: "--target app-2" },
    Place { scenario: "io-pressure", control: "process", words: "--target app-2" },
];

/// What it hosts where the packet filter may be changed.
pub const FILTERED: &[Place] = &[
    Place { scenario: "postgres-partition", control: "process", words: "--target postgres" },
    Place { scenario: "redis-partition", control: "process", words: "--target redis" },
    Place { scenario: "app-instance-partition", control: "process", words: "--target app-1" },
    Place { scenario: "postgres-refused", control: "process", words: "--target postgres" },
    Place { scenario: "redis-refused", control: "process", words: "--target redis" },
    Place { scenario: "app-instance-refused", control: "process", words: "--target app-2" },
    Place { scenario: "connection-reset", control: "process", words: "--target postgres" },
    Place { scenario: "packet-loss", control: "process", words: "--target redis" },
    Place { scenario: "network-latency", control: "process", words: "--target postgres" },
];

/// What it hosts where it can have a small file system of its own.
pub const MOUNTED: &[Place] = &[Place { scenario: "disk-filled", control: "process", words: "--target redis" }];

/// All that it hosts here.
pub fn hosted() -> impl Iterator<Item = &'static Place> {
    let filtered = if may_filter() { FILTERED } else { &[] };
    PLACES.iter().chain(filtered).chain(if may_mount() { MOUNTED } else { &[] })
}

/// Whether the packet filter may be changed here, which only root may.
fn may_filter() -> bool {
    let path = format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap_or_default());
    let may = ["filter", "nat"].iter().all(|table| {
        let mut asked = Command::new("iptables");
        asked.args(["-w", "10", "-t", table, "-S"]).env("PATH", &path).stdin(Stdio::null()).stdout(Stdio::null());
        asked.status().is_ok_and(|status| status.success())
    });
    if !may {
        eprintln!("SKIPPED, every scenario of the network: the packet filter may not be changed here");
    }
    may
}

/// Whether a file system can be made here, which only root can.
fn may_mount() -> bool {
    let folder = tempfile::tempdir().unwrap();
    let run = |words: &[&str]| {
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).arg(folder.path()).stdin(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    let may = run(&["mount", "-t", "tmpfs", "-o", "size=1m", "midwatch-test"]) && run(&["umount"]);
    if !may {
        eprintln!("SKIPPED, the full disk: no file system can be made here");
    }
    may
}

#[test]
fn every_scenario_is_tried_somewhere() {
    let places = || PLACES.iter().chain(FILTERED).chain(MOUNTED);
    for scenario in scenarios::ALL {
        assert!(places().any(|place| place.scenario == scenario.name), "add a line for {} to PLACES", scenario.name);
    }
    for place in places() {
        assert!(scenarios::find(place.scenario).is_ok(), "{} is no scenario any more", place.scenario);
    }
}
