//! midwatch beside grafatui, on one Prometheus, with the same dashboard of nine panels, in terminals of 200×50, in turns.
//! `cargo bench --bench rivals`; needs Prometheus and curl. grafatui is not in Debian: install it with
//! `cargo install grafatui --version 0.1.18`; without it midwatch runs alone.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

mod dashboard;
#[path = "../../tests/support/servers.rs"]
mod servers;
mod terminal;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::servers::Prometheus;
use crate::terminal::{Measured, Seat};

/// How often each runs: three times, or once with `MIDWATCH_BENCH=once`.
fn rounds() -> usize {
    if std::env::var_os("MIDWATCH_BENCH").is_some() { 1 } else { 3 }
}

fn main() {
    // `cargo test --benches` asks every bench for its tests; this one has none.
    if std::env::args().any(|arg| arg == "--test" || arg == "--list") {
        return;
    }
    let prometheus = Prometheus::start(&[]);
    let folder = tempfile::tempdir().unwrap();
    dashboard::write(folder.path());
    configure(folder.path(), &prometheus.url);
    servers::eventually("data", || samples(&prometheus.url) > 45);
    let seats = seats(folder.path(), &prometheus.url);
    let limits: Vec<Duration> = (0..rounds()).map(|_| curl(&prometheus.url)).collect();
    let measured: Vec<Vec<Measured>> =
        (0..rounds()).map(|_| seats.iter().map(|seat| terminal::measure(seat, folder.path())).collect()).collect();
    print(&seats, &median(limits), &measured);
}

fn configure(folder: &Path, url: &str) {
    let config = format!(
        "[environments.bench]\nguard = \"read-only\"\nrefresh = \"5s\"\ndashboards = [\"bench9.json\"]\nprometheus = {{ url = \"{url}\" }}\n"
    );
    std::fs::write(folder.join("midwatch.toml"), config).unwrap();
}

/// Those that are there.
fn seats(folder: &Path, url: &str) -> Vec<Seat> {
    let path = |name: &str| folder.join(name).display().to_string();
    let ours = ["--config", &path("midwatch.toml"), "--state", &path("state"), "--run", "dashboard bench9"];
    let theirs = ["--prometheus-url", url, "--grafana-json", &path("bench9.json"), "--range", "5m", "--refresh-rate", "5000"];
    let seat = |name, program: &str, arguments: &[&str]| Seat {
        name,
        program: program.to_owned(),
        arguments: arguments.iter().map(|&argument| argument.to_owned()).collect(),
    };
    let mut seats = vec![seat("midwatch", env!("CARGO_BIN_EXE_midwatch"), &ours)];
    if Command::new("grafatui").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok() {
        seats.push(seat("grafatui", "grafatui", &theirs));
    }
    seats
}

/// How many samples of one series there are.
fn samples(url: &str) -> u32 {
    let query = format!("{url}/api/v1/query?query=count_over_time(up%7Bjob%3D%22prometheus%22%7D%5B5m%5D)");
    let output = Command::new("curl").args(["-sg", &query]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.rsplit('"').nth(1).and_then(|value| value.parse().ok()).unwrap_or_default()
}

/// The limit: all queries of the dashboard side by side, read and thrown away.
fn curl(url: &str) -> Duration {
    let mut command = Command::new("curl");
    command.args(["-sZ", "--parallel-immediate"]);
    for query in dashboard::QUERIES {
        let end = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
        let data = ["--data-urlencode".to_owned(), format!("query={}", dashboard::filled_in(query))];
        command.arg("-G").args(data).arg("-o").arg("/dev/null");
        command.arg(format!("{url}/api/v1/query_range?start={}&end={end}&step=2", end - 300)).arg("--next");
    }
    let began = Instant::now();
    assert!(command.arg(format!("{url}/-/ready")).stdout(Stdio::null()).status().unwrap().success());
    began.elapsed()
}

fn median<T: Ord + Copy>(mut values: Vec<T>) -> T {
    values.sort_unstable();
    values[values.len() / 2]
}

fn print(seats: &[Seat], limit: &Duration, measured: &[Vec<Measured>]) {
    println!(
        "\nNine panels, 200×50, every 5 s (median of {}); curl -Z of the same queries: {:.1} ms",
        rounds(),
        limit.as_secs_f64() * 1e3
    );
    println!(
        "{:<10} {:>13} {:>9} {:>10} {:>13} {:>9} {:>9} {:>9}",
        "", "first data ms", "× curl", "CPU ms/min", "terminal B/min", "RSS MB", "key p50 ms", "key p95 ms"
    );
    for (n, seat) in seats.iter().enumerate() {
        let of = |value: fn(&Measured) -> Duration| median(measured.iter().map(|round| value(&round[n])).collect());
        let count = |value: fn(&Measured) -> u64| median(measured.iter().map(|round| value(&round[n])).collect());
        let ms = |time: Duration| time.as_secs_f64() * 1e3;
        let first = of(|one| one.first_data);
        println!(
            "{:<10} {:>13.1} {:>9.1} {:>10.0} {:>13} {:>9.1} {:>9.2} {:>9.2}",
            seat.name,
            ms(first),
            first.as_secs_f64() / limit.as_secs_f64(),
            ms(of(|one| one.cpu)),
            count(|one| one.idle_bytes),
            count(|one| one.memory) as f64 / 1e6,
            ms(of(|one| one.key_p50)),
            ms(of(|one| one.key_p95)),
        );
    }
}
