//! The proof of a foreign backup: its files are as they were when it was adopted, are whole, are of what they should be of, restore
//! into a scratch server, and bring data back. What nobody can judge here (no tools of its version, no extension, no room) is said
//! and not recorded: it accuses no backup.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use crate::domain::backup::catalogue::{Attestation, Entry};
use crate::domain::backup::{BLOCK, Check, FORMAT, FileFacts, Made, Proof};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::job::Progress;
use crate::domain::repository::RepositoryPlace;
use crate::jobs::foreign::find::Kind;
use crate::jobs::foreign::read::{self, Whole};
use crate::jobs::foreign::restore::{self, Restored, Subject};
use crate::jobs::foreign::script::{Script, Told};
use crate::jobs::foreign::{archive, pgbackrest};
use crate::jobs::redis::rdb::Scanner;
use crate::jobs::step::Cx;
use crate::jobs::steps::backup::{Judged, ProveArgs};
use crate::ports::World;
use crate::ports::trove::{Listed, Trove};

/// What the file of a checksum is to a backup.
pub const SIDECAR: &str = "sidecar";
/// What a file of roles is to a backup.
pub const ROLES: &str = "roles";

/// Judges a backup, and records the proof, good or bad.
pub async fn prove(cx: &Cx<'_>, args: &ProveArgs) -> Result<Judged, Failure> {
    let (at, began) = (cx.world.now(), Instant::now());
    let repository = cx.world.repository(&args.repository).await?;
    let catalogue = repository.catalogue().await?;
    let gone = || Failure::new(FailureKind::Usage, format!("there is no backup {} in {}", args.backup, args.repository.name));
    let entry = catalogue.find(&args.backup).ok_or_else(gone)?;
    let found = match judge(cx, args, entry).await {
        Err(failure) if matches!(failure.kind, FailureKind::Tool | FailureKind::Full) => {
            let words = format!("not judged: {failure}");
            return Ok(Judged { backup: args.backup.clone(), proved: false, words });
        }
        found => found?,
    };
    let (operator, host) = (cx.operator.to_owned(), cx.host.to_owned());
    let proof = Proof {
        format: FORMAT,
        backup: args.backup.clone(),
        manifest_sha256: entry.manifest_sha256.clone(),
        at,
        restore: found.restore,
        took: began.elapsed(),
        checks: found.checks,
        server: found.server,
        made: Made { operator, host, job: Some(cx.job.0), tools: entry.manifest.made.tools.clone() },
    };
    repository.attach(&proof).await?;
    Ok(Judged::of(&proof))
}

/// Nothing is restored that is known to be bad already.
async fn judge(cx: &Cx<'_>, args: &ProveArgs, entry: &Entry) -> Result<Restored, Failure> {
    if entry.attestation == Attestation::Forged {
        let words = "it was edited after it was sealed: nothing that it says can be relied on";
        return Ok(Restored { checks: vec![Check::failed("manifest", words)], ..Restored::default() });
    }
    let mut evidence = Evidence::gather(cx, args, entry).await?;
    let is_doubtful = evidence.checks.iter().any(|check| !check.passed);
    let checks = std::mem::take(&mut evidence.checks);
    if is_doubtful {
        return Ok(Restored { checks, ..Restored::default() });
    }
    let restored = match evidence.subject.kind {
        Kind::Rdb => restore::redis(cx, args, &evidence.subject, &entry.manifest.source.flavour).await?,
        _ => restore::postgres(cx, args, &evidence.subject).await?,
    };
    Ok(Restored { checks: [checks, restored.checks].concat(), ..restored })
}

/// What the files tell before they are restored.
struct Evidence {
    subject: Subject,
    checks: Vec<Check>,
}

/// What looks at a file while it passes by.
enum Eye {
    Script(Script),
    Rdb(Scanner, Result<(), Failure>),
    Nothing,
}

impl Eye {
    fn of(kind: Kind) -> Self {
        match kind {
            Kind::Script => Self::Script(Script::default()),
            Kind::Rdb => Self::Rdb(Scanner::default(), Ok(())),
            _ => Self::Nothing,
        }
    }

