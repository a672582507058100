//! Bytes on their way: from a program into a file of a repository, and from there into a program. Success needs the program's own
//! exit status, never only the end of its output.

use std::sync::{Mutex, PoisonError};

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use crate::domain::backup::FileFacts;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::job::Progress;
use crate::jobs::postgres::client;
use crate::ports::journal::Reporter;
use crate::ports::repository::FileSink;
use crate::ports::tools::Running;

/// How much is handed on at a time: little enough that it is still in the processor's cache when it is compressed.
const CHUNK: usize = 256 << 10;

/// How far a step with several streams is; each adds to the same count.
pub struct Meter<'a> {
    reporter: &'a dyn Reporter,
    progress: Mutex<Progress>,
}

impl<'a> Meter<'a> {
    /// Nothing yet.
    pub fn new(reporter: &'a dyn Reporter) -> Self {
        Self { reporter, progress: Mutex::default() }
    }

    /// How many bytes are expected in all.
    pub fn expect(&self, bytes: u64) {
        self.tell(|progress| progress.total = Some(bytes));
    }

    /// Where so many bytes were expected, there are so many.
    pub fn correct(&self, expected: u64, found: u64) {
        self.tell(|progress| progress.total = progress.total.map(|total| total.saturating_sub(expected) + found));
    }

    /// What is being done now.
    pub fn says(&self, words: impl Into<String>) {
        self.tell(|progress| progress.words = words.into());
    }

    /// So many bytes more.
    pub fn add(&self, bytes: usize) {
        self.tell(|progress| progress.bytes += bytes as u64);
    }

    /// So many rows more.
    pub fn rows(&self, rows: u64) {
        self.tell(|progress| *progress.rows.get_or_insert_default() += rows);
    }

    /// A line in the job's log.
    pub fn log(&self, line: &str) {
        self.reporter.log(line);
    }

    /// A line for what went wrong without harm.
    pub fn note(&self, ended: Result<(), Failure>) {
        if let Err(failure) = ended {
            self.log(&format!("a session was lost before it was let go: {failure}"));
        }
    }

    fn tell(&self, change: impl FnOnce(&mut Progress)) {
        let mut progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut progress);
        self.reporter.progress(progress.clone());
    }
}

/// Hands everything that a program prints to a file. The file is completed only when the program succeeded, and began with
/// `magic`. Returns its facts, and what the program wrote to its standard error.
pub async fn into_file(
    program: &str,
    mut running: Box<dyn Running>,
    mut sink: Box<dyn FileSink>,
    magic: &[u8],
    meter: &Meter<'_>,
) -> Result<(FileFacts, String), Failure> {
    let stdout = running.stdout().ok_or_else(|| Failure::new(FailureKind::Bug, format!("{program} has no output")))?;
    let start = pour(stdout, &mut *sink, magic.len(), meter).await?;
    let ended = running.ended().await?;
    if !ended.status.success() {
        return Err(client::failed(program, &ended));
    }
    if start != magic {
        let what = format!("{program} ended well, but what it wrote does not begin as it must");
        return Err(Failure::new(FailureKind::Damaged, what));
    }
    Ok((sink.finish().await?, ended.stderr))
}

/// Hands a stream to a file; returns how it begins.
async fn pour(
    mut from: Box<dyn AsyncRead + Send + Unpin>,
    sink: &mut dyn FileSink,
    head: usize,
    meter: &Meter<'_>,
) -> Result<Bytes, Failure> {
    let mut start = None;
    loop {
        let chunk = next(&mut from).await?;
        if chunk.is_empty() {
            return Ok(start.unwrap_or_default());
        }
        start.get_or_insert_with(|| chunk.slice(..head.min(chunk.len())));
        meter.add(chunk.len());
        sink.write(chunk).await?;
    }
}

/// The next piece of a stream, full but for the last; empty at its end.
pub async fn next(from: &mut (dyn AsyncRead + Send + Unpin)) -> Result<Bytes, Failure> {
    let mut chunk = BytesMut::with_capacity(CHUNK);
    while chunk.len() < CHUNK && from.read_buf(&mut chunk).await? > 0 {}
    Ok(chunk.freeze())
}

/// Writes what `change` makes of a stream into a program, and waits for its end.
pub async fn into_program(
    program: &str,
    mut running: Box<dyn Running>,
    mut from: Box<dyn AsyncRead + Send + Unpin>,
    mut change: impl Unpacking,
    meter: &Meter<'_>,
) -> Result<(), Failure> {
    let stdin = running.stdin().ok_or_else(|| Failure::new(FailureKind::Bug, format!("{program} has no input")))?;
    // A program that ends before its input does says itself why.
    if write(stdin, &mut *from, &mut change, meter).await? {
        change.ended()?;
    }
    let ended = running.ended().await?;
    if ended.status.success() { Ok(()) } else { Err(client::failed(program, &ended)) }
}

/// Whether all of it was taken.
async fn write(
    mut to: Box<dyn AsyncWrite + Send + Unpin>,
    from: &mut (dyn AsyncRead + Send + Unpin),
    change: &mut impl Unpacking,
    meter: &Meter<'_>,
) -> Result<bool, Failure> {
    loop {
        let chunk = next(from).await?;
        if chunk.is_empty() {
            return Ok(to.shutdown().await.is_ok());
        }
        meter.add(chunk.len());
        change.feed(chunk);
        while let Some(piece) = change.piece()? {
            if to.write_all(&piece).await.is_err() {
                return Ok(false);
            }
        }
    }
}

/// What is done with a stream on its way into a program, a piece at a time: what is packed may become much larger.
pub trait Unpacking: Send {
    /// Takes more of the stream, once there was no piece left of what it took before.
    fn feed(&mut self, chunk: Bytes);

    /// The next piece of what it becomes; none where more of the stream is needed first.
    fn piece(&mut self) -> Result<Option<Bytes>, Failure>;

    /// Whether a stream may end here.
    fn ended(&self) -> Result<(), Failure>;
}

/// Nothing at all is done with it.
#[derive(Default)]
pub struct AsItIs(Option<Bytes>);

impl Unpacking for AsItIs {
    fn feed(&mut self, chunk: Bytes) {
        self.0 = Some(chunk);
    }

    fn piece(&mut self) -> Result<Option<Bytes>, Failure> {
        Ok(self.0.take())
    }

    fn ended(&self) -> Result<(), Failure> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
