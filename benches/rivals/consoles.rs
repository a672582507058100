//! The console beside grafatui: the same nine panels, in terminals of 200×50, asked for every 5 s.

use std::process::{Command, Stdio};
use std::time::Instant;

use crate::report::{goal, head, line, median, share};
use crate::sitting::{Seat, Sitting, first_frame, sit};
use crate::stage::{Stage, configure};
use crate::{Size, dashboard, metrics, slow};

/// Both, where both are there.
pub fn run(stage: &Stage, size: Size) {
    let seats = seats(stage);
    let (mut limit, mut firsts) = (Vec::new(), vec![Vec::new(); seats.len()]);
    for _ in 0..size.rounds {
        limit.push(Some(curl(stage)));
        seats.iter().zip(&mut firsts).for_each(|(seat, firsts)| firsts.push(first_frame(seat, stage.home.path())));
    }
    let firsts: Vec<Option<f64>> = firsts.into_iter().map(median).collect();
    let sittings: Vec<Sitting> = seats.iter().map(|seat| sit(seat, stage.home.path(), size)).collect();
    head(
        &format!("Nine panels, 200×50, every 5 s (idle for {} s)", size.idle.as_secs()),
        &seats.iter().map(|s| s.name).collect::<Vec<_>>(),
    );
    line(&format!("start to all panels with their data, ms (median of {})", size.rounds), &firsts);
    for (what, value) in LINES {
        line(what, &sittings.iter().map(value).collect::<Vec<_>>());
    }
    goals(median(limit), &firsts, &sittings);
}

/// A line of the table: its words, and what it tells of a sitting.
type Line = (&'static str, fn(&Sitting) -> Option<f64>);

/// What is told of a sitting.
const LINES: [Line; 10] = [
    ("processor time a minute, idle, ms", |s| s.cpu),
    ("written to the terminal a minute, idle, bytes", |s| s.written),
    ("resident memory, MB", |s| s.memory),
    ("of that no part of a file", |s| s.private),
    ("cursor key to frame, ms, p95", |s| s.key),
    ("the same while every query is under way", |s| s.key_asking),
    ("the same while both cores are busy at nice 10", |s| s.key_busy),
    ("bytes that a cursor key brings, median", |s| s.key_bytes),
    ("SIGTERM to gone, ms", |s| s.terminated),
    ("terminal lost to gone, ms", |s| s.lost),
];

fn goals(limit: Option<f64>, firsts: &[Option<f64>], sittings: &[Sitting]) {
    println!("  curl -Z of the same queries: {:.1} ms", limit.unwrap_or_default());
    let ours = &sittings[0];
    goal("all panels, × curl -Z", share(firsts[0], limit), 3.0);
    goal("cursor key to frame, ms, p95", ours.key, 2.0);
    goal("the same with both cores busy", ours.key_busy, 5.0);
    goal("bytes of a cursor key", ours.key_bytes, 500.0);
    goal("SIGTERM to gone, ms", ours.terminated, 200.0);
    goal("terminal lost to gone, ms", ours.lost, 200.0);
    let [_, theirs] = sittings else { return };
    goal("processor time, idle, × grafatui", share(ours.cpu, theirs.cpu), 0.5);
    goal("bytes written, idle, × grafatui", share(ours.written, theirs.written), 0.4);
    goal("memory, × grafatui", share(ours.memory, theirs.memory), 1.0);
}

/// Those that are there.
fn seats(stage: &Stage) -> Vec<Seat> {
    let slow = slow::link(&stage.url);
    configure(stage.home.path(), "slow.toml", &format!("dashboards = [\"bench9.json\"]\nprometheus = {{ url = \"{slow}\" }}\n"));
    let ours = |file: &str| words(env!("CARGO_BIN_EXE_midwatch"), &["--config", file, "--run", "dashboard bench9"]);
    let mut seats = vec![Seat { name: "midwatch", words: ours("midwatch.toml"), slow: ours("slow.toml") }];
    let named = std::env::var("MIDWATCH_RIVAL").ok();
    // Every program runs in a folder of its own.
    let rival = named.map_or("grafatui".to_owned(), |path| std::path::absolute(path).unwrap().display().to_string());
    let there = Command::new(&rival).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if there.is_ok_and(|status| status.success()) {
        let range = format!("{}s", dashboard::RANGE);
        let scrape = format!("{}s", metrics::SCRAPE);
        let every = ["--refresh-rate", "5000", "--grafana-json", "bench9.json", "--range", &range, "--scrape-interval", &scrape];
        let theirs = |url: &str| words(&rival, &[&every[..], &["--prometheus-url", url]].concat());
        seats.push(Seat { name: "grafatui", words: theirs(&stage.url), slow: theirs(&slow) });
    } else {
        println!("skipped: {rival} is not installed: cargo install grafatui --version 0.1.18 --locked");
    }
    seats
}

fn words(program: &str, arguments: &[&str]) -> Vec<String> {
    [&[program], arguments].concat().into_iter().map(str::to_owned).collect()
}

/// The limit: all queries of the dashboard side by side, read and thrown away, ms.
fn curl(stage: &Stage) -> f64 {
    let end = metrics::now().floor() as u64;
    let url = |query: &&str| {
        let (query, start) = (escaped(&dashboard::filled_in(query)), end - dashboard::RANGE);
        let step = metrics::SCRAPE;
        format!(
            "url = \"{}/api/v1/query_range?query={query}&start={start}&end={end}&step={step}\"\noutput = \"/dev/null\"\n",
            stage.url
        )
    };
    let config = dashboard::QUERIES.iter().map(url).collect::<String>() + "write-out = \"%{http_code} %{size_download}\\n\"\n";
    std::fs::write(stage.home.path().join("curl.conf"), config).unwrap();
    let began = Instant::now();
    let output = stage.command("curl", &["-sZ", "--parallel-immediate", "--config", "curl.conf"]).output().unwrap();
    let took = began.elapsed();
    let answers = String::from_utf8_lossy(&output.stdout).lines().filter(|line| line.starts_with("200 ")).count();
    assert_eq!(answers, dashboard::QUERIES.len(), "curl: {output:?}");
    took.as_secs_f64() * 1e3
}

/// For a URL.
fn escaped(text: &str) -> String {
    let one = |byte: u8| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(one).collect()
}
