//! What is whole: backed up, proved, and restored by stock tools when midwatch is not there.

use std::process::Command;

use midwatch::domain::backup::{Census, Method};
use midwatch::domain::failure::FailureKind;
use midwatch::jobs::postgres::advisory;
use midwatch::ports::World as _;

use crate::bench::Bench;
use crate::servers::{PASSWORD, Postgres};

/// Names as people and attackers choose them.
const HOSTILE: &str = "we\"ird; db=x";

/// Everything that a dump must carry.
const SCHEMA: &str = r#"
CREATE ROLE anna LOGIN PASSWORD 'canary-of-a-role'; CREATE ROLE readers; GRANT readers TO anna;
CREATE TYPE mood AS ENUM ('good', 'bad');
CREATE TABLE orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, t text, price numeric CHECK (price >= 0), mood mood,
  at timestamptz DEFAULT '2026-11-22 03:00+00', data jsonb, raw bytea, twice numeric GENERATED ALWAYS AS (price * 2) STORED);
ALTER TABLE orders OWNER TO anna; GRANT SELECT ON orders TO readers;
INSERT INTO orders (t, price, mood, data, raw) SELECT 'line' || chr(10) || n, n / 7.0, 'good', jsonb_build_object('n', n), '\xdead'
  FROM generate_series(1, 1932) AS n;
CREATE TABLE "or""ders
; DROP" (t "mood"[], "select" float8); INSERT INTO "or""ders
; DROP" VALUES ('{good,bad}', 0.1), (NULL, 'NaN');
CREATE TABLE parted (k int, v text) PARTITION BY LIST (k);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES IN (1); CREATE TABLE parted_2 PARTITION OF parted FOR VALUES IN (2);
INSERT INTO parted VALUES (1, 'a'), (2, 'b'), (2, 'c');
CREATE TABLE parent (a int); CREATE TABLE child (b int) INHERITS (parent); INSERT INTO parent VALUES (1); INSERT INTO child VALUES (2, 3);
CREATE TABLE bare (); INSERT INTO bare DEFAULT VALUES;
CREATE UNLOGGED TABLE fleeting (a int); INSERT INTO fleeting VALUES (1);
CREATE VIEW cheap AS SELECT id FROM orders WHERE price < 10;
CREATE MATERIALIZED VIEW dear AS SELECT id FROM orders WHERE price > 10;
CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER noted BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION noted();
CREATE INDEX by_t ON orders (t); CREATE SCHEMA audit; CREATE TABLE audit.log (line text);
SELECT lo_from_bytea(0, 'large');
"#;

