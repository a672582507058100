//! The logical copy: the roles, then each database as `pg_dump`'s custom format, one after another, each with a census taken in
//! the snapshot that was dumped.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::domain::backup::postgres::{self, Database};
use crate::domain::backup::{Census, FileFacts};
use crate::domain::failure::Failure;
use crate::domain::time::Stamp;
use crate::jobs::postgres::advisory::{self, Held};
use crate::jobs::postgres::census::{self, Snapshot};
use crate::jobs::postgres::client;
use crate::jobs::postgres::identity::{self, Server};
use crate::jobs::postgres::session::literal;
use crate::jobs::postgres::stream::{self, Meter};
use crate::jobs::step::Cx;
use crate::jobs::steps::backup::{Copied, CopyArgs};
use crate::ports::repository::Repository;
use crate::ports::tools::{Run, Tools};

/// What the file with the roles is called.
pub const GLOBALS: &str = "globals.sql";
/// How every custom archive begins.
const ARCHIVE: &[u8] = b"PGDMP";
/// How every script of `pg_dumpall` begins.
const SCRIPT: &[u8] = b"--\n";
/// How long `pg_dump` waits for a lock on a table.
const PATIENCE: &str = "--lock-wait-timeout=60s";

/// A copy that is being made.
struct Copy<'a> {
    args: &'a CopyArgs,
    tools: &'a dyn Tools,
    repository: &'a dyn Repository,
    meter: Meter<'a>,
}

/// A database, dumped.
struct Dumped {
    file: FileFacts,
    census: Database,
    roles: Vec<String>,
    lsn: String,
    consistent: Stamp,
}

#[derive(Deserialize)]
struct Sized {
    name: String,
    bytes: u64,
}

/// Copies what the policy names into the repository. Nothing of it is a backup yet.
pub async fn copy(cx: &Cx<'_>, args: &CopyArgs) -> Result<Copied, Failure> {
    let tools = cx.world.tools(&args.access);
    let repository = cx.world.repository(&args.repository).await?;
    let server = identity::identify(&*tools).await?;
    server.confirmed(&args.system, &cx.plan.target)?;
    let versions = versions(&*tools, &server).await?;
    let mut held = advisory::take(&*tools, &format!("backup {} by {} on {}", cx.job, cx.operator, cx.host)).await?;
    let copy = Copy { args, tools: &*tools, repository: &*repository, meter: Meter::new(cx.reporter) };
    let databases = sizes(&mut held, &census::chosen(&args.policy.databases, &server.databases)?).await?;
    copy.meter.expect(databases.iter().map(|database| database.bytes).sum());

    let began = cx.world.now();
    let mut files = vec![copy.globals(&server).await?];
    let mut dumps: Vec<Dumped> = Vec::new();
    for (n, database) in databases.iter().enumerate() {
        dumps.push(copy.database(cx, n, database).await?);
    }
    copy.meter.note(held.release().await);
    let consistent = dumps.first().map_or(began, |first| first.consistent);
    let origin = server.origin(&args.environment, &args.service);
    let census = Census::Postgres(whole(&dumps, &server));
    files.extend(dumps.into_iter().map(|dumped| dumped.file));
    Ok(Copied { origin, began, consistent, files, census, tools: versions })
}

/// The versions of the programs, none older than the server.
async fn versions(tools: &dyn Tools, server: &Server) -> Result<BTreeMap<String, String>, Failure> {
    let mut versions = BTreeMap::new();
    for program in ["pg_dump", "pg_dumpall"] {
        let version = client::version(tools, program).await?;
        client::fits(program, &version, &server.version)?;
        versions.insert(program.to_owned(), version);
    }
    Ok(versions)
}

async fn sizes(held: &mut Held, databases: &[String]) -> Result<Vec<Sized>, Failure> {
    let names: Vec<String> = databases.iter().map(|name| literal(name)).collect();
    let sql = format!(
        "SELECT datname::text AS name, CASE WHEN has_database_privilege(oid, 'CONNECT') THEN pg_database_size(oid) ELSE 0 END AS bytes \
         FROM pg_database WHERE datname::text = ANY (ARRAY[{}]::text[]) ORDER BY datname",
        names.join(", ")
    );
    held.session().rows(&sql).await
}

