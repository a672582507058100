//! Reading a file of a backup: each block is verified before anything looks at it, then decrypted and decompressed, on a
//! thread of its own.

use std::collections::VecDeque;
use std::io::{self, BufReader, Read};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use age::Decryptor;
use age::stream::StreamReader;
use age::x25519::Identity;
use bytes::{Buf, Bytes};
use flate2::bufread::MultiGzDecoder;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use sha2::{Digest, Sha256};
use tokio::io::{AsyncRead, ReadBuf};
use tokio::runtime::Handle;
use tokio::sync::mpsc;

use crate::adapters::repository::blocks::{short, span};
use crate::domain::backup::{BLOCK, Compression, FileFacts};
use crate::domain::failure::{Failure, FailureKind};

/// How many pieces wait to be read.
const WAITING: usize = 8;
/// Their size.
const PIECE: usize = 256 << 10;

/// What is read, and how people call it.
pub struct Packed {
    /// What it was when it was written.
    pub facts: FileFacts,
    /// Its path or address.
    pub told: String,
    /// What lies there, in pieces of which so many are a block.
    pub stored: BoxStream<'static, Result<Bytes, Failure>>,
    /// What opens it, where it is encrypted.
    pub identities: Vec<Identity>,
}

/// What a tool wrote, as it wrote it. Its errors carry a [`Failure`]; it ends only where all of it was right.
pub struct Unpacked {
    pieces: mpsc::Receiver<Result<Bytes, Failure>>,
    piece: Bytes,
    ended: bool,
}

impl Unpacked {
    /// Starts the thread.
    pub fn new(packed: Packed) -> Self {
        let (to, pieces) = mpsc::channel(WAITING);
        let handle = Handle::current();
        tokio::task::spawn_blocking(move || {
            // Nobody reads any more: nobody is to be told.
            let told = unpack(packed, &handle, &to).map(|()| Bytes::new());
            let _ = to.blocking_send(told);
        });
        Self { pieces, piece: Bytes::new(), ended: false }
    }
}

impl AsyncRead for Unpacked {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.piece.is_empty() && !self.ended {
            match ready!(self.pieces.poll_recv(cx)) {
                Some(Ok(piece)) if piece.is_empty() => self.ended = true,
                Some(Ok(piece)) => self.piece = piece,
                Some(Err(failure)) => return Poll::Ready(Err(io::Error::other(failure))),
                None => return Poll::Ready(Err(io::Error::other("reading was broken off"))),
            }
        }
        let some = self.piece.len().min(into.remaining());
        into.put_slice(&self.piece[..some]);
        self.piece.advance(some);
        Poll::Ready(Ok(()))
    }
}

fn unpack(packed: Packed, handle: &Handle, to: &mpsc::Sender<Result<Bytes, Failure>>) -> Result<(), Failure> {
    let Packed { facts, told, stored, identities } = packed;
    let stored = Stored {
        facts: facts.clone(),
        told: told.clone(),
        pieces: stored,
        handle: handle.clone(),
        block: VecDeque::new(),
        next: 0,
    };
    let mut plain = decompress(uncover(stored, &identities)?, facts.compression)?;
    let mut bytes = 0;
    loop {
        let mut piece = vec![0; PIECE];
        let some = fill(&mut *plain, &mut piece).map_err(|e| explain(&told, e))?;
        if some == 0 {
            break;
        }
        piece.truncate(some);
        bytes += some as u64;
        if to.blocking_send(Ok(piece.into())).is_err() {
            return Ok(());
        }
    }
    if bytes == facts.plain_bytes {
        return Ok(());
    }
    let what =
        format!("{told}: holds {bytes} bytes, not the {} that were saved, though it lies there as written", facts.plain_bytes);
    Err(Failure::new(FailureKind::Damaged, what))
}

fn fill(from: &mut dyn Read, into: &mut [u8]) -> io::Result<usize> {
    let mut full = 0;
    while full < into.len() {
        match from.read(&mut into[full..]) {
            Ok(0) => break,
            Ok(some) => full += some,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(full)
}

/// What a decoder says of bytes that are as they were written.
fn explain(told: &str, error: io::Error) -> Failure {
    error.downcast().unwrap_or_else(|e| Failure::new(FailureKind::Damaged, format!("{told}: {e}")))
}

fn decompress(from: Uncovered, compression: Compression) -> Result<Box<dyn Read>, Failure> {
    Ok(match compression {
        Compression::None => Box::new(from),
        Compression::Zstd => Box::new(zstd::Decoder::new(from)?),
        Compression::Gzip => Box::new(MultiGzDecoder::new(BufReader::with_capacity(PIECE, from))),
    })
}

enum Uncovered {
    Open(Box<Stored>),
    Age(Box<StreamReader<Stored>>),
}

fn uncover(stored: Stored, identities: &[Identity]) -> Result<Uncovered, Failure> {
    if !stored.facts.encrypted {
        return Ok(Uncovered::Open(Box::new(stored)));
    }
    let told = stored.told.clone();
    let opened = Decryptor::new(stored).and_then(|age| age.decrypt(identities.iter().map(|one| one as &dyn age::Identity)));
    opened.map(|stream| Uncovered::Age(Box::new(stream))).map_err(|error| match error {
        age::DecryptError::Io(e) => explain(&told, e),
        age::DecryptError::NoMatchingKeys => {
            Failure::new(FailureKind::Denied, format!("{told}: it is encrypted, and not to the repository's identity"))
                .mend("set identity to the age identity that its recipients belong to")
        }
        e => Failure::new(FailureKind::Damaged, format!("{told}: {e}")),
    })
}

impl Read for Uncovered {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Open(from) => from.read(into),
            Self::Age(from) => from.read(into),
        }
    }
}

/// Verified blocks.
struct Stored {
    facts: FileFacts,
    told: String,
    pieces: BoxStream<'static, Result<Bytes, Failure>>,
    handle: Handle,
    /// What is left of the block that is read.
    block: VecDeque<Bytes>,
    next: usize,
}

impl Stored {
    /// The next block, all of it; nothing at the end.
    fn fetch(&mut self) -> Result<(), Failure> {
        let (mut hash, mut bytes) = (Sha256::new(), 0);
        while bytes < BLOCK
            && let Some(piece) = self.handle.block_on(self.pieces.next()).transpose()?
        {
            hash.update(&piece);
            bytes += piece.len() as u64;
            self.block.push_back(piece);
        }
        if bytes > 0 && self.facts.blocks.get(self.next) != Some(&short(hash)) {
            let span = span(self.next, self.next, self.facts.bytes);
            return Err(Failure::new(FailureKind::Damaged, format!("{}: {span} changed since the backup", self.told)));
        }
        self.next += 1;
        Ok(())
    }
}

impl Read for Stored {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.block.is_empty() {
            self.fetch().map_err(io::Error::other)?;
        }
        let Some(piece) = self.block.front_mut() else { return Ok(0) };
        let some = piece.len().min(into.len());
        piece.copy_to_slice(&mut into[..some]);
        if piece.is_empty() {
            self.block.pop_front();
        }
        Ok(some)
    }
}
