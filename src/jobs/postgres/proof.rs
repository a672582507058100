//! The proof: a backup is restored into a scratch server of its own major version, and what is there is compared with what was
//! counted when it was taken.
//!
//! What is wrong with the backup becomes a check that failed, with its cause, and is recorded as a proof that failed. What is
//! wrong with this host (no room, no program, no connection) accuses no backup: the step fails, and nothing is recorded.

use std::time::{Duration, Instant};

use serde::Deserialize;

use crate::domain::backup::catalogue::{Attestation, Entry};
use crate::domain::backup::policy::Assertion;
use crate::domain::backup::postgres::Census;
use crate::domain::backup::{self, Check, FORMAT, FileFacts, Made, Method, Proof};
use crate::domain::failure::{Failure, FailureKind};
use crate::jobs::postgres::client;
use crate::jobs::postgres::scratch::{Place, Scratch};
use crate::jobs::postgres::stream::Meter;
use crate::jobs::step::Cx;
use crate::jobs::steps::backup::{Judged, ProveArgs};
use crate::ports::repository::Repository;
use crate::ports::tools::Run;

mod logical;
mod physical;

/// What is proved, and what was found so far.
struct Trial<'a> {
    entry: &'a Entry,
    census: &'a Census,
    repository: &'a dyn Repository,
    place: Place<'a>,
    assertions: &'a [Assertion],
    meter: Meter<'a>,
    found: Found,
}

/// What was found so far.
#[derive(Default)]
struct Found {
    checks: Vec<Check>,
    /// What is being done: the name of the check that fails where it does not work.
    stage: String,
    /// How long the restore took, once it is whole.
    restore: Duration,
    /// The scratch server's version.
    server: String,
}

/// Proves a backup, and attaches the proof to it.
pub async fn prove(cx: &Cx<'_>, args: &ProveArgs) -> Result<Judged, Failure> {
    let repository = cx.world.repository(&args.repository).await?;
    let catalogue = repository.catalogue().await?;
    let Some(entry) = catalogue.find(&args.backup) else {
        let what = format!("there is no backup {} in {}", args.backup, repository.spec().name);
        return Err(Failure::new(FailureKind::Usage, what));
    };
    let (at, began) = (cx.world.now(), Instant::now());
    let found = match doubt(entry) {
        Some(check) => Found { checks: vec![check], ..Found::default() },
        None => attempt(cx, args, &*repository, entry, began).await?,
    };
    let proof = Proof {
        format: FORMAT,
        backup: args.backup.clone(),
        manifest_sha256: entry.manifest_sha256.clone(),
        at,
        restore: found.restore,
        took: began.elapsed(),
        checks: found.checks,
        server: found.server,
        made: Made {
            operator: cx.operator.to_owned(),
            host: cx.host.to_owned(),
            job: Some(cx.job.0),
            tools: entry.manifest.made.tools.clone(),
        },
    };
    repository.attach(&proof).await?;
    Ok(Judged::of(&proof))
}

/// What fails a backup before anything of it is restored.
fn doubt(entry: &Entry) -> Option<Check> {
    let manifest = &entry.manifest;
    if entry.attestation == Attestation::Forged {
        return Some(Check::failed("manifest", "it was edited after it was sealed: nothing that it says can be relied on"));
    }
    match &manifest.census {
        backup::Census::Postgres(census) if census.databases.is_empty() => {
            Some(Check::failed("census", "no database was counted when it was taken"))
        }
        backup::Census::Postgres(_) => None,
        _ => Some(Check::failed("census", "nothing was counted when it was taken")),
    }
}

