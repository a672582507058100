//! A folder of backups, a repository, and the routine that adopts and proves what is in the folder, carried out by the driver.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use midwatch::adapters::{repository, tools};
use midwatch::domain::access::{Access, Reach, Tls, ToolPlace};
use midwatch::domain::backup::catalogue::Catalogue;
use midwatch::domain::backup::policy::{Assertion, Policy};
use midwatch::domain::backup::{Compression, Method};
use midwatch::domain::guard::Guard;
use midwatch::domain::job::{Control, Event, JobId, Outcome, Progress};
use midwatch::domain::plan::{Identity, Plan, StepId, StepSpec};
use midwatch::domain::repository::{Keep, RepositoryPlace, RepositorySpec};
use midwatch::domain::service::ServiceKind;
use midwatch::domain::service::spec::ServiceSpec;
use midwatch::domain::time::Stamp;
use midwatch::jobs::driver::{Driver, Gate};
use midwatch::jobs::routine::{Ask, Given};
use midwatch::jobs::site::Site;
use midwatch::jobs::{routines, steps};
use midwatch::ports::journal::{Clock, Journal};
use midwatch::ports::redis::RedisLink;
use midwatch::ports::repository::Repository;
use midwatch::ports::tools::Tools;
use midwatch::ports::trove::Trove;
use midwatch::ports::{Promise, World};
use tempfile::TempDir;
use tokio::sync::watch;

/// What a proof says: whether it is good, and in which words.
pub type Judgement = (bool, String);

/// A folder of backups, a repository, and a folder for scratch servers.
pub struct Bench {
    whole: TempDir,
    /// Where the backups are, as the routine is told.
    path: String,
    repository: RepositoryPlace,
    started: Instant,
    history: Mutex<Vec<Event>>,
}

impl Bench {
    pub fn new() -> Self {
        let whole = tempfile::tempdir().unwrap();
        fs::set_permissions(whole.path(), fs::Permissions::from_mode(0o711)).unwrap();
        for folder in ["repository", "old"] {
            fs::create_dir(whole.path().join(folder)).unwrap();
        }
        let path = whole.path().join("old").canonicalize().unwrap().display().to_string();
        let repository = RepositoryPlace::Folder(whole.path().join("repository"));
        Self { whole, path, repository, started: Instant::now(), history: Mutex::default() }
    }

    /// With the backups in a bucket, and the repository in another part of it.
    pub fn in_bucket(path: &str, repository: RepositoryPlace) -> Self {
        Self { path: path.to_owned(), repository, ..Self::new() }
    }

    /// The folder of backups.
    pub fn old(&self) -> PathBuf {
        self.whole.path().join("old")
    }

    /// Puts a file into it.
    pub fn put(&self, name: &str, bytes: &[u8]) {
        let path = self.old().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    fn repository(&self) -> RepositorySpec {
        let place = self.repository.clone();
        RepositorySpec { name: "main".into(), place, encrypt: vec![], identity: None, keep: Keep::default() }
    }

    fn site(&self, kind: ServiceKind, databases: &[&str], assertions: Vec<Assertion>) -> Site {
        let reach = Reach::Tcp { host: "127.0.0.1".to_owned(), port: 1 };
        let user = Some("shop_user".to_owned());
        let (tools, tls) = (ToolPlace::Here, Tls::Disable);
        let access = Access { reach, ssh: None, tools, user, password: None, database: None, tls };
        let databases = databases.iter().map(|&name| name.to_owned()).collect();
        let (methods, compression) = (vec![Method::Logical], Compression::Zstd);
        let policy = Policy { repository: "main".into(), methods, databases, compression, rpo: None, rto: None, assertions };
        let service = ServiceSpec {
            name: "shop".into(),
            kind,
            access,
            health: None,
            backup: Some(policy),
            control: None,
            depends_on: vec![],
            requires: midwatch::domain::recovery::Requires::default(),
            labels: BTreeMap::new(),
        };
        let repositories = vec![self.repository()];
        Site { environment: "test".into(), guard: Guard::Open, services: vec![service], repositories, signals: vec![] }
    }

    /// Adopts and proves everything in the folder. What was said of each, by its path there.
    pub async fn judge(
        &self,
        kind: ServiceKind,
        databases: &[&str],
        assertions: Vec<Assertion>,
    ) -> (Outcome, BTreeMap<String, Judgement>) {
        let site = self.site(kind, databases, assertions);
        let path = self.path.clone();
        let call = ["adopt".to_owned(), "shop".to_owned(), path.clone()];
        let given = Given([("service", "shop".to_owned()), ("path", path)].map(|(k, v)| (k.to_owned(), v)).into());
        let ask = Ask { call: &call, given: &given, site: &site, world: self, live: &[] };
        let plan = (routines::find("adopt").unwrap().plan)(&ask).await.unwrap();
        let outcome = self.carry_out(&plan).await;
        (outcome, self.judgements().await)
    }

    async fn carry_out(&self, plan: &Plan) -> Outcome {
        let (_keep, stop) = watch::channel(false);
        let (job, operator, host, kinds) = (JobId(1), "ann", "bastion", steps::find as _);
        let driver = Driver {
            job,
            plan,
            operator,
            host,
            journal: self,
            world: self,
            clock: self,
            gate: self,
            kinds,
            farewell: || None,
            stop,
        };
        driver.drive().await.unwrap().unwrap()
    }

    pub async fn catalogue(&self) -> Catalogue {
        World::repository(self, &self.repository()).await.unwrap().catalogue().await.unwrap()
    }

    async fn judgements(&self) -> BTreeMap<String, Judgement> {
        let each = self.catalogue().await.entries.into_iter().map(|entry| {
            let path = entry.manifest.source.address.strip_prefix(&format!("{}/", self.path)).unwrap().to_owned();
            let said = entry.proofs.first().map_or((false, "no proof".to_owned()), |proof| {
                let words = proof.checks.iter().map(|check| format!("{}: {}", check.name, check.detail));
                (
                    proof.is_good(),
                    proof.cause().map_or_else(|| words.collect::<Vec<_>>().join("; "), |c| format!("{}: {}", c.name, c.detail)),
                )
            });
            (path, said)
        });
        each.collect()
    }

    /// The failure of the job.
    pub fn failure(&self) -> String {
        let history = self.history.lock().unwrap();
        let failed = history.iter().find_map(|event| match event {
            Event::Failed { failure, .. } => Some(failure.to_string()),
            _ => None,
        });
        failed.unwrap_or_default()
    }
}

impl World for Bench {
    fn tools(&self, access: &Access) -> Arc<dyn Tools> {
        tools::tools(access, &tools::surroundings::Surroundings::inherited())
    }

