//! A world of one environment whose services are controlled by nothing but words, and a control that obeys, lies, ignores,
//! stalls or does things by halves.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::sync::watch;

use crate::domain::access::{Access, Reach, Tls, ToolPlace};
use crate::domain::control::{Condition, ControlSpec, Instance, LogAsk, Phase, Way};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::guard::Guard;
use crate::domain::job::Outcome;
use crate::domain::plan::Plan;
use crate::domain::recovery::{Lack, Prerequisite, Requires};
use crate::domain::repository::{RepositoryPlace, RepositorySpec};
use crate::domain::service::spec::ServiceSpec;
use crate::domain::service::{Facts, HttpFacts, Report, ServiceKind};
use crate::domain::time::Stamp;
use crate::jobs::driver::tests::book::{Book, Fuse, Open};
use crate::jobs::routine::{Ask, Given};
use crate::jobs::site::Site;
use crate::jobs::{routines, steps};
use crate::ports::control::{Control, Logs};
use crate::ports::journal::Clock;
use crate::ports::redis::RedisLink;
use crate::ports::repository::Repository;
use crate::ports::tools::Tools;
use crate::ports::trove::Trove;
use crate::ports::{Promise, World};

/// How a control takes what it is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    Obeys,
    /// It says that it did, and did not.
    Lies,
    /// What is to end does not.
    Ignores,
    /// It does it, and is cut off before it can say so.
    CutAfter,
    /// It is cut off before it does anything.
    CutBefore,
    /// It does half, and fails.
    Halves,
    /// It never says that something was paused.
    Hangs,
}

pub struct Stage {
    pub condition: Mutex<Condition>,
    pub manner: Mutex<Manner>,
    /// What the service answers while something of it runs; nobody knows where there is nothing.
    pub status: Mutex<Option<u16>>,
    /// How often an instance is found to have been restarted meanwhile.
    pub loops: Mutex<bool>,
    pub keys: Mutex<Vec<String>>,
    /// How it is known by heart, where that is more than its names.
    pub heart: Mutex<Option<Way>>,
    pub asked: Mutex<Vec<String>>,
}

/// The world that jobs are given, and the control that it opens.
#[derive(Clone)]
pub struct Shared(pub Arc<Stage>);

pub fn instance(name: &str, phase: Phase) -> Instance {
    let (since, restarts, image, healthy) = (None, Some(0), None, None);
    Instance { name: name.to_owned(), phase, since, restarts, image, healthy, usage: None, detail: None }
}

pub fn stage(phases: &[Phase]) -> Shared {
    let instances: Vec<_> = (1..).zip(phases).map(|(n, phase)| instance(&format!("app-{n}"), *phase)).collect();
    Shared(Arc::new(Stage {
        keys: Mutex::new(instances.iter().map(|one| format!("docker:{}", one.name)).collect()),
        condition: Mutex::new(Condition { instances }),
        manner: Mutex::new(Manner::Obeys),
        status: Mutex::new(Some(200)),
        loops: Mutex::new(false),
        heart: Mutex::default(),
        asked: Mutex::default(),
    }))
}

impl Shared {
    pub fn with(self, manner: Manner) -> Self {
        *self.0.manner.lock().unwrap() = manner;
        self
    }

    pub fn asked(&self) -> Vec<String> {
        self.0.asked.lock().unwrap().clone()
    }

    pub fn phases(&self) -> Vec<Phase> {
        self.0.condition.lock().unwrap().instances.iter().map(|one| one.phase).collect()
    }

