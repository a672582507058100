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

/// How much is handed on at a time.
const CHUNK: usize = 1 << 20;

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
    let mut stdin = running.stdin().ok_or_else(|| Failure::new(FailureKind::Bug, format!("{program} has no input")))?;
    loop {
        let chunk = next(&mut *from).await?;
        if chunk.is_empty() {
            break;
        }
        meter.add(chunk.len());
        if write(&mut *stdin, &change.unpack(chunk)?).await.is_err() {
            // It has ended before its input did: its own words say why.
            break;
        }
    }
    change.ended()?;
    _ = stdin.shutdown().await;
    drop(stdin);
    let ended = running.ended().await?;
    if ended.status.success() { Ok(()) } else { Err(client::failed(program, &ended)) }
}

async fn write(to: &mut (dyn AsyncWrite + Send + Unpin), bytes: &[u8]) -> std::io::Result<()> {
    to.write_all(bytes).await
}

/// What is done with a stream on its way into a program.
pub trait Unpacking: Send {
    /// What a piece becomes.
    fn unpack(&mut self, chunk: Bytes) -> Result<Bytes, Failure>;

    /// Whether a stream may end here.
    fn ended(&self) -> Result<(), Failure>;
}

/// Nothing at all.
pub struct AsItIs;

impl Unpacking for AsItIs {
    fn unpack(&mut self, chunk: Bytes) -> Result<Bytes, Failure> {
        Ok(chunk)
    }

    fn ended(&self) -> Result<(), Failure> {
        Ok(())
    }
}
