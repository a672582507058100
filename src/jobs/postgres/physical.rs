//! The physical copy: the whole cluster by `pg_basebackup`, with its manifest and the WAL it needs to start by itself.
//!
//! `pg_basebackup` can write one archive to its standard output, but then neither compressed by the server together with a
//! manifest, nor of a cluster with tablespaces. So it writes into a folder, where a named pipe stands for each archive: they are
//! read as they are written, and nothing of them ever lies on a disk on the way. It insists that the folder is empty when it
//! begins; the pipes are made when it says that it waits for the server's checkpoint. Should it ever be faster than that, the
//! archive is a file and not a pipe: that is noticed at once, and the copy begins anew.
//!
//! The WAL comes at the end of the archive (`-X fetch`); a temporary replication slot keeps the server from removing it before.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use tokio::io::AsyncReadExt as _;

use crate::domain::access::ToolPlace;
use crate::domain::backup::postgres::{self, Database};
use crate::domain::backup::{Census, Compression, FileFacts, Method};
use crate::domain::failure::{Failure, FailureKind};
use crate::jobs::postgres::identity::{self, Server};
use crate::jobs::postgres::session::{Session, literal};
use crate::jobs::postgres::stream::{self, Meter};
use crate::jobs::postgres::{advisory, client};
use crate::jobs::step::Cx;
use crate::jobs::steps::backup::{Copied, CopyArgs};
use crate::ports::repository::Repository;
use crate::ports::tools::{Run, Running, Tools};

/// What the files are to a backup.
pub const BASE: &str = "base";
/// `pg_basebackup`'s own list of the files it copied, with their checksums.
pub const MANIFEST: &str = "manifest";
/// What the role of a tablespace's archive begins with; its object identifier follows.
pub const TABLESPACE: &str = "tablespace ";
/// How an archive that the server compressed begins, and ends its name.
const ZSTD: (&[u8], &str) = (&[0x28, 0xb5, 0x2f, 0xfd], ".tar.zst");
/// What `pg_basebackup` is told besides where to write. Its manifest's checksums are for accidents on the way, so the cheap ones do:
/// the files are hashed anyway.
const OPTIONS: &[&str] = &["-Ft", "-X", "fetch", "-c", "fast", "-N", "-v", "-w", "--manifest-checksums=CRC32C"];
/// How often the copy is begun where the pipes came too late.
const ATTEMPTS: usize = 3;
/// Runs `pg_basebackup` in a folder of its own, and tells on its standard output when the pipes are there. The first line that it
/// writes to its standard error comes after it looked at the folder and before it asks the server for anything.
const SCRIPT: &str = r#"
folder=$1; names=$2; shift 2; umask 077
rm -rf "$folder" && mkdir "$folder" && mkfifo "$folder/said" || exit 73
{ IFS= read -r first
  if [ -d "$folder/copy" ]; then (cd "$folder/copy" && mkfifo $names) 2>/dev/null && echo pipes || echo late; fi
  printf '%s\n' "$first" >&2; exec cat >&2; } <"$folder/said" &
"$@" 2>"$folder/said"; status=$?
wait; exit $status
"#;

/// A copy that is being made.
struct Copy<'a> {
    args: &'a CopyArgs,
    tools: &'a dyn Tools,
    repository: &'a dyn Repository,
    meter: Meter<'a>,
    server: &'a Server,
    /// Whether the server compresses.
    zstd: bool,
    /// Where `pg_basebackup` believes that it writes.
    folder: String,
}