    fn see(&mut self, bytes: &[u8]) {
        match self {
            Self::Script(script) => script.feed(bytes),
            Self::Rdb(scanner, seen) if seen.is_ok() => *seen = scanner.feed(bytes),
            _ => {}
        }
    }
}

impl Evidence {
    async fn gather(cx: &Cx<'_>, args: &ProveArgs, entry: &Entry) -> Result<Self, Failure> {
        let files = &entry.manifest.files;
        let kind = files.iter().find_map(|file| Kind::of(&file.role));
        let kind = kind.ok_or_else(|| Failure::new(FailureKind::Usage, format!("{} is no foreign backup", args.backup)))?;
        let main: Vec<&FileFacts> = files.iter().filter(|file| file.role == kind.word()).collect();
        let trove = trove(cx.world, &args.repository.place, &main[0].name).await?;
        let of_role = |role| files.iter().find(|file| file.role == role);
        let roles = of_role(ROLES).map(listed);
        let members = main.iter().map(|file| listed(file)).collect();
        let folder = main[0].name.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
        let subject = Subject { trove, kind, folder, files: members, roles, major: None, database: None };
        let mut evidence = Self { subject, checks: Vec::new() };
        let mut progress = Progress { total: Some(entry.bytes()), words: "reading".to_owned(), ..Progress::default() };
        for facts in main {
            let mut eye = Eye::of(kind);
            let file = listed(facts);
            let read = read::whole(&*evidence.subject.trove, &file, |bytes, fed| {
                eye.see(bytes);
                progress.bytes += fed;
                cx.reporter.progress(progress.clone());
            });
            let whole = match read.await {
                Err(failure) if failure.kind == FailureKind::Io => {
                    evidence.fail("files", format!("{}: {}", facts.name, failure.what));
                    return Ok(evidence);
                }
                whole => whole?,
            };
            evidence.weigh(facts, &whole, eye, args);
            if let Some(sum) = of_role(SIDECAR) {
                evidence.compare(sum, &whole).await?;
            }
        }
        Ok(evidence)
    }

    fn fail(&mut self, name: &str, why: impl Into<String>) {
        self.checks.push(Check::failed(name, why));
    }

    fn pass(&mut self, name: &str, words: impl Into<String>) {
        // A directory archive has many files, and one line for each check.
        if !self.checks.iter().any(|check| check.name == name && check.passed) {
            self.checks.push(Check::passed(name, words));
        }
    }

    fn weigh(&mut self, facts: &FileFacts, whole: &Whole, eye: Eye, args: &ProveArgs) {
        match changed(facts, whole) {
            Some(why) => return self.fail("files", format!("{}: {why}", facts.name)),
            None => self.pass("files", "as they were when it was adopted"),
        }
        let is_toc = self.subject.kind != Kind::Folder || facts.name.ends_with("/toc.dat");
        match (&whole.cut, whole.sizes()) {
            (_, [0, _]) if is_toc => self.fail("whole", "the file is empty"),
            (Some(why), _) if self.subject.kind != Kind::Folder => self.fail("whole", format!("it is cut or damaged: {why}")),
            (_, [_, 0]) if is_toc => self.fail("whole", "nothing is in it: the program before the pipe wrote nothing"),
            _ => self.look(whole, eye, args, is_toc),
        }
    }

    /// What the contents say of themselves.
    fn look(&mut self, whole: &Whole, eye: Eye, args: &ProveArgs, is_toc: bool) {
        match eye {
            Eye::Script(script) => {
                let (told, end) = script.end();
                match end {
                    Err(why) => self.fail("whole", why),
                    Ok(()) => self.pass("whole", "it begins and ends as pg_dump writes it"),
                }
                self.dumped(&told, args);
            }
            Eye::Rdb(scanner, seen) => match seen.and_then(|()| scanner.end()) {
                Err(damage) => self.fail("whole", damage.what),
                Ok(found) => self.pass("whole", format!("{} with {} keys", found.magic, found.keys())),
            },
            Eye::Nothing if self.subject.kind == Kind::Pgbackrest => {
                self.subject.major = major(pgbackrest::version(&whole.head).as_ref());
            }
            Eye::Nothing if is_toc => self.archived(&whole.head, args),
            Eye::Nothing => {}
        }
    }