fn shop(bench: &Bench) {
    bench.sql("postgres", "CREATE DATABASE shop");
    bench.sql("postgres", &format!("CREATE DATABASE \"{}\"", HOSTILE.replace('"', "\"\"")));
    bench.sql("shop", SCHEMA);
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_15_a_logical_backup_is_proved_by_what_was_counted_in_its_snapshot() {
    let mut bench = Bench::new();
    shop(&bench);
    bench.assertion("orders are there", "shop", "SELECT count(*) = 1932 FROM orders");
    let copied = bench.backup("one", Method::Logical).await;

    let Census::Postgres(census) = &copied.census else { panic!("a census of something else") };
    let names: Vec<&str> = census.databases.iter().map(|database| database.name.as_str()).collect();
    assert_eq!(names, ["postgres", "shop", HOSTILE]);
    let tables = &census.databases[1].tables;
    let rows = |name: &str| tables.iter().find(|table| table.name == name).map(|table| table.rows);
    assert_eq!((rows("public.orders"), rows("public.parent"), rows("public.parted_2")), (Some(1932), Some(1), Some(2)));
    assert_eq!(rows("public.\"or\"\"ders\n; DROP\""), Some(2));
    assert!(tables.iter().all(|table| table.digest.is_some()));
    assert!(["anna", "postgres", "readers"].iter().all(|role| census.roles.iter().any(|there| there == role)));

    let judged = bench.prove("one").await;
    assert!(judged.proved, "{judged:?}");
    let proof = bench.proof("one").await;
    assert!(proof.server.starts_with("15") || !proof.server.is_empty());
    assert!(proof.checks.iter().any(|check| check.name == "rows of shop" && check.detail.contains("digested")), "{proof:?}");
    assert!(proof.checks.iter().any(|check| check.name == "assertion: orders are there"));
    assert!(!bench.world.scratch().join("1-9").exists(), "the scratch server's folder is gone");

    // What the server was told after the backup is in nobody's snapshot.
    let secrets = [serde_json::to_string(&copied).unwrap(), serde_json::to_string(&proof).unwrap()];
    assert!(secrets.iter().all(|text| !text.contains(PASSWORD) && !text.contains("canary-of-a-role")));
    stock_tools_restore(&bench);
}

/// As the README says.
fn stock_tools_restore(bench: &Bench) {
    let (roles, dump) = (bench.path("one", "globals.sql.zst"), bench.path("one", "shop.dump.zst"));
    let globals = sh("zstd -dc \"$1\"", &[&roles.display().to_string()]);
    assert!(globals.contains("CREATE ROLE anna") && !globals.contains("SCRAM-SHA-256"), "{globals}");
    bench.sql("postgres", "CREATE DATABASE again TEMPLATE template0");
    let folder = bench.postgres.folder.path().display().to_string();
    let port = bench.postgres.port.to_string();
    sh(
        "zstd -dc \"$1\" | pg_restore --exit-on-error -U postgres -h \"$2\" -p \"$3\" -d again",
        &[&dump.display().to_string(), &folder, &port],
    );
    assert_eq!(bench.sql("again", "SELECT count(*) FROM orders"), "1932");
    assert_eq!(bench.sql("again", "SELECT v FROM parted_2 ORDER BY v"), "b\nc");
}

fn sh(script: &str, args: &[&str]) -> String {
    let output = Command::new("bash").args(["-o", "pipefail", "-c", script, "bash"]).args(args).output().unwrap();
    assert!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_16_a_physical_backup_with_tablespaces_is_proved_beside_the_live_ones() {
    let mut bench = Bench::new();
    let space = bench.postgres.make_folder("fast");
    bench.sql("postgres", "CREATE DATABASE shop");
    bench.sql("postgres", &format!("CREATE TABLESPACE fast LOCATION '{}'", space.display()));
    // What would reach out of a scratch server, if it were inherited.
    let reaching = "ALTER SYSTEM SET archive_mode = on; ALTER SYSTEM SET archive_command = 'touch /tmp/midwatch-archived-%f'; \
                    ALTER SYSTEM SET listen_addresses = '*'; ALTER SYSTEM SET primary_conninfo = 'host=127.0.0.1'";
    for setting in reaching.split("; ") {
        bench.sql("postgres", setting);
    }
    bench.sql("shop", "CREATE TABLE orders TABLESPACE fast AS SELECT n FROM generate_series(1, 5000) AS n");
    bench.assertion("orders are there", "shop", "SELECT count(*) = 5000 FROM orders");
    let copied = bench.backup("whole", Method::Physical).await;
    let names: Vec<&str> = copied.files.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names.len(), 3, "{names:?}");
    assert!(names[0].starts_with("base.tar.zst") && names[2].starts_with("backup_manifest"), "{names:?}");
    let before = std::fs::read_dir(&space).unwrap().count();

    let judged = bench.prove("whole").await;
    let said = bench.watcher.said.lock().unwrap().clone();
    assert!(judged.proved, "{judged:?}: {said:?}");
    let proof = bench.proof("whole").await;
    for check in ["pg_verifybackup", "recovery", "assertion: orders are there"] {
        assert!(proof.checks.iter().any(|found| found.name == check), "{check}: {proof:?}");
    }
    assert_eq!(std::fs::read_dir(&space).unwrap().count(), before, "the live tablespace is untouched");
    assert_eq!(bench.sql("shop", "SELECT count(*) FROM orders"), "5000");
}

#[tokio::test(flavor = "multi_thread")]
async fn stock_tools_start_a_physical_backup() {
    let bench = Bench::new();
    bench.sql("postgres", "CREATE TABLE orders AS SELECT n FROM generate_series(1, 5000) AS n");
    bench.backup("restored", Method::Physical).await;
    let folder = bench.postgres.make_folder("again");
    let base = bench.path("restored", "base.tar.zst").display().to_string();
    sh("zstd -dc \"$1\" | tar -x -C \"$2\" && chmod 700 \"$2\"", &[&base, &folder.display().to_string()]);
    let again = Postgres::start_copy(folder);
    assert_eq!(again.psql("SELECT count(*) FROM orders"), Some("5000".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_10_a_standby_is_another_target_and_can_be_backed_up_by_itself() {
    let mut bench = Bench::new();
    bench.sql("postgres", "CREATE TABLE orders AS SELECT n FROM generate_series(1, 100) AS n");
    let primary = bench.server().await;
    let standby = bench.postgres.standby();
    let own = std::mem::replace(&mut bench.postgres, standby);
    bench.access.reach = midwatch::domain::access::Reach::Tcp { host: "127.0.0.1".to_owned(), port: bench.postgres.port };
    let follower = bench.server().await;
    assert_eq!(follower.system, primary.system);
    assert_ne!(follower.key(), primary.key());
    assert!(!follower.notes().is_empty());
    for method in [Method::Logical, Method::Physical] {
        bench.backup(method.word(), method).await;
        let judged = bench.prove(method.word()).await;
        assert!(judged.proved, "{judged:?}");
    }
    drop(own);
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_10_the_loser_of_the_server_s_lock_is_told_who_holds_it() {
    let bench = Bench::new();
    let tools = bench.world.tools(&bench.access);
    let held = advisory::take(&*tools, "backup #7 by ben on web2").await.unwrap();
    let failure = bench.copy("two", Method::Logical).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Locked);
    assert!(failure.what.contains("backup #7 by ben on web2") && failure.what.contains("since 20"), "{failure}");
    assert_eq!(bench.left("two"), Vec::<String>::new());
    held.release().await.unwrap();
    bench.copy("two", Method::Logical).await.unwrap();
}
