//! One program that runs: as a child of this process, with a process group of its own, so that all it starts can be ended with
//! it; or far away, behind a child that carries its streams, and then on a line by which it hears that it shall end.

use std::io;
use std::os::fd::AsFd as _;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::process::{Pid, PidfdFlags, Signal, WaitId, WaitIdOptions, kill_process_group, pidfd_open, waitid};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::process::{Child, ChildStderr, ChildStdin, Command};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::domain::failure::{Failure, FailureKind};
use crate::ports::Promise;
use crate::ports::tools::{Ended, Running};

/// How much of the end of its standard error is kept.
const LAST: usize = 64 << 10;
/// How much may wait in a pipe, bytes: with the kernel's 64 KiB a dump and its reader wake each other up all the time.
const PIPE: usize = 1 << 20;
/// How long it may take to end when asked.
const GRACE: Duration = Duration::from_secs(10);
/// How long the rest of its standard error may take: what it left running may hold that open for good.
const FAREWELL: Duration = Duration::from_secs(1);

/// What a far program hears when it shall end; see `run.sh` and `guard.sh`.
const STOP: &[u8] = b"stop\n";
/// What a guard hears when its program has ended.
const DONE: &[u8] = b"done\n";

/// A child and all that it starts.
pub struct Program {
    name: String,
    child: Child,
    group: Pid,
    /// Tells that the child ended, while its number is still its own; none when that is known.
    exit: Option<oneshot::Receiver<()>>,
    input: Option<ChildStdin>,
    errors: Errors,
    end: End,
}

/// How it is told to end.
enum End {
    /// By signals: it runs here.
    Here,
    /// By its own standard input, which is nothing else.
    Line(Option<ChildStdin>),
    /// By that of a guard beside it; none when that could not be had.
    Guard(Option<Box<Program>>),
}