    fn dumped(&mut self, told: &Told, args: &ProveArgs) {
        self.subject.major = major([&told.server, &told.dumper].into_iter().flatten());
        if let Some(line) = &told.reaches_out {
            self.fail("content", format!("it reaches beyond the server it is restored into, and is not run: {line}"));
        }
        let expected = &args.policy.databases;
        let named: Vec<&String> = told.databases.iter().filter(|name| name.as_str() != "template1").collect();
        if !named.is_empty() {
            let missing = expected.iter().find(|database| !named.contains(database));
            match missing {
                Some(missing) => self.fail("database", format!("it holds {}, not {missing}", joined(&named))),
                None => self.pass("database", joined(&named)),
            }
        }
    }

    fn archived(&mut self, head: &[u8], args: &ProveArgs) {
        let head = if self.subject.kind == Kind::Tar { head.get(512..).unwrap_or_default() } else { head };
        let Some(archive) = archive::read(head) else {
            let words = if head.starts_with(b"PGDMP") { "it is cut within its head" } else { "it is no archive of pg_dump" };
            return self.fail("whole", words);
        };
        self.subject.major = major([&archive.server, &archive.dumper]);
        let expected = &args.policy.databases;
        if expected.is_empty() || expected.contains(&archive.database) {
            self.pass("database", format!("{}, of a server {}", archive.database, archive.server));
        } else {
            self.fail("database", format!("it is a dump of {:?}, not of {}", archive.database, joined(expected)));
        }
        self.subject.database = Some(archive.database);
    }

    async fn compare(&mut self, sum: &FileFacts, whole: &Whole) -> Result<(), Failure> {
        let text = self.subject.trove.read(&listed(sum).path, 0..sum.bytes.min(4096)).await?;
        match read::confirms(&String::from_utf8_lossy(&text), whole) {
            Some(true) => self.pass("checksum", format!("{} is right", sum.name)),
            Some(false) => self.fail("checksum", format!("{} is of other contents than the file has", sum.name)),
            None => self.pass("checksum", format!("{} names no checksum", sum.name)),
        }
        Ok(())
    }
}

fn joined(names: &[impl AsRef<str>]) -> String {
    names.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(", ")
}

/// The newest of these versions' majors: an older server's dump by newer tools needs those.
fn major<'a>(versions: impl IntoIterator<Item = &'a String>) -> Option<u16> {
    versions.into_iter().filter_map(|version| version.split('.').next()?.parse().ok()).max()
}

/// How a file differs from what was adopted, and from where on.
fn changed(facts: &FileFacts, whole: &Whole) -> Option<String> {
    let now = whole.facts(facts.name.clone(), &facts.role);
    if now.sha256 == facts.sha256 {
        return None;
    }
    let block = facts.blocks.iter().zip(&now.blocks).position(|(then, now)| then != now);
    let from = block.map_or(facts.bytes.min(now.bytes), |block| block as u64 * BLOCK);
    Some(format!("it has changed since it was adopted, from byte {from} on ({} bytes then, {} now)", facts.bytes, now.bytes))
}

/// A file of a manifest, in the trove that its folder is.
fn listed(facts: &FileFacts) -> Listed {
    let path = facts.name.rsplit('/').next().unwrap_or(&facts.name).to_owned();
    Listed { path, bytes: facts.bytes, modified: None }
}

/// The folder, or the bucket with the keys' beginning, that a file of a manifest lies in. A bucket is reached with what the
/// repository's own is reached with.
async fn trove(world: &dyn World, repository: &RepositoryPlace, file: &str) -> Result<Arc<dyn Trove>, Failure> {
    let place = place_of(repository, file)?;
    world.trove(&place).await
}

