//! Signals, and the loss of the terminal.

use std::os::fd::AsFd;

use rustix::event::{PollFd, PollFlags};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// To leave, with this exit status.
    Leave(u8),
    /// To stop until continued (`SIGTSTP` from outside; `ctrl-z` comes as a key).
    Suspend,
    /// To draw anew, having been continued.
    Redraw,
}

/// Every signal that is listened to.
#[derive(Debug)]
pub struct Signals {
    hangup: Signal,
    interrupt: Signal,
    quit: Signal,
    terminate: Signal,
    stop: Signal,
    go_on: Signal,
}

impl Signals {
    /// Begins to listen.
    pub fn listen() -> std::io::Result<Self> {
        Ok(Self {
            hangup: signal(SignalKind::hangup())?,
            interrupt: signal(SignalKind::interrupt())?,
            quit: signal(SignalKind::quit())?,
            terminate: signal(SignalKind::terminate())?,
            stop: signal(SignalKind::from_raw(rustix::process::Signal::TSTP.as_raw()))?,
            go_on: signal(SignalKind::from_raw(rustix::process::Signal::CONT.as_raw()))?,
        })
    }

    /// Waits for the next.
    pub async fn next(&mut self) -> Asked {
        tokio::select! {
            _ = self.hangup.recv() => Asked::Leave(129),
            _ = self.interrupt.recv() => Asked::Leave(130),
            _ = self.quit.recv() => Asked::Leave(131),
            _ = self.terminate.recv() => Asked::Leave(143),
            _ = self.stop.recv() => Asked::Suspend,
            _ = self.go_on.recv() => Asked::Redraw,
        }
    }
}

/// Ends the process as soon as the terminal is gone, even where `SIGHUP` is ignored (`nohup`, `sudo`): crossterm would spin on
/// the dead terminal for ever (crossterm issue 793).
pub fn end_with_the_terminal() {
    std::thread::spawn(|| {
        let stdin = std::io::stdin();
        let mut watched = [PollFd::from_borrowed_fd(stdin.as_fd(), PollFlags::empty())];
        loop {
            match rustix::event::poll(&mut watched, None) {
                Ok(_) if watched[0].revents().intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL) => {
                    std::process::exit(129)
                }
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(_) => return,
            }
        }
    });
}
