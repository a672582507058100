//! Bodies: read in chunks up to a limit, decoded off the event loop.
//!
//! A small body is read whole and decoded from memory. A large one is never held: its chunks flow through a short channel into a
//! decoder on a thread of its own, and only what the decoder keeps stays.

use std::io::{self, BufReader, Read};
use std::marker::PhantomData;
use std::time::Duration;

use bytes::Bytes;
use reqwest::{Response, StatusCode};
use serde::Deserializer;
use serde::de::DeserializeOwned;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;
use tokio::time::Instant;

use super::budget::{Budget, SMALL};
use super::link::{Link, Reading};
use super::words;
use crate::domain::fault::{Fault, FaultKind};

/// What is decoded at once: less work than handing it to a thread.
const TINY: usize = 64 << 10;
/// What is read at once of a body that comes in.
const PIECE: usize = 16 << 10;
/// Chunks between the socket and the decoder.
const IN_FLIGHT: usize = 4;
/// The longest string in an answer; the decoder would hold it whole.
const LONGEST_STRING: usize = 1 << 20;

/// How an answer becomes a value.
pub(crate) trait Decode: Sized + Send + 'static {
    /// The value.
    type Out: Send + 'static;
    /// The most that is read of its answers, in bytes.
    const LARGEST: usize;
    /// The most that is kept of a large one, in bytes.
    const KEPT: usize;
    /// Decodes the one JSON value of the body.
    fn decode<'de, D: Deserializer<'de>>(self, from: D) -> Result<Self::Out, D::Error>;
    /// The same while the body comes in, for who knows a shorter way.
    fn stream(self, from: impl Read) -> serde_json::Result<Self::Out> {
        json(from, |from| self.decode(from))
    }
}

type Reader<R> = serde_json::Deserializer<serde_json::de::IoRead<BufReader<R>>>;

/// The one JSON value that can be read there, and nothing behind it.
pub(crate) fn json<R: Read, T>(from: R, decode: impl FnOnce(&mut Reader<R>) -> serde_json::Result<T>) -> serde_json::Result<T> {
    let mut from = serde_json::Deserializer::from_reader(BufReader::with_capacity(PIECE, from));
    let value = decode(&mut from)?;
    from.end().map(|()| value)
}

/// Any owned value. It has no limits of its own, so less of its answers is read.
pub(crate) struct Typed<T>(PhantomData<fn() -> T>);

impl<T> Typed<T> {
    pub fn new() -> Self {
        Self(PhantomData)
    }
}

impl<T: DeserializeOwned + Send + 'static> Decode for Typed<T> {
    type Out = T;
    const LARGEST: usize = 16 << 20;
    const KEPT: usize = 32 << 20;

    fn decode<'de, D: Deserializer<'de>>(self, from: D) -> Result<T, D::Error> {
        T::deserialize(from)
    }
}

/// A body on its way in.
pub(super) struct Body<'a> {
    response: Response,
    tried: &'a str,
    deadline: Instant,
    pause: Duration,
    limit: usize,
    read: usize,
    link: &'a Link,
    reading: Reading,
}

/// However reading it ended, it tells how fast the link is.
impl Drop for Body<'_> {
    fn drop(&mut self) {
        self.link.learn(self.reading);
    }
}

