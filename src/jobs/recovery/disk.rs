//! Whether there is room where services write, as far as that can be told from here: a server whose disk is full does not come up,
//! however often it is started.

use std::path::Path;

use crate::domain::backup::retention;
use crate::domain::control::Way;
use crate::domain::recovery::Lack;
use crate::domain::repository::RepositoryPlace;
use crate::domain::service::spec::ServiceSpec;
use crate::domain::unit::Unit;
use crate::jobs::postgres::client;
use crate::jobs::site::Site;
use crate::ports::World;
use crate::ports::tools::Run;

/// What is free and how large it is, in bytes, and where it is mounted.
const ROOM: &str = r#"df -B1 --output=avail,size,target "$1" | tail -n 1"#;
/// With less than this no server writes for long: bytes.
const NOTHING: u64 = 32 << 20;

/// A disk, as it was found.
struct Disk {
    free: u64,
    size: u64,
    mount: String,
}

impl Disk {
    /// Little in bytes, and little of it: a small disk may have little free all its life.
    fn is_full(&self) -> bool {
        self.free < NOTHING && self.free < self.size / 20
    }
}

/// What midwatch made and need not keep, and the command that removes it.
struct Spare {
    command: String,
    what: String,
    bytes: u64,
}

/// The disks of this service that are full, with what is safe to remove from them first.
pub async fn full(world: &dyn World, site: &Site, service: &ServiceSpec) -> Vec<Lack> {
    let mut lacks = Vec::new();
    for folder in folders(service) {
        if let Some(disk) = disk(world, service, &folder).await.filter(Disk::is_full) {
            let spare = spare(world, site, service, &disk.mount).await;
            lacks.push(told(&folder, &disk, &spare));
        }
    }
    lacks
}

/// Where it writes on this host: its data directory, where its PID file lies there, and its log.
fn folders(service: &ServiceSpec) -> Vec<String> {
    let control = service.control.as_ref().filter(|control| control.ssh.is_none() && service.access.ssh.is_none());
    let Some(Way::Process(process)) = control.map(|control| &control.way) else { return Vec::new() };
    let data = process.pid_file.file_name().is_some_and(|name| name == "postmaster.pid").then_some(process.pid_file.as_path());
    let parents = [data, process.log.as_deref()].into_iter().flatten().filter_map(Path::parent);
    parents.filter(|folder| folder.is_absolute()).map(|folder| folder.display().to_string()).collect()
}

/// What cannot be told is not known to be missing.
async fn disk(world: &dyn World, service: &ServiceSpec, folder: &str) -> Option<Disk> {
    let tools = world.tools(&service.access);
    let told = client::output(tools.start(&Run::new("sh", ["-c", ROOM, "sh", folder])).await.ok()?, "df").await.ok()?;
    let mut words = told.split_whitespace();
    let mut number = || words.next()?.parse().ok();
    let (free, size) = (number()?, number()?);
    Some(Disk { free, size, mount: words.collect::<Vec<_>>().join(" ") })
}

/// What lies in midwatch's own repositories on that disk and may go, the safest first: what never became a backup, then what
/// retention no longer wants.
async fn spare(world: &dyn World, site: &Site, service: &ServiceSpec, mount: &str) -> Vec<Spare> {
    let (mut orphans, mut backups) = (Vec::new(), Vec::new());
    for spec in &site.repositories {
        let RepositoryPlace::Folder(path) = &spec.place else { continue };
        if disk(world, service, &path.display().to_string()).await.is_none_or(|disk| disk.mount != mount) {
            continue;
        }
        let Ok(repository) = world.repository(spec).await else { continue };
        let Ok(catalogue) = repository.catalogue().await else { continue };
        let left = catalogue.orphans.iter().filter(|orphan| orphan.why.is_none() && !orphan.is_fresh(world.now()));
        let left = left.map(|orphan| orphan.bytes);
        orphans.push(Spare::of(format!("midwatch clean {}", spec.name), ["orphan", ""], left));
        let judged = retention::every(&catalogue, spec.keep);
        let unwanted = judged.iter().filter(|one| one.goes()).map(|one| one.entry.bytes());
        backups.push(Spare::of(format!("midwatch prune {}", spec.name), ["backup", " that retention no longer wants"], unwanted));
    }
    orphans.into_iter().chain(backups).flatten().collect()
}

