//! `verify`: proves backups by restoring each into a scratch server and checking what came back.

use std::time::Duration;

use crate::domain::access::{Access, Reach, Tls, ToolPlace};
use crate::domain::backup::catalogue::{Entry, Standing};
use crate::domain::backup::policy::Policy;
use crate::domain::backup::{Compression, Method};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::plan::{Plan, StepId, StepSpec};
use crate::domain::repository::RepositorySpec;
use crate::jobs::routine::{Ask, Form, Param, Routine};
use crate::jobs::routines::target;
use crate::jobs::steps::backup::{ProveArgs, VerdictArgs, step};
use crate::ports::Promise;

/// The longest one proof may take.
const PROOF: Duration = Duration::from_secs(24 * 3600);
/// The longest it may go without a sign: an index over a large table takes long.
const STALL: Duration = Duration::from_secs(4 * 3600);

/// The routine.
pub const VERIFY: &Routine = &Routine {
    name: "verify",
    help: "Prove backups: restore them into scratch servers and check what came back",
    params: &[
        Param {
            name: "backup",
            help: "A backup's id or its beginning, or a service: then its newest one",
            form: Form::Positional,
        },
        Param { name: "all", help: "Every backup that is not proved yet, the smallest first", form: Form::Flag },
        Param { name: "again", help: "Those that are proved already, too", form: Form::Flag },
        Param { name: "repository", help: "Only of this repository", form: Form::Valued(&[]) },
    ],
    plan,
};

/// A backup that can be proved, where it lies.
struct Candidate {
    entry: Entry,
    repository: RepositorySpec,
}

fn plan<'a>(ask: &'a Ask<'a>) -> Promise<'a, Plan> {
    Box::pin(async move {
        let all = candidates(ask).await?;
        let (chosen, notes) = if ask.given.has("all") { every(ask, all) } else { one(ask, all)? };
        let Some(first) = chosen.first() else {
            return Err(
                Failure::new(FailureKind::Refused, "there is nothing to prove").mend("--again proves what is proved already")
            );
        };
        let name = first.entry.manifest.source.service.clone();
        let keys = chosen.iter().map(|c| format!("proof:{}/{}", c.repository.place, c.entry.manifest.id)).collect();
        let words = match chosen.len() {
            1 => format!("{}; the live service is not touched", first.entry.manifest.id),
            many => format!("{many} backups; the live services are not touched"),
        };
        let steps = steps(ask, &chosen);
        Ok(target::plan(ask, target::identity(name, keys, words), notes, steps))
    })
}

async fn candidates(ask: &Ask<'_>) -> Result<Vec<Candidate>, Failure> {
    let mut found = Vec::new();
    for spec in ask.site.repositories(ask.given.get("repository"))? {
        let catalogue = ask.world.repository(spec).await?.catalogue().await?;
        found.extend(catalogue.entries.into_iter().map(|entry| Candidate { entry, repository: spec.clone() }));
    }
    Ok(found)
}

/// Every backup whose proof is missing, the cheapest first, so that an interrupted run has proved as many as it could.
fn every(ask: &Ask<'_>, all: Vec<Candidate>) -> (Vec<Candidate>, Vec<String>) {
    let again = ask.given.has("again");
    let (mut chosen, rest): (Vec<_>, Vec<_>) = all.into_iter().partition(|c| again || c.entry.standing() != Standing::Proved);
    chosen.sort_by_key(|candidate| candidate.entry.bytes());
    let notes = vec![
        format!("{} to prove, the smallest first; {} proved already", chosen.len(), rest.len()),
        "one that cannot be proved does not keep the others from it".to_owned(),
    ];
    (chosen, notes)
}

/// The backup whose id begins so, or the newest of the service that is called so.
fn one(ask: &Ask<'_>, all: Vec<Candidate>) -> Result<(Vec<Candidate>, Vec<String>), Failure> {
    let word = ask.given.need("verify", "backup").map_err(|failure| failure.mend("name one, or a service, or say --all"))?;
    let newest = |c: &Candidate| c.entry.manifest.source.service.as_str() == word;
    let by_service = all.iter().filter(|c| newest(c)).max_by_key(|c| c.entry.manifest.sequence);
    let mut by_id = all.iter().filter(|c| c.entry.manifest.id.0.starts_with(word));
    let found = match (by_service, by_id.next(), by_id.next()) {
        (Some(found), ..) | (None, Some(found), None) => found.entry.manifest.id.clone(),
        (None, Some(_), Some(_)) => {
            let what = format!("{word:?} is the beginning of more than one backup");
            return Err(Failure::new(FailureKind::Usage, what).mend("write more of its id"));
        }
        (None, None, _) => {
            let what = format!("no backup or service is called {word:?}");
            return Err(Failure::new(FailureKind::Usage, what).mend("midwatch backups lists them"));
        }
    };
    Ok((all.into_iter().filter(|c| c.entry.manifest.id == found).take(1).collect(), Vec::new()))
}

fn steps(ask: &Ask<'_>, chosen: &[Candidate]) -> Vec<StepSpec> {
    let args: Vec<ProveArgs> = chosen.iter().map(|candidate| prove_args(ask, candidate)).collect();
    let kinds: Vec<&str> = chosen.iter().map(|candidate| kind_of(candidate.entry.manifest.method)).collect();
    proofs(1, args.iter().zip(kinds))
}

/// Steps that prove, and the one that judges them all; the first has the number `from`.
pub fn proofs<'a>(from: u16, each: impl Iterator<Item = (&'a ProveArgs, &'a str)>) -> Vec<StepSpec> {
    let mut steps: Vec<StepSpec> = each
        .zip(from..)
        .map(|((args, kind), n)| {
            let title = format!("Restore {} into a scratch server and check it", args.backup);
            StepSpec { deadline: PROOF, stall: STALL, ..step(StepId(n), kind, title, args) }
        })
        .collect();
    let proofs: Vec<StepId> = steps.iter().map(|step| step.id).collect();
    let last = StepId(from + proofs.len() as u16);
    steps.push(step(last, "verdict", "Say what was proved and what was not".to_owned(), &VerdictArgs { proofs }));
    steps
}

/// The step kind that proves a backup of this sort.
pub fn kind_of(method: Method) -> &'static str {
    match method {
        Method::Logical | Method::Physical => "postgres-prove",
        Method::Rdb => "redis-prove",
        Method::Foreign => "foreign-prove",
    }
}

/// A service that the configuration no longer has can be proved too: its scratch server runs on this host, and nothing is
/// asserted.
fn prove_args(ask: &Ask<'_>, candidate: &Candidate) -> ProveArgs {
    let manifest = &candidate.entry.manifest;
    let service = ask.site.services.iter().find(|service| service.name == manifest.source.service);
    let access = service.map_or_else(here, |service| service.access.clone());
    let policy = service.and_then(|service| service.backup.clone()).unwrap_or_else(|| nothing_asserted(candidate));
    ProveArgs { backup: manifest.id.clone(), repository: candidate.repository.clone(), access, policy }
}

fn here() -> Access {
    let reach = Reach::Tcp { host: "localhost".to_owned(), port: 0 };
    Access { reach, ssh: None, tools: ToolPlace::Here, user: None, password: None, database: None, tls: Tls::Disable }
}

fn nothing_asserted(candidate: &Candidate) -> Policy {
    Policy {
        repository: candidate.repository.name.clone(),
        methods: vec![candidate.entry.manifest.method],
        databases: Vec::new(),
        compression: Compression::default(),
        rpo: None,
        rto: None,
        assertions: Vec::new(),
    }
}
