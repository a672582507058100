//! A ledger that outlives its workers, a clock that goes forward when somebody waits, a world of two step kinds, and workers that
//! die when they are told to.

use std::cell::{Cell, RefCell};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::domain::access::Access;
use crate::domain::guard::Guard;
use crate::domain::job::Progress;
use crate::domain::plan::Identity;
use crate::domain::repository::{RepositoryPlace, RepositorySpec};
use crate::domain::time::Stamp;
use crate::jobs::driver::*;
use crate::jobs::step::Cx;
use crate::ports::redis::RedisLink;
use crate::ports::repository::Repository;
use crate::ports::tools::Tools;
use crate::ports::trove::Trove;

thread_local! {
    /// What was done to the world: `a` for step a, `-a` for its undo.
    pub static EFFECTS: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
    /// How often a step was asked what would undo it.
    pub static PREPARED: Cell<usize> = const { Cell::new(0) };
}

pub fn effects() -> Vec<String> {
    EFFECTS.with_borrow(Clone::clone)
}

/// Whether the last thing that happened to `name` was its step, not its undo.
pub fn is_in_effect(name: &str) -> bool {
    let effects = effects();
    let undo = format!("-{name}");
    effects.iter().rev().find(|effect| **effect == name || **effect == undo).is_some_and(|last| *last == name)
}

/// A step that writes its name down.
struct Write;
/// Its undo.
struct Erase;

impl StepKind for Write {
    fn name(&self) -> &'static str {
        "write"
    }

    fn undo<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Vec<StepSpec>> {
        PREPARED.set(PREPARED.get() + 1);
        let undo = StepSpec { kind: "erase".to_owned(), title: format!("Erase {}", name(cx)), ..cx.spec.clone() };
        Box::pin(async { Ok(vec![undo]) })
    }

    fn run<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Value> {
        Box::pin(async move {
            let failure = || Failure::new(FailureKind::Io, "it broke");
            match cx.spec.args["manner"].as_str().unwrap_or_default() {
                "fails" => return Err(failure()),
                "hangs" => std::future::pending::<()>().await,
                "obeys" => {
                    cx.cancelled().await;
                    return Err(failure());
                }
                "moves" => {
                    for bytes in 1..=20 {
                        cx.reporter.progress(Progress { bytes: bytes * 1000, ..Progress::default() });
                        pause(1).await;
                    }
                }
                "stands" => loop {
                    cx.reporter.progress(Progress { bytes: 1, ..Progress::default() });
                    pause(1).await;
                },
                _ => pause(1).await,
            }
            EFFECTS.with_borrow_mut(|effects| effects.push(name(cx)));
            Ok(json!(name(cx)))
        })
    }

    fn check<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Checked> {
        let checked = match cx.spec.args["manner"].as_str() {
            Some("unclear") => Checked::Unknown("fog".to_owned()),
            _ if is_in_effect(&name(cx)) => Checked::Done(json!(name(cx))),
            _ => Checked::Absent,
        };
        Box::pin(async { Ok(checked) })
    }
}

impl StepKind for Erase {
    fn name(&self) -> &'static str {
        "erase"
    }

    fn undo<'a>(&'a self, _: &'a Cx<'a>) -> Promise<'a, Vec<StepSpec>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn run<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Value> {
        Box::pin(async move {
            if cx.spec.args["manner"] == "sticks" {
                return Err(Failure::new(FailureKind::Io, "it sticks"));
            }
            EFFECTS.with_borrow_mut(|effects| effects.push(format!("-{}", name(cx))));
            Ok(Value::Null)
        })
    }

    fn check<'a>(&'a self, _: &'a Cx<'a>) -> Promise<'a, Checked> {
        Box::pin(async { Ok(Checked::Absent) })
    }
}

pub fn name(cx: &Cx<'_>) -> String {
    cx.spec.args["name"].as_str().unwrap().to_owned()
}

/// Lets the driver go round.
pub async fn pause(times: usize) {
    for _ in 0..times {
        tokio::task::yield_now().await;
    }
}

pub fn kinds(name: &str) -> Option<&'static dyn StepKind> {
    let all: [&'static dyn StepKind; 2] = [&Write, &Erase];
    all.into_iter().find(|kind| kind.name() == name)
}

struct Nowhere;

impl World for Nowhere {
    fn tools(&self, _: &Access) -> Arc<dyn Tools> {
        unreachable!()
    }

