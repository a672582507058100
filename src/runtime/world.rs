//! The world as jobs see it: each port joined to its adapter.

use std::fs::{DirBuilder, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures_util::FutureExt;

use crate::adapters::redis::link::Direct;
use crate::adapters::repository::{self, SealKey};
use crate::adapters::tools::{self, surroundings::Surroundings};
use crate::domain::access::Access;
use crate::domain::failure::Failure;
use crate::domain::repository::{RepositoryPlace, RepositorySpec};
use crate::domain::time::Stamp;
use crate::ports::redis::RedisLink;
use crate::ports::repository::Repository;
use crate::ports::tools::Tools;
use crate::ports::trove::Trove;
use crate::ports::{Promise, World};

/// The world outside.
pub struct Outside {
    /// What manifests and proofs are sealed with; none where this login may not read it.
    key: Option<SealKey>,
    scratch: PathBuf,
}

impl Outside {
    /// With the key of this host's ledger, where this login may read it; scratch servers get their folders in `scratch`, or where
    /// this user has room.
    pub fn new(key: Option<SealKey>, scratch: Option<&Path>) -> Result<Self, Failure> {
        let scratch = scratch.map_or_else(usual, Path::to_owned);
        own(&scratch)?;
        Ok(Self { key, scratch })
    }
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

    fn repository<'a>(&'a self, spec: &'a RepositorySpec) -> Promise<'a, Arc<dyn Repository>> {
        repository::open(spec, self.key.clone()).boxed()
    }

    fn trove<'a>(&'a self, place: &'a RepositoryPlace) -> Promise<'a, Arc<dyn Trove>> {
        repository::trove::open(place).boxed()
    }

    fn scratch(&self) -> PathBuf {
        self.scratch.clone()
    }

    fn now(&self) -> Stamp {
        Stamp(jiff::Timestamp::now().as_millisecond())
    }
}
