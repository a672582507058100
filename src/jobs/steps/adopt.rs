//! `adopt`: makes a foreign backup one of the repository's catalogue. Its files stay where they are; the manifest names them with
//! their hashes, so that what is proved later is what was adopted.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::domain::backup::{BackupId, Census, FORMAT, Made, Manifest, Method, Origin, Times};
use crate::domain::failure::Failure;
use crate::domain::job::Progress;
use crate::domain::name::Name;
use crate::domain::plan::StepSpec;
use crate::domain::repository::{RepositoryPlace, RepositorySpec};
use crate::domain::time::Stamp;
use crate::jobs::foreign::find::Found;
use crate::jobs::foreign::prove::{ROLES, SIDECAR, source};
use crate::jobs::foreign::read;
use crate::jobs::step::{Checked, Cx, StepKind};
use crate::ports::Promise;

/// The step kind.
pub const ADOPT: &dyn StepKind = &Adopt;

struct Adopt;

/// Its arguments.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AdoptArgs {
    /// The id that it gets.
    pub backup: BackupId,
    /// Where its service is.
    pub environment: Name,
    /// Whose data it holds.
    pub service: Name,
    /// Where its files are.
    pub place: RepositoryPlace,
    /// What was found there.
    pub found: Found,
    /// The moment its data is of, as far as its name and its file tell.
    pub consistent: Stamp,
    /// Whose catalogue it comes into.
    pub repository: RepositorySpec,
}

impl StepKind for Adopt {
    fn name(&self) -> &'static str {
        "adopt"
    }

    /// A manifest of files that are somebody else's does no harm where a later proof fails: that is what it is for.
    fn undo<'a>(&'a self, _: &'a Cx<'a>) -> Promise<'a, Vec<StepSpec>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn run<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Value> {
        Box::pin(async move {
            let args: AdoptArgs = cx.args()?;
            let manifest = cx.unless_cancelled(manifest(cx, &args)).await?;
            let repository = cx.world.repository(&args.repository).await?;
            Ok(told(&repository.publish(manifest).await?))
        })
    }

    fn check<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Checked> {
        Box::pin(async move {
            let args: AdoptArgs = cx.args()?;
            let repository = cx.world.repository(&args.repository).await?;
            let catalogue = repository.catalogue().await?;
            Ok(catalogue.find(&args.backup).map_or(Checked::Absent, |entry| Checked::Done(told(&entry.manifest))))
        })
    }
}

async fn manifest(cx: &Cx<'_>, args: &AdoptArgs) -> Result<Manifest, Failure> {
    let trove = cx.world.trove(&args.place).await?;
    let found = &args.found;
    let main = found.files.iter().map(|file| (file, found.kind.word()));
    let beside = [(&found.sidecar, SIDECAR), (&found.roles, ROLES)];
    let beside = beside.into_iter().filter_map(|(file, role)| Some((file.as_ref()?, role)));
    let all: Vec<_> = main.chain(beside).collect();
    let mut progress = Progress { total: Some(all.iter().map(|(file, _)| file.bytes).sum()), ..Progress::default() };
    let (mut files, mut origin) = (Vec::new(), (String::new(), String::new()));
    for (file, role) in all {
        progress.words = format!("reading {}", file.name());
        let whole = read::whole(&*trove, file, |_, fed| {
            progress.bytes += fed;
            cx.reporter.progress(progress.clone());
        });
        let whole = whole.await?;
        if role == found.kind.word() && origin.1.is_empty() {
            origin = source(found.kind, &whole.head);
        }
        files.push(whole.facts(trove.told(&file.path), role));
    }
    let (flavour, version) = origin;
    let (environment, service, address) = (args.environment.clone(), args.service.clone(), trove.told(&found.path));
    let times = Times { began: args.consistent, consistent: args.consistent, ended: args.consistent };
    Ok(Manifest {
        format: FORMAT,
        id: args.backup.clone(),
        sequence: 0,
        source: Origin { environment, service, flavour, version, system: String::new(), address },
        method: Method::Foreign,
        times,
        files,
        census: Census::None,
        made: Made { operator: cx.operator.to_owned(), host: cx.host.to_owned(), job: Some(cx.job.0), ..Made::default() },
    })
}

fn told(manifest: &Manifest) -> Value {
    json!({ "backup": manifest.id, "sequence": manifest.sequence, "address": manifest.source.address })
}