    /// The plan of a call, made to look around all the time and to wait for nothing long.
    pub async fn plan(&self, line: &str) -> Result<Plan, Failure> {
        let call: Vec<String> = line.split(' ').map(str::to_owned).collect();
        let routine = routines::find(&call[0]).unwrap();
        let mut given = Given::default();
        let mut words = call[1..].iter();
        let mut places = routine.params.iter().filter(|param| param.form == crate::jobs::routine::Form::Positional);
        while let Some(word) = words.next() {
            match word.strip_prefix("--") {
                Some("force") => given.0.insert("force".to_owned(), String::new()),
                Some(name) => given.0.insert(name.to_owned(), words.next().unwrap().clone()),
                None => given.0.insert(places.next().unwrap().name.to_owned(), word.clone()),
            };
        }
        let mut plan = (routine.plan)(&Ask { call: &call, given: &given, site: &site(), world: self, live: &[] }).await?;
        for step in &mut plan.steps {
            let args = step.args.as_object_mut().unwrap();
            if args.contains_key("within") {
                args["within"] = serde_json::json!({ "secs": 0, "nanos": 200_000_000 });
            }
            let target = if args.contains_key("target") { args["target"].as_object_mut().unwrap() } else { args };
            target["every"] = serde_json::json!({ "secs": 0, "nanos": 1_000_000 });
        }
        Ok(plan)
    }

    /// Carries it out; none where its worker died or waits.
    pub async fn work(&self, book: &Book, plan: &Plan, fuse: Fuse) -> Option<Outcome> {
        let (_keep, stop) = watch::channel(false);
        book.set(fuse);
        book.drive_in(self, &Real(Instant::now()), steps::find, plan, &Open, stop).await?.unwrap()
    }

    pub async fn finish(&self, book: &Book, line: &str) -> Outcome {
        let plan = self.plan(line).await.unwrap();
        self.work(book, &plan, Fuse::Never).await.unwrap()
    }

    fn change(&self, words: String, instance: Option<&str>, to: Phase) -> Result<(), Failure> {
        self.0.asked.lock().unwrap().push(words);
        let manner = *self.0.manner.lock().unwrap();
        let cut = || Err(Failure::new(FailureKind::Unavailable, "ssh was cut off"));
        match (manner, to) {
            (Manner::CutBefore, _) => return cut(),
            (Manner::Ignores, Phase::Stopped) => {
                return Err(Failure::new(FailureKind::Stalled, "process 7 did not end within 30s: it goes on"));
            }
            _ => {}
        }
        let mut condition = self.0.condition.lock().unwrap();
        let meant = condition.instances.iter_mut().filter(|one| instance.is_none_or(|name| name == one.name));
        let most = if manner == Manner::Halves && to == Phase::Paused { 1 } else { usize::MAX };
        for one in meant.take(most) {
            let is_off = one.phase == Phase::Stopped && matches!(to, Phase::Paused);
            one.phase = if is_off { one.phase } else { to };
        }
        match manner {
            Manner::CutAfter => cut(),
            Manner::Halves if to == Phase::Paused => Err(Failure::new(FailureKind::Io, "one does not hold still")),
            _ => Ok(()),
        }
    }
}

pub fn service(name: &str, control: Option<&str>, depends_on: &[&str]) -> ServiceSpec {
    let reach = Reach::Tcp { host: "127.0.0.1".to_owned(), port: 8080 };
    let access =
        Access { reach, ssh: None, tools: ToolPlace::Here, user: None, password: None, database: None, tls: Tls::Disable };
    let way = |container: &str| Way::Docker { container: container.to_owned() };
    let control = control.map(|pattern| ControlSpec { way: way(pattern), ssh: None, grace: Duration::from_secs(30) });
    ServiceSpec {
        name: name.into(),
        kind: ServiceKind::Http,
        access,
        health: None,
        backup: None,
        control,
        depends_on: depends_on.iter().map(|name| (*name).into()).collect(),
        requires: Requires::default(),
        labels: std::collections::BTreeMap::new(),
    }
}

fn site() -> Site {
    let services = vec![
        service("app", Some("app-{n}"), &[]),
        service("one", Some("one"), &[]),
        service("proxy", None, &["app"]),
        service("site", None, &["proxy"]),
    ];
    Site { environment: "production".into(), guard: Guard::Open, services, repositories: vec![], signals: vec![] }
}

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

