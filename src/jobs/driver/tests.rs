//! The driver with a ledger, a world and a clock of the tests' own; workers that die between every two events.
#![allow(clippy::unwrap_used)]

use std::cell::{Cell, RefCell};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::sync::Notify;

use super::*;
use crate::domain::access::Access;
use crate::domain::guard::Guard;
use crate::domain::job::Progress;
use crate::domain::plan::Identity;
use crate::domain::repository::{RepositoryPlace, RepositorySpec};
use crate::domain::time::Stamp;
use crate::jobs::step::Cx;
use crate::ports::redis::RedisLink;
use crate::ports::repository::Repository;
use crate::ports::tools::Tools;
use crate::ports::trove::Trove;

thread_local! {
    /// What was done to the world: `a` for step a, `-a` for its undo.
    static EFFECTS: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
    /// How often a step was asked what would undo it.
    static PREPARED: Cell<usize> = const { Cell::new(0) };
}

fn effects() -> Vec<String> {
    EFFECTS.with_borrow(Clone::clone)
}

/// Whether the last thing that happened to `name` was its step, not its undo.
fn is_in_effect(name: &str) -> bool {
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

fn name(cx: &Cx<'_>) -> String {
    cx.spec.args["name"].as_str().unwrap().to_owned()
}

/// Lets the driver go round.
async fn pause(times: usize) {
    for _ in 0..times {
        tokio::task::yield_now().await;
    }
}

fn kinds(name: &str) -> Option<&'static dyn StepKind> {
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
enum Fuse {
    /// It dies before the event is written.
    Before(usize),
    /// It dies when it is written.
    After(usize),
    /// The disk is full.
    Full(usize),
    Never,
}

/// A ledger that outlives its workers.
struct Book {
    events: Mutex<Vec<Event>>,
    asked: Mutex<Vec<(Control, String)>>,
    told: Mutex<Vec<Progress>>,
    log: Mutex<Vec<String>>,
    holder: Mutex<Option<Failure>>,
    fuse: Mutex<Fuse>,
    appended: AtomicUsize,
    died: Notify,
}

impl Book {
    fn new() -> Self {
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

    fn events(&self) -> Vec<Event> {
        self.events.lock().unwrap().clone()
    }

    fn ask(&self, control: Control) {
        self.asked.lock().unwrap().push((control, "ann".to_owned()));
    }

    fn failure(&self) -> Failure {
        let events = self.events();
        let failure = events.iter().find_map(|event| match event {
            Event::Failed { failure, .. } => Some(failure.clone()),
            _ => None,
        });
        failure.unwrap()
    }

    /// A worker that dies as the fuse says; none when it did.
    async fn work(&self, plan: &Plan, fuse: Fuse) -> Option<Result<Option<Outcome>, Failure>> {
        *self.fuse.lock().unwrap() = fuse;
        self.appended.store(0, Ordering::SeqCst);
        let (_keep, stop) = watch::channel(false);
        self.drive(plan, &Open, stop).await
    }

    async fn drive(&self, plan: &Plan, gate: &dyn Gate, stop: watch::Receiver<bool>) -> Option<Result<Option<Outcome>, Failure>> {
        let clock = Still::default();
        let (job, operator, host) = (JobId(7), "ann", "bastion");
        let driver = Driver { job, plan, operator, host, journal: self, world: &Nowhere, clock: &clock, gate, kinds, stop };
        tokio::select! {
            biased;
            () = self.died.notified() => None,
            outcome = driver.drive() => Some(outcome),
        }
    }

    async fn finish(&self, plan: &Plan) -> Outcome {
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

struct Open;

impl Gate for Open {
    fn allows<'a>(&'a self, _: &'a StepSpec) -> Promise<'a, ()> {
        Box::pin(async { Ok(()) })
    }
}

/// Lets some steps through.
struct Shut(&'static str);

impl Gate for Shut {
    fn allows<'a>(&'a self, spec: &'a StepSpec) -> Promise<'a, ()> {
        let is_shut = spec.args["name"] == self.0;
        Box::pin(async move { if is_shut { Err(Failure::new(FailureKind::Refused, "read-only")) } else { Ok(()) } })
    }
}

fn plan(steps: &[(&str, &str, Revert)]) -> Plan {
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

fn three() -> Plan {
    plan(&[("a", "", Revert::OnFailure), ("b", "", Revert::Always), ("c", "", Revert::UntilReleased)])
}

fn times(effect: &str) -> usize {
    effects().iter().filter(|done| *done == effect).count()
}

#[tokio::test]
async fn a_job_runs_its_steps_and_reverts_what_is_always_reverted() {
    let book = Book::new();
    assert_eq!(book.finish(&three()).await, Outcome::Done);
    assert_eq!(effects(), ["a", "b", "c", "-b"]);
    let log = book.log.lock().unwrap().join("\n");
    assert!(log.contains("step 1, Write a: begins") && log.contains("the job has ended: done"), "{log}");
}

/// Every place where a worker can die: before and after each event that a job without trouble writes.
fn places() -> impl Iterator<Item = Fuse> {
    (0..12).flat_map(|n| [Fuse::Before(n), Fuse::After(n)])
}

#[tokio::test]
async fn rule_07_whenever_its_worker_dies_a_job_that_is_resumed_does_everything_once() {
    let mut deaths = 0;
    for fuse in places() {
        let (book, plan) = (Book::new(), three());
        deaths += usize::from(book.work(&plan, fuse).await.is_none());
        book.ask(Control::Resume);
        assert_eq!(book.finish(&plan).await, Outcome::Done, "{fuse:?}");
        assert_eq!(["a", "b", "c"].map(times), [1, 1, 1], "{fuse:?}: {:?}", effects());
        assert!(!is_in_effect("b"), "{fuse:?}");
        assert!(PREPARED.get() <= 4, "{fuse:?}: at most the one whose record was lost is prepared twice");
    }
    assert_eq!(deaths, 24, "every place was one where a worker died");
}

#[tokio::test]
async fn rule_09_whenever_its_worker_dies_the_next_one_performs_the_always_reverts_and_waits() {
    for fuse in places() {
        let (book, plan) = (Book::new(), three());
        book.work(&plan, fuse).await;
        let waits = book.work(&plan, Fuse::Never).await.unwrap().unwrap();
        assert!(!is_in_effect("b"), "{fuse:?}: {:?}", effects());
        let before = effects();
        if waits.is_none() {
            let written = book.events().len();
            assert_eq!(book.work(&plan, Fuse::Never).await.unwrap().unwrap(), None, "{fuse:?}: it waits on");
            assert_eq!((effects(), book.events().len()), (before, written), "{fuse:?}: and writes nothing");
            book.ask(Control::Cancel);
            assert_eq!(book.finish(&plan).await, Outcome::Cancelled, "{fuse:?}");
            assert!(!is_in_effect("a"), "{fuse:?}: {:?}", effects());
        } else {
            assert_eq!(waits, Some(Outcome::Done), "{fuse:?}");
            assert_eq!(["a", "b", "c"].map(is_in_effect), [true, false, true], "{fuse:?}");
        }
    }
}

#[tokio::test]
async fn rule_09_a_job_whose_every_worker_dies_young_still_ends() {
    let (book, plan) = (Book::new(), three());
    for at in (2..5).cycle().take(60) {
        book.ask(Control::Resume);
        book.work(&plan, Fuse::After(at)).await;
    }
    assert_eq!(book.finish(&plan).await, Outcome::Done);
    assert_eq!(["a", "b", "c"].map(times), [1, 1, 1]);
}

#[tokio::test]
async fn rule_06_where_the_ledger_cannot_be_written_nothing_more_is_changed() {
    let whole = Book::new();
    whole.finish(&three()).await;
    let events = whole.events();
    for at in 0..events.len() {
        let (book, plan) = (Book::new(), three());
        let failure = book.work(&plan, Fuse::Full(at)).await.unwrap().unwrap_err();
        assert!(failure.kind == FailureKind::Full && failure.what.contains("ledger"), "{failure}");
        let written = book.events();
        let intents = written.iter().filter(|event| matches!(event, Event::Intended { .. } | Event::UndoIntended { .. }));
        assert!(effects().len() <= intents.count(), "at {at}: {:?}", effects());
        assert_eq!(book.events(), events[..at], "nothing was written after");
    }
}

#[tokio::test]
async fn rule_06_what_nobody_can_tell_after_a_crash_is_not_assumed() {
    let plan = plan(&[("a", "", Revert::Always), ("b", "unclear", Revert::Never)]);
    let book = Book::new();
    assert!(book.work(&plan, Fuse::After(5)).await.is_none(), "it died in the second step");
    assert_eq!(book.work(&plan, Fuse::Never).await.unwrap().unwrap(), None);
    assert_eq!(effects(), ["a", "-a"]);
    book.ask(Control::Cancel);
    assert_eq!(book.finish(&plan).await, Outcome::Stuck);
}

#[tokio::test]
async fn a_step_that_fails_reverts_those_before_it_backwards() {
    let plan = plan(&[
        ("a", "", Revert::OnFailure),
        ("b", "sticks", Revert::Always),
        ("c", "", Revert::UntilReleased),
        ("d", "fails", Revert::OnFailure),
        ("e", "", Revert::Never),
    ]);
    let book = Book::new();
    assert_eq!(book.finish(&plan).await, Outcome::Stuck);
    assert_eq!(effects(), ["a", "b", "c", "-d", "-a"]);
    assert_eq!(book.failure().what, "it broke");
}

#[tokio::test]
async fn what_is_kept_is_undone_when_that_is_asked_after_the_end() {
    let (book, plan) = (Book::new(), three());
    book.finish(&plan).await;
    book.ask(Control::Undo);
    assert_eq!(book.finish(&plan).await, Outcome::Done);
    assert_eq!(effects(), ["a", "b", "c", "-b", "-c"]);
}

#[tokio::test]
async fn a_step_that_obeys_a_cancellation_and_one_that_does_not_both_end() {
    for manner in ["obeys", "hangs"] {
        let plan = plan(&[("a", "", Revert::OnFailure), ("b", manner, Revert::OnFailure)]);
        let book = Book::new();
        let (stop, stopped) = watch::channel(false);
        let asking = async {
            while !book.events().contains(&Event::Intended { step: StepId(2) }) {
                pause(1).await;
            }
            if manner == "hangs" {
                book.ask(Control::Cancel);
            } else {
                stop.send_replace(true);
            }
        };
        let (outcome, ()) = tokio::join!(book.drive(&plan, &Open, stopped), asking);
        assert_eq!(outcome.unwrap().unwrap(), Some(Outcome::Cancelled), "{manner}");
        assert_eq!(effects(), ["a", "-b", "-a"], "{manner}");
        assert_eq!(book.failure().kind, FailureKind::Cancelled);
    }
}

#[tokio::test]
async fn a_step_that_stands_still_or_takes_too_long_is_stopped() {
    for (manner, said) in [("hangs", "nothing moved for 20s"), ("stands", "nothing moved for 20s")] {
        let book = Book::new();
        assert_eq!(book.finish(&plan(&[("a", manner, Revert::Never)])).await, Outcome::Failed);
        assert!(book.failure().what.contains(said), "{}", book.failure());
        assert_eq!(book.failure().kind, FailureKind::Stalled);
    }
    let book = Book::new();
    let mut long = plan(&[("a", "hangs", Revert::Never)]);
    long.steps[0].stall = Duration::from_secs(1000);
    assert_eq!(book.finish(&long).await, Outcome::Failed);
    assert!(book.failure().what.contains("not done within 1m 40s"), "{}", book.failure());
}

#[tokio::test]
async fn progress_is_smoothed_and_told_no_more_than_four_times_a_second() {
    let book = Book::new();
    book.finish(&plan(&[("a", "moves", Revert::Never)])).await;
    let told = book.told.lock().unwrap().clone();
    assert!((2..20).contains(&told.len()), "{}", told.len());
    assert_eq!(told.last().unwrap().bytes, 20_000, "the last word is told");
    assert!(told.last().unwrap().rate.is_some_and(|rate| rate > 0.0), "{:?}", told.last());
}

#[tokio::test]
async fn a_job_whose_target_is_held_ends_before_anything_and_one_that_had_begun_stays() {
    let (book, plan) = (Book::new(), three());
    *book.holder.lock().unwrap() = Some(Failure::new(FailureKind::Locked, "bob backs it up since 03:10"));
    assert_eq!(book.finish(&plan).await, Outcome::Failed);
    assert_eq!((effects().len(), book.failure().kind), (0, FailureKind::Locked));
    let lost = Book::new();
    lost.work(&plan, Fuse::After(3)).await;
    *lost.holder.lock().unwrap() = Some(Failure::new(FailureKind::Locked, "bob"));
    let written = lost.events().len();
    assert_eq!(lost.work(&plan, Fuse::Never).await.unwrap().unwrap_err().kind, FailureKind::Locked);
    assert_eq!(lost.events().len(), written);
}

#[tokio::test]
async fn a_plan_of_a_later_midwatch_is_not_touched() {
    let mut later = three();
    later.version += 1;
    let mut strange = three();
    strange.steps[2].kind = "swap".to_owned();
    for plan in [later, strange] {
        let book = Book::new();
        assert_eq!(book.work(&plan, Fuse::Never).await.unwrap().unwrap_err().kind, FailureKind::Refused);
        assert_eq!((effects().len(), book.events().len()), (0, 0));
    }
}

#[tokio::test]
async fn rule_13_the_guard_is_asked_before_every_step_but_never_keeps_a_promised_undo_from_happening() {
    let (book, plan) = (Book::new(), three());
    let (_keep, stop) = watch::channel(false);
    let outcome = book.drive(&plan, &Shut("b"), stop.clone()).await.unwrap().unwrap();
    assert_eq!(outcome, Some(Outcome::Failed));
    assert_eq!(effects(), ["a", "-a"]);
    assert!(!book.events().contains(&Event::Intended { step: StepId(2) }), "it was never intended");
    let done = Book::new();
    done.finish(&plan).await;
    done.ask(Control::Undo);
    done.drive(&plan, &Shut("c"), stop).await.unwrap().unwrap();
    assert_eq!(effects(), ["a", "b", "c", "-b"], "an undo on request is a change like any other");
}
