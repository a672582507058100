//! The terminal, taken and given back: on return, on panic, on every signal that can be caught.

use std::io::{self, Write};

use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use crossterm::{cursor, execute};

/// Holds the terminal in raw mode on the alternate screen; dropping it gives the terminal back.
#[derive(Debug)]
pub struct Hold(());

impl Hold {
    /// Takes the terminal.
    pub fn take() -> io::Result<Self> {
        enable_raw_mode()?;
        execute!(io::stdout(), EnterAlternateScreen, EnableBracketedPaste, cursor::Hide)?;
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
    let mut out = io::stdout();
    // A terminal that is gone answers with an error to each of these; there is nobody left to tell.
    let _ = execute!(out, DisableBracketedPaste, LeaveAlternateScreen, cursor::Show);
    let _ = disable_raw_mode();
    let _ = out.flush();
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
