//! `clean`: removes what backups that never came to be have left behind.

use crate::domain::backup::BackupId;
use crate::domain::backup::catalogue::Orphan;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::plan::{Plan, StepId};
use crate::jobs::routine::{Ask, Form, Param, Routine};
use crate::jobs::routines::target;
use crate::jobs::steps::backup::{SweepArgs, step};
use crate::ports::Promise;

/// The routine.
pub const CLEAN: &Routine = &Routine {
    name: "clean",
    help: "Remove what interrupted backups left in a repository",
    params: &[
        Param { name: "repository", help: "Which; all of the environment's where none is named", form: Form::Positional },
        Param { name: "id", help: "Only this one", form: Form::Valued(&[]) },
    ],
    plan,
};

fn plan<'a>(ask: &'a Ask<'a>) -> Promise<'a, Plan> {
    Box::pin(async move {
        let (mut steps, mut keys, mut names) = (Vec::new(), Vec::new(), Vec::new());
        for spec in ask.site.repositories(ask.given.get("repository"))? {
            let catalogue = ask.world.repository(spec).await?.catalogue().await?;
            let orphans: Vec<&Orphan> = catalogue.orphans.iter().filter(|orphan| chosen(ask, orphan)).collect();
            if orphans.is_empty() {
                continue;
            }
            names.push(spec.name.clone());
            keys.extend(orphans.iter().map(|orphan| target::draft(spec, &orphan.id)));
            let bytes: u64 = orphans.iter().map(|orphan| orphan.bytes).sum();
            let backups: Vec<BackupId> = orphans.iter().map(|orphan| orphan.id.clone()).collect();
            let ids = backups.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            let title = format!("Remove {bytes} bytes of {ids} from {}", spec.name);
            let id = StepId(steps.len() as u16 + 1);
            steps.push(step(id, "sweep", title, &SweepArgs { backups, repository: spec.clone() }));
        }
        let Some(first) = names.first() else {
            return Err(Failure::new(FailureKind::Refused, "there is nothing to clean: no repository has an orphan"));
        };
        let words =
            format!("orphans ({}) in {}", keys.len(), names.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "));
        let target = target::identity(first.clone(), keys, words);
        let notes =
            vec!["Orphans have no manifest: they never were backups. What a job is writing is not among them.".to_owned()];
        Ok(target::plan(ask, target, notes, steps))
    })
}

/// One whose manifest lies there but cannot be read may be a good backup with one bad file: it goes only where it is named.
fn chosen(ask: &Ask<'_>, orphan: &Orphan) -> bool {
    let named = ask.given.get("id").map_or(orphan.why.is_none(), |id| id == orphan.id.0);
    named && !ask.live.contains(&orphan.id)
}
