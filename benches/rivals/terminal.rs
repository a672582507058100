//! One program in a terminal: what it wrote and when, and what it cost.

use std::io::{Read, Write};
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use portable_pty::{CommandBuilder, PtySize, native_pty_system};

/// How long the first screen may take to be whole.
const SETTLE: Duration = Duration::from_secs(15);
/// How long nothing is pressed.
const IDLE: Duration = Duration::from_secs(60);
/// How many keys are pressed afterwards.
const KEYS: usize = 60;
/// The kernel's clock ticks, 100 a second on every Linux.
const TICK: Duration = Duration::from_millis(10);

/// Who is measured.
pub struct Seat {
    pub name: &'static str,
    pub program: String,
    pub arguments: Vec<String>,
}

/// What was measured.
pub struct Measured {
    /// From its start until nine tenths of the plotted cells of the settled screen are there.
    pub first_data: Duration,
    /// Processor time in a minute without a key.
    pub cpu: Duration,
    /// What it wrote to the terminal in that minute.
    pub idle_bytes: u64,
    /// Resident set after it.
    pub memory: u64,
    /// From a key to the first byte of what follows.
    pub key_p50: Duration,
    pub key_p95: Duration,
}

type Chunk = (Instant, Vec<u8>);

/// Runs it, and looks on.
pub fn measure(seat: &Seat, home: &Path) -> Measured {
    let size = PtySize { rows: 50, cols: 200, pixel_width: 0, pixel_height: 0 };
    let pair = native_pty_system().openpty(size).unwrap();
    let mut command = CommandBuilder::new(&seat.program);
    command.args(&seat.arguments);
    command.env("TERM", "xterm-256color");
    command.env("HOME", home);
    command.cwd(home);
    let began = Instant::now();
    let mut child = pair.slave.spawn_command(command).unwrap();
    drop(pair.slave);
    let (mut writer, output) = (pair.master.take_writer().unwrap(), listen(pair.master.try_clone_reader().unwrap()));
    let first = collect(&output, began + SETTLE);
    let pid = child.process_id().unwrap();
    let before = cpu(pid);
    let idle = collect(&output, Instant::now() + IDLE);
    let (spent, memory) = (cpu(pid).saturating_sub(before), memory(pid));
    let mut keys: Vec<Duration> = (0..KEYS).filter_map(|n| press(&mut writer, &output, n)).collect();
    keys.sort_unstable();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!keys.is_empty(), "{} answers no key", seat.name);
    Measured {
        first_data: plotted(&first).saturating_duration_since(began),
        cpu: spent,
        idle_bytes: idle.iter().map(|(_, bytes)| bytes.len() as u64).sum(),
        memory,
        key_p50: keys[keys.len() / 2],
        key_p95: keys[keys.len() * 95 / 100],
    }
}

fn listen(mut reader: Box<dyn Read + Send>) -> Receiver<Chunk> {
    let (to, output) = channel();
    std::thread::spawn(move || {
        let mut buffer = vec![0; 65536];
        while let Ok(some @ 1..) = reader.read(&mut buffer) {
            if to.send((Instant::now(), buffer[..some].to_vec())).is_err() {
                break;
            }
        }
    });
    output
}

/// All that comes until then.
fn collect(output: &Receiver<Chunk>, until: Instant) -> Vec<Chunk> {
    std::iter::from_fn(|| output.recv_timeout(until.saturating_duration_since(Instant::now())).ok()).collect()
}

/// Presses Tab or its opposite once nothing has come for a while; none where nothing follows.
fn press(writer: &mut Box<dyn Write + Send>, output: &Receiver<Chunk>, n: usize) -> Option<Duration> {
    while output.recv_timeout(Duration::from_millis(120)).is_ok() {}
    let key = if n.is_multiple_of(2) { "\x1b[B" } else { "\x1b[A" };
    let pressed = Instant::now();
    writer.write_all(key.as_bytes()).unwrap();
    let (at, _) = output.recv_timeout(Duration::from_secs(2)).ok()?;
    Some(at - pressed)
}

/// When nine tenths of the plotted cells of the last screen were there.
fn plotted(chunks: &[Chunk]) -> Instant {
    let cells = |n| std::num::NonZeroU16::new(n).unwrap();
    let mut parser = vt100::Parser::new(cells(50), cells(200), 0);
    let counts: Vec<(Instant, usize)> = chunks
        .iter()
        .map(|(at, bytes)| {
            parser.process(bytes);
            (*at, parser.screen().contents().chars().filter(|c| ('\u{2801}'..='\u{28ff}').contains(c)).count())
        })
        .collect();
    let last = counts.last().map_or(0, |(_, count)| *count);
    assert!(last > 100, "nothing was plotted:\n{}", parser.screen().contents());
    counts.iter().find(|(_, count)| count * 10 >= last * 9).unwrap().0
}

/// Processor time of a process so far. Source: `proc_pid_stat(5)`.
fn cpu(pid: u32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields = stat.rsplit(')').next().unwrap().split_whitespace();
    let ticks: u32 = fields.skip(11).take(2).map(|ticks| ticks.parse::<u32>().unwrap()).sum();
    TICK * ticks
}

fn memory(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB")).unwrap();
    line.trim().parse::<u64>().unwrap() * 1024
}