#[derive(Deserialize)]
struct Held {
    name: String,
    bytes: u64,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

const DATABASES: &str = "SELECT datname::text AS name, \
  CASE WHEN has_database_privilege(oid, 'CONNECT') THEN pg_database_size(oid) ELSE 0 END AS bytes FROM pg_database ORDER BY datname";
const SUPERUSERS: &str = "SELECT rolname::text AS name FROM pg_roles WHERE rolsuper AND rolcanlogin ORDER BY oid";

/// Copies the cluster into the repository. Nothing of it is a backup yet.
pub async fn copy(cx: &Cx<'_>, args: &CopyArgs) -> Result<Copied, Failure> {
    let tools = cx.world.tools(&args.access);
    let repository = cx.world.repository(&args.repository).await?;
    let server = identity::identify(&*tools).await?;
    server.confirmed(&args.system, &cx.plan.target)?;
    server.allows(Method::Physical)?;
    let version = client::version(&*tools, "pg_basebackup").await?;
    client::fits("pg_basebackup", &version, &server.version)?;
    let mut held = advisory::take(&*tools, &format!("backup {} by {} on {}", cx.job, cx.operator, cx.host)).await?;
    let slot = slot(&*tools, cx).await;
    let databases: Vec<Held> = held.session().rows(DATABASES).await?;
    let superusers: Vec<Named> = held.session().rows(SUPERUSERS).await?;

    let apart = matches!(args.access.tools, ToolPlace::Image(_));
    let zstd =
        !apart && server.rights.zstd && args.policy.compression == Compression::Zstd && client::fits("", &version, "15").is_ok();
    let folder = format!("/tmp/midwatch-{}", args.backup);
    let meter = Meter::new(cx.reporter);
    meter.expect(databases.iter().map(|database| database.bytes).sum());
    let copy = Copy { args, tools: &*tools, repository: &*repository, meter, server: &server, zstd, folder };
    let began = cx.world.now();
    let (files, said) = if apart { cx.unless_cancelled(copy.alone()).await? } else { copy.through_pipes(cx).await? };
    let consistent = cx.world.now();
    drop(slot);
    copy.meter.note(held.release().await);

    let database = |held: Held| Database { name: held.name, bytes: held.bytes, ..Database::default() };
    let census = postgres::Census {
        lsn: end(&said)?,
        timeline: server.timeline.unwrap_or_default(),
        databases: databases.into_iter().map(database).collect(),
        roles: superusers.into_iter().map(|role| role.name).collect(),
    };
    let versions = BTreeMap::from([("pg_basebackup".to_owned(), version)]);
    let origin = server.origin(&args.environment, &args.service);
    Ok(Copied { origin, began, consistent, files, census: Census::Postgres(census), tools: versions })
}

/// A slot that keeps the WAL of the copy, as long as its session lives. Where the server has none to give, a busy one may remove
/// WAL too early; `pg_basebackup` then fails, and says so.
async fn slot(tools: &dyn Tools, cx: &Cx<'_>) -> Option<Session> {
    let made = async {
        let mut session = identity::maintenance(tools).await?;
        let name = literal(&format!("midwatch_{}", cx.job.0));
        let sql = format!("SELECT slot_name::text AS name FROM pg_create_physical_replication_slot({name}, true, true)");
        session.row::<Named>(&sql).await?;
        Ok(session)
    };
    let made: Result<Session, Failure> = made.await;
    made.inspect_err(|failure| cx.reporter.log(&format!("no replication slot keeps the WAL meanwhile: {failure}"))).ok()
}

/// Where the WAL ends that the copy needs, as `pg_basebackup -v` tells it.
fn end(said: &str) -> Result<String, Failure> {
    let told = said.lines().find_map(|line| line.split_once("write-ahead log end point: "));
    let lsn = told.map(|(_, lsn)| lsn.trim().to_owned()).filter(|lsn| lsn.contains('/'));
    lsn.ok_or_else(|| Failure::new(FailureKind::Tool, "pg_basebackup did not say where its WAL ends"))
}

impl Copy<'_> {
    /// Each archive: its name in the folder, and its role.
    fn archives(&self) -> Vec<(String, String)> {
        let ending = if self.zstd { ZSTD.1 } else { ".tar" };
        let spaces = self.server.tablespaces.iter().map(|oid| (format!("{oid}{ending}"), format!("{TABLESPACE}{oid}")));
        std::iter::once((format!("{BASE}{ending}"), BASE.to_owned())).chain(spaces).collect()
    }

    /// In containers of an image each program has a folder of its own, and no pipe leads from one to another. There is one stream
    /// then, which can be of one archive, with the manifest in it.
    async fn alone(&self) -> Result<(Vec<FileFacts>, String), Failure> {
        if !self.server.tablespaces.is_empty() {
            let what =
                "a cluster with tablespaces cannot be copied by tools in containers of an image: they write one archive only";
            return Err(Failure::refused(what)
                .mend("let the tools run here or in the service's own container, or use the method \"logical\""));
        }
        self.meter.says("copying the cluster");
        let CopyArgs { backup, policy, .. } = self.args;
        let run = self.tools.postgres(Run::new("pg_basebackup", ["-D", "-"].into_iter().chain(OPTIONS.iter().copied()))).await?;
        let sink = self.repository.create(backup, &format!("{BASE}.tar"), BASE, policy.compression).await?;
        let running = self.tools.start(&run).await?;
        let (file, said) = stream::into_file("pg_basebackup", running, sink, b"", &self.meter).await?;
        Ok((vec![file], said))
    }

    /// Whatever becomes of the copy, the folder with the pipes goes.
    async fn through_pipes(&self, cx: &Cx<'_>) -> Result<(Vec<FileFacts>, String), Failure> {
        let taken = cx.unless_cancelled(self.take()).await;
        self.clear().await;
        taken
    }

    async fn take(&self) -> Result<(Vec<FileFacts>, String), Failure> {
        for _ in 0..ATTEMPTS {
            self.meter.says("waiting for the server's checkpoint");
            let mut running = self.start().await?;
            let mut pipes = String::new();
            if let Some(mut told) = running.stdout() {
                read_line(&mut *told, &mut pipes).await?;
            }
            match pipes.as_str() {
                "pipes" => return self.read(running).await,
                "late" => running.stop().await?,
                _ => return Err(client::failed("pg_basebackup", &running.ended().await?)),
            }
            self.meter.log("pg_basebackup was faster than its pipes: it begins anew");
        }
        Err(Failure::new(FailureKind::Unavailable, "pg_basebackup was faster than its pipes each time").mend("try again"))
    }

