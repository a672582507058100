//! One object on its way up, in parts.
//!
//! Memory: a part is filled, one waits, and [`AT_ONCE`] are under way. Parts grow with their number, so that 170 GB fit into the
//! ten thousand that S3 takes and most files never need more than the smallest.

use std::io::{self, Write};
use std::mem;

use bytes::Bytes;
use object_store::multipart::{MultipartStore, PartId};
use object_store::path::Path;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};
use tokio::task::{AbortHandle, JoinSet};

use crate::adapters::repository::bucket::Bucket;
use crate::adapters::repository::store::{Draft, Store};
use crate::domain::failure::{Failure, FailureKind};

/// How many parts are under way.
const AT_ONCE: usize = 2;
/// The sizes of parts, each up to a number.
const SIZES: [(usize, usize); 3] = [(4_000, 8 << 20), (7_000, 16 << 20), (10_000, 32 << 20)];

fn size(number: usize) -> Option<usize> {
    SIZES.iter().find(|(to, _)| number < *to).map(|(_, size)| *size)
}

enum Part {
    Next(Bytes),
    Last(Bytes),
}

/// The thread's end of an upload; a task does the rest.
pub struct Growing {
    part: Vec<u8>,
    number: usize,
    parts: mpsc::Sender<Part>,
    outcome: Option<oneshot::Receiver<Result<(), Failure>>>,
    task: AbortHandle,
}

impl Growing {
    /// Starts the task.
    pub fn new(bucket: Bucket, key: String, path: Path) -> Self {
        let (parts, taken) = mpsc::channel(1);
        let (done, outcome) = oneshot::channel();
        let task = tokio::spawn(async move {
            // Where nobody waits any more, nobody is to be told.
            let _ = done.send(upload(&bucket, &key, &path, taken).await);
        });
        Self { part: Vec::new(), number: 0, parts, outcome: Some(outcome), task: task.abort_handle() }
    }

    /// What became of the upload, once it takes no more.
    fn ended(&mut self) -> Result<(), Failure> {
        let outcome = self.outcome.take().and_then(|outcome| outcome.blocking_recv().ok());
        outcome.unwrap_or_else(|| Err(Failure::new(FailureKind::Cancelled, "the upload was broken off")))
    }

    fn send(&mut self, part: Part) -> Result<(), Failure> {
        if self.parts.blocking_send(part).is_ok() {
            return Ok(());
        }
        self.ended().and_then(|()| Err(Failure::new(FailureKind::Bug, "the upload ended too early")))
    }
}

impl Write for Growing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let size = size(self.number).ok_or_else(|| io::Error::other(too_large()))?;
        let some = bytes.len().min(size - self.part.len());
        self.part.extend_from_slice(&bytes[..some]);
        if self.part.len() == size {
            self.number += 1;
            let part = mem::take(&mut self.part);
            self.send(Part::Next(part.into())).map_err(io::Error::other)?;
        }
        Ok(some)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Draft for Growing {
    fn finish(mut self: Box<Self>) -> Result<(), Failure> {
        let part = mem::take(&mut self.part);
        self.send(Part::Last(part.into()))?;
        self.ended()
    }

    fn abort(&self) -> Option<AbortHandle> {
        Some(self.task.clone())
    }
}

fn too_large() -> Failure {
    Failure::new(FailureKind::Refused, "the file is larger than what fits into the ten thousand parts of an S3 upload: 170 GB")
}

/// Takes parts until the last. What fits into one is put at once.
async fn upload(bucket: &Bucket, key: &str, path: &Path, mut parts: mpsc::Receiver<Part>) -> Result<(), Failure> {
    let first = match parts.recv().await {
        None => return Err(unfinished(bucket, key)),
        Some(Part::Last(only)) => return bucket.write(key, only).await,
        Some(Part::Next(first)) => first,
    };
    let mut upload = Upload::begin(bucket, key, path).await?;
    upload.put(first).await?;
    loop {
        match parts.recv().await {
            None => return Err(unfinished(bucket, key)),
            Some(Part::Next(part)) => upload.put(part).await?,
            Some(Part::Last(part)) => {
                if !part.is_empty() {
                    upload.put(part).await?;
                }
                return upload.complete().await;
            }
        }
    }
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
    async fn put(&mut self, part: Bytes) -> Result<(), Failure> {
        while self.under_way.len() >= AT_ONCE {
            self.land().await?;
        }
        let number = self.parts.len();
        self.parts.push(None);
        self.bytes += part.len() as u64;
        let (s3, path, id) = (self.bucket.large.clone(), self.path.clone(), self.id.clone());
        self.under_way.spawn(async move { Ok((number, s3.put_part(&path, &id, number, part.into()).await?)) });
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
        self.under_way.abort_all();
        runtime.spawn(async move {
            if let Err(e) = s3.abort_multipart(&path, &id).await {
                tracing::warn!("the upload {id} to {path} could not be aborted: {e}");
            }
        });
    }
}
