//! `prune`: removes the backups that the repository's `keep` no longer wants; never below its floor of proved ones.

use crate::domain::backup::{BackupId, retention};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::plan::{Plan, StepId};
use crate::jobs::routine::{Ask, Form, Param, Routine};
use crate::jobs::routines::target;
use crate::jobs::steps::backup::{SweepArgs, step};
use crate::ports::Promise;

/// The routine.
pub const PRUNE: &Routine = &Routine {
    name: "prune",
    help: "Remove the backups that retention no longer wants",
    params: &[Param { name: "repository", help: "Which; all of the environment's where none is named", form: Form::Positional }],
    plan,
};

fn plan<'a>(ask: &'a Ask<'a>) -> Promise<'a, Plan> {
    Box::pin(async move {
        let (mut steps, mut keys, mut notes, mut first) = (Vec::new(), Vec::new(), Vec::new(), None);
        for spec in ask.site.repositories(ask.given.get("repository"))? {
            let catalogue = ask.world.repository(spec).await?.catalogue().await?;
            let judged = retention::every(&catalogue, spec.keep);
            let backups: Vec<BackupId> =
                judged.iter().filter(|one| one.goes()).map(|one| one.entry.manifest.id.clone()).collect();
            if backups.is_empty() {
                continue;
            }
            first.get_or_insert(spec.name.clone());
            keys.push(target::repository(spec));
            notes.push(format!(
                "{} keeps {} of {} backups",
                spec.name,
                catalogue.entries.len() - backups.len(),
                catalogue.entries.len()
            ));
            let ids = backups.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            let id = StepId(steps.len() as u16 + 1);
            steps.push(step(
                id,
                "prune",
                format!("Remove {ids} from {}", spec.name),
                &SweepArgs { backups, repository: spec.clone() },
            ));
        }
        let Some(name) = first else {
            return Err(Failure::new(FailureKind::Refused, "there is nothing to prune: retention wants every backup"));
        };
        notes.push("What is removed cannot be brought back.".to_owned());
        let words = notes[..notes.len() - 1].join("; ");
        Ok(target::plan(ask, target::identity(name, keys, words), notes, steps))
    })
}
