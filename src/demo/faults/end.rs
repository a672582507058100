//! The process that ends one fault. It has a session of its own and needs nobody: not the console, not the supervisor.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Child;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Instant, sleep_until, timeout};

use crate::adapters::process::Process;
use crate::demo::error::DemoError;
use crate::demo::faults::record::{Record, now_ms};
use crate::demo::faults::{Ended, Target};
use crate::demo::role::Role;

/// What this process says when it is ready to end its fault.
const ARMED: &str = "armed";
/// How long it may take to say so.
const ARMS_WITHIN: Duration = Duration::from_secs(5);

/// Which fault ends, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndFault {
    /// The demo's folder.
    pub dir: PathBuf,
    /// Where the fault is.
    pub target: Target,
    /// For how many seconds it stays.
    pub seconds: u64,
}

impl EndFault {
    /// Starts the process and waits until it is armed. Not armed: not injected.
    pub async fn arm(&self) -> Result<Child, String> {
        let mut command = tokio::process::Command::from(Role::EndFault(self.clone()).command());
        command.current_dir("/").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut ender = command.spawn().map_err(|error| format!("cannot start the process that ends it: {error}"))?;
        let mut words = BufReader::new(ender.stdout.take().ok_or("it has no pipe")?).lines();
        match timeout(ARMS_WITHIN, words.next_line()).await {
            Ok(Ok(Some(word))) if word == ARMED => Ok(ender),
            _ => {
                let _ = ender.start_kill();
                Err("the process that ends it did not get ready".to_owned())
            }
        }
    }

    /// Waits for the deadline, or to be told to end the fault now; ends it, and writes down how that went.
    pub async fn run(self) -> Result<(), DemoError> {
        // The deadline counts from before it is promised, on a clock that nobody can set.
        let deadline = Instant::now() + Duration::from_secs(self.seconds);
        let mut told = signal(SignalKind::terminate()).map_err(DemoError::io("listening to signals"))?;
        // Written down before the session is left: a sweep finds this process by the one or by the other.
        let mut record = self.record()?;
        record.write(&self.dir).map_err(DemoError::io("writing down the fault"))?;
        rustix::process::setsid().map_err(|errno| DemoError::io("leaving the session")(errno.into()))?;
        // Nobody may be left to hear it; the fault ends all the same.
        let _ = writeln!(std::io::stdout(), "{ARMED}");
        due(deadline, &mut told).await;
        record.ended = Some(self.end().await);
        record.write(&self.dir).map_err(DemoError::io("writing down the fault's end"))
    }

    /// Ends the fault, tries again while something is left of it, and tells how it went.
    pub async fn end(&self) -> Ended {
        let mut attempts = 1;
        let result = loop {
            match self.target.revert(&self.dir).await {
                Err(_) if attempts < 3 && self.dir.exists() => attempts += 1,
                result => break result,
            }
        };
        let verified = result.is_ok();
        Ended { at_ms: now_ms(), verified, detail: result.unwrap_or_else(|left| left) }
    }

    fn record(&self) -> Result<Record, DemoError> {
        let ender = Process::myself().ok_or_else(|| DemoError::not_up("fault's end", "it cannot see itself in /proc"))?;
        Ok(Record { what: self.target.kind(), seconds: self.seconds, ender, armed_at_ms: now_ms(), ended: None })
    }
}

/// Waits for the deadline, or to be told that it is now.
async fn due(deadline: Instant, told: &mut Signal) {
    tokio::select! {
        () = sleep_until(deadline) => {}
        _ = told.recv() => {}
    }
}
