//! `clean`: removes what backups that never came to be have left behind.

use crate::domain::backup::BackupId;
use crate::domain::backup::catalogue::Orphan;
use crate::domain::failure::Failure;
use crate::domain::plan::{Plan, StepId, StepSpec};
use crate::domain::repository::RepositorySpec;
use crate::domain::time::human;
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
        let (mut steps, mut keys, mut names, mut kept) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for spec in ask.site.repositories(ask.given.get("repository"))? {
            let catalogue = ask.world.repository(spec).await?.catalogue().await?;
            let offered = catalogue.orphans.iter().filter(|orphan| is_offered(ask, orphan));
            let (fresh, orphans): (Vec<_>, Vec<_>) = offered.partition(|orphan| is_kept(ask, orphan));
            kept.extend(fresh.into_iter().map(|orphan| left_out(ask, spec, orphan)));
            if orphans.is_empty() {
                continue;
            }
            names.push(spec.name.clone());
            keys.extend(orphans.iter().map(|orphan| target::draft(spec, &orphan.id)));
            steps.push(sweep(StepId(steps.len() as u16 + 1), spec, &orphans));
        }
        let Some(first) = names.first() else { return Err(nothing(&kept)) };
        let words =
            format!("orphans ({}) in {}", keys.len(), names.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "));
        let target = target::identity(first.clone(), keys, words);
        let mut notes = vec![
            "Orphans have no manifest: they never were backups. What a job of this ledger writes is not among them.".to_owned(),
        ];
        notes.extend(kept);
        Ok(target::plan(ask, target, notes, steps))
    })
}

fn sweep(id: StepId, spec: &RepositorySpec, orphans: &[&Orphan]) -> StepSpec {
    let bytes: u64 = orphans.iter().map(|orphan| orphan.bytes).sum();
    let backups: Vec<BackupId> = orphans.iter().map(|orphan| orphan.id.clone()).collect();
    let ids = backups.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let title = format!("Remove {bytes} bytes of {ids} from {}", spec.name);
    step(id, "sweep", title, &SweepArgs { backups, repository: spec.clone() })
}

/// One whose manifest lies there but makes no sense may be a good backup with one bad file: it goes only where it is named.
fn is_offered(ask: &Ask<'_>, orphan: &Orphan) -> bool {
    let named = ask.given.get("id").map_or(orphan.why.is_none(), |id| id == orphan.id.0);
    named && !ask.live.contains(&orphan.id)
}

/// What cannot be read may be a good backup. Jobs of other hosts and ledgers cannot be asked for what they write: only its age tells.
fn is_kept(ask: &Ask<'_>, orphan: &Orphan) -> bool {
    orphan.unread || ask.given.get("id").is_none() && orphan.is_fresh(ask.world.now())
}

fn left_out(ask: &Ask<'_>, spec: &RepositorySpec, orphan: &Orphan) -> String {
    if let (true, Some(why)) = (orphan.unread, &orphan.why) {
        return format!("{} is left out: {why}. It may be a good backup", orphan.id);
    }
    let written =
        orphan.modified.map_or_else(|| "nobody knows when".to_owned(), |at| format!("{} ago", human(ask.world.now().since(at))));
    let (id, name) = (&orphan.id, &spec.name);
    format!(
        "{id} is left out: written {written}, it may be what a job of another host or ledger is writing. Where none is: \
         midwatch clean {name} --id {id}"
    )
}

fn nothing(kept: &[String]) -> Failure {
    let why = if kept.is_empty() { "no repository has an orphan".to_owned() } else { kept.join("; ") };
    Failure::refused(format!("there is nothing to clean: {why}"))
}
