//! What a process can hold so that something is wrong elsewhere, one file and one line for each kind. It is put on by the process that
//! holds it, and the kernel takes it off when that process dies, however it dies.
//!
//! Nothing here knows of drills, deadlines or who waits to end it: that is the business of whoever runs the process.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use futures_util::future::BoxFuture;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::domain::chaos::hold::Held;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::job::JobId;
use crate::domain::unit::Unit;
use crate::ports::Promise;

mod cpu;
mod disk;
mod io;
mod memory;
mod proxy;
mod room;
mod seat;

/// Something that can be held.
pub trait Kind: Sync {
    /// The word in plans.
    fn name(&self) -> &'static str;

    /// What it would come to here, for people; or why it is refused. Changes nothing; asked when a plan is made, and again right
    /// before.
    fn judge<'a>(&'a self, args: &'a Value) -> Promise<'a, Vec<String>>;

    /// Puts it on; returns when it really is. To be called in the process that is to hold it.
    fn hold<'a>(&'a self, part: &'a Part) -> Promise<'a, Grip>;

    /// Ends what a process that was killed may have left elsewhere, and verifies that nothing is. What ends with the process leaves
    /// nothing.
    fn clear<'a>(&'a self, _: &'a Part) -> Promise<'a, ()> {
        Box::pin(async { Ok(()) })
    }
}

/// Every kind.
const ALL: &[&dyn Kind] = &[memory::MEMORY, cpu::CPU, io::IO, disk::DISK, proxy::PROXY];

/// What is to be held, as its kind is told.
pub struct Part {
    /// The drill: what it leaves elsewhere is called `midwatch-drill-JOB`.
    pub job: JobId,
    /// What its scenario says.
    pub args: Value,
    /// How long at the most: whatever the other side can be told to end by itself ends by then. Nothing where it is to be cleared.
    pub most: Duration,
}

/// It is held as long as this is kept, and let go when it is dropped. It returns only where it was lost, and says why.
pub type Grip = BoxFuture<'static, Failure>;

impl Part {
    /// What its scenario says.
    pub fn args<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        read(&self.args)
    }
}

/// The kind of what is held.
pub fn kind(held: &Held) -> Result<&'static dyn Kind, Failure> {
    let found = ALL.iter().copied().find(|kind| kind.name() == held.kind.as_str());
    found.ok_or_else(|| Failure::new(FailureKind::Refused, format!("this midwatch cannot hold a {:?}", held.kind.as_str())))
}

/// Threads that go on as long as this is kept.
struct Kept {
    kept: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Kept {
    /// Starts a thread for each; it goes on while what it is given says so.
    fn start<W: FnOnce(&AtomicBool) + Send + 'static>(works: impl IntoIterator<Item = W>) -> Self {
        let kept = Arc::new(AtomicBool::new(true));
        let thread = |work: W| {
            let kept = Arc::clone(&kept);
            std::thread::spawn(move || work(&kept))
        };
        Self { threads: works.into_iter().map(thread).collect(), kept }
    }

    fn grip(self) -> Grip {
        Box::pin(async move {
            let _kept = self;
            std::future::pending().await
        })
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.kept.store(false, Ordering::Relaxed);
        self.threads.iter().for_each(|thread| thread.thread().unpark());
    }
}

fn bytes(many: u64) -> String {
    Unit("bytes".to_owned()).format(many as f64, None).to_string()
}

fn read<T: DeserializeOwned>(args: &Value) -> Result<T, Failure> {
    T::deserialize(args).map_err(|e| Failure::new(FailureKind::Bug, format!("what is to be held has wrong arguments: {e}")))
}
