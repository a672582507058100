//! The process that is left when a supervisor is killed: it ends and removes what the supervisor no longer can.
//!
//! It holds the reading end of a pipe to the supervisor and knows nothing else of the world. As long as the pipe is open, and
//! after a word of farewell, it does nothing.

use std::io::Read as _;
use std::process::{Child, ChildStdin, Stdio};

use crate::demo::error::DemoError;
use crate::demo::role::Role;
use crate::demo::sweep::Sweep;

/// What a supervisor says when it has swept by itself.
const FAREWELL: &[u8] = b"farewell\n";

/// A supervisor's hold on its watchdog.
#[derive(Debug)]
pub struct Leash {
    child: Child,
    pipe: ChildStdin,
}

impl Leash {
    /// Starts a watchdog.
    pub fn new(sweep: &Sweep) -> Result<Self, DemoError> {
        let spawned = Role::Watchdog(sweep.clone())
            .command()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let mut child = spawned.map_err(DemoError::io("starting the watchdog"))?;
        let pipe = child.stdin.take().ok_or_else(|| DemoError::not_up("watchdog", "it has no pipe"))?;
        Ok(Self { child, pipe })
    }

    /// Whether the watchdog is gone.
    pub fn broken(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// Says farewell and waits until the watchdog has gone.
    pub fn release(mut self) {
        let _ = std::io::Write::write_all(&mut self.pipe, FAREWELL);
        drop(self.pipe);
        let _ = self.child.wait();
    }
}

/// Waits for the pipe to close; sweeps unless a farewell was said.
pub fn run(sweep: &Sweep) -> Result<(), DemoError> {
    // A session of its own: else it would count itself among what it has to end.
    rustix::process::setsid().map_err(|errno| DemoError::io("leaving the session")(errno.into()))?;
    let mut words = Vec::new();
    let _ = std::io::stdin().read_to_end(&mut words);
    if words != FAREWELL {
        sweep.run();
    }
    Ok(())
}
