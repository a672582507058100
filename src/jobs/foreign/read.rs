//! Reads a file of a trove: as its tool wrote it, decompressed, and all of it once to hash it. Whether a file is compressed is told
//! from its first bytes, not from its name.

use std::io::{self, Write as _};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes};
use flate2::write::MultiGzDecoder;
use futures_util::future::BoxFuture;
use md5::Md5;
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncRead, ReadBuf};

use crate::domain::backup::{BLOCK, Compression, FileFacts};
use crate::domain::failure::Failure;
use crate::ports::repository::Plain;
use crate::ports::trove::{Listed, Trove};

/// How much is read at a time.
const CHUNK: u64 = 1 << 20;
/// How much of a file's beginning is kept.
pub const HEAD: usize = 64 << 10;

/// Decompresses what it is fed.
#[derive(Default)]
enum Unpacker {
    #[default]
    Begins,
    Plain,
    Gzip(Box<MultiGzDecoder<Vec<u8>>>),
}

impl Unpacker {
    fn feed(&mut self, bytes: Bytes) -> io::Result<Bytes> {
        if let Self::Begins = self {
            let is_gzip = bytes.starts_with(&[0x1f, 0x8b]);
            *self = if is_gzip { Self::Gzip(Box::new(MultiGzDecoder::new(Vec::new()))) } else { Self::Plain };
        }
        match self {
            Self::Begins | Self::Plain => Ok(bytes),
            Self::Gzip(decoder) => {
                decoder.write_all(&bytes)?;
                Ok(std::mem::take(decoder.get_mut()).into())
            }
        }
    }

    /// Fails where the compressed stream does not end here.
    fn end(&mut self) -> io::Result<Bytes> {
        match self {
            Self::Begins | Self::Plain => Ok(Bytes::new()),
            Self::Gzip(decoder) => {
                decoder.try_finish()?;
                Ok(std::mem::take(decoder.get_mut()).into())
            }
        }
    }

    fn compression(&self) -> Compression {
        match self {
            Self::Begins | Self::Plain => Compression::None,
            Self::Gzip(_) => Compression::Gzip,
        }
    }
}

/// The first bytes of a file, decompressed as far as they can be.
pub async fn head(trove: &dyn Trove, file: &Listed) -> Result<Bytes, Failure> {
    let bytes = trove.read(&file.path, 0..file.bytes.min(HEAD as u64)).await?;
    let mut unpacker = Unpacker::default();
    Ok(unpacker.feed(bytes).unwrap_or_default())
}

/// Opens a file as its tool wrote it.
pub fn open(trove: Arc<dyn Trove>, file: &Listed) -> Plain {
    Box::new(Reader::new(trove, file, Unpacker::default()))
}

/// Opens a file as it lies there.
pub fn raw(trove: Arc<dyn Trove>, file: &Listed) -> Plain {
    Box::new(Reader::new(trove, file, Unpacker::Plain))
}

struct Reader {
    trove: Arc<dyn Trove>,
    path: String,
    at: u64,
    bytes: u64,
    pending: Option<BoxFuture<'static, Result<Bytes, Failure>>>,
    unpacker: Unpacker,
    ready: Bytes,
    is_over: bool,
}

impl Reader {
    fn new(trove: Arc<dyn Trove>, file: &Listed, unpacker: Unpacker) -> Self {
        let (path, bytes) = (file.path.clone(), file.bytes);
        Self { trove, path, at: 0, bytes, pending: None, unpacker, ready: Bytes::new(), is_over: false }
    }

    fn ask(&mut self) -> &mut BoxFuture<'static, Result<Bytes, Failure>> {
        let (trove, path) = (self.trove.clone(), self.path.clone());
        let range = self.at..self.bytes.min(self.at + CHUNK);
        self.pending.get_or_insert_with(|| Box::pin(async move { trove.read(&path, range).await }))
    }
}

impl AsyncRead for Reader {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        while self.ready.is_empty() && !self.is_over {
            if self.at >= self.bytes {
                self.is_over = true;
                self.ready = self.unpacker.end()?;
                continue;
            }
            let read = ready!(self.ask().as_mut().poll(cx));
            self.pending = None;
            let bytes = read.map_err(io::Error::other)?;
            if bytes.is_empty() {
                return Poll::Ready(Err(io::Error::other(format!("{} has become shorter", self.trove.told(&self.path)))));
            }
            self.at += bytes.len() as u64;
            self.ready = self.unpacker.feed(bytes)?;
        }
        let some = self.ready.len().min(buf.remaining());
        buf.put_slice(&self.ready[..some]);
        self.ready.advance(some);
        Poll::Ready(Ok(()))
    }
}

