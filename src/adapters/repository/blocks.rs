//! A stored file as a stream of pieces, and the hashes of its blocks.
//!
//! Pieces are small enough that the allocator gives the same memory out again: with whole blocks a reader held three times what
//! it needed. The next ones are fetched while one is looked at.

use std::mem;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::{self, BoxStream, StreamExt};
use sha2::{Digest, Sha256};

use crate::adapters::repository::seal::hex;
use crate::adapters::repository::store::Store;
use crate::domain::backup::BLOCK;
use crate::domain::failure::{Failure, FailureKind};

/// The size of a piece: blocks are whole multiples of it.
const PIECE: u64 = 1 << 20;
/// How many are fetched at a time: enough that a server's latency does not set the pace.
const AHEAD: usize = 4;

/// What lies at a key and has a known size, in order.
pub fn pieces(store: Arc<dyn Store>, key: String, size: u64) -> BoxStream<'static, Result<Bytes, Failure>> {
    let starts = (0..size).step_by(PIECE as usize);
    let fetch = move |start: u64| {
        let (store, key) = (store.clone(), key.clone());
        let range = start..(start + PIECE).min(size);
        let fetched = tokio::spawn(async move { store.read(&key, range).await });
        async { fetched.await.map_err(|e| Failure::new(FailureKind::Bug, e.to_string()))? }
    };
    stream::iter(starts).map(fetch).buffered(AHEAD).boxed()
}

/// The hashes of a stream's blocks.
#[derive(Default)]
pub struct Blocks {
    hashes: Vec<String>,
    open: Sha256,
    filled: u64,
}

impl Blocks {
    /// Takes what comes next.
    pub fn update(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let (now, later) = bytes.split_at(bytes.len().min((BLOCK - self.filled) as usize));
            self.open.update(now);
            self.filled += now.len() as u64;
            if self.filled == BLOCK {
                self.close();
            }
            bytes = later;
        }
    }

    fn close(&mut self) {
        self.hashes.push(short(mem::take(&mut self.open)));
        self.filled = 0;
    }

    /// The hashes, the last one of what is left.
    pub fn finish(mut self) -> Vec<String> {
        if self.filled > 0 {
            self.close();
        }
        self.hashes
    }
}

/// The form in which a block's hash is kept.
pub fn short(hash: Sha256) -> String {
    hex(&hash.finalize()[..8])
}

/// Where the blocks of these numbers lie in a file, the last byte included: `bytes 16777216–25165823`.
pub fn span(from: usize, to: usize, size: u64) -> String {
    let last = ((to as u64 + 1) * BLOCK).min(size).saturating_sub(1);
    format!("bytes {}–{last}", from as u64 * BLOCK)
}
