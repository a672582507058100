//! Reads what the terminal sends, on a thread of its own, and ends the process as soon as the terminal is gone: nobody is left to
//! draw for, even where `SIGHUP` is ignored (`nohup`, `sudo`).

use std::os::fd::AsFd;

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;
use tokio::sync::mpsc;

use super::LOST;
use super::parse::{Parser, Typed};

/// How long the rest of an escape sequence may be on its way. Then it was the key Esc.
const ON_ITS_WAY: Timespec = Timespec { tv_sec: 0, tv_nsec: 30_000_000 };

/// Begins to listen.
pub fn listen() -> mpsc::UnboundedReceiver<Typed> {
    let (sender, receiver) = mpsc::unbounded_channel();
    std::thread::spawn(move || read(&sender));
    receiver
}

fn read(sender: &mpsc::UnboundedSender<Typed>) {
    let stdin = std::io::stdin();
    let (mut parser, mut bytes) = (Parser::default(), [0; 1 << 12]);
    loop {
        let typed = if parser.waits() && !comes(&stdin, Some(&ON_ITS_WAY)) {
            parser.give_up()
        } else {
            match rustix::io::read(&stdin, &mut bytes) {
                Ok(count) if count > 0 => parser.take(&bytes[..count]),
                Err(Errno::INTR) => vec![],
                // Somebody else who has this terminal open may have set it so.
                Err(Errno::AGAIN) => {
                    comes(&stdin, None);
                    vec![]
                }
                Ok(_) | Err(_) => std::process::exit(LOST),
            }
        };
        if typed.into_iter().any(|one| sender.send(one).is_err()) {
            return;
        }
    }
}

/// Whether anything comes in time, which its end is too.
fn comes(stdin: &impl AsFd, within: Option<&Timespec>) -> bool {
    let mut watched = [PollFd::new(stdin, PollFlags::IN)];
    rustix::event::poll(&mut watched, within) != Ok(0)
}
