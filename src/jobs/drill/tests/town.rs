//! The town: services that obey a control of words, metrics that say what they are told to, and an end that is armed, or is not.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::domain::backup::catalogue::Catalogue;
use crate::domain::chaos::end::{Ended, Record, Standing, Undoing, Why};
use crate::domain::control::{ControlSpec, Phase};
use crate::domain::fault::Fault;
use crate::domain::guard::Guard;
use crate::domain::job::{JobId, Outcome};
use crate::domain::recovery::{Lack, Prerequisite};
use crate::domain::repository::{RepositoryPlace, RepositorySpec};
use crate::domain::service::Report;
use crate::domain::time::Stamp;
use crate::jobs::drill::tests::network::Wall;
use crate::jobs::drill::tests::shelf::Shelf;
use crate::jobs::drill::*;
use crate::jobs::driver::tests::book::{Book, Fuse, Open};
use crate::jobs::routine::{Ask, Given};
use crate::jobs::routines;
use crate::jobs::routines::control::tests::stage::{self, Shared};
use crate::jobs::site::Site;
use crate::jobs::step::Cx;
use crate::jobs::steps;
use crate::ports::arm::Arm;
use crate::ports::control::Control;
use crate::ports::firewall::Firewall;
use crate::ports::journal::Clock;
use crate::ports::metrics::Metrics;
use crate::ports::redis::RedisLink;
use crate::ports::repository::Repository;
use crate::ports::tools::Tools;
use crate::ports::trove::Trove;
use crate::ports::{Promise, World};

pub const LASTS: Duration = Duration::from_millis(200);
pub const EVERY: Duration = Duration::from_millis(2);
pub const HOLD: Duration = Duration::from_millis(20);

/// What goes wrong in a town.
#[derive(Clone, Copy, Default, PartialEq)]
pub enum Manner {
    #[default]
    Nothing,
    /// The watchdog does not get ready.
    Unready,
    /// It dies once the fault is on.
    Dies,
    /// An alert fires all the time.
    Noisy,
    /// The alert of the fault fires before the fault is on.
    Hasty,
    /// The rules say nothing of the fault.
    Deaf,
    /// Prometheus does not answer once the fault is on.
    Blind,
    /// The watchdog dies before the fault is on.
    DiesBefore,
    /// What ends the fault does not work.
    Endless,
    /// A service outside the blast radius falls ill, too.
    Spreads,
    /// The target answers nobody while the fault is on.
    Darkens,
    /// Every expression answers something once the fault is on.
    Holds,
    /// Its services hang while the fault is on: they answer nothing.
    Hung,
    /// The time of the fault is over before it is on.
    Late,
}

/// What the town does.
#[derive(Default)]
pub struct Words {
    /// What goes wrong in it.
    pub manner: Manner,
    /// How long the rule's `for` is.
    pub hold: Duration,
    /// The backups of its repository.
    pub shelf: Catalogue,
    /// What was armed.
    pub armed: Option<Undoing>,
    /// How long its end was armed for.
    pub within: Option<Duration>,
    pub ended: Option<Ended>,
    /// Since when something is broken.
    pub broken: Option<Instant>,
}

/// The town: the world, its metrics, and who arms.
#[derive(Clone)]
pub struct Town {
    pub shared: Shared,
    pub words: Arc<Mutex<Words>>,
    /// The packet filter before its services.
    pub wall: Wall,
}

pub fn town() -> Town {
    let shared = stage::stage(&[Phase::Running, Phase::Running]);
    Town { shared, words: Arc::new(Mutex::new(Words { hold: HOLD, ..Words::default() })), wall: Wall::default() }
}

impl Town {
    pub fn with(self, change: impl FnOnce(&mut Words)) -> Self {
        change(&mut self.words.lock().unwrap());
        self
    }

    pub fn is(&self, manner: Manner) -> bool {
        self.words.lock().unwrap().manner == manner
    }

    pub fn is_broken(&self) -> bool {
        self.shared.phases().iter().any(|phase| *phase != Phase::Running) || !self.wall.rules().is_empty()
    }

    pub fn site() -> Site {
        let services = vec![
            stage::service("app", Some("app-{n}"), &[]),
            stage::service("site", None, &["app"]),
            stage::service("elsewhere", None, &[]),
        ];
        let (environment, guard) = ("production".into(), Guard::Strict);
        Site { environment, guard, services, repositories: vec![], signals: vec![] }
    }

