//! The metrics of a shop that is not there: functions of time, so that a Prometheus can be given their past as well as scrape
//! their present.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::Size;

/// The labels that a scrape adds.
pub const TARGET: [(&str, &str); 2] = [("job", "shop"), ("instance", "here")];
/// How often it is scraped, seconds.
pub const SCRAPE: usize = 5;
/// How many samples of its past there are: twenty minutes.
const PAST: usize = 240;
/// Between two samples of the many series, seconds.
pub const STEP: usize = 15;

const APPS: usize = 5;
const PATHS: usize = 20;

/// A metric's name, and its value by seconds since the epoch and the number of the series.
type Metric = (&'static str, fn(f64, f64) -> f64);

const METRICS: [Metric; 3] = [
    ("shop_requests_total", |at, n| (at * (3.0 + n)) + 60.0 * (n - n * (at / 60.0 + n).cos())),
    ("shop_latency_seconds", |at, n| 0.2 + 0.01 * n + 0.1 * (at / 37.0 + n).sin()),
    ("shop_memory_bytes", |at, n| 2e8 + 1e6 * n + 5e7 * (at / 53.0 + n).sin()),
];

/// Seconds since the epoch.
pub fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64()
}

/// Answers every scrape with the present, for as long as this process lives; on this port.
pub fn serve() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut scrape in listener.incoming().flatten() {
            let _ = scrape.read(&mut [0; 4096]);
            let body: String = METRICS.iter().map(|(name, value)| family(name, *value, "", &[now()], false)).collect();
            let head = "HTTP/1.1 200 OK\r\ncontent-type: text/plain; version=0.0.4\r\nconnection: close\r\n\r\n";
            let _ = scrape.write_all([head, &body].concat().as_bytes());
        }
    });
    port
}

/// The past up to `end`, as `promtool tsdb create-blocks-from openmetrics` reads it; and many series with many samples.
pub fn past(end: f64, size: Size) -> String {
    let target = TARGET.map(|(name, value)| format!(",{name}=\"{value}\"")).concat();
    let times = |count: usize, step: usize| (0..count).rev().map(move |n| end - (n * step) as f64).collect::<Vec<_>>();
    let recent = times(PAST, SCRAPE);
    let mut text: String = METRICS.iter().map(|(name, value)| family(name, *value, &target, &recent, true)).collect();
    for n in 0..size.series {
        for at in times(size.samples, STEP) {
            let value = 100.0 + (at / 900.0 + n as f64).sin() * 50.0;
            writeln!(text, "wide{{series=\"{n:04}\"}} {value:.3} {at}").unwrap();
        }
    }
    text + "# EOF\n"
}

fn family(name: &str, value: fn(f64, f64) -> f64, target: &str, times: &[f64], stamped: bool) -> String {
    let mut text = String::new();
    for n in 0..APPS * PATHS {
        for at in times {
            let (app, path, value) = (n / PATHS, n % PATHS, value(*at, n as f64));
            let stamp = if stamped { format!(" {at}") } else { String::new() };
            writeln!(text, "{name}{{app=\"app-{app}\",path=\"/{path}\"{target}}} {value:.6}{stamp}").unwrap();
        }
    }
    text
}