impl Control for Shared {
    fn keys(&self) -> Promise<'_, Vec<String>> {
        Box::pin(async { Ok(self.0.keys.lock().unwrap().clone()) })
    }

    fn condition(&self) -> Promise<'_, Condition> {
        let mut condition = self.0.condition.lock().unwrap();
        if *self.0.loops.lock().unwrap() {
            condition.instances.iter_mut().for_each(|one| one.restarts = one.restarts.map(|n| n + 1));
        }
        let condition = condition.clone();
        Box::pin(async { Ok(condition) })
    }

    fn by_heart(&self) -> Promise<'_, Option<Way>> {
        Box::pin(async { Ok(self.0.heart.lock().unwrap().clone()) })
    }

    fn start<'a>(&'a self, instance: Option<&'a str>) -> Promise<'a, ()> {
        Box::pin(async move { self.change(format!("start {}", instance.unwrap_or("all")), instance, Phase::Running) })
    }

    fn stop<'a>(&'a self, instance: Option<&'a str>, force: bool) -> Promise<'a, ()> {
        let words = format!("{} {}", if force { "kill" } else { "stop" }, instance.unwrap_or("all"));
        Box::pin(async move { self.change(words, instance, Phase::Stopped) })
    }

    fn pause<'a>(&'a self, instance: Option<&'a str>) -> Promise<'a, ()> {
        Box::pin(async move {
            let paused = self.change(format!("pause {}", instance.unwrap_or("all")), instance, Phase::Paused);
            if *self.0.manner.lock().unwrap() == Manner::Hangs { std::future::pending().await } else { paused }
        })
    }

    fn unpause<'a>(&'a self, instance: Option<&'a str>) -> Promise<'a, ()> {
        Box::pin(async move { self.change(format!("unpause {}", instance.unwrap_or("all")), instance, Phase::Running) })
    }

    fn scale(&self, to: u16) -> Promise<'_, ()> {
        self.0.asked.lock().unwrap().push(format!("scale {to}"));
        let lies = *self.0.manner.lock().unwrap() == Manner::Lies;
        let all = (1..=to).map(|n| instance(&format!("app-{n}"), Phase::Running)).collect();
        if !lies {
            self.0.condition.lock().unwrap().instances = all;
        }
        Box::pin(async { Ok(()) })
    }

    fn logs<'a>(&'a self, _: &'a LogAsk) -> Promise<'a, Box<dyn Logs>> {
        unreachable!()
    }
}

impl World for Shared {
    fn tools(&self, _: &Access) -> Arc<dyn Tools> {
        unreachable!()
    }

    fn redis<'a>(&'a self, _: &'a Access) -> Promise<'a, Arc<dyn RedisLink>> {
        unreachable!()
    }

    fn control(&self, _: &ControlSpec) -> Result<Arc<dyn Control>, Failure> {
        Ok(Arc::new(self.clone()))
    }

    fn probe<'a>(&'a self, _: &'a ServiceSpec) -> BoxFuture<'a, Result<Report, Fault>> {
        let runs = self.phases().contains(&Phase::Running) || *self.0.manner.lock().unwrap() == Manner::Lies;
        let status = *self.0.status.lock().unwrap();
        let answer = match status.filter(|_| runs) {
            Some(status) => Ok(Report { took: Duration::ZERO, facts: Facts::Http(HttpFacts { status, healthy: status == 200 }) }),
            None => Err(Fault::new(FaultKind::Unreachable, "connection refused")),
        };
        Box::pin(async { answer })
    }

    fn lack<'a>(&'a self, _: &'a Prerequisite) -> BoxFuture<'a, Option<Lack>> {
        Box::pin(async { None })
    }

    fn listener<'a>(&'a self, _: &'a ServiceSpec) -> Promise<'a, Option<String>> {
        Box::pin(async { Ok(Some("process 4711 (other)".to_owned())) })
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
