//! `adopt`: takes the backups that a team's own scripts have left in a folder or a bucket into a repository's catalogue, as they
//! are, and proves each by restoring it: which of them would have worked, and why the others would not.

use std::path::PathBuf;

use sha2::{Digest as _, Sha256};

use crate::domain::backup::catalogue::Catalogue;
use crate::domain::backup::policy::Policy;
use crate::domain::backup::{BackupId, Compression, Method};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::name::Name;
use crate::domain::number::{counted, subject};
use crate::domain::plan::{Plan, StepId, StepSpec};
use crate::domain::repository::{RepositoryPlace, RepositorySpec};
use crate::domain::service::ServiceKind;
use crate::domain::service::spec::ServiceSpec;
use crate::domain::time::Stamp;
use crate::jobs::foreign::find::{Found, Kind};
use crate::jobs::foreign::prove::bucket;
use crate::jobs::foreign::survey::{Survey, survey};
use crate::jobs::routine::{Ask, Form, Param, Routine};
use crate::jobs::routines::{target, verify};
use crate::jobs::steps::adopt::AdoptArgs;
use crate::jobs::steps::backup::{ProveArgs, step};
use crate::ports::Promise;
use crate::ports::trove::Trove;

/// The longest that reading one backup may take.
const READ: std::time::Duration = std::time::Duration::from_secs(24 * 3600);
/// How many names of what is no backup are told.
const TOLD: usize = 5;

/// The routine.
pub const ADOPT: &Routine = &Routine {
    name: "adopt",
    help: "Take in the backups of a team's own scripts as they are, and prove each by restoring it",
    params: &[
        Param { name: "service", help: "Whose backups they are", form: Form::Positional },
        Param { name: "path", help: "A folder, a file, or s3://bucket/prefix", form: Form::Positional },
        Param {
            name: "repository",
            help: "Whose catalogue they come into; the service's own by default",
            form: Form::Valued(&[]),
        },
    ],
    plan,
};

fn plan<'a>(ask: &'a Ask<'a>) -> Promise<'a, Plan> {
    Box::pin(async move {
        let service = ask.site.service(ask.given.need("adopt", "service")?)?;
        let repository = repository(ask, service)?;
        let place = place(ask.given.need("adopt", "path")?, repository)?;
        let trove = ask.world.trove(&place).await?;
        let looked = survey(&trove).await?;
        let catalogue = ask.world.repository(repository).await?.catalogue().await?;
        let (new, known): (Vec<_>, Vec<_>) =
            wanted(&looked, service.kind).into_iter().partition(|found| !is_adopted(found, &*trove, &catalogue));
        if new.is_empty() {
            return Err(nothing(&place, &looked, known.len()));
        }
        let notes = notes(&new, &known, &looked, &place);
        let adopted = new.into_iter().map(|found| args(ask, service, repository, &place, &*trove, found)).collect();
        let words = format!("backups of {} in {place}; the files stay as they are", service.name);
        let keys = vec![format!("adopt:{}/{place}", repository.place)];
        Ok(target::plan(ask, target::identity(service.name.clone(), keys, words), notes, steps(service, repository, adopted)))
    })
}

fn repository<'a>(ask: &'a Ask<'_>, service: &'a ServiceSpec) -> Result<&'a RepositorySpec, Failure> {
    match ask.given.get("repository") {
        Some(name) => ask.site.repository(name),
        None => ask.site.repository(service.policy(&ask.site.environment)?.repository.as_str()),
    }
}

/// A bucket is reached with what the repository is reached with.
fn place(words: &str, repository: &RepositorySpec) -> Result<RepositoryPlace, Failure> {
    match words.strip_prefix("s3://") {
        Some(rest) => bucket(&repository.place, rest),
        None => Ok(RepositoryPlace::Folder(absolute(words)?)),
    }
}

/// Manifests name files by their whole paths.
fn absolute(path: &str) -> Result<PathBuf, Failure> {
    let path = std::path::absolute(path)?;
    if path.exists() {
        return Ok(path.canonicalize()?);
    }
    Err(Failure::new(FailureKind::Usage, format!("{}: there is no such file or folder", path.display())))
}

/// A Redis has RDBs, a PostgreSQL has dumps.
fn wanted(looked: &Survey, service: ServiceKind) -> Vec<Found> {
    let is_wanted = |found: &&Found| (found.kind == Kind::Rdb) == (service == ServiceKind::Redis);
    looked.found.iter().filter(is_wanted).cloned().collect()
}

fn is_adopted(found: &Found, trove: &dyn Trove, catalogue: &Catalogue) -> bool {
    let name = found.files.first().map(|file| (trove.told(&file.path), file.bytes));
    catalogue.entries.iter().any(|entry| {
        let first = entry.manifest.files.first().map(|file| (file.name.clone(), file.bytes));
        entry.manifest.method == Method::Foreign && first == name
    })
}

fn nothing(place: &RepositoryPlace, looked: &Survey, known: usize) -> Failure {
    if known > 0 {
        let what = format!("all {known} backups in {place} are adopted already");
        return Failure::refused(what).mend("midwatch verify --all --again proves them once more");
    }
    let what = format!("{place} holds no backup of this service: {} other files", looked.others.len() + looked.found.len());
    Failure::refused(what)
        .mend("known are SQL, custom, tar and directory dumps of pg_dump, and RDBs; compressed with gzip or not")
}

