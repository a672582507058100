//! Dumps of a PostgreSQL, as scripts write and break them.

use std::fs;
use std::path::Path;
use std::process::Command;

use midwatch::domain::backup::policy::Assertion;
use midwatch::domain::job::Outcome;
use midwatch::domain::service::ServiceKind;

use crate::bench::{Bench, compare, gz, md5, output, part};
use crate::servers::Postgres;

/// What a team says must hold.
pub fn assertion() -> Vec<Assertion> {
    let (name, database) = ("orders are there".to_owned(), "shop".to_owned());
    vec![Assertion { name, database, test: "SELECT count(*) > 100 FROM public.orders".to_owned() }]
}

/// A database with what databases have.
pub fn fill(postgres: &Postgres) {
    let shop = "CREATE SCHEMA audit; \
        CREATE TABLE orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, note text, data jsonb); \
        CREATE TABLE audit.log (at timestamptz DEFAULT now(), words text); \
        CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN NEW.note := upper(NEW.note); RETURN NEW; END$$; \
        INSERT INTO orders (note, data) SELECT md5(n::text), jsonb_build_object('n', n) FROM generate_series(1, 20000) AS n; \
        INSERT INTO audit.log (words) SELECT 'a' || E'\\n' || 'b' FROM generate_series(1, 50); \
        CREATE TRIGGER shouting BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION shout(); \
        CREATE INDEX ON orders (note); CREATE VIEW many AS SELECT count(*) FROM orders;";
    for (database, sql) in [
        ("shop", shop),
        ("owned", "CREATE TABLE t (a int); INSERT INTO t SELECT generate_series(1, 9); ALTER TABLE t OWNER TO shop_app"),
        ("bare", "SELECT 1"),
    ] {
        postgres.psql(&format!("CREATE DATABASE {database}")).unwrap();
        if database == "owned" {
            postgres.psql("CREATE ROLE shop_app").unwrap();
        }
        sql_in(postgres, database, sql);
    }
    postgres.psql("CREATE ROLE shop_user SUPERUSER LOGIN").unwrap();
}

fn tool(postgres: &Postgres, program: &str) -> Command {
    let mut command = Command::new(program);
    command.arg("-h").arg(postgres.folder.path()).args(["-p", &postgres.port.to_string(), "-U", "postgres"]);
    command
}

fn sql_in(postgres: &Postgres, database: &str, sql: &str) {
    let mut psql = tool(postgres, "psql");
    psql.args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", database, "-c", sql]);
    output(psql);
}