/// Where a file lies that a manifest names.
fn place_of(repository: &RepositoryPlace, file: &str) -> Result<RepositoryPlace, Failure> {
    let Some(key) = file.strip_prefix("s3://") else {
        return Ok(RepositoryPlace::Folder(Path::new(file).parent().map_or_else(PathBuf::new, Path::to_owned)));
    };
    let folder = key.rsplit_once('/').map_or(key, |(folder, _)| folder);
    bucket(repository, folder)
}

/// A bucket with the beginning of its keys, `bucket/prefix`, reached as the repository is.
pub fn bucket(repository: &RepositoryPlace, words: &str) -> Result<RepositoryPlace, Failure> {
    let RepositoryPlace::S3 { endpoint, region, access_key, secret_key, ca, .. } = repository else {
        let what = format!("s3://{words} is in a bucket, but the repository is a folder: nothing says how to reach it");
        return Err(Failure::new(FailureKind::Config, what).mend("adopt it into a repository in a bucket of the same server"));
    };
    let (bucket, prefix) = words.split_once('/').unwrap_or((words, ""));
    Ok(RepositoryPlace::S3 {
        bucket: bucket.to_owned(),
        prefix: prefix.trim_end_matches('/').to_owned(),
        endpoint: endpoint.clone(),
        region: region.clone(),
        access_key: access_key.clone(),
        secret_key: secret_key.clone(),
        ca: ca.clone(),
    })
}

/// What a backup is called in the catalogue's columns: its flavour and version, as far as its beginning tells.
pub fn source(kind: Kind, head: &[u8]) -> (String, String) {
    match kind {
        Kind::Rdb => {
            let flavour = if head.starts_with(b"VALKEY") { "valkey" } else { "redis" };
            (flavour.to_owned(), rdb_version(head).unwrap_or_default())
        }
        Kind::Script => {
            let mut script = Script::default();
            script.feed(head);
            ("postgresql".to_owned(), script.end().0.server.unwrap_or_default())
        }
        Kind::Pgbackrest => ("postgresql".to_owned(), pgbackrest::version(head).unwrap_or_default()),
        kind => {
            let head = if kind == Kind::Tar { head.get(512..).unwrap_or_default() } else { head };
            ("postgresql".to_owned(), archive::read(head).map(|archive| archive.server).unwrap_or_default())
        }
    }
}

/// `redis-ver` and `valkey-ver` stand among the first fields, each with its length before it.
fn rdb_version(head: &[u8]) -> Option<String> {
    let at = ["redis-ver", "valkey-ver"].iter().find_map(|name| {
        let at = head.windows(name.len()).position(|window| window == name.as_bytes())?;
        Some(at + name.len())
    })?;
    let length = usize::from(*head.get(at)?);
    Some(String::from_utf8_lossy(head.get(at + 1..at + 1 + length)?).into_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_tools_must_be_as_new_as_the_server_and_the_dumper() {
        let versions = |versions: &[&str]| versions.iter().map(|v| (*v).to_owned()).collect::<Vec<_>>();
        assert_eq!(major(&versions(&["15.14", "17.2"])), Some(17));
        assert_eq!(major(&versions(&["15beta1", ""])), None);
    }

    #[test]
    fn a_file_of_a_manifest_is_found_in_its_folder() {
        let repository = RepositoryPlace::Folder("/var/backups".into());
        assert_eq!(place_of(&repository, "/srv/old/x.sql.gz").unwrap(), RepositoryPlace::Folder("/srv/old".into()));
        assert_eq!(place_of(&repository, "s3://b/old/x.sql.gz").unwrap_err().kind, FailureKind::Config);
    }

    #[test]
    fn an_rdb_tells_which_server_wrote_it() {
        let head = b"REDIS0010\xfa\x09redis-ver\x067.0.15\xfa";
        assert_eq!(source(Kind::Rdb, head), ("redis".to_owned(), "7.0.15".to_owned()));
        assert_eq!(source(Kind::Rdb, b"VALKEY080"), ("valkey".to_owned(), String::new()));
    }
}
