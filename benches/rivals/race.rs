//! Programs that do the same, in turns: how long they take, and how much memory.

use std::process::{Command, Stdio};
use std::time::Instant;

use crate::process;
use crate::report::{self, median, share};

/// A program and its name in the table.
pub type Runner = (&'static str, Command);

/// What one took.
#[derive(Debug)]
pub struct Result {
    name: &'static str,
    ms: Option<f64>,
    peak: Option<f64>,
}

/// Lets each run so often, in turns, so that a noisy moment hits all of them; and once more to see its memory.
pub fn run(title: &str, rounds: usize, mut runners: Vec<Runner>) -> Vec<Result> {
    let mut times: Vec<Vec<Option<f64>>> = runners.iter().map(|_| Vec::new()).collect();
    for _ in 0..rounds {
        for ((name, command), times) in runners.iter_mut().zip(&mut times) {
            times.push(Some(time(name, command)));
        }
    }
    let result = |((name, mut command), times): (Runner, _)| Result { name, ms: median(times), peak: peak(&mut command) };
    let results: Vec<Result> = runners.into_iter().zip(times).map(result).collect();
    report::head(&format!("{title} (median of {rounds})"), &["ms", "peak MB"]);
    for result in &results {
        let times = share(result.ms, results[0].ms).map_or(String::new(), |share| format!("{share:.2} × {}", results[0].name));
        report::row(result.name, &[result.ms, result.peak], &times);
    }
    results
}

/// What one of them took, ms and MB.
pub fn of(results: &[Result], name: &str) -> (Option<f64>, Option<f64>) {
    results.iter().find(|result| result.name == name).map_or((None, None), |result| (result.ms, result.peak))
}

fn time(name: &str, command: &mut Command) -> f64 {
    let began = Instant::now();
    let output =
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap().wait_with_output().unwrap();
    let took = began.elapsed();
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    took.as_secs_f64() * 1e3
}

/// Its memory, looked at every millisecond: what it was at most stays told until its end.
fn peak(command: &mut Command) -> Option<f64> {
    let mut child = command.stderr(Stdio::null()).spawn().unwrap();
    let mut most = 0;
    process::until(std::time::Duration::from_secs(60), || {
        most = process::peak(child.id()).unwrap_or_default().max(most);
        child.try_wait().unwrap().is_some()
    });
    (most > 0).then_some(most as f64 / 1e6)
}
