//! One object on its way up, in parts.
//!
//! Memory: a part is gathered while [`AT_ONCE`] are under way. Parts grow with their number, so that 170 GB fit into the ten
//! thousand that S3 takes and most files never need more than the smallest. They are gathered from pieces, because the allocator
//! gives those out again and again.

use std::io::{self, Write};
use std::mem;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use object_store::multipart::{MultipartStore, PartId};
use object_store::path::Path;
use object_store::{ObjectStoreExt, PutPayload};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};
use tokio::task::{AbortHandle, JoinSet};

use crate::adapters::repository::bucket::Bucket;
use crate::adapters::repository::store::{Draft, Store};
use crate::domain::failure::{Failure, FailureKind};

/// How many parts are under way.
const AT_ONCE: usize = 2;
/// What parts are gathered from; the size of each is a multiple of it.
const PIECE: usize = 256 << 10;
/// How many pieces wait to be gathered.
const WAITING: usize = 4;
/// How many parts S3 takes.
const MOST: usize = 10_000;
/// How long parts that are under way may take to arrive before their upload is aborted.
const LANDING: Duration = Duration::from_secs(2);

/// The size of the part of a number.
fn size(number: usize) -> usize {
    match number {
        0..4_000 => 8 << 20,
        4_000..7_000 => 16 << 20,
        _ => 32 << 20,
    }
}

enum Sent {
    Piece(Bytes),
    End,
}

/// The thread's end of an upload; a task does the rest.
pub struct Growing {
    piece: BytesMut,
    pieces: mpsc::Sender<Sent>,
    outcome: Option<oneshot::Receiver<Result<(), Failure>>>,
    task: AbortHandle,
}

impl Growing {
    /// Starts the task.
    pub fn new(bucket: Bucket, key: String, path: Path) -> Self {
        let (pieces, sent) = mpsc::channel(WAITING);
        let (done, outcome) = oneshot::channel();
        let task = tokio::spawn(async move {
            // Where nobody waits any more, nobody is to be told.
            let _ = done.send(upload(&bucket, &key, &path, sent).await);
        });
        Self { piece: BytesMut::new(), pieces, outcome: Some(outcome), task: task.abort_handle() }
    }

    /// What became of the upload, once it takes no more.
    fn ended(&mut self) -> Result<(), Failure> {
        let outcome = self.outcome.take().and_then(|outcome| outcome.blocking_recv().ok());
        outcome.unwrap_or_else(|| Err(Failure::new(FailureKind::Cancelled, "the upload was broken off")))
    }

    fn send(&mut self, sent: Sent) -> Result<(), Failure> {
        if self.pieces.blocking_send(sent).is_ok() {
            return Ok(());
        }
        self.ended().and_then(|()| Err(Failure::new(FailureKind::Bug, "the upload ended too early")))
    }

    fn pass(&mut self) -> Result<(), Failure> {
        let piece = self.piece.split().freeze();
        self.send(Sent::Piece(piece))
    }
}

impl Write for Growing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.piece.is_empty() {
            self.piece.reserve(PIECE);
        }
        let some = bytes.len().min(PIECE - self.piece.len());
        self.piece.extend_from_slice(&bytes[..some]);
        if self.piece.len() == PIECE {
            self.pass().map_err(io::Error::other)?;
        }
        Ok(some)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Draft for Growing {
    fn finish(mut self: Box<Self>) -> Result<(), Failure> {
        self.pass()?;
        self.send(Sent::End)?;
        self.ended()
    }

    fn abort(&self) -> Option<AbortHandle> {
        Some(self.task.clone())
    }
}

/// Takes pieces until the end. What fits into one part is put at once.
async fn upload(bucket: &Bucket, key: &str, path: &Path, mut sent: mpsc::Receiver<Sent>) -> Result<(), Failure> {
    let (first, is_all) = gather(&mut sent, 0).await.ok_or_else(|| unfinished(bucket, key))?;
    if is_all {
        return bucket.large.put(path, first).await.map(|_| ()).map_err(|e| bucket.failure(key, &e));
    }
    let mut upload = Upload::begin(bucket, key, path).await?;
    upload.put(first).await?;
    for number in 1..MOST {
        let (part, is_all) = gather(&mut sent, number).await.ok_or_else(|| unfinished(bucket, key))?;
        if part.content_length() > 0 {
            upload.put(part).await?;
        }
        if is_all {
            return upload.complete().await;
        }
    }
    let what = format!("{}: it is larger than the {MOST} parts that S3 takes: 170 GB", bucket.told(key));
    Err(Failure::new(FailureKind::Refused, what))
}

