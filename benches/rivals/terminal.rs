//! A program in a terminal of 200×50: what it wrote and when.

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use crate::process;

const COLUMNS: u16 = 200;
const ROWS: u16 = 50;
/// What comes after a frame within this time belongs to it.
const QUIET: Duration = Duration::from_millis(40);
/// What follows a key later than this does not follow from it.
const LATE: Duration = Duration::from_secs(1);
/// Whoever is not gone after this time stays.
const STAYS: Duration = Duration::from_secs(5);

/// Bytes, and when they came.
pub type Chunk = (Instant, Vec<u8>);

/// What a key brought: how long until its first byte, and how many bytes in all.
pub type Frame = (Duration, usize);

/// A program in its terminal.
pub struct Terminal {
    child: Box<dyn Child + Send + Sync>,
    writer: Box<dyn Write + Send>,
    master: Box<dyn MasterPty + Send>,
    output: Receiver<Chunk>,
    leaving: Arc<AtomicBool>,
    /// When it was started.
    pub began: Instant,
}

impl Terminal {
    /// Starts a program.
    pub fn open(home: &Path, words: &[String]) -> Self {
        let pair = native_pty_system().openpty(size(ROWS)).unwrap();
        let mut command = CommandBuilder::new(&words[0]);
        command.args(&words[1..]);
        command.cwd(home);
        for (name, value) in [("TERM", "xterm-256color"), ("LANG", "C.UTF-8")] {
            command.env(name, value);
        }
        for name in ["HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME"] {
            command.env(name, home);
        }
        let leaving = Arc::new(AtomicBool::new(false));
        let output = listen(pair.master.try_clone_reader().unwrap(), leaving.clone());
        let began = Instant::now();
        let child = pair.slave.spawn_command(command).unwrap();
        Self { child, writer: pair.master.take_writer().unwrap(), master: pair.master, output, leaving, began }
    }

    pub fn pid(&self) -> u32 {
        self.child.process_id().unwrap()
    }

    /// All that comes until then.
    pub fn collect(&self, until: Instant) -> Vec<Chunk> {
        std::iter::from_fn(|| self.output.recv_timeout(until.saturating_duration_since(Instant::now())).ok()).collect()
    }

    /// Presses a key once nothing has come for a while; none where nothing follows.
    pub fn press(&mut self, key: &str) -> Option<Frame> {
        while self.output.recv_timeout(QUIET).is_ok() {}
        let pressed = Instant::now();
        self.writer.write_all(key.as_bytes()).unwrap();
        let (at, first) = self.output.recv_timeout(LATE).ok()?;
        let rest: usize = std::iter::from_fn(|| self.output.recv_timeout(QUIET).ok()).map(|(_, bytes)| bytes.len()).sum();
        Some((at - pressed, first.len() + rest))
    }

    /// How long it takes to go when told to.
    pub fn terminate(self) -> Option<Duration> {
        let pid = rustix::process::Pid::from_raw(self.pid() as i32).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        gone(self.child)
    }

    /// How long it takes to go when its terminal does, as behind an SSH connection that is lost.
    pub fn hang_up(self) -> Option<Duration> {
        self.leaving.store(true, Ordering::Relaxed);
        // The reader holds the terminal open until it has read once more: another size makes every program draw.
        self.master.resize(size(ROWS - 1)).unwrap();
        while self.output.recv_timeout(LATE) != Err(RecvTimeoutError::Disconnected) {}
        drop((self.writer, self.master));
        gone(self.child)
    }
}

fn size(rows: u16) -> PtySize {
    PtySize { rows, cols: COLUMNS, pixel_width: 0, pixel_height: 0 }
}

fn gone(mut child: Box<dyn Child + Send + Sync>) -> Option<Duration> {
    let gone = process::until(STAYS, || child.try_wait().unwrap().is_some());
    drop(child.kill());
    drop(child.wait());
    gone
}

fn listen(mut reader: Box<dyn Read + Send>, leaving: Arc<AtomicBool>) -> Receiver<Chunk> {
    let (to, output) = channel();
    std::thread::spawn(move || {
        let mut buffer = vec![0; 1 << 16];
        while let Ok(some @ 1..) = reader.read(&mut buffer) {
            if leaving.load(Ordering::Relaxed) || to.send((Instant::now(), buffer[..some].to_vec())).is_err() {
                break;
            }
        }
    });
    output
}

/// When every ninth of the screen, which is a panel each, had nearly as much plotted as in the end; none where one stayed empty,
/// and then the screen is shown.
pub fn plotted(chunks: &[Chunk]) -> Option<Instant> {
    let cells = |n| NonZeroU16::new(n).unwrap();
    let mut parser = vt100::Parser::new(cells(ROWS), cells(COLUMNS), 0);
    let counts: Vec<(Instant, [usize; 9])> = chunks
        .iter()
        .map(|(at, bytes)| {
            parser.process(bytes);
            (*at, dots(parser.screen()))
        })
        .collect();
    let last = counts.last()?.1;
    let whole = |counts: &[usize; 9]| counts.iter().zip(last).all(|(now, then)| *now > 10 && now * 4 >= then * 3);
    let found = counts.iter().find(|(_, counts)| whole(counts)).map(|(at, _)| *at);
    if found.is_none() {
        println!("{last:?}\n{}", parser.screen().contents());
    }
    found
}

/// The cells with braille dots in each ninth.
fn dots(screen: &vt100::Screen) -> [usize; 9] {
    let mut counts = [0; 9];
    for (y, row) in screen.rows(0, COLUMNS).enumerate() {
        for (x, _) in row.chars().enumerate().filter(|(_, c)| ('\u{2801}'..='\u{28ff}').contains(c)) {
            counts[y * 3 / usize::from(ROWS) * 3 + x * 3 / usize::from(COLUMNS)] += 1;
        }
    }
    counts
}
