//! A world with a real server, a repository in a folder, and steps that are run one by one.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use midwatch::adapters::repository::SealKey;
use midwatch::domain::access::{Access, Reach, Tls, ToolPlace};
use midwatch::domain::backup::policy::{Assertion, Policy};
use midwatch::domain::backup::{BackupId, Compression, FileFacts, Method, Proof};
use midwatch::domain::failure::Failure;
use midwatch::domain::guard::Guard;
use midwatch::domain::job::{JobId, Progress};
use midwatch::domain::name::Name;
use midwatch::domain::plan::{Plan, StepId};
use midwatch::domain::repository::{Keep, RepositoryPlace, RepositorySpec};
use midwatch::domain::secret::SecretRef;
use midwatch::jobs::postgres::identity::{self, Server};
use midwatch::jobs::step::Cx;
use midwatch::jobs::steps;
use midwatch::jobs::steps::backup::{Copied, CopyArgs, DraftArgs, Judged, ProveArgs};
use midwatch::ports::World as _;
use midwatch::ports::journal::Reporter;
use midwatch::ports::repository::Repository;
use midwatch::runtime::world::Outside;
use serde::Serialize;
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::watch;

use crate::servers::{PASSWORD, Postgres};

/// Whether many more trials were asked for.
pub fn soak() -> bool {
    std::env::var_os("MIDWATCH_SOAK").is_some()
}

/// A server, a repository, and a folder for scratch servers.
pub struct Bench {
    pub postgres: Postgres,
    pub folder: TempDir,
    pub access: Access,
    pub policy: Policy,
    pub world: Outside,
    /// Hears of every progress.
    pub watcher: Watcher,
}

/// What is done with each word.
pub type Watch = Box<dyn FnMut(&Progress) + Send>;

/// What a step said while it ran, and what is done when it says something.
#[derive(Default)]
pub struct Watcher {
    pub said: Mutex<Vec<String>>,
    pub each: Mutex<Option<Watch>>,
}

impl Reporter for Watcher {
    fn progress(&self, progress: Progress) {
        if let Some(each) = self.each.lock().unwrap().as_mut() {
            each(&progress);
        }
    }

    fn log(&self, line: &str) {
        self.said.lock().unwrap().push(line.to_owned());
    }
}

