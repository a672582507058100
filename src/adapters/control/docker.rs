//! Containers, asked of the Docker Engine itself and not through its client: `docker stop` kills what is not quick enough, and
//! tells in words for people. Behind `ssh` the Engine is reached the way its own client reaches it.
//!
//! What is asked of several containers is looked at for all of them before it is done to the first: what cannot be done to one
//! is refused, and nothing has happened.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use serde::Deserialize;
use tokio::sync::OnceCell;

use crate::adapters::control::docker::act::Stop;
use crate::adapters::control::docker::container::{Container, Facts, Stats};
use crate::adapters::control::docker::engine::Engine;
use crate::adapters::control::docker::logs::Reading;
use crate::adapters::control::docker::seat::Seat;
use crate::adapters::control::docker::set::Set;
use crate::adapters::tools::surroundings::Surroundings;
use crate::domain::control::{Condition, ControlSpec, Instance, LogAsk, Usage};
use crate::domain::failure::Failure;
use crate::ports::Promise;
use crate::ports::control::{Control, Logs};

mod act;
pub mod container;
mod dial;
mod engine;
mod logs;
mod make;
mod scale;
mod seat;
pub mod set;
mod words;

/// The control of a service that is containers.
pub struct Docker {
    engine: Arc<Engine>,
    set: Set,
    grace: Duration,
    /// All the memory of the host, in bytes; none where the Engine does not tell.
    memory: OnceCell<Option<u64>>,
}

impl Docker {
    /// The control of these containers. Connects to nothing yet.
    pub fn new(set: Set, spec: &ControlSpec, around: &Surroundings) -> Result<Self, Failure> {
        let engine = Engine::new(Seat::find(spec.ssh.as_deref(), around)?, around.clone());
        Ok(Self { engine: Arc::new(engine), set, grace: spec.grace, memory: OnceCell::new() })
    }

    /// Its containers, those that do not run too, where the Engine is on a host whose namespaces can be entered.
    pub async fn near(&self) -> Result<Vec<Facts>, Failure> {
        if let Seat::Tcp { .. } = self.engine.seat() {
            let what = format!("{} is far away: nobody can enter its containers' networks from here", self.engine.seat());
            return Err(Failure::refused(what).mend("control = { docker = \"…\", ssh = \"HOST\" } goes to its host first"));
        }
        Ok(self.set.all(&self.engine).await?.into_iter().map(|container| container.facts).collect())
    }

    async fn chosen(&self, instance: Option<&str>) -> Result<Vec<Container>, Failure> {
        self.set.chosen(&self.engine, instance).await
    }

    async fn look(&self) -> Result<Condition, Failure> {
        let all = self.set.all(&self.engine).await?;
        if all.is_empty() {
            return Ok(Condition { instances: vec![self.absent().await] });
        }
        let instances = all.iter().map(async |container| container.instance(self.usage(container).await));
        Ok(Condition { instances: join_all(instances).await })
    }

    async fn absent(&self) -> Instance {
        let name = self.set.to_string();
        let detail = Some(self.set.absent(&self.engine).await.what);
        let nothing = Instance::absent(name);
        Instance { detail, ..nothing }
    }

    /// What a container uses. One that ends in this moment uses nothing: that is no failure.
    async fn usage(&self, container: &Container) -> Option<Usage> {
        let facts = &container.facts;
        if !facts.state.running || facts.state.restarting {
            return None;
        }
        let once = [("stream", "false"), ("one-shot", "true")];
        let stats: Stats = self.engine.get(&format!("/containers/{}/stats", facts.id), &once).await.ok()?.read().ok()?;
        stats.usage(*self.memory.get_or_init(|| self.host_memory()).await)
    }

    async fn host_memory(&self) -> Option<u64> {
        #[derive(Deserialize)]
        struct Info {
            #[serde(rename = "MemTotal")]
            memory: u64,
        }
        let info: Info = self.engine.get("/info", &[]).await.ok()?.read().ok()?;
        Some(info.memory)
    }
}

/// Waits for what is done to each; one that fails leaves the others as they are.
async fn every(done: impl Iterator<Item = impl Future<Output = Result<(), Failure>>>) -> Result<(), Failure> {
    united(join_all(done).await.into_iter().filter_map(Result::err).collect())
}

/// Several failures as one.
fn united(failures: Vec<Failure>) -> Result<(), Failure> {
    let mut failures = failures.into_iter();
    let Some(mut first) = failures.next() else { return Ok(()) };
    for failure in failures {
        first.what = format!("{}; {}", first.what, failure.what);
    }
    Err(first)
}

impl Control for Docker {
    fn keys(&self) -> Promise<'_, Vec<String>> {
        Box::pin(async {
            let all = self.chosen(None).await?;
            Ok(all.iter().map(|container| format!("docker:{}", container.facts.id)).collect())
        })
    }

    fn outlasts(&self) -> Promise<'_, ()> {
        Box::pin(self.engine.outlasts())
    }

    fn condition(&self) -> Promise<'_, Condition> {
        Box::pin(self.look())
    }

    fn start<'a>(&'a self, instance: Option<&'a str>) -> Promise<'a, ()> {
        Box::pin(async move {
            let all = self.chosen(instance).await?;
            all.iter().try_for_each(act::may_start)?;
            every(all.iter().map(|container| act::start(&self.engine, container))).await
        })
    }

    fn stop<'a>(&'a self, instance: Option<&'a str>, force: bool) -> Promise<'a, ()> {
        Box::pin(async move {
            let (all, stop) = (self.chosen(instance).await?, Stop { grace: self.grace, force });
            all.iter().try_for_each(|container| act::may_stop(container, stop))?;
            every(all.iter().map(|container| act::stop(&self.engine, container, stop))).await
        })
    }

    fn pause<'a>(&'a self, instance: Option<&'a str>) -> Promise<'a, ()> {
        Box::pin(async move {
            let all = act::pausable(self.chosen(instance).await?)?;
            every(all.iter().map(|container| act::pause(&self.engine, container))).await
        })
    }

    fn unpause<'a>(&'a self, instance: Option<&'a str>) -> Promise<'a, ()> {
        Box::pin(async move {
            let all = self.chosen(instance).await?;
            every(all.iter().map(|container| act::unpause(&self.engine, container))).await
        })
    }

    fn scale(&self, to: u16) -> Promise<'_, ()> {
        Box::pin(scale::scale(&self.engine, &self.set, to, self.grace))
    }

    fn logs<'a>(&'a self, ask: &'a LogAsk) -> Promise<'a, Box<dyn Logs>> {
        Box::pin(
            async move { Ok(Box::new(Reading::open(Arc::clone(&self.engine), self.set.clone(), ask).await?) as Box<dyn Logs>) },
        )
    }
}