    pub async fn plan(&self, line: &str) -> Result<Plan, Failure> {
        self.plan_in(&Self::site(), line).await
    }

    pub async fn plan_in(&self, site: &Site, line: &str) -> Result<Plan, Failure> {
        let call: Vec<String> = line.split(' ').map(str::to_owned).collect();
        let mut given = Given::default();
        given.0.insert("scenario".to_owned(), call[1].clone());
        for pair in call[2..].chunks(2) {
            given.0.insert(pair[0].trim_start_matches("--").to_owned(), pair[1].clone());
        }
        let ask = Ask { call: &call, given: &given, site, world: self, live: &[] };
        (routines::DRILL.plan)(&ask).await.map(hastened)
    }

    pub async fn run(&self, book: &Book, plan: &Plan) -> Option<Outcome> {
        self.work(book, plan, Fuse::Never).await
    }

    /// Runs the only step of a kind by itself.
    pub async fn step(&self, plan: &Plan, kind: &str) -> Result<serde_json::Value, Failure> {
        let spec = plan.steps.iter().find(|spec| spec.kind == kind).unwrap();
        self.single(JobId(1), plan, spec).await
    }

    async fn single(&self, job: JobId, plan: &Plan, spec: &StepSpec) -> Result<serde_json::Value, Failure> {
        let (_never, cancel) = watch::channel(false);
        let (operator, host, outputs) = ("ann", "here", &std::collections::BTreeMap::new());
        let cx = Cx { job, operator, host, plan, spec, outputs, world: self, reporter: &Silent, cancel };
        steps::find(&spec.kind).unwrap().run(&cx).await
    }

    /// None where the worker died, or waits.
    pub async fn work(&self, book: &Book, plan: &Plan, fuse: Fuse) -> Option<Outcome> {
        let (_keep, stop) = watch::channel(false);
        book.set(fuse);
        book.drive_in(self, &Real(Instant::now()), steps::find, plan, &Open, stop).await?.unwrap()
    }
}

/// The same in a hundredth of the time.
fn hastened(mut plan: Plan) -> Plan {
    let mut begin: Begin = crate::jobs::step::args(&plan.steps[0]).unwrap();
    let drill = &mut begin.drill;
    (drill.lasts, drill.every, drill.steady) = (LASTS, EVERY, Duration::from_secs(2));
    drill.target.every = EVERY;
    for fault in &mut drill.faults {
        let target = if fault.args["target"].is_null() { &mut fault.args } else { &mut fault.args["target"] };
        target["every"] = serde_json::to_value(EVERY).unwrap();
    }
    plan.steps[0].args = serde_json::to_value(begin).unwrap();
    plan
}

/// The time of the tests' own runtime.
struct Real(Instant);

impl Clock for Real {
    fn mono(&self) -> Duration {
        self.0.elapsed()
    }

    fn wall(&self) -> Stamp {
        Stamp(0)
    }

    fn sleep(&self, time: Duration) -> BoxFuture<'static, ()> {
        tokio::time::sleep(time).boxed()
    }
}

impl Arm for Town {
    fn arm(&self, undoing: Undoing, within: Duration) -> Promise<'_, Stamp> {
        let mut words = self.words.lock().unwrap();
        words.within = Some(within);
        let refused = words.manner == Manner::Unready;
        words.armed = (!refused).then_some(undoing);
        Box::pin(async move { if refused { Err(Failure::refused("the watchdog is not ready")) } else { Ok(Stamp(0)) } })
    }

    fn look(&self, _: JobId) -> Promise<'_, Standing> {
        let words = self.words.lock().unwrap();
        let standing = match (&words.armed, &words.ended) {
            (None, _) => Standing::Unarmed,
            (_, Some(ended)) => Standing::Ended(ended.clone()),
            (Some(undoing), None) if words.manner == Manner::DiesBefore || words.manner == Manner::Dies && self.is_broken() => {
                Standing::Deserted(Box::new(record(undoing)))
            }
            (Some(_), None) if words.manner == Manner::Late => Standing::Armed(Duration::ZERO),
            (Some(_), None) => Standing::Armed(Duration::from_secs(60)),
        };
        Box::pin(async { Ok(standing) })
    }

    fn injecting(&self, job: JobId, _: Duration) -> Promise<'_, Box<dyn Send + Sync>> {
        Box::pin(async move {
            match self.look(job).await? {
                Standing::Armed(_) => Ok(Box::new(()) as Box<dyn Send + Sync>),
                _ => Err(Failure::refused("the end of the fault is not armed")),
            }
        })
    }

    fn end(&self, job: JobId) -> Promise<'_, Option<Ended>> {
        Box::pin(async move {
            let (armed, ended) = {
                let words = self.words.lock().unwrap();
                (words.armed.clone(), words.ended.clone())
            };
            let Some(undoing) = armed.filter(|_| ended.is_none()) else { return Ok(ended) };
            if self.is(Manner::Endless) {
                return Err(Failure::new(FailureKind::Unavailable, "the fault could not be ended"));
            }
            for spec in &undoing.steps {
                self.single(job, &undoing.plan, spec).await?;
            }
            let ended = Ended { at: Stamp(0), took: Duration::ZERO, why: Why::Asked };
            self.words.lock().unwrap().ended = Some(ended.clone());
            Ok(Some(ended))
        })
    }

    fn open(&self) -> Promise<'_, Vec<Record>> {
        let words = self.words.lock().unwrap();
        let open = words.armed.iter().filter(|_| words.ended.is_none()).map(record).collect();
        Box::pin(async { Ok(open) })
    }
}

