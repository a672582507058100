//! The terminal, taken and given back: on return, on panic, on every signal that can be caught.

pub mod input;
pub mod osc;
pub mod parse;
pub mod tmux;

use std::io::{self, Write};

use color_eyre::eyre::Report;
use crossterm::terminal::{disable_raw_mode, enable_raw_mode};
use rustix::io::Errno;

/// The alternate screen, bracketed paste, no cursor.
const TAKE: &str = "\x1b[?1049h\x1b[?2004h\x1b[?25l";
/// All of it back, and the mouse: whether it was taken or not.
const GIVE: &str = "\x1b[?1006l\x1b[?1000l\x1b[?2004l\x1b[?1049l\x1b[?25h";
/// Clicks and the wheel, with cells beyond the 223rd; no movement.
const MOUSE: &str = "\x1b[?1000h\x1b[?1006h";
/// Whether it has synchronized output. A terminal that does not understand the question may print a part of it, so a whole frame
/// must follow; how it answers is for [`parse::Typed::Mode`].
const ASK: &str = "\x1b[?2026$p";
/// The mode that was asked for.
pub const TOGETHER: u16 = 2026;

/// What a shell makes of a lost terminal.
pub const LOST: i32 = 129;

/// Holds the terminal in raw mode on the alternate screen; dropping it gives the terminal back.
#[derive(Debug)]
pub struct Hold(());

impl Hold {
    /// Takes the terminal, with its mouse or without.
    pub fn take(mouse: bool) -> io::Result<Self> {
        enable_raw_mode()?;
        say(&[TAKE, if mouse { MOUSE } else { "" }].concat())?;
        Ok(Self(()))
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        give_back();
    }
}

/// Gives the terminal back as it was. Safe to call twice, and where there is no terminal any more.
pub fn give_back() {
    // A terminal that is gone answers with an error to each of these; there is nobody left to tell.
    let _ = say(GIVE);
    let _ = disable_raw_mode();
}

/// Ends the process if this came of a terminal that is gone. Writing to it may tell so before reading from it, or a signal, does.
pub fn end_if_lost(error: &Report) {
    let is_lost = |cause: &io::Error| cause.raw_os_error() == Some(Errno::IO.raw_os_error());
    if error.chain().filter_map(|cause| cause.downcast_ref()).any(is_lost) {
        give_back();
        std::process::exit(LOST);
    }
}

/// Asks whether it has synchronized output, if it may be asked: the Linux console would print the question.
pub fn ask(kind: &osc::Kind) -> io::Result<()> {
    if kind.term.starts_with("linux") || kind.term == "dumb" { Ok(()) } else { say(ASK) }
}

/// Writes a sequence, at once.
pub fn say(sequence: &str) -> io::Result<()> {
    let mut out = io::stdout();
    out.write_all(sequence.as_bytes())?;
    out.flush()
}

/// Columns and rows; the customary ones where the terminal has not told, as on a serial line.
pub fn size() -> io::Result<(u16, u16)> {
    let size = rustix::termios::tcgetwinsize(io::stdout())?;
    Ok(if size.ws_col == 0 || size.ws_row == 0 { (80, 24) } else { (size.ws_col, size.ws_row) })
}

/// A panic anywhere gives the terminal back, prints its report, and ends the process: half a console is worse than none.
pub fn end_on_panic() {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        give_back();
        report(info);
        std::process::exit(70);
    }));
}
