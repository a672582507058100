//! Writing a file of a backup: what the tool wrote is compressed, encrypted, hashed by block and as a whole, and goes to the
//! store, all in one pass and on a thread of its own. What it was before is vouched for by zstd's and gzip's own checksums.
//!
//! Memory is bounded whatever the size: [`WAITING`] pieces of at most [`PIECE`] bytes between the tool and the thread, and what
//! zstd needs for [`WORKERS`] jobs of [`JOB`] bytes.

use std::io::{self, Write};
use std::sync::Arc;

use age::Encryptor;
use age::stream::StreamWriter;
use age::x25519::Recipient;
use bytes::{Bytes, BytesMut};
use flate2::write::GzEncoder;
use futures_util::FutureExt;
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinHandle};

use crate::adapters::repository::blocks::Blocks;
use crate::adapters::repository::seal::hex;
use crate::adapters::repository::store::Draft;
use crate::domain::backup::{Compression, FileFacts};
use crate::domain::failure::{Failure, FailureKind};
use crate::ports::Promise;
use crate::ports::repository::FileSink;

/// How many pieces wait for the thread.
const WAITING: usize = 16;
/// The largest piece; smaller ones are gathered to a quarter of this first.
const PIECE: usize = 256 << 10;
/// The dumps of the bench come out smaller at 1 than at 3, by `zstd -1` and `zstd -3` (59 MB instead of 63), in two thirds of the time.
const LEVEL: i32 = 1;
/// Each takes memory of about three jobs; more than four hardly ever have work.
const WORKERS: usize = 4;
/// What one worker compresses at a time.
const JOB: u32 = 2 << 20;

/// How a file is to lie there.
pub struct Recipe {
    /// Its name, with its endings.
    pub name: String,
    /// What it is to its backup.
    pub role: String,
    /// How it is compressed.
    pub compression: Compression,
    /// Whom it is encrypted to; nobody where there are none.
    pub recipients: Arc<[Recipient]>,
}

impl Recipe {
    /// A file of a name without endings.
    pub fn new(name: &str, role: &str, compression: Compression, recipients: Arc<[Recipient]>) -> Self {
        let packed = match compression {
            Compression::None => "",
            Compression::Zstd => ".zst",
            Compression::Gzip => ".gz",
        };
        let covered = if recipients.is_empty() { "" } else { ".age" };
        Self { name: format!("{name}{packed}{covered}"), role: role.to_owned(), compression, recipients }
    }
}

enum Piece {
    Bytes(Bytes),
    End,
}

/// The asynchronous end of a file that is being packed. Dropped, the thread drops its draft.
pub struct Pack {
    pieces: Option<mpsc::Sender<Piece>>,
    gathered: BytesMut,
    thread: JoinHandle<Result<FileFacts, Failure>>,
    abort: Option<AbortHandle>,
}

impl Pack {
    /// Starts the thread.
    pub fn new(recipe: Recipe, draft: Box<dyn Draft>) -> Self {
        let (to, pieces) = mpsc::channel(WAITING);
        let abort = draft.abort();
        let thread = tokio::task::spawn_blocking(move || pack(pieces, recipe, draft));
        Self { pieces: Some(to), gathered: BytesMut::new(), thread, abort }
    }

    async fn send(&mut self, mut bytes: Bytes) -> Result<(), Failure> {
        while !bytes.is_empty() {
            let piece = bytes.split_to(bytes.len().min(PIECE));
            self.pass(Piece::Bytes(piece)).await?;
        }
        Ok(())
    }

    async fn pass(&mut self, piece: Piece) -> Result<(), Failure> {
        let Some(pieces) = &self.pieces else { return Err(ended()) };
        if pieces.send(piece).await.is_ok() {
            return Ok(());
        }
        self.pieces = None;
        self.outcome().await.and(Err(ended()))
    }

    async fn flush(&mut self) -> Result<(), Failure> {
        let gathered = self.gathered.split().freeze();
        self.send(gathered).await
    }

    async fn outcome(&mut self) -> Result<FileFacts, Failure> {
        (&mut self.thread).await.map_err(|e| Failure::new(FailureKind::Bug, e.to_string()))?
    }
}

impl FileSink for Pack {
    fn write(&mut self, bytes: Bytes) -> Promise<'_, ()> {
        async move {
            if bytes.len() >= PIECE / 4 {
                self.flush().await?;
                return self.send(bytes).await;
            }
            self.gathered.extend_from_slice(&bytes);
            if self.gathered.len() >= PIECE / 4 { self.flush().await } else { Ok(()) }
        }
        .boxed()
    }

    fn finish(mut self: Box<Self>) -> Promise<'static, FileFacts> {
        async move {
            self.flush().await?;
            self.pass(Piece::End).await?;
            self.outcome().await
        }
        .boxed()
    }
}

