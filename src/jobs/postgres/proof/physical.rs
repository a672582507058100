//! The proof of a physical copy: unpacked, compared with `pg_basebackup`'s own manifest, started, recovered past the end of the
//! copy, and its tables and indexes read by `pg_amcheck`.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use bytes::{Buf as _, Bytes};
use serde::Deserialize;
use zstd::stream::raw::{Decoder, InBuffer, Operation as _, OutBuffer};

use crate::domain::backup::{Compression, FileFacts};
use crate::domain::failure::{Failure, FailureKind};
use crate::jobs::postgres::client;
use crate::jobs::postgres::physical::{BASE, MANIFEST, TABLESPACE};
use crate::jobs::postgres::proof::{Trial, accused};
use crate::jobs::postgres::scratch::Scratch;
use crate::jobs::postgres::session::literal;
use crate::jobs::postgres::stream::{self, AsItIs, Unpacking};
use crate::ports::tools::Run;

/// How long `pg_amcheck` may take: it reads everything.
const AMCHECK: Duration = Duration::from_secs(600);
/// What would make a scratch server follow, archive or listen, or reach into the folders of a live one, is replaced.
const TAME: &str = r#"
cd "$1" || exit 1
rm -f standby.signal recovery.signal recovery.conf recovery.done tablespace_map postmaster.pid
rm -rf pg_replslot/* pg_dynshmem/*
rm -f postgresql.conf postgresql.auto.conf pg_ident.conf pg_hba.conf
: >postgresql.conf && : >postgresql.auto.conf && : >pg_ident.conf && echo 'local all all trust' >pg_hba.conf
"#;

#[derive(Deserialize)]
struct Reached {
    past: bool,
    standby: bool,
    lsn: String,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

impl Trial<'_> {
    /// Restores and checks everything.
    pub async fn physical(&mut self) -> Result<(), Failure> {
        let began = Instant::now();
        self.unpack_all().await?;
        let unpacked = began.elapsed();
        self.verify().await?;
        let resumed = Instant::now();
        let place = self.place;
        place.run("sh", ["-c", TAME, "sh", &place.data()]).await?;
        self.begin("recovery");
        let scratch = place.serve(&[], &self.superusers()).await?;
        self.version(&scratch).await?;
        self.recovered(&scratch).await?;
        self.found.restore = unpacked + resumed.elapsed();
        self.amcheck(&scratch).await?;
        self.assertions(&scratch).await?;
        scratch.stop().await
    }

    fn superusers(&self) -> Vec<String> {
        if self.census.roles.is_empty() { vec!["postgres".to_owned()] } else { self.census.roles.clone() }
    }

    /// Every archive into its folder, below the bench's; nothing that was unpacked may point anywhere else.
    async fn unpack_all(&mut self) -> Result<(), Failure> {
        let data = self.place.data();
        self.begin("restore the cluster");
        self.place.run("mkdir", ["-m", "700", &data]).await?;
        self.untar(BASE, &data).await?;
        self.manifest(&format!("{data}/backup_manifest")).await?;

        let spaces: BTreeSet<String> = self.tablespaces().collect();
        self.links(&data, &spaces).await?;
        for space in &spaces {
            let folder = self.place.path(&format!("tablespace-{space}"));
            self.place.run("mkdir", ["-m", "700", &folder]).await?;
            self.untar(&format!("{TABLESPACE}{space}"), &folder).await?;
            self.place.run("ln", ["-s", &folder, &format!("{data}/pg_tblspc/{space}")]).await?;
        }
        self.passed(format!("{} archives", 1 + spaces.len()));
        Ok(())
    }

    /// `pg_basebackup`'s manifest into its place; it is in the archive already where that was all that could be written.
    async fn manifest(&self, path: &str) -> Result<(), Failure> {
        let Ok(manifest) = self.file(MANIFEST) else { return Ok(()) };
        let plain = self.repository.open(&self.entry.manifest.id, manifest).await?;
        let keep = Run { input: true, ..Run::new("sh", ["-c", "exec cat >\"$1\"", "sh", path]) };
        stream::into_program("cat", self.place.start(keep).await?, plain, AsItIs::default(), &self.meter).await
    }

    fn tablespaces(&self) -> impl Iterator<Item = String> {
        let roles = self.entry.manifest.files.iter().filter_map(|file| file.role.strip_prefix(TABLESPACE));
        roles.map(str::to_owned)
    }

    /// The backup must have an archive of each tablespace that the cluster knows. Where those were in the live server stands in a
    /// file that is removed; a link in the archive itself is refused, wherever it points.
    async fn links(&self, data: &str, spaces: &BTreeSet<String>) -> Result<(), Failure> {
        let listed = self.place.run("find", [data, "-type", "l"]).await?;
        if let Some(link) = listed.lines().next() {
            let inside = link.strip_prefix(data).unwrap_or(link);
            return Err(Failure::refused(format!("the archive has a link out of the cluster: {inside}: it is not started")));
        }
        let map = self.place.run("sh", ["-c", "[ ! -f \"$1\" ] || cat \"$1\"", "sh", &format!("{data}/tablespace_map")]).await?;
        let named = mapped(&map);
        if named == *spaces {
            return Ok(());
        }
        let what = format!("the cluster has the tablespaces {named:?}, the backup archives of {spaces:?}");
        Err(Failure::new(FailureKind::Damaged, what))
    }

    async fn untar(&self, role: &str, folder: &str) -> Result<(), Failure> {
        let file = self.file(role)?;
        let plain = self.repository.open(&self.entry.manifest.id, file).await?;
        let run = Run { input: true, ..Run::new("tar", ["-x", "-f", "-", "-C", folder]) };
        let tar = self.place.start(run).await?;
        let unpacked = if server_compressed(file) {
            stream::into_program("tar", tar, plain, Zstd::new()?, &self.meter).await
        } else {
            stream::into_program("tar", tar, plain, AsItIs::default(), &self.meter).await
        };
        unpacked.map_err(accused)
    }

    /// Every file of the cluster against the checksum that the live server took of it, and the WAL that is needed.
    async fn verify(&mut self) -> Result<(), Failure> {
        self.begin("pg_verifybackup");
        self.place.run("pg_verifybackup", ["-q", &self.place.data()]).await.map_err(accused)?;
        self.passed("every file is as the server sent it, and the WAL is whole");
        Ok(())
    }

    /// A cluster that did not reach the end of its copy is a mixture of many moments.
    async fn recovered(&mut self, scratch: &Scratch<'_>) -> Result<(), Failure> {
        let mut session = scratch.session("template1").await?;
        let marker = literal(&self.census.lsn);
        let reached: Reached = session
            .row(&format!(
                "SELECT pg_is_in_recovery() AS standby, pg_current_wal_lsn() >= {marker}::pg_lsn AS past, \
                 pg_current_wal_lsn()::text AS lsn"
            ))
            .await?;
        let there: Vec<Named> = session.rows("SELECT datname::text AS name FROM pg_database").await?;
        session.close().await?;
        let is_missing = |name: &&str| !there.iter().any(|there| there.name == *name);
        let names = self.census.databases.iter().map(|database| database.name.as_str());
        let mut wrong: Vec<String> = names.filter(is_missing).map(|name| format!("database {name} is missing")).collect();
        if reached.standby || !reached.past {
            wrong.push(format!("it stopped at {}, before the end of the copy at {}", reached.lsn, self.census.lsn));
        }
        self.judge(&wrong, format!("past {} with {} databases", self.census.lsn, there.len()));
        Ok(())
    }

    /// Reads all tables and B-trees. What it cannot do here is told, and counts for nothing.
    async fn amcheck(&mut self, scratch: &Scratch<'_>) -> Result<(), Failure> {
        self.begin("pg_amcheck");
        let run = Run::new("pg_amcheck", ["--all", "--install-missing", "--jobs=2"]);
        let checked = async {
            let mut running = scratch.start("template1", run).await?;
            let mut said = Vec::new();
            if let Some(mut stdout) = running.stdout() {
                tokio::io::AsyncReadExt::read_to_end(&mut stdout, &mut said).await?;
            }
            Ok::<_, Failure>((running.ended().await?, String::from_utf8_lossy(&said).into_owned()))
        };
        match tokio::time::timeout(AMCHECK, checked).await {
            Ok(Ok((ended, _))) if ended.status.success() => self.passed("tables and B-trees are sound"),
            // Its status for damage that it found, which it describes on its standard output.
            Ok(Ok((ended, said))) if ended.status.code() == Some(2) => self.judge(&[client::words(&said)], ""),
            Ok(Ok((ended, _))) => self.meter.log(&format!("tables were not checked: {}", client::failed("pg_amcheck", &ended))),
            Ok(Err(failure)) if failure.kind == FailureKind::Tool => {
                self.meter.log(&format!("tables were not checked: {failure}"));
            }
            Ok(Err(failure)) => return Err(failure),
            Err(_) => self.meter.log(&format!("pg_amcheck was ended after {} s; it had found nothing", AMCHECK.as_secs())),
        }
        Ok(())
    }
}

/// The tablespaces of a `tablespace_map`: a number and a folder a line, line breaks in that behind backslashes.
fn mapped(map: &str) -> BTreeSet<String> {
    let folded = map.replace("\\\n", "");
    folded.lines().filter_map(|line| line.split_once(' ')).map(|(space, _)| space.to_owned()).collect()
}

/// Whether the server compressed an archive: then the repository did not.
fn server_compressed(file: &FileFacts) -> bool {
    file.compression == Compression::None && file.name.trim_end_matches(".age").ends_with(".tar.zst")
}

/// Unpacks what the server packed.
struct Zstd {
    decoder: Decoder<'static>,
    packed: Bytes,
    /// Whether the last frame has ended.
    whole: bool,
}

/// How much it unpacks at a time.
const PIECE: usize = 256 << 10;

impl Zstd {
    fn new() -> Result<Self, Failure> {
        Ok(Self { decoder: Decoder::new()?, packed: Bytes::new(), whole: false })
    }
}

impl Unpacking for Zstd {
    fn feed(&mut self, chunk: Bytes) {
        self.packed = chunk;
    }

    fn piece(&mut self) -> Result<Option<Bytes>, Failure> {
        let mut plain = vec![0; PIECE];
        let (mut input, mut output) = (InBuffer::around(&self.packed), OutBuffer::around(&mut plain[..]));
        // Even where nothing is left to read, something may be left to write.
        let hint = self.decoder.run(&mut input, &mut output);
        let hint = hint.map_err(|e| Failure::new(FailureKind::Damaged, format!("its compression is broken: {e}")))?;
        let (read, written) = (input.pos(), output.pos());
        if read > 0 || written > 0 {
            self.whole = hint == 0;
        }
        self.packed.advance(read);
        plain.truncate(written);
        Ok((read > 0 || written > 0).then(|| plain.into()))
    }

    fn ended(&self) -> Result<(), Failure> {
        if self.whole { Ok(()) } else { Err(Failure::new(FailureKind::Damaged, "it ends in the middle of its compression")) }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_tablespaces_of_a_map_are_its_numbers() {
        let spaces = mapped("16385 /srv/fast\n16390 /srv/odd\\\n16400 folder\n");
        assert_eq!(spaces.into_iter().collect::<Vec<_>>(), ["16385", "16390"]);
    }

    #[test]
    fn what_the_server_packed_is_unpacked_and_a_cut_is_found() {
        let plain: Vec<u8> = (0..3_000_000u32).map(|n| (n / 7) as u8).collect();
        let packed = zstd::encode_all(&plain[..], 3).unwrap();
        let unpack = |packed: &[u8]| {
            let (mut unpacking, mut found) = (Zstd::new().unwrap(), Vec::new());
            for piece in packed.chunks(1000) {
                unpacking.feed(Bytes::copy_from_slice(piece));
                while let Some(piece) = unpacking.piece().unwrap() {
                    assert!(piece.len() <= PIECE);
                    found.extend_from_slice(&piece);
                }
            }
            (found, unpacking.ended().is_ok())
        };
        assert_eq!(unpack(&packed), (plain, true));
        assert!(!unpack(&packed[..packed.len() / 2]).1);
    }
}
