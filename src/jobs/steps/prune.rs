//! `prune`: removes the backups that retention no longer wants, judged once more right before each is removed.

use serde_json::{Value, json};

use crate::domain::backup::retention;
use crate::domain::plan::StepSpec;
use crate::jobs::step::{Checked, Cx, StepKind};
use crate::jobs::steps::backup::SweepArgs;
use crate::ports::Promise;

/// The step kind.
pub const PRUNE: &dyn StepKind = &Prune;

struct Prune;

impl StepKind for Prune {
    fn name(&self) -> &'static str {
        "prune"
    }

    /// What is removed cannot be brought back: that is why the plan names each.
    fn undo<'a>(&'a self, _: &'a Cx<'a>) -> Promise<'a, Vec<StepSpec>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn run<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Value> {
        Box::pin(async move {
            let args: SweepArgs = cx.args()?;
            let repository = cx.world.repository(&args.repository).await?;
            let mut removed = Vec::new();
            for id in &args.backups {
                let catalogue = repository.catalogue().await?;
                // Another console may have removed, proved or lost something since the plan was confirmed.
                let judged = retention::every(&catalogue, args.repository.keep);
                if !judged.iter().any(|one| one.entry.manifest.id == *id && one.goes()) {
                    cx.reporter.log(&format!("{id} is wanted now, or gone already: left alone"));
                    continue;
                }
                repository.remove(id).await?;
                cx.reporter.log(&format!("{id} removed"));
                removed.push(id);
            }
            Ok(json!({ "removed": removed }))
        })
    }

    /// Each removal is judged anew, so running it again goes on where it stopped.
    fn check<'a>(&'a self, _: &'a Cx<'a>) -> Promise<'a, Checked> {
        Box::pin(async { Ok(Checked::Absent) })
    }
}
