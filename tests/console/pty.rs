//! The real program in a terminal: a pty of a given size, its output kept raw and as the screen that a person would see.

use std::ffi::OsStr;
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use crate::host::{Process, until};

/// How long something may take that should take seconds: machines are busy.
pub const SOON: Duration = Duration::from_secs(90);

pub const ENTER: &str = "\r";
pub const ESC: &str = "\x1b";
pub const TAB: &str = "\t";
pub const F1: &str = "\x1bOP";
pub const DOWN: &str = "\x1b[B";
pub const CTRL_Z: &str = "\x1a";

/// The smallest terminal that everything must work on, and a large one.
pub const SMALL: (u16, u16) = (80, 24);
pub const LARGE: (u16, u16) = (200, 50);

/// The program, as a person who has configured nothing would call it.
pub fn midwatch(home: &Path, arguments: &[&str]) -> CommandBuilder {
    program(env!("CARGO_BIN_EXE_midwatch"), home, arguments)
}

/// A shell script; the program is `$MIDWATCH` in it.
pub fn shell(home: &Path, script: &str) -> CommandBuilder {
    let mut command = program("/bin/sh", home, &["-c", script]);
    command.env("MIDWATCH", env!("CARGO_BIN_EXE_midwatch"));
    command
}

fn program(program: impl AsRef<OsStr>, home: &Path, arguments: &[&str]) -> CommandBuilder {
    let mut command = CommandBuilder::new(program);
    command.args(arguments);
    command.env_clear();
    for name in ["HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR", "TMPDIR"] {
        command.env(name, home);
    }
    command.env("PATH", std::env::var_os("PATH").unwrap());
    command.env("TERM", "xterm-256color");
    command.env("LANG", "C.UTF-8");
    command.cwd(home);
    command
}

/// A terminal with a program in it; the program is killed when this is dropped.
pub struct Terminal {
    child: Box<dyn Child + Send + Sync>,
    writer: Box<dyn Write + Send>,
    master: Box<dyn MasterPty + Send>,
    shared: Arc<Shared>,
}

struct Shared {
    output: Mutex<Output>,
    news: Condvar,
    hanging_up: AtomicBool,
    /// Nothing is read any more, as behind a link that stands still.
    still: AtomicBool,
}

struct Output {
    parser: vt100::Parser,
    raw: Vec<u8>,
    over: bool,
}

fn cells(n: u16) -> NonZeroU16 {
    NonZeroU16::new(n).unwrap()
}

fn size((columns, rows): (u16, u16)) -> PtySize {
    PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }
}

impl Terminal {
    pub fn run(command: CommandBuilder, columns_rows: (u16, u16)) -> Self {
        let pair = native_pty_system().openpty(size(columns_rows)).unwrap();
        let child = pair.slave.spawn_command(command).unwrap();
        let (columns, rows) = columns_rows;
        let parser = vt100::Parser::new(cells(rows), cells(columns), 0);
        let output = Mutex::new(Output { parser, raw: Vec::new(), over: false });
        let shared =
            Arc::new(Shared { output, news: Condvar::new(), hanging_up: AtomicBool::new(false), still: AtomicBool::new(false) });
        let (reader, reading) = (pair.master.try_clone_reader().unwrap(), shared.clone());
        std::thread::spawn(move || read(reader, &reading));
        Self { child, writer: pair.master.take_writer().unwrap(), master: pair.master, shared }
    }

    /// Sends keys as a terminal would.
    pub fn press(&mut self, keys: &str) {
        self.writer.write_all(keys.as_bytes()).unwrap();
        self.writer.flush().unwrap();
    }

    /// Waits until the screen is as wished.
    pub fn until(&self, what: &str, wished: impl Fn(&vt100::Screen) -> bool) {
        let deadline = Instant::now() + SOON;
        let mut output = self.output();
        while !wished(output.parser.screen()) {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || output.over {
                let seen = output.parser.screen().contents();
                drop(output);
                panic!("waited in vain: {what}\n{seen}");
            }
            output = self.shared.news.wait_timeout(output, left).unwrap().0;
        }
    }

    /// Waits until these words are on the screen.
    pub fn see(&self, words: &str) {
        self.until(&format!("to see {words:?}"), |screen| screen.contents().contains(words));
    }

    /// Waits until a line holds all of these words.
    pub fn see_line(&self, words: &[&str]) {
        self.until(&format!("a line with {words:?}"), |screen| has_line(&screen.contents(), words));
    }

    /// Waits until these words are no longer on the screen.
    pub fn see_no(&self, words: &str) {
        self.until(&format!("to see no {words:?}"), |screen| !screen.contents().contains(words));
    }