async fn attempt<'a>(
    cx: &Cx<'a>,
    args: &'a ProveArgs,
    repository: &dyn Repository,
    entry: &Entry,
    began: Instant,
) -> Result<Found, Failure> {
    let backup::Census::Postgres(census) = &entry.manifest.census else {
        return Err(Failure::new(FailureKind::Usage, format!("{} is no backup of a PostgreSQL", args.backup)));
    };
    let tools = cx.world.tools(&args.access);
    let folder = cx.world.scratch().join(format!("{}-{}", cx.job.0, cx.spec.id));
    let bench = tools.bench(&folder).await?;
    let mut trial = Trial {
        entry,
        census,
        repository,
        place: Place { bench: &*bench, major: entry.manifest.source.major().parse().ok() },
        assertions: &args.policy.assertions,
        meter: Meter::new(cx.reporter),
        found: Found { stage: "scratch server".to_owned(), ..Found::default() },
    };
    trial.meter.expect(entry.manifest.files.iter().map(|file| file.plain_bytes).sum());
    let tried = match entry.manifest.method {
        Method::Physical => trial.physical().await,
        _ => trial.logical().await,
    };
    let mut found = trial.found;
    match tried {
        Ok(()) => {}
        Err(failure) if matches!(failure.kind, FailureKind::Damaged | FailureKind::Refused) => {
            found.checks.push(Check::failed(found.stage.clone(), failure.what));
            found.restore = if found.restore.is_zero() { began.elapsed() } else { found.restore };
        }
        Err(failure) => return Err(failure),
    }
    if let Err(failure) = bench.clear().await {
        cx.reporter.log(&format!("the scratch folder was not removed: {failure}"));
    }
    Ok(found)
}

#[derive(Deserialize)]
struct Version {
    version: String,
}

impl Trial<'_> {
    /// Begins something: its words are shown, and name the check that fails where it does not work.
    fn begin(&mut self, stage: impl Into<String>) {
        self.found.stage = stage.into();
        self.meter.says(self.found.stage.clone());
    }

    fn passed(&mut self, detail: impl Into<String>) {
        self.found.checks.push(Check::passed(self.found.stage.clone(), detail));
    }

    /// Records what was found wrong, if anything.
    fn judge(&mut self, wrong: &[String], right: impl Into<String>) {
        const TOLD: usize = 5;
        let stage = self.found.stage.clone();
        let more = if wrong.len() > TOLD { format!("; and {} more", wrong.len() - TOLD) } else { String::new() };
        let check = match wrong {
            [] => Check::passed(stage, right),
            wrong => Check::failed(stage, wrong[..wrong.len().min(TOLD)].join("; ") + &more),
        };
        self.found.checks.push(check);
    }

    /// A file of the backup by its role; it must be there.
    fn file(&self, role: &str) -> Result<&FileFacts, Failure> {
        let file = self.entry.manifest.files.iter().find(|file| file.role == role);
        file.ok_or_else(|| Failure::new(FailureKind::Damaged, format!("the backup has no file for {role}")))
    }

    async fn version(&mut self, scratch: &Scratch<'_>) -> Result<(), Failure> {
        let mut session = scratch.session("template1").await?;
        let told: Version = session.row("SELECT current_setting('server_version') AS version").await?;
        told.version.split_whitespace().next().unwrap_or_default().clone_into(&mut self.found.server);
        session.close().await
    }

    /// What the team says must hold: each in a session of its own, so that a broken one breaks no other.
    async fn assertions(&mut self, scratch: &Scratch<'_>) -> Result<(), Failure> {
        for assertion in self.assertions {
            self.begin(format!("assertion: {}", assertion.name));
            let run = Run::new("psql", ["-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-c", &assertion.test]);
            let check = match scratch.run(&assertion.database, run).await.as_deref().map(str::trim) {
                Ok("t" | "true") => Check::passed(self.found.stage.clone(), "true"),
                Ok(answer) => Check::failed(self.found.stage.clone(), format!("the query answered {answer:?}, not true")),
                Err(failure) if client::is_ours(failure) => return Err(failure.clone()),
                Err(failure) => Check::failed(self.found.stage.clone(), failure.what.clone()),
            };
            self.found.checks.push(check);
        }
        Ok(())
    }
}

/// What a server or a tool says about the backup that it was given, unless it is about this host.
fn accused(failure: Failure) -> Failure {
    match failure.kind {
        FailureKind::Unavailable | FailureKind::Denied if !client::is_ours(&failure) => {
            Failure { kind: FailureKind::Damaged, ..failure }
        }
        _ => failure,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rule_15_a_scratch_server_that_fell_for_want_of_memory_accuses_no_backup() {
        let kind = |what: &str| accused(Failure::new(FailureKind::Unavailable, what)).kind;
        for said in [
            "pg_restore ended with exit status: 1: pg_restore: error: server closed the connection unexpectedly",
            "psql: WARNING:  terminating connection because of crash of another server process",
            "pg_restore: error: could not execute query: ERROR:  out of memory",
        ] {
            assert_eq!(kind(said), FailureKind::Unavailable, "{said}");
        }
        assert_eq!(kind("pg_restore: error: could not read from input file: end of file"), FailureKind::Damaged);
    }
}
