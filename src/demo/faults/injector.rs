//! Arming and injecting, from within the supervisor.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use tokio::process::Child;
use tokio::sync::Mutex;

use crate::demo::faults::end::EndFault;
use crate::demo::faults::record::{self, Record};
use crate::demo::faults::{FaultKind, FaultStatus, Target};

/// The faults of one demo.
#[derive(Debug)]
pub struct Injector {
    dir: PathBuf,
    on: Arc<Mutex<BTreeMap<FaultKind, Instant>>>,
}

impl Injector {
    /// None is on in a new demo.
    pub fn new(dir: PathBuf) -> Self {
        Self { dir, on: Arc::default() }
    }

    /// Arms the end, then injects. Refuses a second fault of a kind that is on.
    pub async fn inject(&self, target: Target, seconds: u64) -> Result<FaultStatus, String> {
        let what = target.kind();
        // Held until the fault is in or out: two requests for the same kind must not both find it off.
        let mut on = self.on.lock().await;
        if on.contains_key(&what) {
            return Err(format!("{} is on already", what.word()));
        }
        let end = EndFault { dir: self.dir.clone(), target, seconds };
        let armed = Instant::now();
        let ender = end.arm().await?;
        let left = Duration::from_secs(seconds).saturating_sub(armed.elapsed());
        let injected = if left.is_zero() {
            Err("its time was over before it began".to_owned())
        } else {
            end.target.inject(&self.dir, left).await
        };
        on.insert(what, armed + Duration::from_secs(seconds));
        if injected.is_err() {
            end_now(&ender);
        }
        tokio::spawn(outlive(end, ender, Arc::clone(&self.on)));
        drop(on);
        injected.map_err(|why| format!("{} failed: {why}", what.word()))?;
        self.status().await.into_iter().find(|status| status.what == what).ok_or_else(|| "its record is gone".to_owned())
    }

    /// The latest fault of each kind.
    pub async fn status(&self) -> Vec<FaultStatus> {
        let on = self.on.lock().await;
        let status = |record: Record| FaultStatus {
            what: record.what,
            seconds: record.seconds,
            armed_at_ms: record.armed_at_ms,
            remaining: on
                .get(&record.what)
                .filter(|_| record.ended.is_none())
                .map(|until| until.saturating_duration_since(Instant::now()).as_secs_f64()),
            ended: record.ended,
        };
        record::all(&self.dir).into_iter().map(status).collect()
    }
}

fn end_now(ender: &Child) {
    let process = ender.id().and_then(crate::adapters::process::Process::of);
    if let Some(process) = process {
        let _ = process.signal(Signal::TERM);
    }
}

/// Waits for the process that ends the fault. Should it be gone without having done so, the supervisor ends the fault itself.
async fn outlive(end: EndFault, mut ender: Child, on: Arc<Mutex<BTreeMap<FaultKind, Instant>>>) {
    let what = end.target.kind();
    let _ = ender.wait().await;
    if let Some(mut record) = Record::read(&end.dir, what).filter(|record| record.ended.is_none()) {
        record.ended = Some(end.end().await);
        let _ = record.write(&end.dir);
    }
    on.lock().await.remove(&what);
}