impl<'a> Body<'a> {
    pub fn new(
        response: Response,
        tried: &'a str,
        deadline: Instant,
        pause: Duration,
        (link, reading): (&'a Link, Reading),
    ) -> Self {
        Self { response, tried, deadline, pause, limit: usize::MAX, read: 0, link, reading }
    }

    pub fn status(&self) -> StatusCode {
        self.response.status()
    }

    /// Sets the most that is read; an answer that announces more is refused at once.
    pub fn limit(&mut self, bytes: usize) -> Result<(), Fault> {
        self.limit = bytes;
        match self.response.content_length() {
            Some(length) if length > bytes as u64 => Err(self.too_large(&format!("{} MiB announced", length >> 20))),
            _ => Ok(()),
        }
    }

    /// As much of the beginning as comes, up to `most` bytes.
    pub async fn beginning(&mut self, most: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        while let Ok(Some(chunk)) = self.next().await {
            bytes.extend_from_slice(&chunk[..chunk.len().min(most - bytes.len())]);
            if bytes.len() == most {
                break;
            }
        }
        bytes
    }

    pub async fn decode<D: Decode>(mut self, decode: D, budget: &Budget) -> Result<D::Out, Fault> {
        let mut bytes = Vec::new();
        while bytes.len() < SMALL {
            match self.next().await? {
                Some(chunk) => bytes.extend_from_slice(&chunk),
                None => return whole(self.tried, bytes, decode).await,
            }
        }
        let room = tokio::time::timeout_at(self.deadline, budget.large(D::KEPT)).await;
        let _room = room.map_err(|_| self.late("other large answers took all the room"))?;
        self.stream(bytes, decode).await
    }

    async fn stream<D: Decode>(mut self, first: Vec<u8>, decode: D) -> Result<D::Out, Fault> {
        let beginning = first[..first.len().min(FIRST_WORDS)].to_vec();
        let (sender, receiver) = mpsc::channel(IN_FLIGHT);
        let decoding = spawn_blocking(move || decode.stream(Chunks::new(first, receiver)));
        // When the decoder has given up it has the better words; nothing more needs to be read.
        while let Some(chunk) = self.next().await? {
            if sender.send(chunk).await.is_err() {
                break;
            }
        }
        drop(sender);
        finished(self.tried, decoding.await, &beginning)
    }

    async fn next(&mut self) -> Result<Option<Bytes>, Fault> {
        let asked = Instant::now();
        let until = self.deadline.min(asked + self.pause);
        let chunk = tokio::time::timeout_at(until, self.response.chunk()).await;
        // How long the first piece took to come tells how long it took to find, not to send.
        if self.read > 0 {
            self.reading.waited += asked.elapsed();
            self.reading.bytes += chunk.as_ref().ok().and_then(|c| c.as_ref().ok()?.as_ref()).map_or(0, Bytes::len);
        }
        let chunk = match chunk {
            Ok(chunk) => chunk.map_err(|e| words::of_transport(self.tried, e))?,
            Err(_) if until < self.deadline => return Err(self.late(&format!("nothing came for {:?}", self.pause))),
            Err(_) => return Err(self.late("not complete in time")),
        };
        self.read += chunk.as_ref().map_or(0, Bytes::len);
        if self.read > self.limit {
            return Err(self.too_large(&format!("more than {} MiB", self.limit >> 20)));
        }
        Ok(chunk)
    }

    fn late(&self, what: &str) -> Fault {
        Fault::new(FaultKind::Timeout, format!("{}: {what}, {} bytes read", self.tried, self.read))
    }

    fn too_large(&self, size: &str) -> Fault {
        Fault::new(FaultKind::TooLarge, format!("{}: {size}, midwatch reads {} MiB", self.tried, self.limit >> 20))
    }
}

/// How much of the beginning is kept for the words of a failure.
const FIRST_WORDS: usize = 4 << 10;

type Decoded<T> = Result<serde_json::Result<T>, tokio::task::JoinError>;

async fn whole<D: Decode>(tried: &str, bytes: Vec<u8>, decode: D) -> Result<D::Out, Fault> {
    let beginning = bytes[..bytes.len().min(FIRST_WORDS)].to_vec();
    let tiny = bytes.len() <= TINY;
    let work = move || {
        let mut from = serde_json::Deserializer::from_slice(&bytes);
        let value = decode.decode(&mut from)?;
        from.end().map(|()| value)
    };
    let decoded = if tiny { Ok(work()) } else { spawn_blocking(work).await };
    finished(tried, decoded, &beginning)
}

fn finished<T>(tried: &str, decoded: Decoded<T>, beginning: &[u8]) -> Result<T, Fault> {
    match decoded {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(words::of_decoding(tried, &error, beginning)),
        Err(panic) => Err(Fault::new(FaultKind::Garbled, format!("{tried}: decoding failed ({panic})"))),
    }
}

/// Chunks as a reader for the decoder's thread. Ends when the sender is dropped.
struct Chunks {
    now: Bytes,
    later: mpsc::Receiver<Bytes>,
    since_quote: usize,
}

impl Chunks {
    fn new(first: Vec<u8>, later: mpsc::Receiver<Bytes>) -> Self {
        Self { now: first.into(), later, since_quote: 0 }
    }

    /// The decoder holds a string whole, so one without an end would fill the memory: it is refused on the way.
    fn take(&mut self, chunk: Bytes) -> io::Result<()> {
        let end = chunk.windows(2).rposition(|pair| pair[0] != b'\\' && pair[1] == b'"');
        self.since_quote = end.map_or(self.since_quote + chunk.len(), |at| chunk.len() - at);
        self.now = chunk;
        if self.since_quote > LONGEST_STRING { Err(io::Error::other("a string without end")) } else { Ok(()) }
    }
}

impl Read for Chunks {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.now.is_empty() {
            match self.later.blocking_recv() {
                Some(chunk) => self.take(chunk)?,
                None => return Ok(0),
            }
        }
        let n = self.now.len().min(into.len());
        into[..n].copy_from_slice(&self.now.split_to(n));
        Ok(n)
    }
}
