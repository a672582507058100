//! `publish`: writes the manifest, last of all. From then on the backup exists.

use serde_json::{Value, json};

use crate::domain::backup::{FORMAT, Made, Manifest, Times};
use crate::domain::failure::Failure;
use crate::domain::plan::StepSpec;
use crate::domain::unit::Unit;
use crate::jobs::step::{Checked, Cx, StepKind};
use crate::jobs::steps::backup::{Copied, DraftArgs};
use crate::ports::Promise;

/// The step kind.
pub const PUBLISH: &dyn StepKind = &Publish;

struct Publish;

impl StepKind for Publish {
    fn name(&self) -> &'static str {
        "publish"
    }

    /// A backup that exists is whole: it is never taken back because something later failed.
    fn undo<'a>(&'a self, _: &'a Cx<'a>) -> Promise<'a, Vec<StepSpec>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn run<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Value> {
        Box::pin(async move {
            let args: DraftArgs = cx.args()?;
            let manifest = manifest(cx, &args)?;
            let repository = cx.world.repository(&args.repository).await?;
            let published = repository.publish(manifest).await?;
            Ok(told(&published))
        })
    }

    fn check<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Checked> {
        Box::pin(async move {
            let args: DraftArgs = cx.args()?;
            let repository = cx.world.repository(&args.repository).await?;
            let catalogue = repository.catalogue().await?;
            Ok(catalogue.find(&args.backup).map_or(Checked::Absent, |entry| Checked::Done(told(&entry.manifest))))
        })
    }
}

fn manifest(cx: &Cx<'_>, args: &DraftArgs) -> Result<Manifest, Failure> {
    let copied: Copied = cx.output(args.copied)?;
    let made = Made { operator: cx.operator.to_owned(), host: cx.host.to_owned(), job: Some(cx.job.0), tools: copied.tools };
    Ok(Manifest {
        format: FORMAT,
        id: args.backup.clone(),
        sequence: 0,
        source: copied.origin,
        method: args.method,
        times: Times { began: copied.began, consistent: copied.consistent, ended: cx.world.now() },
        files: copied.files,
        census: copied.census,
        made,
    })
}

fn told(manifest: &Manifest) -> Value {
    let bytes: u64 = manifest.files.iter().map(|file| file.bytes).sum();
    let words = format!("{}, checksum only", Unit("bytes".into()).format(bytes as f64, None));
    json!({ "backup": manifest.id, "sequence": manifest.sequence, "bytes": bytes, "words": words })
}
