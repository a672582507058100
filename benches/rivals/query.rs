//! Many series with many samples: asked for and decoded, beside curl, which only reads, and promtool.

use std::time::Duration;

use midwatch::adapters::http::{Budget, Endpoint};
use midwatch::adapters::prometheus::{Prometheus, RangeQuery};
use midwatch::domain::range::Window;
use midwatch::domain::time::Stamp;

use crate::race::{self, Runner};
use crate::report::{goal, share};
use crate::stage::Stage;
use crate::{Size, metrics};

/// The word that makes this program ask and decode, and do nothing else.
pub const DECODE: &str = "decode";

const CURL: &str = "curl, thrown away";
const OURS: &str = "midwatch's client, every sample decoded";
const PROMTOOL: &str = "promtool query range";

/// Everybody in turns.
pub fn run(stage: &Stage, size: Size) {
    let (start, end) = stage.window(size);
    let [start_text, end_text, step] = [start.to_string(), end.to_string(), metrics::STEP.to_string()];
    let url = format!("{}/api/v1/query_range?query=wide&start={start}&end={end}&step={step}", stage.url);
    let this = std::env::current_exe().unwrap().display().to_string();
    let (span, step) = (format!("{}s", end - start), format!("{step}s"));
    let shell = ["--config", "midwatch.toml", "query", "wide", "--range", &span, "--step", &step, "--at", &end_text, "--json"];
    let promtool = ["query", "range", "--start", &start_text, "--end", &end_text, "--step", &step, &stage.url, "wide"];
    let runners: Vec<Runner> = vec![
        (CURL, stage.command("curl", &["-s", "-o", "/dev/null", &url])),
        (OURS, stage.command(&this, &[DECODE, &stage.url, &start_text, &end_text])),
        ("midwatch query --json, which writes them again", stage.command(env!("CARGO_BIN_EXE_midwatch"), &shell)),
        (PROMTOOL, stage.command("promtool", &promtool)),
    ];
    let results = race::run(&format!("{} series × {} samples", size.series, size.samples), size.rounds, runners);
    let (ours, memory) = race::of(&results, OURS);
    goal("asked and decoded, × curl", share(ours, race::of(&results, CURL).0), 1.15);
    goal("peak memory, MB", memory, 48.0);
    goal("asked and decoded, × promtool", share(ours, race::of(&results, PROMTOOL).0), 1.0 / 6.0);
}

/// What the console does for a panel, keeping every sample.
pub fn decode(url: &str, start: &str, end: &str) {
    let at = |text: &str| Stamp::from_seconds(text.parse().unwrap());
    let window = Window { start: at(start), end: at(end) };
    let step = Duration::from_secs(metrics::STEP as u64);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let prometheus = Prometheus::new(&Endpoint::new(url), Budget::default()).unwrap();
    let asked = prometheus.query_range(RangeQuery { expr: "wide", window, step, points: u16::MAX });
    let answer = runtime.block_on(asked).unwrap();
    println!("{}", answer.series.iter().map(|series| series.samples.len()).sum::<usize>());
    // As the console does: nothing is waited for at the end.
    std::process::exit(0);
}
