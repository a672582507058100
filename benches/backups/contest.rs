//! Contestants that take turns at the same work, and the table of what they needed.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// One way to do the work.
pub struct Contestant<'a> {
    /// Its name in the table.
    pub name: &'static str,
    /// What it runs, in `bash -o pipefail`.
    pub script: String,
    /// What it left, in bytes; nothing where it leaves nothing.
    pub left: Box<dyn Fn() -> Option<u64> + 'a>,
}

/// What one needed.
pub struct Row {
    name: &'static str,
    median: Duration,
    left: Option<u64>,
}

/// Lets each run as often as asked, in turns, so that a noisy minute hits all of them.
pub fn run(title: &str, rounds: usize, contestants: &[Contestant<'_>]) -> Vec<Row> {
    let mut times: Vec<Vec<Duration>> = contestants.iter().map(|_| Vec::new()).collect();
    let mut left: Vec<Option<u64>> = contestants.iter().map(|_| None).collect();
    for _ in 0..rounds {
        for (n, contestant) in contestants.iter().enumerate() {
            times[n].push(time(contestant));
            left[n] = (contestant.left)();
        }
    }
    let rows: Vec<Row> = contestants
        .iter()
        .zip(times)
        .zip(left)
        .map(|((contestant, mut times), left)| {
            times.sort();
            Row { name: contestant.name, median: times[times.len() / 2], left }
        })
        .collect();
    print(title, rounds, &rows);
    rows
}

fn time(contestant: &Contestant<'_>) -> Duration {
    let began = Instant::now();
    let status = Command::new("bash").args(["-o", "pipefail", "-c", &contestant.script]).stdout(Stdio::null()).status().unwrap();
    let took = began.elapsed();
    assert!(status.success(), "{} failed: {}", contestant.name, contestant.script);
    took
}

fn print(title: &str, rounds: usize, rows: &[Row]) {
    println!("\n{title} (median of {rounds})");
    println!("{:<46} {:>8} {:>9} {:>9}", "", "s", "× first", "MB");
    for row in rows {
        let ratio = row.median.as_secs_f64() / rows[0].median.as_secs_f64();
        let left = row.left.map_or(String::new(), |bytes| format!("{:.1}", bytes as f64 / 1e6));
        println!("{:<46} {:>8.2} {ratio:>9.2} {left:>9}", row.name, row.median.as_secs_f64());
    }
}

/// Says whether a goal was reached: `a` in at most `limit` times the time of `b`.
pub fn goal(rows: &[Row], a: &str, limit: f64, b: &str) {
    let find = |name: &str| rows.iter().find(|row| row.name == name).map(|row| row.median.as_secs_f64());
    let (Some(one), Some(other)) = (find(a), find(b)) else { panic!("no row {a} or {b}") };
    let word = if one <= limit * other { "reached" } else { "MISSED" };
    println!("  goal {word}: {a} ≤ {limit:.2} × {b}: {:.2}", one / other);
}