/// What was found when all of a file was read.
#[derive(Clone, Debug, Default)]
pub struct Whole {
    /// How it begins, decompressed.
    pub head: Vec<u8>,
    /// MD5 as it lies there, and decompressed.
    pub md5: [String; 2],
    /// Why it could not be decompressed to its end.
    pub cut: Option<String>,
    sha256: [String; 2],
    bytes: [u64; 2],
    blocks: Vec<String>,
    compression: Option<Compression>,
}

/// Hashes of the same bytes.
#[derive(Default)]
struct Sums {
    md5: Md5,
    sha256: Sha256,
    bytes: u64,
}

impl Sums {
    fn add(&mut self, bytes: &[u8]) {
        self.md5.update(bytes);
        self.sha256.update(bytes);
        self.bytes += bytes.len() as u64;
    }
}

/// The hash of each block.
#[derive(Default)]
struct Blocks {
    done: Vec<String>,
    hash: Sha256,
    filled: u64,
}

impl Blocks {
    fn add(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let some = bytes.len().min((BLOCK - self.filled) as usize);
            self.hash.update(&bytes[..some]);
            self.filled += some as u64;
            bytes = &bytes[some..];
            if self.filled == BLOCK {
                self.end();
            }
        }
    }

    fn end(&mut self) {
        let mut hex = hex(&std::mem::take(&mut self.hash).finalize());
        hex.truncate(16);
        self.done.push(hex);
        self.filled = 0;
    }
}

/// Reads all of a file; hands what its tool wrote to `each`, with how many bytes of the file it took.
pub async fn whole(trove: &dyn Trove, file: &Listed, mut each: impl FnMut(&[u8], u64)) -> Result<Whole, Failure> {
    let (mut lies, mut plain, mut blocks, mut unpacker) =
        (Sums::default(), Sums::default(), Blocks::default(), Unpacker::default());
    let mut found = Whole::default();
    while lies.bytes < file.bytes {
        let bytes = trove.read(&file.path, lies.bytes..file.bytes.min(lies.bytes + CHUNK)).await?;
        if bytes.is_empty() {
            break;
        }
        lies.add(&bytes);
        blocks.add(&bytes);
        if found.cut.is_none() {
            let fed = bytes.len() as u64;
            found.take(unpacker.feed(bytes), fed, &mut plain, &mut each);
        }
    }
    if blocks.filled > 0 {
        blocks.end();
    }
    if found.cut.is_none() {
        found.take(unpacker.end(), 0, &mut plain, &mut each);
    }
    found.compression = Some(unpacker.compression());
    (found.bytes, found.blocks) = ([lies.bytes, plain.bytes], blocks.done);
    found.md5 = [hex(&lies.md5.finalize()), hex(&plain.md5.finalize())];
    found.sha256 = [hex(&lies.sha256.finalize()), hex(&plain.sha256.finalize())];
    Ok(found)
}

impl Whole {
    fn take(&mut self, unpacked: io::Result<Bytes>, fed: u64, plain: &mut Sums, each: &mut impl FnMut(&[u8], u64)) {
        match unpacked {
            Ok(bytes) => {
                plain.add(&bytes);
                let room = HEAD.saturating_sub(self.head.len());
                self.head.extend_from_slice(&bytes[..bytes.len().min(room)]);
                each(&bytes, fed);
            }
            Err(why) => self.cut = Some(format!("gzip cannot be read after {} bytes of it were unpacked: {why}", plain.bytes)),
        }
    }

    /// Its size as it lies there, and decompressed.
    pub fn sizes(&self) -> [u64; 2] {
        self.bytes
    }

    /// SHA-256 as it lies there, and decompressed.
    pub fn sha256(&self) -> &[String; 2] {
        &self.sha256
    }

    /// As a manifest names it.
    pub fn facts(&self, name: String, role: &str) -> FileFacts {
        let (sha256, [bytes, plain_bytes]) = (self.sha256[0].clone(), self.bytes);
        let (compression, blocks) = (self.compression.unwrap_or(Compression::None), self.blocks.clone());
        let (role, encrypted) = (role.to_owned(), false);
        FileFacts { name, role, compression, encrypted, bytes, sha256, blocks, plain_bytes }
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing to a string cannot fail.
        _ = write!(text, "{byte:02x}");
        text
    })
}

