//! The census: what a database holds, counted in the very snapshot that is dumped.
//!
//! A session exports its snapshot, locks every table against `TRUNCATE` and the like, and counts while `pg_dump` reads the same
//! state. Each database has a snapshot of its own: databases are dumped one after another. Rows of every table are counted; the
//! rows of small tables are also digested, in any order, so that a changed value is found and not only a lost row.

use serde::Deserialize;

use crate::domain::backup::postgres::{Database, Table};
use crate::domain::failure::{Failure, FailureKind};
use crate::jobs::postgres::session::{Session, literal};
use crate::ports::tools::Tools;

/// The largest table whose rows are digested, bytes: digesting costs about as much as dumping.
const DIGESTED: u64 = 32 << 20;
/// How much is digested of one database, bytes.
const DIGESTED_TOGETHER: u64 = 96 << 20;
/// How many tables are locked by one statement.
const BATCH: usize = 200;

/// A database's state, held for as long as this lives.
pub struct Snapshot {
    session: Session,
    /// What `pg_dump --snapshot` takes.
    pub id: String,
    /// Where the WAL was.
    pub lsn: String,
    tables: Vec<Listed>,
}

/// A table as it is to be counted.
#[derive(Clone, Debug, Deserialize)]
pub struct Listed {
    /// Its qualified name, quoted where it must be.
    pub name: String,
    /// Its size on disk, with what is stored beside it.
    pub bytes: u64,
}

#[derive(Deserialize)]
struct Exported {
    id: String,
    lsn: String,
}

const EXPORT: &str = "SELECT pg_export_snapshot() AS id, \
  (CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END)::text AS lsn";

/// What belongs to an extension is created by it, not by the dump.
macro_rules! own {
    ($class:literal, $id:literal) => {
        concat!(
            "NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = 'pg_catalog.",
            $class,
            "'::regclass AND d.objid = ",
            $id,
            " AND d.deptype = 'e')"
        )
    };
}

/// Ordinary tables, the smallest first. A standby cannot read unlogged ones, and `pg_dump` leaves them out there.
const TABLES: &str = concat!(
    "SELECT format('%I.%I', n.nspname, c.relname) AS name, coalesce(pg_table_size(c.oid), 0) AS bytes \
     FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace \
     WHERE c.relkind = 'r' AND left(n.nspname, 3) <> 'pg_' AND n.nspname <> 'information_schema' \
       AND c.relpersistence <> 't' AND NOT (c.relpersistence = 'u' AND pg_is_in_recovery()) AND ",
    own!("pg_class", "c.oid"),
    " ORDER BY bytes, name"
);

/// Things by kind. An index that is not valid is not dumped; the schema `public` is there before anything is restored.
const OBJECTS: &str = concat!(
    "WITH spaces AS (SELECT oid, nspname FROM pg_namespace WHERE left(nspname, 3) <> 'pg_' AND nspname <> 'information_schema'), \
     classes AS (SELECT c.oid, c.relkind FROM pg_class AS c JOIN spaces ON spaces.oid = c.relnamespace WHERE ",
    own!("pg_class", "c.oid"),
    ") SELECT kind, count(*) AS count FROM (\
       SELECT CASE relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'partitioned table' WHEN 'v' THEN 'view' \
         WHEN 'm' THEN 'materialized view' WHEN 'S' THEN 'sequence' WHEN 'f' THEN 'foreign table' END AS kind \
         FROM classes WHERE relkind IN ('r', 'p', 'v', 'm', 'S', 'f') \
       UNION ALL SELECT 'index' FROM pg_index AS i JOIN classes ON classes.oid = i.indrelid \
         WHERE i.indisready AND (i.indisvalid OR classes.relkind = 'p') \
       UNION ALL SELECT 'constraint' FROM pg_constraint AS c JOIN classes ON classes.oid = c.conrelid \
       UNION ALL SELECT 'trigger' FROM pg_trigger AS t JOIN classes ON classes.oid = t.tgrelid WHERE NOT t.tgisinternal \
       UNION ALL SELECT 'policy' FROM pg_policy AS p JOIN classes ON classes.oid = p.polrelid \
       UNION ALL SELECT 'function' FROM pg_proc AS p JOIN spaces ON spaces.oid = p.pronamespace WHERE ",
    own!("pg_proc", "p.oid"),
    " UNION ALL SELECT 'schema' FROM spaces WHERE nspname <> 'public' AND ",
    own!("pg_namespace", "spaces.oid"),
    " UNION ALL SELECT 'extension' FROM pg_extension \
       UNION ALL SELECT 'large object' FROM pg_largeobject_metadata\
     ) AS things GROUP BY kind ORDER BY kind"
);

