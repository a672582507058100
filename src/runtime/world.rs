//! The world as jobs see it: each port joined to its adapter.

use std::fs::{DirBuilder, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use crate::adapters::control;
use crate::adapters::firewall::{Filter, exempt::Exempt};
use crate::adapters::http::Budget;
use crate::adapters::ledger::Home;
use crate::adapters::listener;
use crate::adapters::prerequisite;
use crate::adapters::prometheus::Prometheus;
use crate::adapters::redis::link::Direct;
use crate::adapters::repository::{self, SealKey};
use crate::adapters::tools::{self, surroundings::Surroundings};
use crate::config::model::{Config, Environment};
use crate::domain::access::Access;
use crate::domain::control::ControlSpec;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::fault::Fault;
use crate::domain::name::Name;
use crate::domain::recovery::{Lack, Prerequisite};
use crate::domain::repository::{RepositoryPlace, RepositorySpec};
use crate::domain::service::Report;
use crate::domain::service::spec::ServiceSpec;
use crate::domain::time::Stamp;
use crate::ports::arm::Arm;
use crate::ports::control::Control;
use crate::ports::firewall::Firewall;
use crate::ports::hold::Hold;
use crate::ports::metrics::Metrics;
use crate::ports::redis::RedisLink;
use crate::ports::repository::Repository;
use crate::ports::tools::Tools;
use crate::ports::trove::Trove;
use crate::ports::{Promise, World};
use crate::runtime::connect::{self, Vault};
use crate::runtime::ends::Ends;
use crate::runtime::probe::Prober;

/// The world outside.
pub struct Outside {
    /// What manifests and proofs are sealed with; none where this login may not read it.
    key: Option<SealKey>,
    scratch: PathBuf,
    environments: Vec<Environment>,
    exempt: Vec<Exempt>,
    ends: Option<Ends>,
}

impl Outside {
    /// With the key of this host's ledger, where this login may read it; scratch servers get their folders in `scratch`, or where
    /// this user has room.
    pub fn new(key: Option<SealKey>, scratch: Option<&Path>) -> Result<Self, Failure> {
        let scratch = scratch.map_or_else(usual, Path::to_owned);
        own(&scratch)?;
        Ok(Self { key, scratch, environments: Vec::new(), exempt: Vec::new(), ends: None })
    }

    /// The same for drills: with what measures these environments, and the ends of faults beside a ledger.
    #[must_use]
    pub fn with_drills(self, config: &Config, home: &Home) -> Self {
        let ends = Ends::new(home.clone(), config.files.clone());
        let exempt = config.environments.iter().flat_map(exempt).collect();
        Self { environments: config.environments.clone(), exempt, ends: Some(ends), ..self }
    }
}

/// What midwatch itself talks to in an environment, besides its services: no drill cuts it off.
fn exempt(environment: &Environment) -> Vec<Exempt> {
    let name = &environment.name;
    let upstreams = environment.upstreams().filter_map(|(what, one)| Exempt::at(format!("{what} of {name}"), &one.url));
    let stores = environment.repositories.iter().filter_map(|repository| match &repository.place {
        RepositoryPlace::S3 { endpoint, .. } => {
            Exempt::at(format!("the repository {} of {name}", repository.name), endpoint.as_deref()?)
        }
        RepositoryPlace::Folder(_) => None,
    });
    upstreams.chain(stores).collect()
}

/// Not beside the ledger: a scratch server may run as another user, who may not look there.
fn usual() -> PathBuf {
    Path::new("/var/tmp").join(format!("midwatch-{}", rustix::process::geteuid().as_raw()))
}

/// A folder of this user that others can only pass through; made where it is missing. What somebody else put there is not used:
/// whole databases come to lie in it.
fn own(folder: &Path) -> Result<(), Failure> {
    let at = |error: std::io::Error| {
        let failure = Failure::from(error);
        Failure { what: format!("{}: {}", folder.display(), failure.what), ..failure }
    };
    if !folder.exists() {
        DirBuilder::new().recursive(true).create(folder).map_err(at)?;
        // Said apart, for the mask would take something off.
        std::fs::set_permissions(folder, Permissions::from_mode(0o711)).map_err(at)?;
    }
    let about = std::fs::symlink_metadata(folder).map_err(at)?;
    if about.is_dir() && about.uid() == rustix::process::geteuid().as_raw() && about.mode() & 0o022 == 0 {
        return Ok(());
    }
    let what = format!("{} is not a folder of yours alone: no scratch server is put there", folder.display());
    Err(Failure::refused(what).mend("scratch = \"…\" in midwatch.toml names another"))
}

impl World for Outside {
    fn tools(&self, access: &Access) -> Arc<dyn Tools> {
        tools::tools(access, &Surroundings::inherited())
    }

    fn redis<'a>(&'a self, access: &'a Access) -> Promise<'a, Arc<dyn RedisLink>> {
        async move { Ok(Arc::new(Direct::open(access).await?) as Arc<dyn RedisLink>) }.boxed()
    }

    fn control(&self, spec: &ControlSpec) -> Result<Arc<dyn Control>, Failure> {
        control::open(spec, &Surroundings::inherited())
    }

    fn probe<'a>(&'a self, service: &'a ServiceSpec) -> BoxFuture<'a, Result<Report, Fault>> {
        async move {
            let vault = Vault::of(service.access.password.iter()).await;
            Prober::new(service, &vault, &Budget::default())?.probe().await
        }
        .boxed()
    }

    fn lack<'a>(&'a self, of: &'a Prerequisite) -> BoxFuture<'a, Option<Lack>> {
        prerequisite::lack(of).boxed()
    }

    fn listener<'a>(&'a self, service: &'a ServiceSpec) -> Promise<'a, Option<String>> {
        let access = service.access.clone();
        async move { Ok(tokio::task::spawn_blocking(move || listener::of(&access)).await.unwrap_or_default()) }.boxed()
    }

    fn repository<'a>(&'a self, spec: &'a RepositorySpec) -> Promise<'a, Arc<dyn Repository>> {
        repository::open(spec, self.key.clone()).boxed()
    }

    fn trove<'a>(&'a self, place: &'a RepositoryPlace) -> Promise<'a, Arc<dyn Trove>> {
        repository::trove::open(place).boxed()
    }

    fn metrics<'a>(&'a self, environment: &'a Name) -> Promise<'a, Arc<dyn Metrics>> {
        async move {
            let found = self.environments.iter().find(|one| one.name == *environment);
            let missing = || {
                Failure::new(FailureKind::Config, format!("the environment {environment} has no Prometheus"))
                    .mend(format!("[environments.{environment}.prometheus] url = \"http://prometheus:9090\""))
            };
            let environment = found.filter(|one| one.prometheus.is_some()).ok_or_else(missing)?;
            let upstream = environment.prometheus.as_ref().ok_or_else(missing)?;
            let vault = Vault::open(std::slice::from_ref(environment)).await;
            let made = connect::endpoint(upstream, &vault).map_err(Fault::from);
            let client = made.and_then(|endpoint| Prometheus::new(&endpoint, Budget::default()));
            let client = client.map_err(|fault| Failure::new(FailureKind::Config, fault.to_string()))?;
            Ok(Arc::new(client) as Arc<dyn Metrics>)
        }
        .boxed()
    }

    fn arm(&self) -> Result<Arc<dyn Arm>, Failure> {
        let nobody = || Failure::refused("nobody can arm the end of a fault here");
        self.ends.clone().map(|ends| Arc::new(ends) as Arc<dyn Arm>).ok_or_else(nobody)
    }

    fn hold(&self) -> Result<Arc<dyn Hold>, Failure> {
        let nobody = || Failure::refused("nobody can hold a fault here");
        self.ends.clone().map(|ends| Arc::new(ends) as Arc<dyn Hold>).ok_or_else(nobody)
    }

    fn ledger(&self) -> Option<PathBuf> {
        self.ends.as_ref().map(Ends::folder)
    }

    fn firewall(&self, service: &ServiceSpec) -> Result<Arc<dyn Firewall>, Failure> {
        let nothing = || Failure::refused(format!("{} has no control: nobody knows where its connections come in", service.name));
        let spec = service.control.as_ref().ok_or_else(nothing)?;
        Ok(Arc::new(Filter::new(service, spec, self.exempt.clone(), &Surroundings::inherited())?))
    }

    fn scratch(&self) -> PathBuf {
        self.scratch.clone()
    }

    fn now(&self) -> Stamp {
        Stamp(jiff::Timestamp::now().as_millisecond())
    }
}