    fn redis<'a>(&'a self, _: &'a Access) -> Promise<'a, Arc<dyn RedisLink>> {
        unreachable!("the live service is not touched")
    }

    fn control(
        &self,
        _: &midwatch::domain::control::ControlSpec,
    ) -> Result<Arc<dyn midwatch::ports::control::Control>, midwatch::domain::failure::Failure> {
        unreachable!()
    }

    fn probe<'a>(
        &'a self,
        _: &'a midwatch::domain::service::spec::ServiceSpec,
    ) -> futures_util::future::BoxFuture<'a, Result<midwatch::domain::service::Report, midwatch::domain::fault::Fault>> {
        unreachable!()
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
        Box::pin(repository::open(spec, Some(repository::SealKey::new([7; 32]))))
    }

    fn trove<'a>(&'a self, place: &'a RepositoryPlace) -> Promise<'a, Arc<dyn Trove>> {
        Box::pin(repository::trove::open(place))
    }

    fn scratch(&self) -> PathBuf {
        self.whole.path().join("s")
    }

    fn now(&self) -> Stamp {
        Stamp(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis() as i64)
    }
}

impl Journal for Bench {
    fn history(&self) -> Promise<'_, Vec<(Stamp, Event)>> {
        Box::pin(async { Ok(self.history.lock().unwrap().iter().map(|event| (Stamp(0), event.clone())).collect()) })
    }

    fn append<'a>(&'a self, event: &'a Event) -> Promise<'a, ()> {
        self.history.lock().unwrap().push(event.clone());
        Box::pin(async { Ok(()) })
    }

    fn asked(&self) -> Promise<'_, Vec<(Control, String)>> {
        Box::pin(async { Ok(vec![]) })
    }

    fn lock<'a>(&'a self, _: &'a Identity) -> Promise<'a, Box<dyn Send + Sync>> {
        Box::pin(async { Ok(Box::new(()) as Box<dyn Send + Sync>) })
    }

    fn progress(&self, _: StepId, _: &Progress) {}

    fn log(&self, line: &str) {
        println!("{line}");
    }
}

impl Clock for Bench {
    fn mono(&self) -> Duration {
        self.started.elapsed()
    }

    fn wall(&self) -> Stamp {
        World::now(self)
    }

    fn sleep(&self, time: Duration) -> futures_util::future::BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(time))
    }
}

impl Gate for Bench {
    fn allows<'a>(&'a self, _: &'a StepSpec) -> Promise<'a, ()> {
        Box::pin(async { Ok(()) })
    }
}

/// What a program prints.
pub fn output(mut command: Command) -> Vec<u8> {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

pub fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// `md5sum`'s line for a file.
pub fn md5(bytes: &[u8], name: &str) -> Vec<u8> {
    use md5::{Digest as _, Md5};
    let hex: Vec<String> = Md5::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{}  {name}\n", hex.concat()).into_bytes()
}

/// The part of it that `percent` of its bytes are.
pub fn part(bytes: &[u8], percent: usize) -> &[u8] {
    &bytes[..bytes.len() * percent / 100]
}

/// What `gzip` unpacks.
pub fn gunzip(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    MultiGzDecoder::new(bytes).read_to_end(&mut plain).unwrap();
    plain
}

/// Compares judgements with what they must be: good, or bad with these words in the cause.
pub fn compare(found: &BTreeMap<String, Judgement>, good: &[&str], bad: &[(&str, &str)]) {
    let mut wrong = Vec::new();
    for name in good {
        match found.get(*name) {
            Some((true, _)) => {}
            other => wrong.push(format!("{name} is good, but: {other:?}")),
        }
    }
    for (name, cause) in bad {
        match found.get(*name) {
            Some((false, why)) if why.contains(cause) => {}
            other => wrong.push(format!("{name} is bad ({cause}), but: {other:?}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(found.len(), good.len() + bad.len(), "{:?}", found.keys());
}
