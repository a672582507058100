//! A world with one folder in it: a repository, scratch servers, and the steps of a backup one by one.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use midwatch::adapters::redis::link::Direct;
use midwatch::adapters::repository::{self, SealKey};
use midwatch::adapters::tools::{self, surroundings::Surroundings};
use midwatch::domain::access::{Access, Reach, Tls, ToolPlace};
use midwatch::domain::backup::catalogue::Catalogue;
use midwatch::domain::backup::policy::{Assertion, Policy};
use midwatch::domain::backup::{BackupId, Census, Compression, Method, Proof, redis};
use midwatch::domain::failure::Failure;
use midwatch::domain::guard::Guard;
use midwatch::domain::job::{JobId, Progress};
use midwatch::domain::plan::{Identity, Plan, Revert, StepId, StepSpec, VERSION};
use midwatch::domain::repository::{Keep, RepositoryPlace, RepositorySpec};
use midwatch::domain::secret::SecretRef;
use midwatch::domain::time::Stamp;
use midwatch::jobs::redis::identity::Server;
use midwatch::jobs::step::Cx;
use midwatch::jobs::steps;
use midwatch::jobs::steps::backup::{Copied, CopyArgs, DraftArgs, Judged, ProveArgs};
use midwatch::ports::journal::Reporter;
use midwatch::ports::redis::RedisLink;
use midwatch::ports::repository::Repository;
use midwatch::ports::tools::Tools;
use midwatch::ports::trove::Trove;
use midwatch::ports::{Promise, World};
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::watch;

use crate::servers::{PASSWORD, Redis};

/// A world, and what it was told.
pub struct Stage {
    pub folder: TempDir,
    pub policy: Policy,
    pub told: Told,
    /// What a container's name stands for: there is none here, but its tools run all the same.
    pub inside: Option<Access>,
    /// The Docker daemon that is asked, where it is not this host's own.
    pub docker: Option<String>,
    cancel: watch::Sender<bool>,
}

/// Everything that steps said about themselves.
#[derive(Default)]
pub struct Told {
    pub log: Mutex<Vec<String>>,
    pub progress: Mutex<Vec<Progress>>,
}

impl Reporter for Told {
    fn progress(&self, progress: Progress) {
        self.progress.lock().unwrap().push(progress);
    }

    fn log(&self, line: &str) {
        self.log.lock().unwrap().push(line.to_owned());
    }
}

impl World for Stage {
    fn tools(&self, access: &Access) -> Arc<dyn Tools> {
        let around = Surroundings::inherited();
        let around = self.docker.iter().fold(around, Surroundings::with_docker);
        let is_inside = matches!(access.reach, Reach::Docker { .. });
        tools::tools(self.inside.as_ref().filter(|_| is_inside).unwrap_or(access), &around)
    }

    fn redis<'a>(&'a self, access: &'a Access) -> Promise<'a, Arc<dyn RedisLink>> {
        Box::pin(async move { Ok(Arc::new(Direct::open(access).await?) as Arc<dyn RedisLink>) })
    }

    fn control(&self, _: &midwatch::domain::control::ControlSpec) -> Result<Arc<dyn midwatch::ports::control::Control>, Failure> {
        unreachable!()
    }

    fn probe<'a>(
        &'a self,
        service: &'a midwatch::domain::service::spec::ServiceSpec,
    ) -> futures_util::future::BoxFuture<'a, Result<midwatch::domain::service::Report, midwatch::domain::fault::Fault>> {
        let Reach::Tcp { host, port } = service.access.reach.clone() else { unreachable!() };
        let reach = midwatch::adapters::reach::Reach::Tcp { host, port, tls: midwatch::adapters::tls::TlsMode::Disable };
        let login = midwatch::adapters::reach::Login { user: None, password: Some(PASSWORD.into()) };
        let server = midwatch::adapters::redis::Redis::new(reach, &login, Duration::from_secs(20));
        Box::pin(async move { server?.probe().await })
    }

    fn lack<'a>(
        &'a self,
        _: &'a midwatch::domain::recovery::Prerequisite,
    ) -> futures_util::future::BoxFuture<'a, Option<midwatch::domain::recovery::Lack>> {
        unreachable!()
    }

    fn listener<'a>(&'a self, _: &'a midwatch::domain::service::spec::ServiceSpec) -> Promise<'a, Option<String>> {
        unreachable!()
    }

    fn repository<'a>(&'a self, spec: &'a RepositorySpec) -> Promise<'a, Arc<dyn Repository>> {
        Box::pin(repository::open(spec, Some(SealKey::new([7; 32]))))
    }

    fn trove<'a>(&'a self, place: &'a RepositoryPlace) -> Promise<'a, Arc<dyn Trove>> {
        Box::pin(repository::trove::open(place))
    }

    fn scratch(&self) -> PathBuf {
        self.folder.path().join("scratch")
    }

    fn now(&self) -> Stamp {
        Stamp(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as i64)
    }
}

impl Stage {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["scratch", "repository"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        let policy = Policy {
            repository: "main".into(),
            methods: vec![Method::Rdb],
            databases: vec![],
            compression: Compression::Zstd,
            rpo: None,
            rto: None,
            assertions: vec![],
        };
        Self { folder, policy, told: Told::default(), inside: None, docker: None, cancel: watch::Sender::new(false) }
    }

    pub fn assertion(&mut self, key: &str, database: &str) {
        self.policy.assertions.push(Assertion { name: key.to_owned(), database: database.to_owned(), test: key.to_owned() });
    }