struct Silent;

impl crate::ports::journal::Reporter for Silent {
    fn progress(&self, _: crate::domain::job::Progress) {}
    fn log(&self, _: &str) {}
}

fn record(undoing: &Undoing) -> Record {
    use crate::domain::chaos::end::{Deadline, VERSION};
    let deadline = Deadline { boot: String::new(), at: Duration::ZERO };
    let (files, due, trouble, ended) = (vec![], Stamp(0), None, None);
    Record {
        version: VERSION,
        undoing: undoing.clone(),
        files,
        deadline,
        due,
        timer: None,
        armed: true,
        ending: false,
        tries: 0,
        trouble,
        ended,
    }
}

impl World for Town {
    fn tools(&self, access: &crate::domain::access::Access) -> Arc<dyn Tools> {
        self.shared.tools(access)
    }

    fn redis<'a>(&'a self, _: &'a crate::domain::access::Access) -> Promise<'a, Arc<dyn RedisLink>> {
        Box::pin(async { Err(Failure::new(FailureKind::Unavailable, "it speaks to nobody")) })
    }

    fn control(&self, spec: &ControlSpec) -> Result<Arc<dyn Control>, Failure> {
        World::control(&self.shared, spec)
    }

    fn probe<'a>(&'a self, service: &'a ServiceSpec) -> BoxFuture<'a, Result<Report, Fault>> {
        if self.is(Manner::Hung) && self.is_broken() {
            return Box::pin(std::future::pending());
        }
        let is_ill = match service.name.as_str() {
            "elsewhere" => self.is(Manner::Spreads),
            _ => self.is(Manner::Darkens),
        };
        if is_ill && self.is_broken() {
            return Box::pin(async { Err(Fault::new(crate::domain::fault::FaultKind::Unreachable, "gone")) });
        }
        self.shared.probe(service)
    }

    fn listener<'a>(&'a self, service: &'a ServiceSpec) -> Promise<'a, Option<String>> {
        self.shared.listener(service)
    }

    fn repository<'a>(&'a self, spec: &'a RepositorySpec) -> Promise<'a, Arc<dyn Repository>> {
        let backups: Arc<dyn Repository> = Arc::new(Shelf(spec.clone(), self.words.lock().unwrap().shelf.clone()));
        Box::pin(async { Ok(backups) })
    }

    fn trove<'a>(&'a self, place: &'a RepositoryPlace) -> Promise<'a, Arc<dyn Trove>> {
        self.shared.trove(place)
    }

    fn scratch(&self) -> std::path::PathBuf {
        self.shared.scratch()
    }

    fn lack<'a>(&'a self, of: &'a Prerequisite) -> BoxFuture<'a, Option<Lack>> {
        self.shared.lack(of)
    }

    fn metrics<'a>(&'a self, _: &'a Name) -> Promise<'a, Arc<dyn Metrics>> {
        Box::pin(async { Ok(Arc::new(self.clone()) as Arc<dyn Metrics>) })
    }

    fn arm(&self) -> Result<Arc<dyn Arm>, Failure> {
        Ok(Arc::new(self.clone()))
    }

    fn firewall(&self, _: &ServiceSpec) -> Result<Arc<dyn Firewall>, Failure> {
        Ok(Arc::new(self.wall.clone()))
    }

    fn now(&self) -> Stamp {
        Stamp(0)
    }
}