    fn redis<'a>(&'a self, _: &'a Access) -> Promise<'a, Arc<dyn RedisLink>> {
        unreachable!()
    }

    fn control(&self, _: &crate::domain::control::ControlSpec) -> Result<Arc<dyn crate::ports::control::Control>, Failure> {
        unreachable!()
    }

    fn probe<'a>(
        &'a self,
        _: &'a crate::domain::service::spec::ServiceSpec,
    ) -> futures_util::future::BoxFuture<'a, Result<crate::domain::service::Report, crate::domain::fault::Fault>> {
        unreachable!()
    }

    fn listener<'a>(&'a self, _: &'a crate::domain::service::spec::ServiceSpec) -> Promise<'a, Option<String>> {
        unreachable!()
    }

    fn lack<'a>(
        &'a self,
        _: &'a crate::domain::recovery::Prerequisite,
    ) -> futures_util::future::BoxFuture<'a, Option<crate::domain::recovery::Lack>> {
        unreachable!()
    }

    fn repository<'a>(&'a self, _: &'a RepositorySpec) -> Promise<'a, Arc<dyn Repository>> {
        unreachable!()
    }

    fn trove<'a>(&'a self, _: &'a RepositoryPlace) -> Promise<'a, Arc<dyn Trove>> {
        unreachable!()
    }

    fn scratch(&self) -> PathBuf {
        unreachable!()
    }

    fn now(&self) -> Stamp {
        Stamp(0)
    }
}

/// Time goes forward when somebody waits for it.
#[derive(Default)]
struct Still(Arc<AtomicU64>);

impl Clock for Still {
    fn mono(&self) -> Duration {
        Duration::from_millis(self.0.load(Ordering::SeqCst))
    }

    fn wall(&self) -> Stamp {
        Stamp(0)
    }

    fn sleep(&self, time: Duration) -> futures_util::future::BoxFuture<'static, ()> {
        let now = self.0.clone();
        Box::pin(async move {
            tokio::task::yield_now().await;
            now.fetch_add(time.as_millis() as u64, Ordering::SeqCst);
        })
    }
}

/// How a worker ends at an append.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fuse {
    /// It dies before the event is written.
    Before(usize),
    /// It dies when it is written.
    After(usize),
    /// The disk is full.
    Full(usize),
    Never,
}

/// A ledger that outlives its workers.
pub struct Book {
    pub events: Mutex<Vec<Event>>,
    pub asked: Mutex<Vec<(Control, String)>>,
    pub told: Mutex<Vec<Progress>>,
    pub log: Mutex<Vec<String>>,
    pub holder: Mutex<Option<Failure>>,
    pub fuse: Mutex<Fuse>,
    pub appended: AtomicUsize,
    pub died: Notify,
}

impl Book {
    pub fn new() -> Self {
        EFFECTS.take();
        PREPARED.set(0);
        Self {
            events: Mutex::default(),
            asked: Mutex::default(),
            told: Mutex::default(),
            log: Mutex::default(),
            holder: Mutex::default(),
            fuse: Mutex::new(Fuse::Never),
            appended: AtomicUsize::new(0),
            died: Notify::new(),
        }
    }

    pub fn events(&self) -> Vec<Event> {
        self.events.lock().unwrap().clone()
    }

    pub fn ask(&self, control: Control) {
        self.asked.lock().unwrap().push((control, "ann".to_owned()));
    }

    pub fn failure(&self) -> Failure {
        let events = self.events();
        let failure = events.iter().find_map(|event| match event {
            Event::Failed { failure, .. } => Some(failure.clone()),
            _ => None,
        });
        failure.unwrap()
    }

    /// When the next worker dies.
    pub fn set(&self, fuse: Fuse) {
        *self.fuse.lock().unwrap() = fuse;
        self.appended.store(0, Ordering::SeqCst);
    }

    /// A worker that dies as the fuse says; none when it did.
    pub async fn work(&self, plan: &Plan, fuse: Fuse) -> Option<Result<Option<Outcome>, Failure>> {
        self.set(fuse);
        let (_keep, stop) = watch::channel(false);
        self.drive(plan, &Open, stop).await
    }

    pub async fn drive(
        &self,
        plan: &Plan,
        gate: &dyn Gate,
        stop: watch::Receiver<bool>,
    ) -> Option<Result<Option<Outcome>, Failure>> {
        self.drive_in(&Nowhere, &Still::default(), kinds, plan, gate, stop).await
    }