    /// The way to a server of the tests.
    pub fn access(&self, server: &Redis) -> Access {
        self.reached(Reach::Tcp { host: "127.0.0.1".to_owned(), port: server.port }, ToolPlace::Here)
    }

    /// Where nobody answers.
    pub fn nowhere(&self) -> Access {
        self.reached(Reach::Tcp { host: "127.0.0.1".to_owned(), port: 1 }, ToolPlace::Here)
    }

    /// Any way to one, with the password.
    pub fn reached(&self, reach: Reach, tools: ToolPlace) -> Access {
        let password = self.folder.path().join("password");
        fs::write(&password, PASSWORD).unwrap();
        fs::set_permissions(&password, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        Access {
            reach,
            ssh: None,
            tools,
            user: None,
            password: Some(SecretRef::File(password)),
            database: None,
            tls: Tls::Disable,
        }
    }

    pub fn spec(&self) -> RepositorySpec {
        let place = RepositoryPlace::Folder(self.folder.path().join("repository"));
        RepositorySpec { name: "main".into(), place, encrypt: vec![], identity: None, keep: Keep::default() }
    }

    pub async fn catalogue(&self) -> Catalogue {
        let spec = self.spec();
        self.repository(&spec).await.unwrap().catalogue().await.unwrap()
    }

    pub async fn server(&self, access: &Access) -> Result<Server, Failure> {
        let link = midwatch::jobs::redis::link(self, access).await?;
        Server::identify(link.as_ref(), access, &"test".into(), &"cache".into()).await
    }

    pub fn cancel(&self) {
        self.cancel.send_replace(true);
    }

    /// The step that copies, alone.
    pub async fn copy(&self, id: &str, access: &Access) -> Result<Copied, Failure> {
        let system = self.server(access).await?.origin.system;
        self.copy_of(id, access, &system).await
    }

    /// The same, of the server that was confirmed.
    pub async fn copy_of(&self, id: &str, access: &Access, system: &str) -> Result<Copied, Failure> {
        let args = CopyArgs {
            backup: BackupId(id.to_owned()),
            environment: "test".into(),
            service: "cache".into(),
            access: access.clone(),
            policy: self.policy.clone(),
            method: Method::Rdb,
            repository: self.spec(),
            system: system.to_owned(),
        };
        let copied = self.run("redis-copy", &args, None).await?;
        Ok(serde_json::from_value(copied).unwrap())
    }

    /// What a copy becomes: read back, and published.
    pub async fn publish(&self, id: &str, copied: &Copied) {
        let copied = Some(serde_json::to_value(copied).unwrap());
        let args = DraftArgs { backup: BackupId(id.to_owned()), repository: self.spec(), copied: StepId(0), method: Method::Rdb };
        self.run("read-back", &args, copied.clone()).await.unwrap();
        self.run("publish", &args, copied).await.unwrap();
    }

    pub async fn back_up(&self, id: &str, access: &Access) -> Copied {
        let copied = self.copy(id, access).await.unwrap();
        self.publish(id, &copied).await;
        copied
    }

    pub async fn prove(&self, id: &str, access: &Access) -> Result<Judged, Failure> {
        let args = ProveArgs {
            backup: BackupId(id.to_owned()),
            repository: self.spec(),
            access: access.clone(),
            policy: self.policy.clone(),
        };
        let judged = self.run("redis-prove", &args, None).await?;
        Ok(serde_json::from_value(judged).unwrap())
    }

    /// The newest proof of a backup, as it lies in the repository.
    pub async fn proof(&self, id: &str) -> Proof {
        self.catalogue().await.find(&BackupId(id.to_owned())).unwrap().proofs[0].clone()
    }

    /// The one file of a backup.
    pub fn file(&self, id: &str) -> PathBuf {
        let mut found = Vec::new();
        files(&self.folder.path().join("repository"), &mut found);
        found.into_iter().find(|path| path.to_string_lossy().contains(id) && path.to_string_lossy().contains("dump.rdb")).unwrap()
    }

    /// Everything in the repository.
    pub fn files(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        files(&self.folder.path().join("repository"), &mut found);
        found
    }

    /// One step.
    pub async fn run(&self, kind: &str, args: &impl serde::Serialize, output: Option<Value>) -> Result<Value, Failure> {
        let hour = Duration::from_secs(3600);
        let spec = StepSpec {
            id: StepId(1),
            kind: kind.to_owned(),
            title: kind.to_owned(),
            args: serde_json::to_value(args).unwrap(),
            deadline: hour,
            stall: hour,
            revert: Revert::OnFailure,
        };
        let target = Identity { name: "cache".into(), keys: vec![], words: String::new() };
        let plan = Plan {
            version: VERSION,
            call: vec![],
            environment: "test".into(),
            guard: Guard::Open,
            target,
            notes: vec![],
            steps: vec![spec.clone()],
        };
        let outputs: BTreeMap<StepId, Value> = output.into_iter().map(|value| (StepId(0), value)).collect();
        let cx = Cx {
            job: JobId(1),
            operator: "anna",
            host: "bastion",
            plan: &plan,
            spec: &spec,
            outputs: &outputs,
            world: self,
            reporter: &self.told,
            cancel: self.cancel.subscribe(),
        };
        steps::find(kind).unwrap().run(&cx).await
    }
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

/// The census of a Redis.
pub fn census(copied: &Copied) -> &redis::Census {
    match &copied.census {
        Census::Redis(census) => census,
        other => panic!("{other:?}"),
    }
}
