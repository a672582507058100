//! One console, from its first frame to its end.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::Size;
use crate::process::{self, Busy, Meter};
use crate::report::median;
use crate::terminal::{Frame, Terminal, plotted};

/// How long the first screen may take to be whole.
const SETTLE: Duration = Duration::from_secs(6);
/// The cursor keys that are pressed in turns.
const KEYS: [&str; 2] = ["\x1b[B", "\x1b[A"];

/// A console and how it is called.
pub struct Seat {
    pub name: &'static str,
    /// On the Prometheus.
    pub words: Vec<String>,
    /// On one whose answers wait.
    pub slow: Vec<String>,
}

/// What was measured; none where it did not answer, or did not go.
#[derive(Debug)]
pub struct Sitting {
    /// Processor time in a minute without a key, ms.
    pub cpu: Option<f64>,
    /// What it wrote to the terminal in that minute, bytes.
    pub written: Option<f64>,
    /// Resident memory after it, MB.
    pub memory: Option<f64>,
    /// As much of that as is no part of a file, MB.
    pub private: Option<f64>,
    /// From a cursor key to the first byte of what follows, ms: the 95th percentile.
    pub key: Option<f64>,
    /// The same while queries are under way.
    pub key_asking: Option<f64>,
    /// The same while both cores are busy at nice 10.
    pub key_busy: Option<f64>,
    /// The bytes that a cursor key brought: the median, for some come with an answer's.
    pub key_bytes: Option<f64>,
    /// From SIGTERM to its end, ms.
    pub terminated: Option<f64>,
    /// From the loss of its terminal to its end, ms.
    pub lost: Option<f64>,
}

/// From its start until all panels have their data, ms.
pub fn first_frame(seat: &Seat, home: &Path) -> Option<f64> {
    let terminal = Terminal::open(home, &seat.words);
    let chunks = terminal.collect(terminal.began + SETTLE);
    let whole = plotted(&chunks).map(|at| ms(at - terminal.began));
    terminal.terminate();
    whole
}

/// Sits through all of it.
pub fn sit(seat: &Seat, home: &Path, size: Size) -> Sitting {
    let mut terminal = Terminal::open(home, &seat.words);
    terminal.collect(terminal.began + SETTLE);
    let (cpu, written) = idle(&terminal, size.idle);
    let memory = process::resident(terminal.pid()).map(megabytes);
    let private = process::private(terminal.pid()).map(megabytes);
    let frames = press(&mut terminal, size.keys);
    let busy = Busy::begin();
    let key_busy = p95(press(&mut terminal, size.keys / 2));
    drop(busy);
    let terminated = terminal.terminate().map(ms);
    let key_bytes = median(frames.iter().map(|(_, bytes)| Some(*bytes as f64)));
    let key_asking = asking(seat, home, size);
    let lost = lost(seat, home);
    Sitting {
        cpu: Some(cpu),
        written: Some(written),
        memory,
        private,
        key: p95(frames),
        key_asking,
        key_busy,
        key_bytes,
        terminated,
        lost,
    }
}

/// Processor time and bytes of a minute in which nobody presses a key.
fn idle(terminal: &Terminal, length: Duration) -> (f64, f64) {
    let (mut meter, began, mut bytes) = (Meter::default(), Instant::now(), 0);
    let before = meter.read(terminal.pid());
    while began.elapsed() < length {
        let chunks = terminal.collect(Instant::now() + Duration::from_secs(1));
        bytes += chunks.iter().map(|(_, chunk)| chunk.len()).sum::<usize>();
        meter.read(terminal.pid());
    }
    let minutes = began.elapsed().as_secs_f64() / 60.0;
    (ms(meter.read(terminal.pid()).saturating_sub(before)) / minutes, bytes as f64 / minutes)
}

fn asking(seat: &Seat, home: &Path, size: Size) -> Option<f64> {
    let mut terminal = Terminal::open(home, &seat.slow);
    terminal.collect(terminal.began + Duration::from_secs(1));
    let frames = press(&mut terminal, size.keys / 2);
    terminal.terminate();
    p95(frames)
}

fn lost(seat: &Seat, home: &Path) -> Option<f64> {
    let terminal = Terminal::open(home, &seat.words);
    terminal.collect(terminal.began + Duration::from_secs(2));
    terminal.hang_up().map(ms)
}

fn press(terminal: &mut Terminal, count: usize) -> Vec<Frame> {
    KEYS.iter().cycle().take(count).filter_map(|key| terminal.press(key)).collect()
}

fn p95(mut frames: Vec<Frame>) -> Option<f64> {
    frames.sort_unstable();
    frames.get(frames.len() * 95 / 100).map(|(after, _)| ms(*after))
}

fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