/// Whoever owns or was granted something. What the first superuser owns is recorded nowhere, so that one is always among them.
const ROLES: &str = "\
SELECT pg_get_userbyid(r.oid)::text AS name FROM pg_roles AS r WHERE left(r.rolname, 3) <> 'pg_' AND (r.oid = 10 OR r.oid IN (\
  SELECT refobjid FROM pg_shdepend WHERE refclassid = 'pg_catalog.pg_authid'::regclass AND deptype IN ('o', 'a', 'r') \
    AND dbid IN (0, (SELECT oid FROM pg_database WHERE datname = current_database())))) ORDER BY 1";

#[derive(Deserialize)]
struct Named {
    name: String,
}

#[derive(Deserialize)]
struct Kind {
    kind: String,
    count: u64,
}

#[derive(Deserialize)]
struct Counted {
    rows: u64,
    digest: Option<String>,
}

#[derive(Deserialize)]
struct Sized {
    bytes: u64,
}

impl Snapshot {
    /// Takes a snapshot of a database, and holds its tables as they are.
    pub async fn take(tools: &dyn Tools, database: &str) -> Result<Self, Failure> {
        let mut session = Session::open(tools, database).await?;
        session.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
        let Exported { id, lsn } = session.row(EXPORT).await?;
        let tables = list(&mut session).await?;
        for some in tables.chunks(BATCH) {
            let names: Vec<String> = some.iter().map(|table| format!("ONLY {}", table.name)).collect();
            session.execute(&format!("LOCK TABLE {} IN ACCESS SHARE MODE", names.join(", "))).await?;
        }
        Ok(Self { session, id, lsn, tables })
    }

    /// The size of what is to be read, bytes.
    pub fn bytes(&self) -> u64 {
        self.tables.iter().map(|table| table.bytes).sum()
    }

    /// Counts everything; `each` hears of every table that is done.
    pub async fn count(&mut self, database: &str, each: impl FnMut(&Table)) -> Result<Database, Failure> {
        let small = digested(&self.tables);
        let (tables, session) = (&self.tables, &mut self.session);
        count(session, database, tables.iter().enumerate().map(|(n, table)| (table.name.as_str(), n < small)), each).await
    }

    /// The roles that a restore needs.
    pub async fn roles(&mut self) -> Result<Vec<String>, Failure> {
        let roles: Vec<Named> = self.session.rows(ROLES).await?;
        Ok(roles.into_iter().map(|role| role.name).collect())
    }

    /// Lets the snapshot go. A failure tells that it had been lost.
    pub async fn release(mut self) -> Result<(), Failure> {
        self.session.execute("COMMIT").await?;
        self.session.close().await
    }
}

/// The ordinary tables of a session's database, the smallest first.
pub async fn list(session: &mut Session) -> Result<Vec<Listed>, Failure> {
    session.rows(TABLES).await
}

/// How many tables are digested, of those with the smallest first.
fn digested(tables: &[Listed]) -> usize {
    let mut together = 0;
    let fits = |table: &&Listed| {
        together += table.bytes;
        table.bytes <= DIGESTED && together <= DIGESTED_TOGETHER
    };
    tables.iter().take_while(fits).count()
}

/// Counts these tables of a session's database, and digests those that are marked.
pub async fn count<'a>(
    session: &mut Session,
    database: &str,
    tables: impl Iterator<Item = (&'a str, bool)>,
    mut each: impl FnMut(&Table),
) -> Result<Database, Failure> {
    let Sized { bytes } = session.row(&format!("SELECT pg_database_size({}) AS bytes", literal(database))).await?;
    let number: u32 = session.row::<Number>("SELECT current_setting('server_version_num')::int AS number").await?.number;
    let kinds: Vec<Kind> = session.rows(OBJECTS).await?;
    let mut counted = Vec::new();
    for (name, digests) in tables {
        let digest = if digests { digest(number) } else { "NULL::text" };
        let sql = format!("SELECT count(*) AS rows, {digest} AS digest FROM ONLY {name} AS t");
        let Counted { rows, digest } = session.row(&sql).await.map_err(|failure| about(name, failure))?;
        let table = Table { name: name.to_owned(), rows, digest };
        each(&table);
        counted.push(table);
    }
    let objects = kinds.into_iter().map(|Kind { kind, count }| (kind, count)).collect();
    Ok(Database { name: database.to_owned(), bytes, tables: counted, objects })
}

#[derive(Deserialize)]
struct Number {
    number: u32,
}

