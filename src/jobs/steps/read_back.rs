//! `read-back`: reads every file of a draft as it lies in the repository, and compares it with what was hashed while it was
//! written. Nothing is published that was not read back.

use serde_json::{Value, json};

use crate::domain::plan::StepSpec;
use crate::jobs::step::{Checked, Cx, StepKind};
use crate::jobs::steps::backup::{Copied, DraftArgs};
use crate::ports::Promise;

/// The step kind.
pub const READ_BACK: &dyn StepKind = &ReadBack;

struct ReadBack;

impl StepKind for ReadBack {
    fn name(&self) -> &'static str {
        "read-back"
    }

    fn undo<'a>(&'a self, _: &'a Cx<'a>) -> Promise<'a, Vec<StepSpec>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn run<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Value> {
        Box::pin(async move {
            let args: DraftArgs = cx.args()?;
            let copied: Copied = cx.output(args.copied)?;
            let repository = cx.world.repository(&args.repository).await?;
            let mut progress = super::backup::progress(&copied.files);
            for file in &copied.files {
                progress.words = format!("reading {}", file.name);
                cx.reporter.progress(progress.clone());
                repository.check(&args.backup, file).await?;
                progress.bytes += file.bytes;
                cx.reporter.progress(progress.clone());
            }
            Ok(json!({ "files": copied.files.len(), "bytes": progress.bytes }))
        })
    }

    /// It only reads: running it again is the probe.
    fn check<'a>(&'a self, _: &'a Cx<'a>) -> Promise<'a, Checked> {
        Box::pin(async { Ok(Checked::Absent) })
    }
}