    /// Waits until these words were written, on whatever screen.
    pub fn hear(&self, words: &str) {
        until(&format!("to hear {words:?}"), SOON, || String::from_utf8_lossy(&self.raw()).contains(words));
    }

    /// What is on the screen.
    pub fn text(&self) -> String {
        self.output().parser.screen().contents()
    }

    /// Every byte that was written.
    pub fn raw(&self) -> Vec<u8> {
        self.output().raw.clone()
    }

    /// Looks at the screen.
    pub fn screen<T>(&self, look: impl FnOnce(&vt100::Screen) -> T) -> T {
        look(self.output().parser.screen())
    }

    /// Another size that nobody waits to see.
    pub fn nudge(&self, columns_rows: (u16, u16)) {
        self.master.resize(size(columns_rows)).unwrap();
    }

    pub fn resize(&self, columns_rows: (u16, u16)) {
        let (columns, rows) = columns_rows;
        self.output().parser.set_size(cells(rows), cells(columns));
        self.master.resize(size(columns_rows)).unwrap();
    }

    /// The process that was started in the terminal.
    pub fn process(&self) -> Process {
        Process::of(self.child.process_id().unwrap()).unwrap()
    }

    /// Waits for the program's end; returns its exit status.
    pub fn end(&mut self) -> u32 {
        let mut status = None;
        until("the program has ended", SOON, || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        status.unwrap().exit_code()
    }

    /// Kills the program as `kill -9` would.
    pub fn kill(&mut self) {
        self.process().signal("KILL");
        self.child.wait().unwrap();
    }

    /// Takes no more bytes from the program, as behind a link that stands still.
    pub fn stand_still(&self) {
        self.shared.still.store(true, Ordering::Relaxed);
    }

    /// Whether the program waits for its terminal to take more bytes.
    pub fn waits_in_write(&self) -> bool {
        let waits = std::fs::read_to_string(format!("/proc/{}/wchan", self.process().pid)).unwrap_or_default();
        ["wait_woken", "n_tty_write"].iter().any(|place| waits.contains(place))
    }

    /// Clicks on the first of these words on the screen.
    pub fn click(&mut self, words: &str) {
        let columns = self.screen(vt100::Screen::size).1.get();
        let rows: Vec<String> = self.screen(|screen| screen.rows(0, columns).collect());
        let found = rows.iter().enumerate().find_map(|(y, row)| Some((row[..row.find(words)?].chars().count() + 1, y + 1)));
        let (x, y) = found.unwrap_or_else(|| panic!("no {words:?} to click on in\n{}", rows.join("\n")));
        self.press(&format!("\x1b[<0;{x};{y}M\x1b[<0;{x};{y}m"));
    }

    /// Takes the terminal away, as the loss of an SSH connection does; returns the program that was in it.
    pub fn hang_up(self) -> Orphan {
        let Self { child, writer, master, shared } = self;
        shared.hanging_up.store(true, Ordering::Relaxed);
        // The reader holds the terminal open until it has read once more: another size makes the console draw.
        master.resize(size((90, 30))).unwrap();
        let output = shared.output.lock().unwrap();
        let (output, waited) = shared.news.wait_timeout_while(output, SOON, |output| !output.over).unwrap();
        assert!(!waited.timed_out(), "the console drew nothing");
        drop((output, writer, master));
        Orphan(child)
    }

    fn output(&self) -> MutexGuard<'_, Output> {
        self.shared.output.lock().unwrap()
    }
}

/// Whether a line holds all of these words.
pub fn has_line(text: &str, words: &[&str]) -> bool {
    text.lines().any(|line| words.iter().all(|word| line.contains(word)))
}

fn read(mut reader: Box<dyn Read + Send>, shared: &Shared) {
    let mut bytes = [0; 1 << 12];
    loop {
        while shared.still.load(Ordering::Relaxed) {
            std::thread::park();
        }
        let count = reader.read(&mut bytes).unwrap_or(0);
        let last = count == 0 || shared.hanging_up.load(Ordering::Relaxed);
        if last {
            drop(reader);
            shared.output.lock().unwrap().over = true;
            return shared.news.notify_all();
        }
        let mut output = shared.output.lock().unwrap();
        output.parser.process(&bytes[..count]);
        output.raw.extend_from_slice(&bytes[..count]);
        drop(output);
        shared.news.notify_all();
    }
}

/// A program that has lost its terminal.
pub struct Orphan(Box<dyn Child + Send + Sync>);

impl Orphan {
    pub fn end(&mut self) -> u32 {
        let mut status = None;
        until("the program has ended without its terminal", SOON, || {
            status = self.0.try_wait().unwrap();
            status.is_some()
        });
        status.unwrap().exit_code()
    }
}