/// What was counted of all the databases together.
fn whole(dumps: &[Dumped], server: &Server) -> postgres::Census {
    let mut roles: Vec<String> = dumps.iter().flat_map(|dumped| dumped.roles.iter().cloned()).collect();
    roles.sort_unstable();
    roles.dedup();
    postgres::Census {
        lsn: dumps.first().map(|first| first.lsn.clone()).unwrap_or_default(),
        timeline: server.timeline.unwrap_or_default(),
        databases: dumps.iter().map(|dumped| dumped.census.clone()).collect(),
        roles,
    }
}

impl Copy<'_> {
    /// Roles, and who belongs to which. Tablespaces are left out: restored beside a live server they would name its folders.
    /// Verifiers of passwords are secrets: they are copied only by who may read them, into a repository that encrypts.
    async fn globals(&self, server: &Server) -> Result<FileFacts, Failure> {
        let mut args = vec!["--globals-only", "--no-tablespaces", "-w"];
        if self.args.repository.encrypt.is_empty() || !server.rights.superuser {
            args.push("--no-role-passwords");
        }
        self.meter.says("dumping roles");
        let run = self.tools.postgres(Run::new("pg_dumpall", args)).await?;
        self.store("pg_dumpall", &run, GLOBALS, "globals", SCRIPT).await
    }

    async fn database(&self, cx: &Cx<'_>, n: usize, database: &Sized) -> Result<Dumped, Failure> {
        let mut snapshot = Snapshot::take(self.tools, &database.name).await?;
        let consistent = cx.world.now();
        let (lsn, bytes) = (snapshot.lsn.clone(), snapshot.bytes());
        self.meter.correct(database.bytes, bytes);
        self.meter.says(format!("dumping {}", database.name));
        let dump = self.dump(n, &database.name, snapshot.id.clone());
        let count = async {
            let counted = snapshot.count(&database.name, |table| self.meter.rows(table.rows)).await?;
            Ok((counted, snapshot.roles().await?))
        };
        let (file, (census, roles)) = futures_util::try_join!(dump, count)?;
        self.meter.correct(bytes, file.plain_bytes);
        // pg_dump has held the same state by itself since its first byte.
        self.meter.note(snapshot.release().await);
        Ok(Dumped { file, census, roles, lsn, consistent })
    }

    async fn dump(&self, n: usize, database: &str, snapshot: String) -> Result<FileFacts, Failure> {
        let args = ["-Fc".to_owned(), "-Z0".to_owned(), "-w".to_owned(), PATIENCE.to_owned(), format!("--snapshot={snapshot}")];
        let run = self.tools.postgres(client::within(Run::new("pg_dump", args), database)).await?;
        self.store("pg_dump", &run, &file_name(n, database), database, ARCHIVE).await
    }

    async fn store(&self, program: &str, run: &Run, name: &str, role: &str, magic: &[u8]) -> Result<FileFacts, Failure> {
        let CopyArgs { backup, policy, .. } = self.args;
        let sink = self.repository.create(backup, name, role, policy.compression).await?;
        let running = self.tools.start(run).await?;
        let (file, said) = stream::into_file(program, running, sink, magic, &self.meter).await?;
        if !said.trim().is_empty() {
            self.meter.log(&format!("{program}: {}", client::words(&said)));
        }
        Ok(file)
    }
}

/// What a database's dump is called: its own name where that is fit for a file, else what is left of it and its place.
fn file_name(n: usize, database: &str) -> String {
    let fit = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if !database.is_empty() && database.chars().all(fit) {
        return format!("{database}.dump");
    }
    let left: String = database.chars().filter(|c| fit(*c)).take(40).collect();
    // A dot is in no name that was fit, so this is nobody else's.
    format!("database-{left}.{}.dump", n + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_database_has_a_file_of_its_own() {
        assert_eq!(file_name(0, "shop"), "shop.dump");
        assert_eq!(file_name(1, "../../etc/passwd"), "database-etcpasswd.2.dump");
        assert_eq!(file_name(2, "日本"), "database-.3.dump");
        assert_ne!(file_name(0, "a b"), file_name(1, "a/b"));
    }
}
