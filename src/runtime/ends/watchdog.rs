//! The watchdog: a process that waits to end one fault. It needs neither the console nor the worker, and ends the fault when its time
//! is over, when the drill asks for it, when nobody carries the drill out any more, or when it is told to end itself.
//!
//! It undoes the fault by the steps that were worked out before the fault, each of which verifies what it did; it does so until that
//! works, and once more where somebody was still injecting.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

use crate::adapters::ledger::{Home, Ledger, files};
use crate::config;
use crate::domain::chaos::end::{Ended, Record, Why};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::job::{JobId, Progress};
use crate::domain::plan::StepSpec;
use crate::jobs::step::{Cx, Ready, StepKind};
use crate::jobs::steps;
use crate::ports::World;
use crate::ports::journal::Reporter;
use crate::runtime::ends::shelf::Shelf;
use crate::runtime::ends::timer;
use crate::runtime::ends::{late, now};
use crate::runtime::worker::copy;
use crate::runtime::world::Outside;

/// How often it looks whether it is time.
const OFTEN: Duration = Duration::from_millis(100);
/// How many looks in a row must find nobody carrying the drill out.
const DESERTED: u32 = 10;
/// The longest between two tries to undo a fault.
const LONGEST: Duration = Duration::from_secs(30);
/// How long whoever injects may take to see that the end has begun.
const LETS_GO: Duration = Duration::from_secs(2);
/// How long it may take to write an entry of the audit trail.
const AUDITS_WITHIN: Duration = Duration::from_secs(2);
/// How long it may take until a step has what it keeps; and what is done with that, before it is done without.
const READY_WITHIN: Duration = Duration::from_secs(8);
const PROMPTLY: Duration = Duration::from_secs(20);

/// Leaves the session it was started from, so that nothing ends it with others. To be called first, while there is one thread.
pub fn detach(home: &Home) -> Result<(), Failure> {
    crate::runtime::worker::detach(home)
}

/// Waits, ends the fault, and verifies it. Nothing is to be done where another watchdog waits already, or the fault has ended.
pub async fn run(home: Home, job: JobId) -> Result<(), Failure> {
    let _copy = copy::hold_mine();
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let _hangup = signal(SignalKind::hangup())?;
    let shelf = Shelf::new(home.clone());
    let Some(_lock) = shelf.watch(job)? else { return Ok(()) };
    let Some(record) = open(&shelf, &home, job).await? else { return Ok(()) };
    let world = world(&home, &record)?;
    let mut guard = Guard { shelf, world, record, home, ready: BTreeMap::new() };
    guard.make_ready().await?;
    if guard.shelf.read(job)?.is_none() {
        // Whoever armed it did not wait for that long, and has injected nothing.
        return Ok(());
    }
    guard.record.armed = true;
    guard.shelf.write(&guard.record)?;
    let why = tokio::select! {
        why = due(&guard.shelf, &guard.home, &guard.record) => why,
        _ = terminate.recv() => Why::Told,
        _ = interrupt.recv() => Why::Told,
    };
    guard.end(why).await
}

/// What is still to be ended. A timer of what is not has no purpose any more.
async fn open(shelf: &Shelf, home: &Home, job: JobId) -> Result<Option<Record>, Failure> {
    let record = shelf.read(job)?;
    if record.as_ref().is_some_and(|record| record.ended.is_none()) {
        return Ok(record);
    }
    timer::disarm(home, job).await;
    let missing = || Failure::new(FailureKind::Usage, format!("drill {job} has armed nothing"));
    record.map(|_| None).ok_or_else(missing)
}

/// What the steps act on. Where the configuration cannot be read the end is not armed.
fn world(home: &Home, record: &Record) -> Result<Arc<dyn World>, Failure> {
    // On one line, for the last one is what is told of it; the check tells the rest.
    let unread = |e: config::ConfigError| {
        let first = e.to_string().lines().next().unwrap_or_default().to_owned();
        Failure::new(FailureKind::Config, first).mend("midwatch check")
    };
    let config = config::load_again(&record.files).map_err(unread)?;
    Ok(Arc::new(Outside::new(None, config.scratch.as_deref())?.with_drills(&config, home)))
}

