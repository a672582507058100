//! `sweep`: removes what a backup that did not come to be has left in its repository. It never touches one that exists.

use serde_json::{Value, json};

use crate::domain::failure::{Failure, FailureKind};
use crate::domain::plan::StepSpec;
use crate::jobs::step::{Checked, Cx, StepKind};
use crate::jobs::steps::backup::SweepArgs;
use crate::ports::Promise;

/// The step kind.
pub const SWEEP: &dyn StepKind = &Sweep;

struct Sweep;

impl StepKind for Sweep {
    fn name(&self) -> &'static str {
        "sweep"
    }

    /// What it removes was no backup.
    fn undo<'a>(&'a self, _: &'a Cx<'a>) -> Promise<'a, Vec<StepSpec>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn run<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Value> {
        Box::pin(async move {
            let args: SweepArgs = cx.args()?;
            let repository = cx.world.repository(&args.repository).await?;
            let mut swept = Vec::new();
            for id in &args.backups {
                // Looked at anew each time: what was an orphan when the plan was made may have become a backup since.
                if repository.sweep(id).await? {
                    swept.push(id);
                } else {
                    cx.reporter.log(&format!("{id} exists as a backup: left alone"));
                }
            }
            let left = repository.catalogue().await?;
            match left.orphans.iter().find(|orphan| swept.contains(&&orphan.id)) {
                Some(orphan) => Err(Failure::new(FailureKind::Io, format!("{} is still there after it was removed", orphan.id))),
                None => Ok(json!({ "removed": swept })),
            }
        })
    }

    fn check<'a>(&'a self, _: &'a Cx<'a>) -> Promise<'a, Checked> {
        Box::pin(async { Ok(Checked::Absent) })
    }
}