impl Program {
    /// Starts it here; `input` says whether something will be written to it. The name is for words.
    pub fn start(name: &str, mut command: Command, input: bool) -> Result<Self, Failure> {
        let stdin = if input { Stdio::piped() } else { Stdio::null() };
        command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0).kill_on_drop(true);
        let failed = |e: io::Error| Failure::new(FailureKind::Tool, format!("starting {name}: {e}"));
        let mut child = command.spawn().map_err(failed)?;
        let group =
            child.id().and_then(|id| Pid::from_raw(id.cast_signed())).ok_or_else(|| failed(io::ErrorKind::NotFound.into()))?;
        if let Some(stdout) = &child.stdout {
            // Beyond a user's share of such room the kernel refuses: then it is slower.
            _ = rustix::pipe::fcntl_setpipe_size(stdout, PIPE);
        }
        let exit = Some(watch(group).map_err(failed)?);
        let (input, errors) = (child.stdin.take(), Errors::of(child.stderr.take()));
        Ok(Self { name: name.to_owned(), child, group, exit, input, errors, end: End::Here })
    }

    /// Starts one far away, by a child that carries its streams; `head` is written to its standard input before all else, and the
    /// rest of that is its line.
    pub async fn far(name: &str, command: Command, head: &[u8]) -> Result<Self, Failure> {
        let mut started = Self::start(name, command, true)?;
        started.write(head).await;
        started.end = End::Line(started.input.take());
        Ok(started)
    }

    /// The same for one whose standard input is its own. It tells its number in its errors; `guard` starts what watches over that.
    pub async fn far_with_input(
        name: &str,
        command: Command,
        head: &[u8],
        guard: impl AsyncFnOnce(&str) -> Result<Self, Failure>,
    ) -> Result<Self, Failure> {
        let mut started = Self::start(name, command, true)?;
        started.end = End::Guard(None);
        started.write(head).await;
        if let Some(number) = started.errors.number().await {
            let mut guard = guard(&number).await?;
            // One that is not there yet would not hear that it is left alone.
            _ = guard.errors.number().await;
            started.end = End::Guard(Some(Box::new(guard)));
        }
        Ok(started)
    }

    /// A far program that has ended already is told of by its status, not here.
    async fn write(&mut self, bytes: &[u8]) {
        if let Some(input) = &mut self.input {
            _ = input.write_all(bytes).await;
            _ = input.flush().await;
        }
    }

    /// Says a word on the line, where there is one.
    async fn say(&mut self, word: &[u8]) {
        let line = match &mut self.end {
            End::Here => None,
            End::Line(line) => line.as_mut(),
            End::Guard(guard) => guard.as_mut().and_then(|guard| match &mut guard.end {
                End::Line(line) => line.as_mut(),
                _ => None,
            }),
        };
        if let Some(line) = line {
            _ = line.write_all(word).await;
        }
    }

    /// Ends the line of a far program, and lets it do what it does then.
    pub fn hang_up(&mut self) {
        if let End::Line(line) = &mut self.end {
            drop(line.take());
        }
    }

    /// Kills it, wherever it runs.
    fn kill(&mut self) {
        match &mut self.end {
            End::Here => self.signal(Signal::KILL),
            End::Line(_) => self.hang_up(),
            End::Guard(guard) => drop(guard.take()),
        }
    }

    /// Waits for the child, then ends what it left in its group: the group's number is its own as long as nobody has asked for
    /// the child's status.
    async fn wait(&mut self) -> Result<ExitStatus, Failure> {
        drop(self.input.take());
        if let Some(exit) = &mut self.exit {
            // Without the watcher the child's own end still tells.
            _ = exit.await;
            self.exit = None;
            self.signal(Signal::KILL);
        }
        let status = self.child.wait().await.map_err(|e| self.lost(&e))?;
        if matches!(self.end, End::Guard(_)) {
            self.say(DONE).await;
        }
        Ok(if matches!(self.end, End::Here) { status } else { own(status) })
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
        self.input.take().map(|input| Box::new(input) as _)
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
            match self.end {
                End::Here => self.signal(Signal::TERM),
                _ => self.say(STOP).await,
            }
            if tokio::time::timeout(GRACE, self.wait()).await.is_ok_and(|ended| ended.is_ok()) {
                return Ok(());
            }
            self.kill();
            if tokio::time::timeout(GRACE, self.wait()).await.is_ok_and(|ended| ended.is_ok()) {
                return Ok(());
            }
            // What carried the streams of a far program hangs itself.
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

/// The status of a far program out of that of what carried its streams: a shell tells of a signal by a number above 128.
fn own(status: ExitStatus) -> ExitStatus {
    match status.code() {
        Some(code @ 129..=159) => ExitStatus::from_raw(code - 128),
        _ => status,
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

/// The end of what a program writes to its standard error.
struct Errors {
    end: Arc<Mutex<Vec<u8>>>,
    number: Option<oneshot::Receiver<String>>,
    reading: Option<JoinHandle<()>>,
}

impl Errors {
    fn of(stderr: Option<ChildStderr>) -> Self {
        let end = Arc::default();
        let (tell, number) = oneshot::channel();
        let reading = stderr.map(|stderr| tokio::spawn(keep_end(stderr, Arc::clone(&end), tell)));
        Self { end, number: Some(number), reading }
    }

    /// The number that a far program tells of itself; none where it ended without.
    async fn number(&mut self) -> Option<String> {
        self.number.take()?.await.ok()
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

async fn keep_end(mut from: ChildStderr, end: Arc<Mutex<Vec<u8>>>, tell: oneshot::Sender<String>) {
    let mut tell = Some(tell);
    let mut buffer = vec![0; 8 << 10];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        let mut end = end.lock().unwrap_or_else(PoisonError::into_inner);
        end.extend_from_slice(&buffer[..read]);
        if let Some(number) = tell.as_ref().and_then(|_| take_number(&mut end)) {
            tell.take().map(|tell| tell.send(number));
        }
        // Moved once in a while, not with every read.
        if end.len() > 2 * LAST {
            let surplus = end.len() - LAST;
            end.drain(..surplus);
        }
    }
}

/// What `run.sh` says before the program can say anything.
const NUMBER: &[u8] = b"midwatch: program ";

/// Takes the line with the program's number out of its errors.
fn take_number(errors: &mut Vec<u8>) -> Option<String> {
    let begin = errors.windows(NUMBER.len()).position(|bytes| bytes == NUMBER)?;
    let length = errors[begin..].iter().position(|byte| *byte == b'\n')?;
    let line: Vec<u8> = errors.drain(begin..=begin + length).collect();
    let number = std::str::from_utf8(&line[NUMBER.len()..length]).ok()?;
    Some(number.to_owned())
}