    /// The same in a world, a time and with step kinds of the caller's own.
    pub async fn drive_in(
        &self,
        world: &dyn World,
        clock: &dyn Clock,
        kinds: fn(&str) -> Option<&'static dyn StepKind>,
        plan: &Plan,
        gate: &dyn Gate,
        stop: watch::Receiver<bool>,
    ) -> Option<Result<Option<Outcome>, Failure>> {
        let (job, operator, host) = (JobId(7), "ann", "bastion");
        let driver = Driver { job, plan, operator, host, journal: self, world, clock, gate, kinds, farewell: || None, stop };
        tokio::select! {
            biased;
            () = self.died.notified() => None,
            outcome = driver.drive() => Some(outcome),
        }
    }

    pub async fn finish(&self, plan: &Plan) -> Outcome {
        self.work(plan, Fuse::Never).await.unwrap().unwrap().unwrap()
    }
}

impl Journal for Book {
    fn history(&self) -> Promise<'_, Vec<(Stamp, Event)>> {
        Box::pin(async { Ok(self.events().into_iter().map(|event| (Stamp(0), event)).collect()) })
    }

    fn append<'a>(&'a self, event: &'a Event) -> Promise<'a, ()> {
        Box::pin(async move {
            let number = self.appended.fetch_add(1, Ordering::SeqCst);
            let fuse = *self.fuse.lock().unwrap();
            if fuse == Fuse::Full(number) {
                return Err(Failure::new(FailureKind::Full, "no room"));
            }
            if fuse != Fuse::Before(number) {
                self.events.lock().unwrap().push(event.clone());
            }
            if [Fuse::Before(number), Fuse::After(number)].contains(&fuse) {
                self.died.notify_one();
                std::future::pending::<()>().await;
            }
            Ok(())
        })
    }

    fn asked(&self) -> Promise<'_, Vec<(Control, String)>> {
        Box::pin(async { Ok(std::mem::take(&mut *self.asked.lock().unwrap())) })
    }

    fn lock<'a>(&'a self, _: &'a Identity) -> Promise<'a, Box<dyn Send + Sync>> {
        let holder = self.holder.lock().unwrap().clone();
        Box::pin(async move { holder.map_or(Ok(Box::new(()) as Box<dyn Send + Sync>), Err) })
    }

    fn progress(&self, _: StepId, progress: &Progress) {
        self.told.lock().unwrap().push(progress.clone());
    }

    fn log(&self, line: &str) {
        self.log.lock().unwrap().push(line.to_owned());
    }
}

pub struct Open;

impl Gate for Open {
    fn allows<'a>(&'a self, _: &'a StepSpec) -> Promise<'a, ()> {
        Box::pin(async { Ok(()) })
    }
}

/// Lets some steps through.
pub struct Shut(pub &'static str);

impl Gate for Shut {
    fn allows<'a>(&'a self, spec: &'a StepSpec) -> Promise<'a, ()> {
        let is_shut = spec.args["name"] == self.0;
        Box::pin(async move { if is_shut { Err(Failure::new(FailureKind::Refused, "read-only")) } else { Ok(()) } })
    }
}

pub fn plan(steps: &[(&str, &str, Revert)]) -> Plan {
    let spec = |(id, (name, manner, revert)): (u16, &(&str, &str, Revert))| StepSpec {
        id: StepId(id),
        kind: "write".to_owned(),
        title: format!("Write {name}"),
        args: json!({ "name": name, "manner": manner }),
        deadline: Duration::from_secs(100),
        stall: Duration::from_secs(20),
        revert: *revert,
    };
    let target = Identity { name: "shop-db".into(), keys: vec!["k:1".to_owned()], words: String::new() };
    let steps = (1..).zip(steps).map(spec).collect();
    let (environment, guard, call) = ("demo".into(), Guard::Open, vec!["write".to_owned()]);
    Plan { version: VERSION, call, environment, guard, target, notes: vec![], steps }
}

pub fn three() -> Plan {
    plan(&[("a", "", Revert::OnFailure), ("b", "", Revert::Always), ("c", "", Revert::UntilReleased)])
}

pub fn times(effect: &str) -> usize {
    effects().iter().filter(|done| *done == effect).count()
}
