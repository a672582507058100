//! `backup`: copies a service's data into its repository, reads it back, and makes it exist by its manifest; with `--prove`
//! restores it into a scratch server as well.

use std::time::Duration;

use crate::domain::backup::{BackupId, Method};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::name::Name;
use crate::domain::plan::{Plan, Revert, StepId, StepSpec};
use crate::domain::repository::RepositorySpec;
use crate::domain::service::spec::ServiceSpec;
use crate::domain::time::Stamp;
use crate::jobs::routine::{Ask, Form, Param, Routine};
use crate::jobs::routines::{target, verify};
use crate::jobs::server::{self, Server};
use crate::jobs::steps::backup::{CopyArgs, DraftArgs, ProveArgs, step};
use crate::ports::Promise;

/// The longest a copy may take.
const COPY: Duration = Duration::from_secs(24 * 3600);
/// The longest it may go without a byte: a server that is busy with a checkpoint takes minutes.
const STALL: Duration = Duration::from_secs(600);

/// The routine.
pub const BACKUP: &Routine = &Routine {
    name: "backup",
    help: "Back a service up into its repository, read the files back, and publish the manifest",
    params: &[
        Param { name: "service", help: "Which service", form: Form::Positional },
        Param {
            name: "method",
            help: "How; the first of the configuration's methods where none is given",
            form: Form::Valued(&["logical", "physical", "rdb"]),
        },
        Param { name: "prove", help: "Restore it into a scratch server right afterwards", form: Form::Flag },
    ],
    plan,
};

fn plan<'a>(ask: &'a Ask<'a>) -> Promise<'a, Plan> {
    Box::pin(async move {
        let service = ask.site.service(ask.given.need("backup", "service")?)?;
        let policy = service.policy(&ask.site.environment)?;
        let method = method(service, ask.given.get("method"), &policy.methods)?;
        let repository = ask.site.repository(policy.repository.as_str())?;
        let server = server::identify(ask.world, &ask.site.environment, service, method).await?;
        let copy = CopyArgs {
            backup: id(ask.world.now(), &service.name, method),
            environment: ask.site.environment.clone(),
            service: service.name.clone(),
            access: service.access.clone(),
            policy: policy.clone(),
            method,
            repository: repository.clone(),
            system: server.system.clone(),
        };
        let steps = steps(&copy, ask.given.has("prove"));
        let keys = server.keys.iter().cloned().chain([target::draft(repository, &copy.backup)]).collect();
        let target = target::identity(service.name.clone(), keys, server.words.clone());
        Ok(target::plan(ask, target, notes(&server, repository), steps))
    })
}

/// The method that was asked for, or the first of those the configuration allows.
fn method(service: &ServiceSpec, asked: Option<&str>, allowed: &[Method]) -> Result<Method, Failure> {
    let Some(word) = asked else {
        let none = || Failure::new(FailureKind::Config, format!("{} has no backup methods", service.name));
        return allowed.first().copied().ok_or_else(none);
    };
    allowed.iter().copied().find(|method| method.word() == word).ok_or_else(|| {
        let words: Vec<_> = allowed.iter().map(|method| method.word()).collect();
        let what = format!("{} is not backed up by the method {word:?}", service.name);
        Failure::new(FailureKind::Usage, what).mend(format!("the configuration allows {}", words.join(", ")))
    })
}

/// `20261122T031500Z-shop-db-logical-7f3a`: sorts by time for people; midwatch goes by the manifest's sequence.
fn id(now: Stamp, service: &Name, method: Method) -> BackupId {
    let time = jiff::Timestamp::from_millisecond(now.0).unwrap_or_default().strftime("%Y%m%dT%H%M%SZ");
    BackupId(format!("{time}-{service}-{}-{:04x}", method.word(), fastrand::u16(..)))
}

fn notes(server: &Server, repository: &RepositorySpec) -> Vec<String> {
    let mut notes = vec![format!("into {} ({})", repository.name, repository.place)];
    notes.push(match repository.encrypt.len() {
        0 => "not encrypted: whoever can read the repository can read the data".to_owned(),
        1 => "encrypted with age to one recipient".to_owned(),
        many => format!("encrypted with age to {many} recipients"),
    });
    notes.extend(server.notes.iter().cloned());
    notes
}

fn steps(copy: &CopyArgs, prove: bool) -> Vec<StepSpec> {
    let (name, into) = (&copy.service, &copy.repository.name);
    let (word, title) = match copy.method {
        Method::Physical => ("postgres-base-backup", format!("Copy the cluster of {name} with its WAL into {into}")),
        Method::Rdb => ("redis-copy", format!("Copy the RDB of {name} into {into}")),
        Method::Logical | Method::Foreign => ("postgres-dump", format!("Dump {name} with its roles into {into}")),
    };
    let first = StepSpec { deadline: COPY, stall: STALL, revert: Revert::OnFailure, ..step(StepId(1), word, title, copy) };
    let draft =
        DraftArgs { backup: copy.backup.clone(), repository: copy.repository.clone(), copied: StepId(1), method: copy.method };
    let read_back = StepSpec {
        deadline: COPY,
        stall: STALL,
        ..step(StepId(2), "read-back", "Read the files back and compare their hashes".to_owned(), &draft)
    };
    let publish = step(StepId(3), "publish", format!("Publish {}: from here on it exists", copy.backup), &draft);
    let mut steps = vec![first, read_back, publish];
    if prove {
        let args = ProveArgs {
            backup: copy.backup.clone(),
            repository: copy.repository.clone(),
            access: copy.access.clone(),
            policy: copy.policy.clone(),
        };
        steps.extend(verify::proofs(4, std::iter::once((&args, verify::kind_of(copy.method)))));
    }
    steps
}
