//! What the core asks of the shell. Data is not among it: that is asked for by needs alone.

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Leave.
    Quit,
    /// Hand the terminal back to the shell until it calls again.
    Suspend,
    /// Draw everything anew: something else wrote on the terminal.
    Redraw,
    /// Ask for everything now.
    Refresh,
    /// Put text on the clipboard of the person's own terminal.
    Copy(String),
    /// Break something in the demo; its supervisor arms the end first.
    Break(String),
}
