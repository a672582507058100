//! Signals: what each asks of the console, and that none of them waits for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crossterm::terminal::disable_raw_mode;
use tokio::runtime::Builder;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// How long the console may take to leave by itself.
const PATIENCE: Duration = Duration::from_millis(100);

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// To leave, with this exit status.
    Leave(u8),
    /// To stop until continued (`SIGTSTP` from outside; `ctrl-z` comes as a key).
    Suspend,
    /// To draw anew, having been continued.
    Redraw,
    /// To look at the terminal's size again.
    Resize,
}

/// Every signal that is listened to.
#[derive(Debug)]
pub struct Signals {
    leave: Leave,
    stop: Signal,
    go_on: Signal,
    resize: Signal,
}

/// Every signal that asks the console to leave.
#[derive(Debug)]
struct Leave {
    hangup: Signal,
    interrupt: Signal,
    quit: Signal,
    terminate: Signal,
}

impl Signals {
    /// Begins to listen.
    pub fn listen() -> std::io::Result<Self> {
        Ok(Self {
            leave: Leave::listen()?,
            stop: signal(SignalKind::from_raw(rustix::process::Signal::TSTP.as_raw()))?,
            go_on: signal(SignalKind::from_raw(rustix::process::Signal::CONT.as_raw()))?,
            resize: signal(SignalKind::window_change())?,
        })
    }

    /// Waits for the next.
    pub async fn next(&mut self) -> Asked {
        tokio::select! {
            status = self.leave.next() => Asked::Leave(status),
            _ = self.stop.recv() => Asked::Suspend,
            _ = self.go_on.recv() => Asked::Redraw,
            _ = self.resize.recv() => Asked::Resize,
        }
    }
}

impl Leave {
    fn listen() -> std::io::Result<Self> {
        Ok(Self {
            hangup: signal(SignalKind::hangup())?,
            interrupt: signal(SignalKind::interrupt())?,
            quit: signal(SignalKind::quit())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// Waits for the next, and gives the exit status that it means.
    async fn next(&mut self) -> u8 {
        tokio::select! {
            _ = self.hangup.recv() => 129,
            _ = self.interrupt.recv() => 130,
            _ = self.quit.recv() => 131,
            _ = self.terminate.recv() => 143,
        }
    }
}

/// Ends the process for a console that was asked to leave and cannot: its terminal takes no more bytes, as behind an SSH link that
/// stands still, and it waits in a write. It watches from a thread of its own, for that write holds up the console's. Dropped once
/// the console has left: what it does then takes the time it takes.
#[derive(Debug)]
pub struct Impatience(Arc<AtomicBool>);

impl Impatience {
    /// Begins to watch.
    pub fn begin() -> std::io::Result<Self> {
        let watch = Builder::new_current_thread().enable_all().build()?;
        let mut leave = {
            let _inside = watch.enter();
            Leave::listen()?
        };
        let has_left = Arc::new(AtomicBool::new(false));
        let left = has_left.clone();
        std::thread::spawn(move || {
            let status = watch.block_on(leave.next());
            std::thread::sleep(PATIENCE);
            if !left.load(Ordering::Relaxed) {
                // Nothing can be written; its settings can still be put back.
                let _ = disable_raw_mode();
                std::process::exit(status.into());
            }
        });
        Ok(Self(has_left))
    }
}

impl Drop for Impatience {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
