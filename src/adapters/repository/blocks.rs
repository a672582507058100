//! A stored file as its blocks, in order; the next is fetched while one is looked at.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::{self, BoxStream, StreamExt};

use crate::adapters::repository::store::Store;
use crate::domain::backup::BLOCK;
use crate::domain::failure::{Failure, FailureKind};

/// How many blocks are fetched ahead: memory is a block more than this.
const AHEAD: usize = 2;

/// The blocks of what lies at a key, which has a known size.
pub fn blocks(store: Arc<dyn Store>, key: String, size: u64) -> BoxStream<'static, Result<Bytes, Failure>> {
    let starts = (0..size).step_by(BLOCK as usize);
    let fetch = move |start: u64| {
        let (store, key) = (store.clone(), key.clone());
        let range = start..(start + BLOCK).min(size);
        let fetched = tokio::spawn(async move { store.read(&key, range).await });
        async { fetched.await.map_err(|e| Failure::new(FailureKind::Bug, e.to_string()))? }
    };
    stream::iter(starts).map(fetch).buffered(AHEAD).boxed()
}

/// Where the block of a number lies in a file, its last byte included: `16777216–25165823`.
pub fn span(from: usize, to: usize, size: u64) -> String {
    let last = ((to as u64 + 1) * BLOCK).min(size).saturating_sub(1);
    format!("bytes {}–{last}", from as u64 * BLOCK)
}