fn notes(new: &[Found], known: &[Found], looked: &Survey, place: &RepositoryPlace) -> Vec<String> {
    let mut notes = vec![format!(
        "{} in {place}; each is restored into a scratch server, and nothing is written there",
        counted(new.len(), "backup")
    )];
    if !known.is_empty() {
        notes.push(format!("{} adopted already", subject(known.len(), "other", "is", "are")));
    }
    if !looked.roles.is_empty() {
        notes.push(format!(
            "{} roles only: restored before the dumps beside",
            subject(looked.roles.len(), "file", "holds", "hold")
        ));
    }
    if !looked.others.is_empty() {
        let some: Vec<&str> = looked.others.iter().take(TOLD).map(String::as_str).collect();
        notes.push(format!(
            "{} no backup that midwatch knows: {}",
            subject(looked.others.len(), "file", "is", "are"),
            some.join(", ")
        ));
    }
    notes
}

fn args(
    ask: &Ask<'_>,
    service: &ServiceSpec,
    repository: &RepositorySpec,
    place: &RepositoryPlace,
    trove: &dyn Trove,
    found: Found,
) -> AdoptArgs {
    let written = found.files.iter().filter_map(|file| file.modified).max();
    let consistent = moment(&found.path, written).unwrap_or_else(|| ask.world.now());
    let backup = id(consistent, &service.name, &trove.told(&found.path));
    let (environment, service) = (ask.site.environment.clone(), service.name.clone());
    AdoptArgs { backup, environment, service, place: place.clone(), found, consistent, repository: repository.clone() }
}

/// The same file is the same backup, whoever adopts it.
fn id(at: Stamp, service: &Name, told: &str) -> BackupId {
    let time = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default().strftime("%Y%m%dT%H%M%SZ");
    let hash = Sha256::digest(told.as_bytes());
    BackupId(format!("{time}-{service}-foreign-{:02x}{:02x}", hash[0], hash[1]))
}

/// The moment that a name tells (`20260131_020000`, `2026-01-31`), taken as UTC, unless the file is older; else when it was written.
fn moment(path: &str, written: Option<Stamp>) -> Option<Stamp> {
    let name = path.rsplit('/').next().unwrap_or(path);
    match (named(name), written) {
        (Some(named), Some(written)) => Some(named.min(written)),
        (named, written) => named.or(written),
    }
}

fn named(name: &str) -> Option<Stamp> {
    let digits: Vec<&str> = name.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty()).collect();
    let all: String = digits.concat();
    let start = all.find("20")?;
    let stamp = &all[start..];
    let time = if stamp.len() >= 14 { stamp[8..14].to_owned() } else { "000000".to_owned() };
    let text = format!("{}T{time}Z", stamp.get(..8)?);
    let at = jiff::Timestamp::strptime("%Y%m%dT%H%M%S%z", text.replace('Z', "+0000")).ok()?;
    Some(Stamp(at.as_millisecond()))
}

/// All are read first, the oldest first, so that the catalogue has their order; then each is proved; then all are judged.
fn steps(service: &ServiceSpec, repository: &RepositorySpec, mut adopted: Vec<AdoptArgs>) -> Vec<StepSpec> {
    adopted.sort_by_key(|args| args.consistent);
    let reads = (1..).zip(&adopted).map(|(n, args)| {
        let title = format!("Read and adopt {} ({})", args.found.path, args.found.kind.words());
        StepSpec { deadline: READ, stall: READ, ..step(StepId(n), "adopt", title, args) }
    });
    let mut steps: Vec<StepSpec> = reads.collect();
    let policy = service.backup.clone().unwrap_or_else(|| nothing_asserted(repository));
    let proofs: Vec<ProveArgs> = adopted
        .iter()
        .map(|args| ProveArgs {
            backup: args.backup.clone(),
            repository: repository.clone(),
            access: service.access.clone(),
            policy: policy.clone(),
        })
        .collect();
    let kind = verify::kind_of(Method::Foreign);
    steps.extend(verify::proofs(steps.len() as u16 + 1, proofs.iter().map(|args| (args, kind))));
    steps
}

fn nothing_asserted(repository: &RepositorySpec) -> Policy {
    let (repository, compression) = (repository.name.clone(), Compression::default());
    let methods = vec![Method::Foreign];
    Policy { repository, methods, databases: Vec::new(), compression, rpo: None, rto: None, assertions: Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_moment_of_a_backup_is_told_by_its_name_unless_its_file_is_older() {
        let at = |text: &str| text.parse::<jiff::Timestamp>().ok().map(|at| Stamp(at.as_millisecond()));
        let written = at("2026-02-03T04:05:06Z");
        assert_eq!(moment("pg/onquota_backup_20260131_020000.sql.gz", written), at("2026-01-31T02:00:00Z"));
        assert_eq!(moment("backup_2026-01-31.sql.gz", written), at("2026-01-31T00:00:00Z"));
        assert_eq!(moment("backup_2026-03-31.sql.gz", written), written);
        assert_eq!(moment("shop.dump", written), written);
        assert_eq!(moment("shop-v15.dump", None), None);
    }

    #[test]
    fn the_same_file_gets_the_same_id() {
        let service: Name = "shop-db".into();
        assert_eq!(id(Stamp(0), &service, "/b/a.sql"), id(Stamp(0), &service, "/b/a.sql"));
        assert_ne!(id(Stamp(0), &service, "/b/a.sql"), id(Stamp(0), &service, "/b/b.sql"));
        assert!(id(Stamp(0), &service, "/b/a.sql").0.starts_with("19700101T000000Z-shop-db-foreign-"));
    }
}