    async fn start(&self) -> Result<Box<dyn Running>, Failure> {
        let names: Vec<String> = self.archives().into_iter().map(|(name, _)| name).collect();
        let mut args = vec!["-c".to_owned(), SCRIPT.to_owned(), "sh".to_owned(), self.folder.clone(), names.join(" ")];
        let copy = self.path("");
        let told = ["pg_basebackup", "-D", copy.trim_end_matches('/')].into_iter().chain(OPTIONS.iter().copied());
        args.extend(told.map(str::to_owned));
        if self.zstd {
            args.push("--compress=server-zstd:level=3,workers=2".to_owned());
        }
        let run = self.tools.postgres(Run::new("sh", args)).await?;
        self.tools.start(&run).await
    }

    /// Reads all pipes at once: in which order they are written is the server's business. Where the copy ends before they do,
    /// nobody will ever write to them.
    async fn read(&self, mut running: Box<dyn Running>) -> Result<(Vec<FileFacts>, String), Failure> {
        self.meter.says("copying the cluster");
        let archives = self.archives();
        let reading = futures_util::future::try_join_all(archives.iter().map(|(name, role)| self.archive(name, role)));
        tokio::pin!(reading);
        let (files, ended) = tokio::select! {
            files = &mut reading => match files {
                // Nobody reads the other pipes any more: it would wait for good to open one.
                Err(failure) if failure.kind != FailureKind::Damaged => {
                    running.stop().await?;
                    return Err(failure);
                }
                files => (files, running.ended().await?),
            },
            ended = running.ended() => {
                let ended = ended?;
                if !ended.status.success() {
                    return Err(client::failed("pg_basebackup", &ended));
                }
                (reading.await, ended)
            }
        };
        if !ended.status.success() {
            return Err(client::failed("pg_basebackup", &ended));
        }
        let mut files = files?;
        self.nothing_else(&archives).await?;
        files.push(self.file("backup_manifest", MANIFEST, self.args.policy.compression, b"{").await?);
        Ok((files, ended.stderr))
    }

    /// A tablespace that came to be meanwhile would have been written beside the pipes.
    async fn nothing_else(&self, archives: &[(String, String)]) -> Result<(), Failure> {
        let listed = client::output(self.tools.start(&Run::new("ls", [self.path("")])).await?, "ls").await?;
        let known: BTreeSet<&str> = archives.iter().map(|(name, _)| name.as_str()).chain(["backup_manifest"]).collect();
        let found: BTreeSet<&str> = listed.lines().collect();
        if found == known {
            return Ok(());
        }
        let what = format!("pg_basebackup wrote {}, not {}", words(&found), words(&known));
        Err(Failure::new(FailureKind::Unavailable, what).mend("try again: a tablespace was made or dropped meanwhile"))
    }

    async fn archive(&self, name: &str, role: &str) -> Result<FileFacts, Failure> {
        if self.zstd {
            return self.file(name, role, Compression::None, ZSTD.0).await;
        }
        self.file(name, role, self.args.policy.compression, b"").await
    }

    async fn file(&self, name: &str, role: &str, compression: Compression, magic: &[u8]) -> Result<FileFacts, Failure> {
        let sink = self.repository.create(&self.args.backup, name, role, compression).await?;
        let running = self.tools.start(&Run::new("cat", [self.path(name)])).await?;
        stream::into_file("cat", running, sink, magic, &self.meter).await.map(|(file, _)| file)
    }

    fn path(&self, name: &str) -> String {
        format!("{}/copy/{name}", self.folder)
    }

    /// Removes the folder with the pipes; a few kilobytes that are left where this fails are told of.
    async fn clear(&self) {
        let removed = async { client::output(self.tools.start(&Run::new("rm", ["-rf", &self.folder])).await?, "rm").await };
        if let Err(failure) = removed.await {
            self.meter.log(&format!("{} was not removed: {failure}", self.folder));
        }
    }
}

/// One line, without its end; as much of it as comes.
async fn read_line(from: &mut (dyn tokio::io::AsyncRead + Send + Unpin), line: &mut String) -> Result<(), Failure> {
    while let Ok(byte) = from.read_u8().await {
        match byte {
            b'\n' => return Ok(()),
            byte => line.push(char::from(byte)),
        }
    }
    Ok(())
}

fn words(names: &BTreeSet<&str>) -> String {
    names.iter().copied().collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_end_of_the_wal_is_read_from_its_words() {
        let said = "pg_basebackup: write-ahead log start point: 0/2000028 on timeline 1\n\
                    pg_basebackup: write-ahead log end point: 0/2000100\n";
        assert_eq!(end(said).unwrap(), "0/2000100");
        assert!(end("pg_basebackup: base backup completed").is_err());
    }
}
