//! The proof of a logical copy: the roles and every database restored, then rows, digests, things and roles compared with the
//! census of the dump's own snapshot.

use std::time::Instant;

use serde::Deserialize;

use crate::domain::backup::FileFacts;
use crate::domain::backup::postgres::Database;
use crate::domain::failure::{Failure, FailureKind};
use crate::jobs::postgres::census;
use crate::jobs::postgres::logical::GLOBALS;
use crate::jobs::postgres::proof::{Trial, accused};
use crate::jobs::postgres::scratch::{OWNER, Scratch};
use crate::jobs::postgres::stream::{self, AsItIs};
use crate::ports::tools::Run;

/// What a dump is called while it is restored.
const DUMP: &str = "dump";
/// The most processes that restore at once.
const JOBS: usize = 8;

#[derive(Deserialize)]
struct Named {
    name: String,
}

impl Trial<'_> {
    /// Restores and compares everything.
    pub async fn logical(&mut self) -> Result<(), Failure> {
        let (began, place, databases) = (Instant::now(), self.place, &self.census.databases);
        let [first, others @ ..] = &databases[..] else { return Ok(()) };
        // The first dump is unpacked while the server is made: one that is damaged is found without it.
        self.begin(format!("restore {}", first.name));
        let server = async {
            place.init().await?;
            place.serve(&["wal_level=minimal"], &[OWNER.to_owned()]).await
        };
        let ((), scratch) = futures_util::try_join!(self.unpack(first), server)?;
        self.version(&scratch).await?;
        self.globals(&scratch).await?;
        self.restore(&scratch, first).await?;
        for database in others {
            self.begin(format!("restore {}", database.name));
            self.unpack(database).await?;
            self.restore(&scratch, database).await?;
        }
        self.found.restore = began.elapsed();
        for database in databases {
            self.compare(&scratch, database).await?;
        }
        self.roles(&scratch).await?;
        self.assertions(&scratch).await?;
        scratch.stop().await
    }

    /// The roles come first: what is restored belongs to them.
    async fn globals(&mut self, scratch: &Scratch<'_>) -> Result<(), Failure> {
        self.begin("restore roles");
        let file = self.entry.manifest.files.iter().find(|file| is_globals(file));
        let file = file.ok_or_else(|| Failure::new(FailureKind::Damaged, "the backup has no file with the roles"))?;
        let mut plain = self.repository.open(&self.entry.manifest.id, file).await?;
        let mut script = Vec::new();
        tokio::io::AsyncReadExt::read_to_end(&mut plain, &mut script).await?;
        refuse_places(&script)?;
        let run = Run { input: true, ..Run::new("psql", ["-X", "-q", "-v", "ON_ERROR_STOP=1"]) };
        let psql = scratch.start("template1", run).await?;
        let script = Box::new(std::io::Cursor::new(script));
        stream::into_program("psql", psql, script, AsItIs::default(), &self.meter).await.map_err(accused)
    }

    /// Unpacks a dump beside the server, where several processes can read it at once. Its hash is known to be right before
    /// anything of it is run.
    async fn unpack(&self, database: &Database) -> Result<(), Failure> {
        let is_dump = |file: &&FileFacts| file.role == database.name && !is_globals(file);
        let file = self.entry.manifest.files.iter().find(is_dump);
        let file = file.ok_or_else(|| Failure::new(FailureKind::Damaged, "the backup has no file for it"))?;
        let plain = self.repository.open(&self.entry.manifest.id, file).await?;
        let run = Run { input: true, ..Run::new("sh", ["-c", "exec cat >\"$1\"", "sh", &self.place.path(DUMP)]) };
        stream::into_program("cat", self.place.start(run).await?, plain, AsItIs::default(), &self.meter).await
    }

    /// Restores what was unpacked.
    async fn restore(&mut self, scratch: &Scratch<'_>, database: &Database) -> Result<(), Failure> {
        self.begin(format!("restore {}", database.name));
        let path = self.place.path(DUMP);
        self.belongs(&path, database).await?;
        if database.name == "postgres" {
            // A fresh cluster has it already.
            let mut session = scratch.session("template1").await?;
            session.execute("DROP DATABASE postgres").await?;
            session.close().await?;
        }
        let jobs = std::thread::available_parallelism().map_or(2, |cores| cores.get().clamp(2, JOBS)).to_string();
        let args = ["-C", "-d", "template1", "--exit-on-error", "--no-tablespaces", "-j", &jobs, &path];
        scratch.run("template1", Run::new("pg_restore", args)).await.map_err(accused)?;
        self.place.run("rm", [path]).await?;
        let mut session = scratch.session(&database.name).await.map_err(accused)?;
        session.execute("ANALYZE").await.map_err(accused)?;
        session.close().await?;
        self.passed(format!("{} tables", database.tables.len()));
        Ok(())
    }

    /// The archive must say that it is of this database.
    async fn belongs(&self, path: &str, database: &Database) -> Result<(), Failure> {
        let listed = self.place.run("pg_restore", ["-l", path]).await.map_err(accused)?;
        let name = listed.lines().find_map(|line| line.trim_start_matches([';', ' ']).strip_prefix("dbname: "));
        match name {
            // What it prints of a name with a line break in it is not the name.
            Some(name) if name == database.name || database.name.contains(['\n', '\r']) => Ok(()),
            Some(name) => Err(Failure::new(FailureKind::Damaged, format!("its file is a dump of {name:?}"))),
            None => Err(Failure::new(FailureKind::Damaged, "its file does not say of which database it is")),
        }
    }

    async fn compare(&mut self, scratch: &Scratch<'_>, expected: &Database) -> Result<(), Failure> {
        self.begin(format!("rows of {}", expected.name));
        let mut session = scratch.session(&expected.name).await.map_err(accused)?;
        let there = census::list(&mut session).await?;
        let both = expected.tables.iter().filter(|table| there.iter().any(|other| other.name == table.name));
        let tables = both.map(|table| (table.name.as_str(), table.digest.is_some()));
        let found =
            census::count(&mut session, &expected.name, tables, |table| self.meter.rows(table.rows)).await.map_err(accused)?;
        session.close().await?;
        let rows: u64 = found.tables.iter().map(|table| table.rows).sum();
        let digests = found.tables.iter().filter(|table| table.digest.is_some()).count();
        self.judge(
            &census::differences(expected, &found),
            format!("{rows} rows of {} tables, {digests} of them digested", found.tables.len()),
        );
        self.begin(format!("objects of {}", expected.name));
        let things: u64 = found.objects.iter().map(|(_, count)| count).sum();
        self.judge(&census::missing_objects(expected, &found), format!("{things} of {} kinds", found.objects.len()));
        Ok(())
    }

    async fn roles(&mut self, scratch: &Scratch<'_>) -> Result<(), Failure> {
        self.begin("roles");
        let mut session = scratch.session("template1").await?;
        let there: Vec<Named> = session.rows("SELECT rolname::text AS name FROM pg_roles").await?;
        session.close().await?;
        let needed = &self.census.roles;
        let is_missing = |role: &&String| !there.iter().any(|there| there.name == **role);
        let missing: Vec<String> = needed.iter().filter(is_missing).map(|role| format!("{role} is missing")).collect();
        self.judge(&missing, format!("{} needed, all there", needed.len()));
        Ok(())
    }
}

/// The file with the roles, under whatever it was compressed and encrypted.
fn is_globals(file: &FileFacts) -> bool {
    let plain = file.name.trim_end_matches(".age").trim_end_matches(".zst").trim_end_matches(".gz");
    plain == GLOBALS
}

/// A script that names folders would have a scratch server write into those of a live one.
fn refuse_places(script: &[u8]) -> Result<(), Failure> {
    let text = String::from_utf8_lossy(script).to_ascii_uppercase();
    let words: Vec<&str> = text.split_whitespace().collect();
    if words.windows(2).any(|pair| pair == ["CREATE", "TABLESPACE"]) {
        let what = "the roles' file makes tablespaces, in folders of the live server: it is not run";
        return Err(Failure::refused(what).mend("take a new backup"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn rule_16_a_script_that_makes_tablespaces_is_refused() {
        let script = b"CREATE ROLE anna;\ncreate\n tablespace fast LOCATION '/srv/fast';\n";
        assert_eq!(refuse_places(script).unwrap_err().kind, FailureKind::Refused);
        assert_eq!(refuse_places(b"CREATE ROLE tablespace;\n"), Ok(()));
    }
}