/// Returns when it is time, and says why.
pub(super) async fn due(shelf: &Shelf, home: &Home, record: &Record) -> Why {
    let job = record.undoing.job;
    let mut absent = 0;
    loop {
        if late(&record.deadline) {
            return Why::Due;
        }
        if shelf.is_asked(job) {
            return Why::Asked;
        }
        absent = if files::is_alive(home, job) { 0 } else { absent + 1 };
        if absent >= DESERTED {
            return Why::Deserted;
        }
        sleep(OFTEN).await;
    }
}

/// What ends a fault.
pub(super) struct Guard {
    pub shelf: Shelf,
    pub world: Arc<dyn World>,
    pub record: Record,
    pub home: Home,
    /// What its steps have kept to be run with, by their place.
    pub ready: BTreeMap<usize, Box<dyn Ready>>,
}

impl Guard {
    /// Has its steps keep what they need. Where nothing was armed yet, nothing is without that; what is on already is ended as it can.
    async fn make_ready(&mut self) -> Result<(), Failure> {
        if self.record.ending {
            return Ok(());
        }
        for (place, spec) in self.record.undoing.steps.clone().iter().enumerate() {
            let slow = || Failure::new(FailureKind::Stalled, format!("{}: not ready in time", spec.title));
            let made = timeout(READY_WITHIN, self.with(spec, async |kind, cx| kind.ready(cx).await)).await;
            match made.unwrap_or_else(|_| Err(slow())) {
                Ok(ready) => self.ready.extend(ready.map(|ready| (place, ready))),
                Err(failure) if self.record.armed => eprintln!("{failure}"),
                Err(failure) => return Err(failure),
            }
        }
        Ok(())
    }

    pub async fn end(mut self, why: Why) -> Result<(), Failure> {
        let (at, began) = (now(), Instant::now());
        self.record.ending = true;
        self.write();
        let job = self.record.undoing.job;
        self.audit(format!("begin to end the fault: {}", why.words())).await;
        self.wait_injected().await;
        // Nothing is injected from here on: what was not begun is not undone, for whatever is so now was made so by others.
        while self.shelf.has_begun(job) {
            let was_injecting = self.shelf.is_injecting(job);
            let failure = match self.undo().await {
                Ok(()) if self.shelf.is_injecting(job) => {
                    let what = format!("everything was undone, but the worker of drill {job} still breaks it");
                    Failure::new(FailureKind::Stalled, what)
                }
                // What was injected meanwhile is undone, too.
                Ok(()) if was_injecting => continue,
                Ok(()) => break,
                Err(failure) => failure,
            };
            self.tried_in_vain(&failure).await?;
            if self.shelf.is_accepted(job) {
                return self
                    .close(Ended { at, took: began.elapsed(), why: Why::Accepted }, "the fault is not ended any more")
                    .await;
            }
        }
        let done = if self.shelf.has_begun(job) {
            "the fault was ended, and that was verified"
        } else {
            "no fault had begun, so nothing was undone"
        };
        self.close(Ended { at, took: began.elapsed(), why }, done).await
    }

    async fn close(&mut self, ended: Ended, done: &str) -> Result<(), Failure> {
        let why = ended.why;
        self.ready.clear();
        self.record.ended = Some(ended);
        let written = self.shelf.write(&self.record);
        if written.is_ok() {
            timer::disarm(&self.home, self.record.undoing.job).await;
        }
        self.audit(format!("{done}: {}", why.words())).await;
        written
    }