/// The part of a number, and whether it is the last; none where the file is not finished.
async fn gather(sent: &mut mpsc::Receiver<Sent>, number: usize) -> Option<(PutPayload, bool)> {
    let (mut part, mut bytes) = (Vec::new(), 0);
    while bytes < size(number) {
        match sent.recv().await? {
            Sent::End => return Some((part.into_iter().collect(), true)),
            Sent::Piece(piece) => {
                bytes += piece.len();
                part.push(piece);
            }
        }
    }
    Some((part.into_iter().collect(), false))
}

fn unfinished(bucket: &Bucket, key: &str) -> Failure {
    Failure::new(FailureKind::Cancelled, format!("{} was not finished", bucket.told(key)))
}

/// A multipart upload that the server knows. Dropped before it is complete, it is aborted as far as that can be helped.
struct Upload<'a> {
    bucket: &'a Bucket,
    key: &'a str,
    path: &'a Path,
    id: String,
    bytes: u64,
    parts: Vec<Option<PartId>>,
    under_way: JoinSet<object_store::Result<(usize, PartId)>>,
    open: bool,
}

impl<'a> Upload<'a> {
    async fn begin(bucket: &'a Bucket, key: &'a str, path: &'a Path) -> Result<Self, Failure> {
        let id = bucket.small.create_multipart(path).await.map_err(|e| bucket.failure(key, &e))?;
        Ok(Self { bucket, key, path, id, bytes: 0, parts: Vec::new(), under_way: JoinSet::new(), open: true })
    }

    /// Sends a part on its way, once there is room for it.
    async fn put(&mut self, part: PutPayload) -> Result<(), Failure> {
        while self.under_way.len() >= AT_ONCE {
            self.land().await?;
        }
        let number = self.parts.len();
        self.parts.push(None);
        self.bytes += part.content_length() as u64;
        let (s3, path, id) = (self.bucket.large.clone(), self.path.clone(), self.id.clone());
        self.under_way.spawn(async move { Ok((number, s3.put_part(&path, &id, number, part).await?)) });
        Ok(())
    }

    /// Waits for one part to arrive.
    async fn land(&mut self) -> Result<(), Failure> {
        let Some(landed) = self.under_way.join_next().await else { return Ok(()) };
        let landed = landed.map_err(|e| Failure::new(FailureKind::Bug, e.to_string()))?;
        let (number, part) = landed.map_err(|e| self.bucket.failure(self.key, &e))?;
        self.parts[number] = Some(part);
        Ok(())
    }

    /// Whether it is complete is asked of the server: the answer to the request itself may be lost.
    async fn complete(mut self) -> Result<(), Failure> {
        while !self.under_way.is_empty() {
            self.land().await?;
        }
        let parts = mem::take(&mut self.parts).into_iter().flatten().collect();
        let completed = self.bucket.large.complete_multipart(self.path, &self.id, parts).await;
        let there = self.bucket.size(self.key).await;
        match (completed, there) {
            (_, Ok(Some(bytes))) if bytes == self.bytes => {
                self.open = false;
                Ok(())
            }
            (Err(e), _) => Err(self.bucket.failure(self.key, &e)),
            (Ok(_), Err(failure)) => Err(failure),
            (Ok(_), Ok(there)) => {
                let what =
                    format!("{}: the server has {} of {} bytes", self.bucket.told(self.key), there.unwrap_or(0), self.bytes);
                Err(Failure::new(FailureKind::Damaged, what))
            }
        }
    }
}

impl Drop for Upload<'_> {
    fn drop(&mut self) {
        let (true, Ok(runtime)) = (self.open, Handle::try_current()) else { return };
        let (s3, path, id) = (self.bucket.small.clone(), self.path.clone(), mem::take(&mut self.id));
        let mut under_way = mem::take(&mut self.under_way);
        runtime.spawn(async move {
            // A part that arrives after the abort would stay there for good.
            let landed = async { while under_way.join_next().await.is_some() {} };
            _ = tokio::time::timeout(LANDING, landed).await;
            under_way.shutdown().await;
            if let Err(e) = s3.abort_multipart(&path, &id).await {
                tracing::warn!("the upload {id} to {path} could not be aborted: {e}");
            }
        });
    }
}
