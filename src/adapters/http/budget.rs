//! One budget of bytes for all answers in flight, so that many large ones cannot fill the memory together.
//!
//! Every answer takes a small share before it is asked for; one that turns out large takes a large share besides, in one piece and
//! from another half. Nobody who holds a large share waits for anything else, so answers queue but never lock each other.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What is read of a body before it counts as large.
pub(crate) const SMALL: usize = 1 << 20;
/// What a small answer takes: its body and what is decoded from it.
const SMALL_SHARE: u32 = 2 << 10;

/// The budget, shared by every client: clone it.
#[derive(Clone, Debug)]
pub struct Budget {
    small: Arc<Semaphore>,
    large: Arc<Semaphore>,
    half: u32,
}

/// Room that is given back when dropped.
pub(crate) type Room = OwnedSemaphorePermit;

impl Default for Budget {
    fn default() -> Self {
        Self::new(96 << 20)
    }
}

impl Budget {
    /// A budget of `bytes`, at least 8 MiB. Counted in KiB.
    pub fn new(bytes: usize) -> Self {
        let half = (bytes.max(8 << 20) / 2 / 1024) as u32;
        Self { small: Arc::new(Semaphore::new(half as usize)), large: Arc::new(Semaphore::new(half as usize)), half }
    }

    /// Room for one answer of up to [`SMALL`] bytes. None only when the budget was closed, which never happens.
    pub(crate) async fn small(&self) -> Option<Room> {
        self.small.clone().acquire_many_owned(SMALL_SHARE).await.ok()
    }

    /// Room for `bytes` of what is kept of a large answer, or for as many as there are.
    pub(crate) async fn large(&self, bytes: usize) -> Option<Room> {
        let share = (bytes / 1024) as u32;
        self.large.clone().acquire_many_owned(share.clamp(1, self.half)).await.ok()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[tokio::test]
    async fn large_answers_queue_and_small_ones_pass_them() {
        let budget = Budget::new(8 << 20);
        let first = budget.large(64 << 20).await.unwrap();
        assert!(tokio::time::timeout(std::time::Duration::ZERO, budget.large(1)).await.is_err());
        let small = budget.small().await.unwrap();
        drop((first, small));
        assert!(budget.large(1).await.is_some());
    }
}