impl Spare {
    /// None where there is nothing.
    fn of(command: String, [noun, rest]: [&str; 2], sizes: impl Iterator<Item = u64>) -> Option<Self> {
        let sizes: Vec<u64> = sizes.collect();
        let many = if sizes.len() == 1 { "" } else { "s" };
        (!sizes.is_empty()).then(|| Self {
            command,
            what: format!("{} {noun}{many}{rest}", sizes.len()),
            bytes: sizes.iter().sum(),
        })
    }
}

fn told(folder: &str, disk: &Disk, spare: &[Spare]) -> Lack {
    let bytes = |count: u64| Unit("bytes".to_owned()).format(count as f64, None);
    let what = format!("the disk of {folder} is full: {} of {} are free", bytes(disk.free), bytes(disk.size));
    let ours = spare.iter().map(|one| format!("{} ({}, {})", one.command, one.what, bytes(one.bytes)));
    let ours: Vec<String> = ours.collect();
    let first = if ours.is_empty() { "nothing that midwatch made there may go".to_owned() } else { ours.join(", then ") };
    Lack { what, mend: format!("make room: {first}; then old logs. Never anything in pg_wal") }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::domain::control::{ControlSpec, ProcessSpec, StopSignal};
    use crate::domain::service::ServiceKind;
    use crate::jobs::recovery::diagnosis::tests::service;

    fn process(pid_file: &str, log: Option<&str>, ssh: Option<&str>) -> ServiceSpec {
        let (pid_file, log) = (pid_file.into(), log.map(Into::into));
        let way = Way::Process(ProcessSpec { pid_file, start: vec![], env: vec![], signal: StopSignal::Int, log, seen: vec![] });
        let control = Some(ControlSpec { way, ssh: ssh.map(str::to_owned), grace: Duration::ZERO });
        ServiceSpec { control, ..service(ServiceKind::Postgres) }
    }

    #[test]
    fn only_folders_of_this_host_are_looked_at() {
        assert_eq!(folders(&process("/data/postmaster.pid", Some("/log/db.log"), None)), ["/data", "/log"]);
        assert_eq!(folders(&process("/run/app.pid", None, None)), [""; 0], "a PID file elsewhere tells of no data");
        assert_eq!(folders(&process("/data/postmaster.pid", None, Some("db-1"))), [""; 0]);
        assert_eq!(folders(&service(ServiceKind::Postgres)), [""; 0], "a container has disks of its own");
    }

    #[test]
    fn a_full_disk_is_told_with_what_may_go_first() {
        let disk = Disk { free: 4096, size: 1 << 30, mount: "/".to_owned() };
        let spare = |command: &str, noun, sizes: &[u64]| Spare::of(command.to_owned(), noun, sizes.iter().copied());
        let unwanted = ["backup", " that retention no longer wants"];
        let found: Vec<Spare> = [
            spare("midwatch clean local", ["orphan", ""], &[1 << 20, 1 << 20]),
            spare("midwatch prune local", unwanted, &[1 << 30]),
            spare("midwatch prune other", unwanted, &[]),
        ]
        .into_iter()
        .flatten()
        .collect();
        assert!(disk.is_full());
        assert!(!Disk { free: 16 << 20, size: 64 << 20, mount: String::new() }.is_full(), "a small one");
        let lack = told("/data", &disk, &found);
        assert_eq!(lack.what, "the disk of /data is full: 4 KiB of 1 GiB are free");
        assert_eq!(
            lack.mend,
            "make room: midwatch clean local (2 orphans, 2 MiB), then midwatch prune local (1 backup that retention no longer \
             wants, 1 GiB); then old logs. Never anything in pg_wal"
        );
        assert!(told("/data", &disk, &[]).mend.contains("nothing that midwatch made there may go"));
    }
}