fn dump(postgres: &Postgres, database: &str, options: &[&str]) -> Vec<u8> {
    let mut dump = tool(postgres, "pg_dump");
    dump.args(options).args(["-d", database]);
    output(dump)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[tokio::test]
async fn rule_15_dumps_of_every_shape_are_proved_and_none_is_accused() {
    let (postgres, bench) = (Postgres::primary(), Bench::new());
    fill(&postgres);
    let plain = dump(&postgres, "shop", &[]);
    bench.put("plain.sql", &plain);
    bench.put("onquota_backup_20261101_020000.sql.gz", &gz(&plain));
    bench.put("onquota_backup_20261101_020000.sql.gz.md5", &md5(&gz(&plain), "/backups/onquota.sql.gz"));
    bench.put("packed_later.sql.gz", &gz(&plain));
    bench.put("packed_later.sql.md5", &md5(&plain, "packed_later.sql"));
    bench.put("cleaning.sql.gz", &gz(&dump(&postgres, "shop", &["--clean"])));
    bench.put("creating.sql", &dump(&postgres, "shop", &["-C", "--clean", "--if-exists"]));
    bench.put("inserting.sql", &dump(&postgres, "shop", &["--inserts", "--rows-per-insert=100"]));
    bench.put("custom.dump", &dump(&postgres, "shop", &["-Fc"]));
    bench.put("custom.dump.gz", &gz(&dump(&postgres, "shop", &["-Fc", "-Z0"])));
    bench.put("called.backup", &dump(&postgres, "shop", &["-Fc"]));
    bench.put("tar.tar", &dump(&postgres, "shop", &["-Ft"]));
    let folder = postgres.folder.path().join("dump");
    dump(&postgres, "shop", &["-Fd", "-f", folder.to_str().unwrap()]);
    copy(&folder, &bench.old().join("directory"));
    bench.put("cluster.sql.gz", &gz(&output(tool(&postgres, "pg_dumpall"))));
    bench.put("README.md", b"# Backups\n");
    let (outcome, found) = bench.judge(ServiceKind::Postgres, &["shop"], assertion()).await;
    let good = [
        "plain.sql",
        "onquota_backup_20261101_020000.sql.gz",
        "packed_later.sql.gz",
        "cleaning.sql.gz",
        "creating.sql",
        "inserting.sql",
        "custom.dump",
        "custom.dump.gz",
        "called.backup",
        "tar.tar",
        "directory",
        "cluster.sql.gz",
    ];
    compare(&found, &good, &[]);
    assert_eq!(outcome, Outcome::Done, "{}", bench.failure());
    let oldest = bench.catalogue().await.entries.pop().unwrap().manifest;
    assert!(oldest.id.0.starts_with("20261101T020000Z-shop-foreign-"), "{}", oldest.id);
}

#[tokio::test]
async fn rule_15_what_scripts_break_is_found_with_its_cause() {
    let (postgres, bench) = (Postgres::primary(), Bench::new());
    fill(&postgres);
    let plain = dump(&postgres, "shop", &[]);
    let whole = text(&plain);
    let (rows, statement) = (whole.find("\n9000\t").unwrap(), whole.find("CREATE INDEX").unwrap());
    bench.put("gone_in_rows.sql.gz", &gz(&whole.as_bytes()[..rows]));
    bench.put("gone_between_statements.sql.gz", &gz(&whole.as_bytes()[..statement]));
    bench.put("cut.sql.gz", part(&gz(&plain), 60));
    bench.put("cut_at_the_end.sql.gz", part(&gz(&plain), 99));
    bench.put("empty.sql", b"");
    bench.put("nothing.sql.gz", &gz(b""));
    bench.put("other.sql.gz", &gz(&plain));
    bench.put("other.sql.gz.md5", &md5(b"another file", "other.sql.gz"));
    bench.put("error.sql.gz", &gz(b"pg_dump: error: connection to server at \"db\" failed: FATAL:  no\n"));
    bench.put("warned.sql", whole.replacen("SET ", "pg_dump: warning: circular\nSET ", 1).as_bytes());
    let custom = dump(&postgres, "shop", &["-Fc"]);
    bench.put("cut_in_half.dump", part(&custom, 50));
    bench.put("cut_late.dump", part(&custom, 95));
    bench.put("cut_in_its_head.dump", &custom[..40]);
    bench.put("tar_cut.tar", part(&dump(&postgres, "shop", &["-Ft"]), 70));
    let folder = postgres.folder.path().join("dump");
    dump(&postgres, "shop", &["-Fd", "-f", folder.to_str().unwrap()]);
    copy(&folder, &bench.old().join("missing"));
    largest(&bench.old().join("missing"));
    bench.put("wrong.dump", &dump(&postgres, "owned", &["-Fc"]));
    bench.put("wrong_created.sql", &dump(&postgres, "bare", &["-C"]));
    bench.put("wrong_unnamed.sql.gz", &gz(&dump(&postgres, "owned", &["--no-owner"])));
    bench.put("bare.sql.gz", &gz(&dump(&postgres, "bare", &[])));
    bench.put("schema_only.sql", &dump(&postgres, "shop", &["-s"]));
    let all = text(&output(tool(&postgres, "pg_dumpall")));
    bench.put("killed_cluster.sql", &all.as_bytes()[..all.rfind("\\connect").unwrap()]);
    bench.put("shell.sql", whole.replacen("SET ", "\\! touch /tmp/x\nSET ", 1).as_bytes());
    let (outcome, found) = bench.judge(ServiceKind::Postgres, &["shop"], assertion()).await;
    let bad = [
        ("gone_in_rows.sql.gz", "whole: it ends in the middle of the rows of public.orders, after 8"),
        ("gone_between_statements.sql.gz", "whole: it lacks the line \"dump complete\""),
        ("cut.sql.gz", "whole: it is cut or damaged: gzip"),
        ("cut_at_the_end.sql.gz", "whole: it is cut or damaged: gzip"),
        ("empty.sql", "whole: the file is empty"),
        ("nothing.sql.gz", "whole: nothing is in it"),
        ("other.sql.gz", "checksum: "),
        ("error.sql.gz", "an error instead of a dump"),
        ("warned.sql", "restore: it does not restore: "),
        ("cut_in_half.dump", "restore: the archive is cut or damaged"),
        ("cut_late.dump", "restore: the archive is cut or damaged"),
        ("cut_in_its_head.dump", "whole: it is cut within its head"),
        ("tar_cut.tar", "restore: the archive is cut or damaged"),
        ("missing", "restore: "),
        ("wrong.dump", "database: it is a dump of \"owned\", not of shop"),
        ("wrong_created.sql", "database: it holds bare, not shop"),
        ("wrong_unnamed.sql.gz", "assertion: orders are there"),
        ("bare.sql.gz", "content: it restores, but holds no table"),
        ("schema_only.sql", "content: it restores, but its 2 tables hold no row"),
        ("killed_cluster.sql", "whole: it lacks the line \"dump complete\""),
        ("shell.sql", "content: it reaches beyond the server"),
    ];
    compare(&found, &[], &bad);
    assert_eq!(outcome, Outcome::Failed);
    assert!(bench.failure().contains("21 of 21 not proved"), "{}", bench.failure());
}

#[tokio::test]
async fn rule_15_missing_roles_are_named_and_roles_beside_a_dump_are_used() {
    let (postgres, bench) = (Postgres::primary(), Bench::new());
    fill(&postgres);
    let owned = dump(&postgres, "owned", &[]);
    let mut roles = tool(&postgres, "pg_dumpall");
    roles.arg("--globals-only");
    bench.put("with/owned.sql.gz", &gz(&owned));
    bench.put("with/owned.dump", &dump(&postgres, "owned", &["-Fc"]));
    bench.put("with/globals.sql", &output(roles));
    bench.put("without/owned.sql.gz", &gz(&owned));
    bench.put("without/owned.dump", &dump(&postgres, "owned", &["-Fc"]));
    let (_, found) = bench.judge(ServiceKind::Postgres, &[], vec![]).await;
    let cause = "restore: it needs roles that are neither in it nor in a file of roles beside it: shop_app";
    compare(&found, &["with/owned.sql.gz", "with/owned.dump"], &[("without/owned.sql.gz", cause), ("without/owned.dump", cause)]);
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

/// Removes the largest file with rows.
fn largest(folder: &Path) {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let rows = files.filter(|path| path.extension().is_some_and(|end| end == "gz"));
    fs::remove_file(rows.max_by_key(|path| path.metadata().unwrap().len()).unwrap()).unwrap();
}
