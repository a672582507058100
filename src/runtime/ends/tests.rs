//! What may be injected when, and what a watchdog does: on a ledger's folder, without processes.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use super::watchdog::{Guard, due};
use super::*;
use crate::domain::chaos::end::Why;
use crate::domain::control::Phase;
use crate::domain::guard::Guard as Resistance;
use crate::domain::plan::{Identity, Plan, StepId, StepSpec};
use crate::jobs::routines::control::tests::stage::{self, Manner, Shared};
use crate::jobs::target::Target;
use crate::ports::World;

const JOB: JobId = JobId(7);
/// What no step of a test takes where nothing is wrong.
const PATIENCE: Duration = Duration::from_secs(60);

struct Bench {
    _folder: tempfile::TempDir,
    ends: Ends,
}

fn bench() -> Bench {
    let folder = tempfile::tempdir().unwrap();
    let home = Home::find(Some(folder.path())).unwrap();
    home.folder("drills").unwrap();
    Bench { _folder: folder, ends: Ends::new(home, vec![]) }
}

/// A drill of one app, and what would let it go on.
fn undoing() -> Undoing {
    let target = Target {
        every: Duration::from_millis(1),
        ..Target::of(&"production".into(), &stage::service("app", Some("app-{n}"), &[]))
    };
    let unpause = target.unpause(StepId(0));
    let confirmed = Identity { name: "app".into(), keys: vec!["docker:app-1".to_owned()], words: String::new() };
    let plan = Plan {
        version: crate::domain::plan::VERSION,
        call: vec![],
        environment: "production".into(),
        guard: Resistance::Open,
        target: confirmed,
        notes: vec![],
        steps: vec![],
    };
    Undoing { job: JOB, plan, operator: "ann".to_owned(), host: "bastion".to_owned(), steps: vec![unpause] }
}

impl Bench {
    /// An end that was armed, due in so long.
    fn armed(&self, within: Duration) -> Record {
        let record = Record {
            version: VERSION,
            undoing: undoing(),
            files: vec![],
            deadline: clock::after(within).unwrap(),
            due: Stamp(0),
            timer: None,
            armed: true,
            ending: false,
            tries: 0,
            trouble: None,
            ended: None,
        };
        self.ends.shelf.write(&record).unwrap();
        record
    }

    fn refusal(&self) -> String {
        match self.ends.inject(JOB, Duration::from_secs(2)) {
            Ok(_) => "injected".to_owned(),
            Err(failure) => failure.what,
        }
    }

    fn home(&self) -> &Home {
        self.ends.shelf.home()
    }

    /// Its watchdog, as it is once it is time.
    fn guard(&self, town: &Shared) -> Guard {
        let world = Arc::new(town.clone()) as Arc<dyn World>;
        let (record, home) = (self.armed(PATIENCE), self.home().clone());
        Guard { shelf: self.ends.shelf.clone(), world, record, home, ready: BTreeMap::new() }
    }