    /// Tells why, and waits until it is tried again, as long as anybody wants that: a record that was removed is nobody's business,
    /// and one whose rest was accepted is not tried again.
    async fn tried_in_vain(&mut self, failure: &Failure) -> Result<(), Failure> {
        eprintln!("{failure}");
        if self.shelf.read(self.record.undoing.job).is_ok_and(|record| record.is_none()) {
            return Err(failure.clone());
        }
        self.record.tries += 1;
        self.record.trouble = Some(failure.to_string());
        self.write();
        let (job, failed) = (self.record.undoing.job, Instant::now());
        let pause = Duration::from_secs(1 << self.record.tries.min(5)).min(LONGEST);
        while failed.elapsed() < pause && !self.shelf.is_accepted(job) {
            sleep(OFTEN).await;
        }
        Ok(())
    }

    /// Whoever injects lets go soon, for the end has begun; one that does not is not waited for.
    async fn wait_injected(&self) {
        let begun = Instant::now();
        while self.shelf.is_injecting(self.record.undoing.job) && begun.elapsed() < LETS_GO {
            sleep(OFTEN).await;
        }
    }

    /// A trail that cannot be written keeps no fault from ending, nor does one that is busy for long: what is broken is mended first.
    async fn audit(&self, what: String) {
        let (home, job, who) = (self.home.clone(), self.record.undoing.job, self.record.undoing.operator.clone());
        let audited = tokio::task::spawn_blocking(move || Ledger::open(home)?.audit_for(job, &who, &what));
        match timeout(AUDITS_WITHIN, audited).await {
            Ok(Ok(Ok(()))) => {}
            Ok(Ok(Err(failure))) => eprintln!("{failure}"),
            Ok(Err(_)) | Err(_) => eprintln!("the audit trail could not be written in time"),
        }
    }

    /// A record that cannot be written keeps no fault from ending.
    fn write(&self) {
        if let Err(failure) = self.shelf.write(&self.record) {
            eprintln!("{failure}");
        }
    }

    pub async fn undo(&mut self) -> Result<(), Failure> {
        for (place, spec) in self.record.undoing.steps.clone().iter().enumerate() {
            let slow = |_| Err(Failure::new(FailureKind::Stalled, format!("{}: not done in time", spec.title)));
            timeout(spec.deadline, self.step(place, spec)).await.unwrap_or_else(slow)?;
        }
        Ok(())
    }

    /// With what it has kept; where that does not do, without.
    async fn step(&mut self, place: usize, spec: &StepSpec) -> Result<(), Failure> {
        if let Some(mut ready) = self.ready.remove(&place) {
            let slow = |_| Err(Failure::new(FailureKind::Stalled, "what was kept for it does not answer"));
            let run = timeout(PROMPTLY, self.with(spec, async |_, cx| ready.run(cx).await)).await;
            match run.unwrap_or_else(slow) {
                Ok(_) => {
                    self.ready.insert(place, ready);
                    return Ok(());
                }
                Err(failure) => eprintln!("{}: {failure}", spec.title),
            }
        }
        self.with(spec, async |kind, cx| kind.run(cx).await).await.map(drop)
    }

    /// Does something with the kind of a step, and what it is given.
    async fn with<T>(
        &self,
        spec: &StepSpec,
        what: impl AsyncFnOnce(&dyn StepKind, &Cx<'_>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let undoing = &self.record.undoing;
        let (_never, cancel) = watch::channel(false);
        let unknown = || Failure::new(FailureKind::Refused, format!("this midwatch knows no step of the kind {:?}", spec.kind));
        let kind = steps::find(&spec.kind).ok_or_else(unknown)?;
        let cx = Cx {
            job: undoing.job,
            operator: &undoing.operator,
            host: &undoing.host,
            plan: &undoing.plan,
            spec,
            outputs: &BTreeMap::new(),
            world: &*self.world,
            reporter: &Aloud,
            cancel,
        };
        what(kind, &cx).await
    }
}

/// Into the file of the watchdog's words.
struct Aloud;

impl Reporter for Aloud {
    fn progress(&self, _: Progress) {}

    fn log(&self, line: &str) {
        eprintln!("{line}");
    }
}
