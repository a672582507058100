//! Where each scenario is tried on containers of a real daemon, and behind a real `ssh`. One line each.

use crate::trials::Place;

const DOCKER: &str = "docker";
const COMPOSE: &str = "compose";
const BY_SSH: &str = "ssh, docker";
const PROCESS: &str = "ssh, process";
const BY_SQL: &str = "docker exec, by SQL";
const BY_RESP: &str = "docker exec, by RESP";

/// What containers host.
pub const PLACES: &[Place] = &[
    Place { scenario: "postgres-paused", control: DOCKER, words: "--target db" },
    Place { scenario: "postgres-down", control: DOCKER, words: "--target db" },
    Place { scenario: "postgres-locked", control: BY_SQL, words: "--target db" },
    Place { scenario: "postgres-slow", control: BY_SQL, words: "--target db" },
    Place { scenario: "postgres-out-of-connections", control: BY_SQL, words: "--target db" },
    Place { scenario: "postgres-connections-dropped", control: BY_SQL, words: "--target db --on shop" },
    Place { scenario: "standby-lost", control: DOCKER, words: "--target standby" },
    Place { scenario: "standby-lagging", control: BY_SQL, words: "--target standby" },
    Place { scenario: "redis-memory-full", control: BY_RESP, words: "--target cache" },
    Place { scenario: "redis-writes-paused", control: BY_RESP, words: "--target cache" },
    Place { scenario: "redis-clients-killed", control: BY_RESP, words: "--target cache" },
    Place { scenario: "redis-paused", control: DOCKER, words: "--target cache" },
    Place { scenario: "redis-down", control: DOCKER, words: "--target cache" },
    Place { scenario: "app-instance-killed", control: DOCKER, words: "--target app --instance app-2" },
    Place { scenario: "app-instance-paused", control: DOCKER, words: "--target app --instance app-1" },
    Place { scenario: "all-but-one", control: DOCKER, words: "--target app --on app-1" },
    Place { scenario: "memory-pressure", control: DOCKER, words: "--target cache --most 64" },
    Place { scenario: "cpu-pressure", control: DOCKER, words: "--target cache" },
    Place { scenario: "io-pressure", control: DOCKER, words: "--target cache --folder /tmp" },
    Place { scenario: "postgres-partition", control: DOCKER, words: "--target db" },
    Place { scenario: "redis-partition", control: DOCKER, words: "--target cache" },
    Place { scenario: "app-instance-partition", control: DOCKER, words: "--target app --instance app-1" },
    Place { scenario: "postgres-refused", control: DOCKER, words: "--target db" },
    Place { scenario: "redis-refused", control: DOCKER, words: "--target cache" },
    Place { scenario: "app-instance-refused", control: DOCKER, words: "--target app --instance app-2" },
    Place { scenario: "connection-reset", control: DOCKER, words: "--target db" },
    Place { scenario: "packet-loss", control: DOCKER, words: "--target cache" },
    Place { scenario: "postgres-paused", control: COMPOSE, words: "--target db --environment composed" },
    Place { scenario: "postgres-down", control: COMPOSE, words: "--target db --environment composed" },
    Place { scenario: "redis-paused", control: COMPOSE, words: "--target cache --environment composed" },
    Place { scenario: "redis-down", control: COMPOSE, words: "--target cache --environment composed" },
    Place { scenario: "app-instance-killed", control: COMPOSE, words: "--target app --instance app-1 --environment composed" },
    Place { scenario: "app-instance-paused", control: COMPOSE, words: "--target app --instance app-2 --environment composed" },
    Place { scenario: "all-but-one", control: COMPOSE, words: "--target app --on app-2 --environment composed" },
    Place { scenario: "memory-pressure", control: COMPOSE, words: "--target cache --most 64 --environment composed" },
    Place { scenario: "cpu-pressure", control: COMPOSE, words: "--target cache --environment composed" },
    Place { scenario: "io-pressure", control: COMPOSE, words: "--target cache --folder /tmp --environment composed" },
    Place { scenario: "postgres-partition", control: COMPOSE, words: "--target db --environment composed" },
    Place { scenario: "redis-refused", control: COMPOSE, words: "--target cache --environment composed" },
    Place { scenario: "connection-reset", control: COMPOSE, words: "--target db --environment composed" },
    Place { scenario: "packet-loss", control: COMPOSE, words: "--target cache --environment composed" },
];

/// What they host where there is an `ssh` to go through.
pub const BEHIND: &[Place] = &[
    Place { scenario: "postgres-paused", control: BY_SSH, words: "--target db --environment behind" },
    Place { scenario: "postgres-down", control: BY_SSH, words: "--target db --environment behind" },
    Place { scenario: "redis-paused", control: BY_SSH, words: "--target cache --environment behind" },
    Place { scenario: "redis-down", control: BY_SSH, words: "--target cache --environment behind" },
    Place { scenario: "app-instance-killed", control: BY_SSH, words: "--target app --instance app-1 --environment behind" },
    Place { scenario: "app-instance-paused", control: BY_SSH, words: "--target app --instance app-2 --environment behind" },
    Place { scenario: "all-but-one", control: BY_SSH, words: "--target app --on app-2 --environment behind" },
    Place { scenario: "postgres-partition", control: BY_SSH, words: "--target db --environment behind" },
    Place { scenario: "redis-refused", control: BY_SSH, words: "--target cache --environment behind" },
    Place { scenario: "packet-loss", control: BY_SSH, words: "--target cache --environment behind" },
    Place { scenario: "postgres-locked", control: "ssh, docker exec, by SQL", words: "--target db --environment behind" },
    Place { scenario: "redis-writes-paused", control: "ssh, docker exec, by RESP", words: "--target cache --environment behind" },
];

/// What processes behind an `ssh` host.
pub const AFAR: &[Place] = &[
    Place { scenario: "postgres-paused", control: PROCESS, words: "--target db" },
    Place { scenario: "postgres-down", control: PROCESS, words: "--target db" },
    Place { scenario: "redis-paused", control: PROCESS, words: "--target cache" },
    Place { scenario: "redis-down", control: PROCESS, words: "--target cache" },
    Place { scenario: "app-instance-killed", control: PROCESS, words: "--target app --instance app-1" },
    Place { scenario: "app-instance-paused", control: PROCESS, words: "--target app --instance app-2" },
    Place { scenario: "all-but-one", control: PROCESS, words: "--target app --on app-2" },
];

/// What containers do not host, and why.
const ELSEWHERE: &[(&str, &str)] = &[
    ("network-latency", "its proxy stands before a port of the host: refused for a container"),
    ("disk-filled", "a container's disk is the host's: tests/jobs/holders.rs has a small file system of its own"),
];

#[test]
fn what_is_hosted_are_scenarios() {
    let names =
        PLACES.iter().chain(BEHIND).chain(AFAR).map(|place| place.scenario).chain(ELSEWHERE.iter().map(|(name, _)| *name));
    for name in names {
        assert!(midwatch::jobs::scenarios::find(name).is_ok(), "{name} is no scenario any more");
    }
}