/// A digest that does not depend on the order of the rows: the sum of their texts' hashes, hashed. `t.*` is the row even where a
/// column is called `t`.
fn digest(number: u32) -> &'static str {
    if number >= 110_000 {
        "md5(coalesce(sum(hashtextextended(ROW(t.*)::text, 0)::numeric), 0)::text)"
    } else {
        "md5(coalesce(sum(('x' || left(md5(ROW(t.*)::text), 16))::bit(64)::bigint::numeric), 0)::text)"
    }
}

fn about(table: &str, failure: Failure) -> Failure {
    Failure { what: format!("counting {table}: {}", failure.what), ..failure }
}

/// What a restored database lacks of what was counted, in words; at most a few.
pub fn differences(expected: &Database, found: &Database) -> Vec<String> {
    let tables = expected.tables.iter().filter_map(|table| {
        let name = &table.name;
        match found.tables.iter().find(|other| other.name == *name) {
            None => Some(format!("{name}: is missing, {} rows in the dump's snapshot", table.rows)),
            Some(other) if other.rows != table.rows => {
                Some(format!("{name}: {} rows, {} in the dump's snapshot", other.rows, table.rows))
            }
            Some(other) if other.digest != table.digest => Some(format!("{name}: {} rows, but their values differ", table.rows)),
            Some(_) => None,
        }
    });
    tables.collect()
}

/// What differs in the kinds of things, in words.
pub fn missing_objects(expected: &Database, found: &Database) -> Vec<String> {
    let of = |database: &Database, kind: &str| database.objects.iter().find(|(k, _)| k == kind).map_or(0, |(_, count)| *count);
    let mut kinds: Vec<&str> = expected.objects.iter().chain(&found.objects).map(|(kind, _)| kind.as_str()).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let pairs = kinds.into_iter().map(|kind| (kind, of(found, kind), of(expected, kind)));
    pairs.filter(|(_, is, was)| is != was).map(|(kind, is, was)| format!("{kind}: {is}, {was} in the dump's snapshot")).collect()
}

/// A database that was asked for must be there.
pub fn chosen(wanted: &[String], there: &[String]) -> Result<Vec<String>, Failure> {
    if wanted.is_empty() {
        return Ok(there.to_vec());
    }
    match wanted.iter().find(|name| !there.contains(name)) {
        Some(name) => {
            let what = format!("there is no database {name:?} that can be copied; there are {}", there.join(", "));
            Err(Failure::new(FailureKind::Config, what).mend("correct databases = [...] in the service's backup"))
        }
        None => Ok(wanted.to_vec()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn database(tables: &[(&str, u64, &str)]) -> Database {
        let table = |(name, rows, digest): &(&str, u64, &str)| Table {
            name: (*name).to_owned(),
            rows: *rows,
            digest: Some((*digest).to_owned()),
        };
        Database {
            name: "shop".to_owned(),
            tables: tables.iter().map(table).collect(),
            objects: vec![("index".to_owned(), 2)],
            bytes: 0,
        }
    }

    #[test]
    fn rule_15_a_lost_row_a_lost_table_and_a_changed_value_are_named() {
        let expected = database(&[("public.orders", 1932, "a"), ("public.users", 5, "b"), ("public.gone", 7, "c")]);
        let found = database(&[("public.orders", 0, "a"), ("public.users", 5, "x")]);
        let said = differences(&expected, &found);
        assert_eq!(said[0], "public.orders: 0 rows, 1932 in the dump's snapshot");
        assert_eq!(said[1], "public.users: 5 rows, but their values differ");
        assert_eq!(said[2], "public.gone: is missing, 7 rows in the dump's snapshot");
        assert_eq!(differences(&expected, &expected), Vec::<String>::new());
    }

    #[test]
    fn rule_15_a_lost_index_is_named() {
        let bare = Database { objects: vec![], ..database(&[]) };
        assert_eq!(missing_objects(&database(&[]), &bare), ["index: 0, 2 in the dump's snapshot"]);
        assert_eq!(missing_objects(&bare, &bare), Vec::<String>::new());
    }

    #[test]
    fn only_small_tables_are_digested() {
        let listed = |mib: u64| Listed { name: mib.to_string(), bytes: mib << 20 };
        assert_eq!(digested(&[listed(1), listed(30), listed(31), listed(32), listed(32)]), 4);
        assert_eq!(digested(&[listed(1), listed(33)]), 1);
    }

    #[test]
    fn a_database_that_is_not_there_is_named_before_anything_is_done() {
        let there = ["shop".to_owned()];
        assert_eq!(chosen(&[], &there).unwrap(), there);
        assert!(chosen(&["ship".to_owned()], &there).unwrap_err().what.contains("\"ship\""));
    }
}