impl Bench {
    pub fn new() -> Self {
        let postgres = Postgres::primary();
        let folder = tempfile::tempdir().unwrap();
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o711)).unwrap();
        std::fs::create_dir(folder.path().join("repository")).unwrap();
        let password = folder.path().join("password");
        std::fs::write(&password, PASSWORD).unwrap();
        std::fs::set_permissions(&password, std::fs::Permissions::from_mode(0o600)).unwrap();
        let access = Access {
            reach: Reach::Tcp { host: "127.0.0.1".to_owned(), port: postgres.port },
            ssh: None,
            tools: ToolPlace::Here,
            user: Some("postgres".to_owned()),
            password: Some(SecretRef::File(password)),
            database: None,
            tls: Tls::Disable,
        };
        let policy = Policy {
            repository: Name::from("main"),
            methods: vec![Method::Logical, Method::Physical],
            databases: vec![],
            compression: Compression::Zstd,
            rpo: None,
            rto: None,
            assertions: vec![],
        };
        let world = Outside::new(Some(SealKey::new([7; 32])), Some(&folder.path().join("scratch"))).unwrap();
        Self { postgres, folder, access, policy, world, watcher: Watcher::default() }
    }

    /// Runs SQL in a database, which must work.
    pub fn sql(&self, database: &str, sql: &str) -> String {
        self.postgres.psql_in(database, sql).unwrap_or_else(|| panic!("this does not work in {database}: {sql}"))
    }

    pub fn spec(&self) -> RepositorySpec {
        RepositorySpec {
            name: Name::from("main"),
            place: RepositoryPlace::Folder(self.folder.path().join("repository")),
            encrypt: vec![],
            identity: None,
            keep: Keep::default(),
        }
    }

    pub fn assertion(&mut self, name: &str, database: &str, test: &str) {
        let [name, database, test] = [name, database, test].map(str::to_owned);
        self.policy.assertions.push(Assertion { name, database, test });
    }

    pub async fn repository(&self) -> Arc<dyn Repository> {
        let spec = self.spec();
        self.world.repository(&spec).await.unwrap()
    }

    pub async fn server(&self) -> Server {
        identity::identify(&*self.world.tools(&self.access)).await.unwrap()
    }

    pub fn copy_args(&self, id: &str, method: Method, system: &str) -> CopyArgs {
        CopyArgs {
            backup: BackupId(id.to_owned()),
            environment: Name::from("test"),
            service: Name::from("shop-db"),
            access: self.access.clone(),
            policy: self.policy.clone(),
            method,
            repository: self.spec(),
            system: system.to_owned(),
        }
    }

    /// Runs one step of a plan for `server`, after those that told `outputs`.
    pub async fn step(
        &self,
        kind: &str,
        args: &impl Serialize,
        server: &Server,
        outputs: &BTreeMap<StepId, Value>,
    ) -> Result<Value, Failure> {
        let spec = steps::backup::step(StepId(9), kind, kind.to_owned(), args);
        let plan = Plan {
            version: 1,
            call: vec![],
            environment: Name::from("test"),
            guard: Guard::Open,
            target: server.identity(&Name::from("shop-db")),
            notes: vec![],
            steps: vec![spec.clone()],
        };
        let (_keep, cancel) = watch::channel(false);
        let cx = Cx {
            job: JobId(1),
            operator: "anna",
            host: "web1",
            plan: &plan,
            spec: &spec,
            outputs,
            world: &self.world,
            reporter: &self.watcher,
            cancel,
        };
        let run = steps::find(kind).unwrap().run(&cx);
        tokio::time::timeout(Duration::from_secs(240), run).await.expect("a step that ends")
    }

    /// Copies, and publishes nothing.
    pub async fn copy(&self, id: &str, method: Method) -> Result<Copied, Failure> {
        let server = self.server().await;
        let kind = if method == Method::Physical { "postgres-base-backup" } else { "postgres-dump" };
        let told = self.step(kind, &self.copy_args(id, method, &server.system), &server, &BTreeMap::new()).await?;
        Ok(serde_json::from_value(told).unwrap())
    }

    /// Reads a copy back and publishes it.
    pub async fn publish(&self, id: &str, method: Method, copied: &Copied) -> Result<(), Failure> {
        let server = self.server().await;
        let outputs = BTreeMap::from([(StepId(1), serde_json::to_value(copied).unwrap())]);
        let args = DraftArgs { backup: BackupId(id.to_owned()), repository: self.spec(), copied: StepId(1), method };
        self.step("read-back", &args, &server, &outputs).await?;
        self.step("publish", &args, &server, &outputs).await.map(drop)
    }

    pub async fn backup(&self, id: &str, method: Method) -> Copied {
        let copied = self.copy(id, method).await.unwrap();
        self.publish(id, method, &copied).await.unwrap();
        copied
    }

    pub async fn try_prove(&self, id: &str) -> Result<Judged, Failure> {
        let args = ProveArgs {
            backup: BackupId(id.to_owned()),
            repository: self.spec(),
            access: self.access.clone(),
            policy: self.policy.clone(),
        };
        let told = self.step("postgres-prove", &args, &self.server().await, &BTreeMap::new()).await?;
        Ok(serde_json::from_value(told).unwrap())
    }

    pub async fn prove(&self, id: &str) -> Judged {
        self.try_prove(id).await.unwrap()
    }

    /// The newest proof of a backup.
    pub async fn proof(&self, id: &str) -> Proof {
        let catalogue = self.repository().await.catalogue().await.unwrap();
        catalogue.find(&BackupId(id.to_owned())).unwrap().proofs[0].clone()
    }

    /// Writes a file of a backup that has no manifest yet.
    pub async fn save(&self, id: &str, name: &str, role: &str, bytes: Vec<u8>) -> FileFacts {
        let repository = self.repository().await;
        let mut sink = repository.create(&BackupId(id.to_owned()), name, role, Compression::None).await.unwrap();
        sink.write(bytes.into()).await.unwrap();
        sink.finish().await.unwrap()
    }

    /// A file of a backup, where it lies.
    pub fn path(&self, id: &str, name: &str) -> PathBuf {
        self.folder.path().join("repository/backups").join(id).join(name)
    }

    /// Everything that lies in the repository under a backup's id, by name.
    pub fn left(&self, id: &str) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path().join("repository/backups").join(id));
        entries.into_iter().flatten().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }
}