    /// Waits until the end was tried, and could not be performed.
    async fn is_tried_in_vain(&self, ending: &mut (impl Future<Output = Result<(), Failure>> + Unpin)) {
        let failed_once = async {
            while self.ends.shelf.read(JOB).unwrap().unwrap().tries == 0 {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            () = failed_once => {}
            ended = ending => panic!("it was called ended: {ended:?}"),
        }
    }

    /// The worker of the drill, as long as the file is open.
    fn worker(&self) -> File {
        self.home().folder("jobs").unwrap();
        self.home().folder("jobs/7").unwrap();
        let alive = self.home().file(Path::new("jobs/7/alive")).unwrap();
        alive.try_lock().unwrap();
        alive
    }
}

#[test]
fn rule_19_nothing_is_injected_but_while_a_watchdog_waits_and_has_time() {
    let bench = bench();
    assert!(bench.refusal().starts_with("the end of the fault is not armed"), "{}", bench.refusal());
    let record = bench.armed(PATIENCE);
    assert!(bench.refusal().starts_with("the watchdog that would end the fault is gone"), "{}", bench.refusal());
    let watched = bench.ends.shelf.watch(JOB).unwrap().unwrap();
    assert_eq!(bench.refusal(), "injected");
    let with = |change: &dyn Fn(&mut Record)| {
        let mut other = record.clone();
        change(&mut other);
        bench.ends.shelf.write(&other).unwrap();
        bench.refusal()
    };
    assert!(with(&|record| record.armed = false).starts_with("the end of the fault is not armed"));
    assert!(with(&|record| record.ending = true).starts_with("the time of the fault was over"));
    let ended = Ended { at: Stamp(0), took: Duration::ZERO, why: Why::Due };
    assert!(with(&|record| record.ended = Some(ended.clone())).starts_with("the fault was ended before it began"));
    assert!(with(&|record| record.deadline = clock::after(Duration::from_secs(1)).unwrap()).starts_with("the time of the fault"));
    assert!(with(&|record| record.deadline.boot = "another".to_owned()).starts_with("the time of the fault was over"));
    assert_eq!(with(&|_| ()), "injected");
    bench.ends.shelf.ask(JOB).unwrap();
    assert!(bench.refusal().starts_with("the time of the fault was over"), "whoever asked for the end has it");
    drop(watched);
    assert!(bench.refusal().starts_with("the watchdog that would end the fault is gone"));
}

#[tokio::test]
async fn rule_19_a_second_fault_is_not_armed_while_the_end_of_one_is_open() {
    let bench = bench();
    bench.armed(PATIENCE);
    let refused = bench.ends.armed(Undoing { job: JobId(8), ..undoing() }, PATIENCE).await.unwrap_err();
    assert!(refused.what.contains("the end of drill #7 is still to be performed"), "{refused}");
    assert!(bench.ends.shelf.read(JobId(8)).unwrap().is_none());
}

/// Its worker died between writing the record and starting whoever performs it: nothing was injected.
#[test]
fn rule_19_an_arming_that_was_cut_short_promises_nothing_and_keeps_no_drill_from_beginning() {
    let bench = bench();
    bench.ends.shelf.write(&Record { armed: false, ..bench.armed(PATIENCE) }).unwrap();
    let open = || bench.ends.open_but(&mut BTreeSet::new()).unwrap().len();
    let worker = bench.worker();
    assert_eq!(open(), 1, "its worker is about to start a watchdog");
    drop(worker);
    let watched = bench.ends.shelf.watch(JOB).unwrap();
    assert_eq!(open(), 1, "a watchdog is about to be ready");
    bench.ends.shelf.tidy().unwrap();
    drop(watched);
    assert!(open() == 0 && bench.ends.all().unwrap().is_empty() && bench.ends.shelf.read(JOB).unwrap().is_some());
    bench.ends.take_up().unwrap();
    assert!(bench.ends.shelf.read(JOB).unwrap().is_none());
    bench.armed(PATIENCE);
    bench.ends.shelf.tidy().unwrap();
    assert_eq!(open(), 1, "what was armed may have been injected");
}

#[tokio::test]
async fn rule_19_a_watchdog_ends_a_fault_when_its_time_is_over_when_it_is_asked_and_when_its_worker_is_gone() {
    let bench = bench();
    let why = async |record: &Record| {
        tokio::time::timeout(PATIENCE, due(&bench.ends.shelf, bench.home(), record)).await.expect("it waits for ever")
    };
    let (over, later) = (bench.armed(Duration::ZERO), bench.armed(PATIENCE * 60));
    assert_eq!(why(&later).await, Why::Deserted, "nobody carries it out");
    let worker = bench.worker();
    assert_eq!(why(&over).await, Why::Due, "whoever lives");
    let early = bench.armed(Duration::from_millis(300));
    assert_eq!(why(&early).await, Why::Due);
    bench.ends.shelf.ask(JOB).unwrap();
    assert_eq!(why(&later).await, Why::Asked);
    drop(worker);
}

#[tokio::test]
async fn rule_19_an_end_that_fails_is_told_and_tried_until_it_is_verified() {
    let bench = bench();
    let town: Shared = stage::stage(&[Phase::Paused]).with(Manner::CutBefore);
    drop(bench.ends.shelf.inject(JOB).unwrap());
    let mut ending = Box::pin(bench.guard(&town).end(Why::Due));
    let record = || bench.ends.shelf.read(JOB).unwrap().unwrap();
    bench.is_tried_in_vain(&mut ending).await;
    assert!(record().ended.is_none() && record().trouble.unwrap().contains("ssh was cut off"));
    let _ = town.clone().with(Manner::Obeys);
    ending.await.unwrap();
    assert_eq!(record().ended.map(|ended| ended.why), Some(Why::Due));
    assert_eq!(town.phases(), [Phase::Running]);
}

/// What others have stopped, or paused, meanwhile stays so: nothing of it is the drill's.
#[tokio::test]
async fn rule_19_what_was_never_begun_is_not_undone() {
    let (bench, town) = (bench(), stage::stage(&[Phase::Paused]));
    bench.guard(&town).end(Why::Deserted).await.unwrap();
    assert!(bench.ends.shelf.read(JOB).unwrap().unwrap().ended.is_some());
    assert_eq!((town.phases(), town.asked()), (vec![Phase::Paused], vec![]));
}

/// Whoever was stopped in the middle of breaking something goes on with it later.
#[tokio::test]
async fn rule_19_an_end_is_not_called_performed_while_somebody_still_injects() {
    let (bench, town) = (bench(), stage::stage(&[Phase::Paused]));
    let injecting = bench.ends.shelf.inject(JOB).unwrap();
    let mut ending = Box::pin(bench.guard(&town).end(Why::Due));
    bench.is_tried_in_vain(&mut ending).await;
    let trouble = bench.ends.shelf.read(JOB).unwrap().unwrap().trouble.unwrap();
    assert!(trouble.contains("the worker of drill #7 still breaks it"), "{trouble}");
    drop(injecting);
    ending.await.unwrap();
    assert_eq!(town.phases(), [Phase::Running]);
}

/// Somebody has removed the record of what can never be ended.
#[tokio::test]
async fn an_end_that_nobody_wants_any_more_is_not_tried_for_ever() {
    let (bench, town) = (bench(), stage::stage(&[Phase::Paused]).with(Manner::CutBefore));
    drop(bench.ends.shelf.inject(JOB).unwrap());
    let mut ending = Box::pin(bench.guard(&town).end(Why::Due));
    bench.is_tried_in_vain(&mut ending).await;
    bench.ends.shelf.remove(JOB);
    let given_up = tokio::time::timeout(PATIENCE, ending).await.expect("it is tried for ever");
    assert!(given_up.unwrap_err().what.contains("ssh was cut off"));
}

/// Whoever mends by hand what can never be ended from here says so: not before it was tried, and never as if it were verified.
#[tokio::test]
async fn rule_19_what_an_end_leaves_is_accepted_only_after_it_was_tried() {
    let (bench, town) = (bench(), stage::stage(&[Phase::Paused]).with(Manner::CutBefore));
    drop(bench.ends.shelf.inject(JOB).unwrap());
    let guard = bench.guard(&town);
    let _watched = bench.ends.shelf.watch(JOB).unwrap().unwrap();
    let refused = bench.ends.accept(JOB, || Ok(())).unwrap_err();
    assert!(refused.what.contains("the end of drill #7 has failed 0 times"), "{refused}");
    bench.ends.shelf.accept(JOB).unwrap();
    tokio::time::timeout(PATIENCE, guard.end(Why::Due)).await.expect("it is tried for ever").unwrap();
    let record = bench.ends.shelf.read(JOB).unwrap().unwrap();
    assert_eq!((record.tries, record.ended.map(|ended| ended.why)), (1, Some(Why::Accepted)));
    assert!(record.trouble.unwrap().contains("ssh was cut off"), "what is left stays on record");
    assert!(!bench.ends.ended_of(JOB).unwrap().unwrap().is_verified(), "nobody has verified that it ended");
    let told = Ends::ended(&bench.ends, JOB).await.unwrap_err();
    assert!(told.what.contains("could not be ended"), "{told}");
}

/// What cannot be audited is not accepted, whether somebody waits to end it or nobody does.
#[tokio::test]
async fn rule_22_nothing_is_accepted_that_cannot_be_audited() {
    let bench = bench();
    let mut record = bench.armed(PATIENCE);
    record.tries = TRIES;
    bench.ends.shelf.write(&record).unwrap();
    let full = || Err(Failure::new(FailureKind::Io, "the trail's disk is full"));
    assert!(bench.ends.accept(JOB, full).is_err());
    assert!(bench.ends.shelf.read(JOB).unwrap().unwrap().ended.is_none());
    let _watched = bench.ends.shelf.watch(JOB).unwrap().unwrap();
    assert!(bench.ends.accept(JOB, full).is_err());
    assert!(!bench.ends.shelf.is_accepted(JOB));
    bench.ends.accept(JOB, || Ok(())).unwrap();
    assert!(bench.ends.shelf.is_accepted(JOB));
}

/// Nobody who was started for it could even begin: its configuration is gone, say.
#[tokio::test]
async fn an_end_that_nobody_waits_for_is_accepted_at_once_and_once() {
    let bench = bench();
    bench.armed(PATIENCE);
    bench.ends.accept(JOB, || Ok(())).unwrap();
    let record = bench.ends.shelf.read(JOB).unwrap().unwrap();
    assert_eq!(record.ended.map(|ended| ended.why), Some(Why::Accepted));
    let refused = bench.ends.accept(JOB, || Ok(())).unwrap_err();
    assert!(refused.what.contains("drill #7 has ended: what is left was accepted"), "{refused}");
    let unknown = bench.ends.accept(JobId(9), || Ok(())).unwrap_err();
    assert!(unknown.what.contains("drill #9 has armed no end"), "{unknown}");
}

/// A record that cannot be read, and a folder that cannot be, are no reason to say that nothing is left.
#[test]
fn rule_19_what_cannot_be_read_is_told_and_keeps_nothing_else_from_being_ended() {
    let bench = bench();
    bench.armed(PATIENCE);
    let drills = bench.home().path().join("drills");
    std::fs::write(drills.join("8.json"), "{").unwrap();
    assert!(bench.ends.all().unwrap_err().what.contains("8.json"));
    let read = bench.ends.shelf.each_but(&BTreeSet::new()).unwrap();
    assert_eq!(read.iter().filter(|read| read.is_ok()).count(), 1);
    std::fs::remove_dir_all(&drills).unwrap();
    assert!(bench.ends.all().unwrap().is_empty());
    std::fs::write(&drills, "").unwrap();
    assert!(bench.ends.all().is_err());
}

/// A step that is of no kind this midwatch knows undoes nothing.
#[tokio::test]
async fn rule_19_an_undo_that_nobody_knows_is_no_end() {
    let bench = bench();
    let mut record = bench.armed(PATIENCE);
    record.undoing.steps = vec![StepSpec { kind: "wish".to_owned(), ..record.undoing.steps[0].clone() }];
    let world = Arc::new(stage::stage(&[Phase::Running])) as Arc<dyn World>;
    let home = bench.home().clone();
    let mut guard = Guard { shelf: bench.ends.shelf.clone(), world, record, home, ready: BTreeMap::new() };
    assert!(guard.undo().await.unwrap_err().what.contains("knows no step of the kind \"wish\""));
}
