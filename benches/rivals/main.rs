//! midwatch beside grafatui, curl, promtool and amtool: on one Prometheus, in one run, in turns. Part of `make bench`.
//!
//! It needs Prometheus, Alertmanager and curl. grafatui is not in Debian (`cargo install grafatui --version 0.1.18 --locked`);
//! it is looked for on the PATH, or where `MIDWATCH_RIVAL` says. Without it midwatch runs alone.
//!
//! `MIDWATCH_BENCH=once` starts everything three times instead of five. `MIDWATCH_BENCH=small` tells only whether the bench works.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

mod alerts;
mod consoles;
mod dashboard;
mod metrics;
mod process;
mod query;
mod race;
mod report;
#[path = "../../tests/support/servers.rs"]
mod servers;
mod sitting;
mod slow;
mod stage;
mod terminal;

use std::time::Duration;

use crate::stage::Stage;

/// How much is measured.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// How often each contestant runs.
    rounds: usize,
    /// How long nobody presses a key.
    idle: Duration,
    /// How many keys are pressed.
    keys: usize,
    /// So many series of so many samples are queried.
    series: usize,
    samples: usize,
    /// So many alerts fire.
    alerts: usize,
}

const FULL: Size = Size { rounds: 5, idle: Duration::from_secs(30), keys: 200, series: 1000, samples: 1000, alerts: 5000 };

fn size() -> Size {
    match std::env::var("MIDWATCH_BENCH").as_deref() {
        Ok("small") => Size { rounds: 1, idle: Duration::from_secs(2), keys: 10, series: 50, samples: 100, alerts: 100 },
        Ok("once") => Size { rounds: 3, ..FULL },
        _ => FULL,
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    // `cargo test --benches` asks every bench for its tests; this one has none.
    if arguments.iter().any(|argument| argument == "--test" || argument == "--list") {
        return;
    }
    if let [_, word, url, start, end] = arguments.as_slice()
        && word == query::DECODE
    {
        return query::decode(url, start, end);
    }
    let size = size();
    let stage = Stage::set(size);
    consoles::run(&stage, size);
    query::run(&stage, size);
    alerts::run(&stage, size);
}