/// Whether a checksum's file, as `md5sum` and `sha256sum` write it, names one of these hashes. None where it names no hash.
pub fn confirms(sidecar: &str, whole: &Whole) -> Option<bool> {
    let is_hash = |word: &&str| [32, 64].contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let named = sidecar.split(|c: char| c.is_whitespace() || c == '\\').find(is_hash)?.to_ascii_lowercase();
    Some(whole.md5.contains(&named) || whole.sha256.contains(&named))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::ops::Range;

    use flate2::write::GzEncoder;
    use tokio::io::AsyncReadExt as _;

    use super::*;
    use crate::ports::Promise;

    /// One file of these bytes.
    struct One(Vec<u8>);

    impl Trove for One {
        fn list(&self) -> Promise<'_, Vec<Listed>> {
            unreachable!()
        }

        fn read<'a>(&'a self, _: &'a str, range: Range<u64>) -> Promise<'a, Bytes> {
            let part = Bytes::copy_from_slice(&self.0[range.start as usize..range.end as usize]);
            Box::pin(async { Ok(part) })
        }

        fn told(&self, path: &str) -> String {
            path.to_owned()
        }
    }

    fn gz(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn noise(bytes: usize) -> Vec<u8> {
        let mut state = 7u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) as u8
        };
        (0..bytes).map(|_| next()).collect()
    }

    async fn plain(bytes: Vec<u8>) -> io::Result<Vec<u8>> {
        let file = Listed { path: "x".to_owned(), bytes: bytes.len() as u64, modified: None };
        let mut all = Vec::new();
        open(Arc::new(One(bytes)), &file).read_to_end(&mut all).await.map(|_| all)
    }

    async fn read(bytes: Vec<u8>) -> Whole {
        let file = Listed { path: "x".to_owned(), bytes: bytes.len() as u64, modified: None };
        whole(&One(bytes), &file, |_, _| {}).await.unwrap()
    }

    #[tokio::test]
    async fn a_file_is_read_as_its_tool_wrote_it_whatever_it_is_called() {
        let data = noise(3 << 20);
        assert_eq!(plain(data.clone()).await.unwrap(), data);
        assert_eq!(plain(gz(&data)).await.unwrap(), data);
        let twice = [gz(b"one"), gz(b"two")].concat();
        assert_eq!(plain(twice).await.unwrap(), b"onetwo", "two streams one after the other are one file");
        assert_eq!(plain(Vec::new()).await.unwrap(), b"");
    }

    #[tokio::test]
    async fn gzip_that_is_cut_anywhere_is_found() {
        let packed = gz(&noise(100_000));
        for end in (2..packed.len()).step_by(997).chain([packed.len() - 1]) {
            assert!(plain(packed[..end].to_vec()).await.is_err(), "cut at {end}");
            assert!(read(packed[..end].to_vec()).await.cut.is_some(), "cut at {end}");
        }
        let mut flipped = packed.clone();
        flipped[packed.len() / 2] ^= 1;
        assert!(read(flipped).await.cut.is_some(), "its own checksum is wrong");
        assert!(read(packed).await.cut.is_none());
    }

    #[tokio::test]
    async fn facts_are_of_the_file_as_it_lies_there_and_checksums_of_either_are_taken() {
        let data = b"SELECT 1;\n";
        let found = read(gz(data)).await;
        let facts = found.facts("/b/x.sql.gz".to_owned(), "script");
        assert_eq!((facts.compression, facts.plain_bytes, facts.blocks.len()), (Compression::Gzip, 10, 1));
        let md5 = "27bf8b5e7ff5b47f1d8d1c6a7e5d1b1c";
        assert_eq!(confirms(&format!("{md5}  x.sql.gz\n"), &found), Some(false));
        assert_eq!(confirms(&format!("{}  x.sql.gz\n", found.md5[0]), &found), Some(true));
        assert_eq!(confirms(&format!("{} *x.sql\n", found.md5[1].to_uppercase()), &found), Some(true));
        assert_eq!(confirms(&facts.sha256, &found), Some(true));
        assert_eq!(confirms("no hash\n", &found), None);
    }
}
