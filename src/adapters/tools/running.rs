//! One program that runs as a child of this process: with a process group of its own, so that all it starts can be ended with it.

use std::io;
use std::os::fd::AsFd as _;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::process::{Pid, PidfdFlags, Signal, WaitId, WaitIdOptions, kill_process_group, pidfd_open, waitid};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite};
use tokio::process::{Child, ChildStderr, Command};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::domain::failure::{Failure, FailureKind};
use crate::ports::Promise;
use crate::ports::tools::{Ended, Running};

/// How much of the end of its standard error is kept.
const LAST: usize = 64 << 10;
/// How long it may take to end when asked.
const GRACE: Duration = Duration::from_secs(10);
/// How long the rest of its standard error may take: what it left running may hold that open for good.
const FAREWELL: Duration = Duration::from_secs(1);

/// A child and all that it starts.
pub struct Program {
    name: String,
    child: Child,
    group: Pid,
    /// Tells that the child ended, while its number is still its own; none when that is known.
    exit: Option<oneshot::Receiver<()>>,
    errors: Errors,
}

impl Program {
    /// Starts it; `input` says whether something will be written to it. The name is for words.
    pub fn start(name: &str, mut command: Command, input: bool) -> Result<Self, Failure> {
        let stdin = if input { Stdio::piped() } else { Stdio::null() };
        command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0).kill_on_drop(true);
        let failed = |e: io::Error| not_started(name, &e);
        let mut child = command.spawn().map_err(failed)?;
        let errors = Errors::of(child.stderr.take());
        let group =
            child.id().and_then(|id| Pid::from_raw(id.cast_signed())).ok_or_else(|| failed(io::ErrorKind::NotFound.into()))?;
        let exit = Some(watch(group).map_err(failed)?);
        Ok(Self { name: name.to_owned(), child, group, exit, errors })
    }

    /// Waits for the child, then ends what it left in its group: the group's number is its own as long as nobody has asked for
    /// the child's status.
    async fn wait(&mut self) -> Result<ExitStatus, Failure> {
        drop(self.child.stdin.take());
        if let Some(exit) = &mut self.exit {
            // Without the watcher the child's own end still tells.
            _ = exit.await;
            self.exit = None;
            self.signal(Signal::KILL);
        }
        self.child.wait().await.map_err(|e| self.lost(&e))
    }

    fn signal(&self, signal: Signal) {
        if self.child.id().is_some() {
            // One that is gone needs no signal.
            _ = kill_process_group(self.group, signal);
        }
    }

    fn lost(&self, error: &io::Error) -> Failure {
        Failure::new(FailureKind::Io, format!("waiting for {}: {error}", self.name))
    }
}

impl Running for Program {
    fn stdout(&mut self) -> Option<Box<dyn AsyncRead + Send + Unpin>> {
        self.child.stdout.take().map(|out| Box::new(out) as _)
    }

    fn stdin(&mut self) -> Option<Box<dyn AsyncWrite + Send + Unpin>> {
        self.child.stdin.take().map(|input| Box::new(input) as _)
    }

    fn ended(&mut self) -> Promise<'_, Ended> {
        Box::pin(async move {
            // Nobody wants it, but it must not stand still for that.
            if let Some(mut out) = self.child.stdout.take() {
                tokio::spawn(async move { tokio::io::copy(&mut out, &mut tokio::io::sink()).await });
            }
            let status = self.wait().await?;
            Ok(Ended { status, stderr: self.errors.all().await })
        })
    }

    fn stop(&mut self) -> Promise<'_, ()> {
        Box::pin(async move {
            self.signal(Signal::TERM);
            if tokio::time::timeout(GRACE, self.wait()).await.is_ok_and(|ended| ended.is_ok()) {
                return Ok(());
            }
            self.signal(Signal::KILL);
            self.wait().await.map(drop)
        })
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
    }
}

/// Tells when a child has ended, and leaves its status to be asked for.
fn watch(child: Pid) -> io::Result<oneshot::Receiver<()>> {
    let pidfd = pidfd_open(child, PidfdFlags::empty())?;
    let (tell, ended) = oneshot::channel();
    let wait = move || {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        _ = rustix::io::retry_on_intr(|| waitid(WaitId::PidFd(pidfd.as_fd()), options));
        _ = tell.send(());
    };
    std::thread::Builder::new().name("midwatch-watch".to_owned()).spawn(wait)?;
    Ok(ended)
}

fn not_started(name: &str, error: &io::Error) -> Failure {
    Failure::new(FailureKind::Tool, format!("starting {name}: {error}"))
}

/// The end of what a program writes to its standard error.
struct Errors {
    end: Arc<Mutex<Vec<u8>>>,
    reading: Option<JoinHandle<()>>,
}

impl Errors {
    fn of(stderr: Option<ChildStderr>) -> Self {
        let end = Arc::default();
        let reading = stderr.map(|stderr| tokio::spawn(keep_end(stderr, Arc::clone(&end))));
        Self { end, reading }
    }

    /// All of the end, as far as it comes.
    async fn all(&mut self) -> String {
        if let Some(reading) = self.reading.take() {
            _ = tokio::time::timeout(FAREWELL, reading).await;
        }
        let end = self.end.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&end[end.len().saturating_sub(LAST)..]).into_owned()
    }
}

async fn keep_end(mut from: ChildStderr, end: Arc<Mutex<Vec<u8>>>) {
    let mut buffer = vec![0; 8 << 10];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        let mut end = end.lock().unwrap_or_else(PoisonError::into_inner);
        end.extend_from_slice(&buffer[..read]);
        // Moved once in a while, not with every read.
        if end.len() > 2 * LAST {
            let surplus = end.len() - LAST;
            end.drain(..surplus);
        }
    }
}