/// A thread that waits for a server does not see that nobody will finish the file. What is finished has nothing to abort.
impl Drop for Pack {
    fn drop(&mut self) {
        self.abort.take().inspect(AbortHandle::abort);
    }
}

fn ended() -> Failure {
    Failure::new(FailureKind::Bug, "the file was given more after its end")
}

/// The thread. Without an end nothing is finished.
fn pack(mut pieces: mpsc::Receiver<Piece>, recipe: Recipe, draft: Box<dyn Draft>) -> Result<FileFacts, Failure> {
    let mut packed = Packed::new(Cover::new(Tally::new(draft), &recipe.recipients)?, recipe.compression)?;
    let mut plain_bytes = 0;
    loop {
        match pieces.blocking_recv() {
            Some(Piece::Bytes(bytes)) => {
                plain_bytes += bytes.len() as u64;
                packed.write_all(&bytes)?;
            }
            Some(Piece::End) => break,
            None => return Err(Failure::new(FailureKind::Cancelled, format!("{} was not finished", recipe.name))),
        }
    }
    let tally = packed.finish()?.finish()?;
    let facts = FileFacts {
        encrypted: !recipe.recipients.is_empty(),
        name: recipe.name,
        role: recipe.role,
        compression: recipe.compression,
        bytes: tally.bytes,
        sha256: hex(&tally.whole.finalize()),
        blocks: tally.blocks.finish(),
        plain_bytes,
    };
    tally.draft.finish()?;
    Ok(facts)
}

/// Compression, of three sorts.
enum Packed {
    None(Cover),
    Zstd(zstd::Encoder<'static, Cover>),
    Gzip(GzEncoder<Cover>),
}

impl Packed {
    fn new(to: Cover, compression: Compression) -> io::Result<Self> {
        Ok(match compression {
            Compression::None => Self::None(to),
            Compression::Zstd => Self::Zstd(zstd(to)?),
            Compression::Gzip => Self::Gzip(GzEncoder::new(to, flate2::Compression::default())),
        })
    }

    fn finish(self) -> io::Result<Cover> {
        match self {
            Self::None(to) => Ok(to),
            Self::Zstd(encoder) => encoder.finish(),
            Self::Gzip(encoder) => encoder.finish(),
        }
    }
}

/// As many workers as the host has cores: they, not this thread, compress.
fn zstd(to: Cover) -> io::Result<zstd::Encoder<'static, Cover>> {
    use zstd::zstd_safe::CParameter;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut encoder = zstd::Encoder::new(to, LEVEL)?;
    encoder.include_checksum(true)?;
    encoder.multithread(cores.min(WORKERS) as u32)?;
    encoder.set_parameter(CParameter::JobSize(JOB))?;
    Ok(encoder)
}

impl Write for Packed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::None(to) => to.write(bytes),
            Self::Zstd(encoder) => encoder.write(bytes),
            Self::Gzip(encoder) => encoder.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Encryption, where there is somebody to encrypt to.
enum Cover {
    Open(Tally),
    Age(StreamWriter<Tally>),
}

impl Cover {
    fn new(to: Tally, recipients: &[Recipient]) -> Result<Self, Failure> {
        if recipients.is_empty() {
            return Ok(Self::Open(to));
        }
        let recipients = recipients.iter().map(|one| one as &dyn age::Recipient);
        let encryptor = Encryptor::with_recipients(recipients).map_err(|e| Failure::new(FailureKind::Config, e.to_string()))?;
        Ok(Self::Age(encryptor.wrap_output(to)?))
    }

    fn finish(self) -> io::Result<Tally> {
        match self {
            Self::Open(to) => Ok(to),
            Self::Age(stream) => stream.finish(),
        }
    }
}

impl Write for Cover {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Open(to) => to.write(bytes),
            Self::Age(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What goes to the store, counted and hashed.
struct Tally {
    draft: Box<dyn Draft>,
    bytes: u64,
    whole: Sha256,
    blocks: Blocks,
}

impl Tally {
    fn new(draft: Box<dyn Draft>) -> Self {
        Self { draft, bytes: 0, whole: Sha256::new(), blocks: Blocks::default() }
    }
}

impl Write for Tally {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.draft.write(bytes)?;
        let bytes = &bytes[..written];
        self.bytes += written as u64;
        self.whole.update(bytes);
        self.blocks.update(bytes);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.draft.flush()
    }
}
