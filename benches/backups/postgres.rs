//! PostgreSQL: logical and physical backups, and their proofs.

use std::path::Path;
use std::process::Command;

use crate::contest::{Contestant, goal, run as contest};
use crate::servers::{PASSWORD, Postgres};
use crate::{Midwatch, Size, latency, newest};

/// What every client needs to connect.
struct Client<'a> {
    server: &'a Postgres,
    out: &'a Path,
}

impl Client<'_> {
    fn connect(&self) -> String {
        format!("-h 127.0.0.1 -p {} -U postgres", self.server.port)
    }

    fn contestant(&self, name: &'static str, script: &str, file: Option<&'static str>) -> Contestant<'_> {
        let script = format!(
            "export PGPASSWORD={PASSWORD} PATH=\"$(ls -d /usr/lib/postgresql/*/bin | tail -n 1):$PATH\"; cd {}; {script}",
            self.out.display()
        );
        let left = move || file.and_then(|file| Some(std::fs::metadata(self.out.join(file)).ok()?.len()));
        Contestant { name, script, left: Box::new(left) }
    }
}

fn shell(script: &str) {
    let status = Command::new("bash").args(["-o", "pipefail", "-c", script]).status().unwrap();
    assert!(status.success(), "{script}");
}

/// Both databases.
pub fn run(size: Size) {
    let server = Postgres::primary();
    let out = tempfile::tempdir().unwrap();
    let client = Client { server: &server, out: out.path() };
    fill(&client, size);
    for database in ["bench", "bench2"] {
        logical(&client, database, size);
    }
    physical(&client, size);
    proofs(&client, size);
    shop(&client);
}

fn fill(client: &Client<'_>, size: Size) {
    let connect = client.connect();
    let sql = format!(
        "create table documents as select n, md5(n::text) || repeat(' lorem ipsum dolor', 12) as body,
            jsonb_build_object('n', n, 'even', n % 2 = 0, 'tag', 'tag-' || n % 10) as data from generate_series(1, {}) n;",
        size.scale * 15_000
    );
    let noise = format!(
        "create table events as select n as id, jsonb_build_object('a', md5(n::text), 'b', md5((n * 7)::text)) as data,
            md5((n * 13)::text) || md5((n * 17)::text) as hash from generate_series(1, {}) n; alter table events add primary key (id);",
        size.rows
    );
    shell(&format!(
        "export PGPASSWORD={PASSWORD} PATH=\"$(ls -d /usr/lib/postgresql/*/bin | tail -n 1):$PATH\"; createdb {connect} bench && createdb {connect} bench2 &&
         pgbench {connect} -i -q -s {} bench 2>/dev/null && psql {connect} -qX -d bench -c \"{sql}\" &&
         psql {connect} -qX -d bench2 -c \"{noise}\" && psql {connect} -qX -d postgres -c checkpoint",
        size.scale
    ));
}

fn midwatch(client: &Client<'_>, databases: &str) -> Midwatch {
    Midwatch::new(&format!(
        "[environments.bench.services.db]\nkind = \"postgres\"\nreach = {{ tcp = \"127.0.0.1:{}\" }}\nuser = \"postgres\"\n\
         password = \"file:password\"\n[environments.bench.services.db.backup]\nrepository = \"main\"\n\
         methods = [\"logical\", \"physical\"]\ndatabases = [{databases}]\n",
        client.server.port
    ))
}

fn logical(client: &Client<'_>, database: &str, size: Size) {
    let connect = client.connect();
    let midwatch = midwatch(client, &format!("\"{database}\""));
    let mut ours = client.contestant("midwatch backup (logical)", &midwatch.command("backup db"), None);
    ours.left = Box::new(|| Some(midwatch.size()));
    let rows = contest(
        &format!("Logical backup of {database}"),
        size.rounds,
        &[
            client.contestant("limit: pg_dump > /dev/null", &format!("pg_dump {connect} {database} >/dev/null"), None),
            client.contestant(
                "script: pg_dump | gzip, md5sum",
                &format!("pg_dump {connect} {database} | gzip > x.sql.gz && md5sum x.sql.gz > x.md5"),
                Some("x.sql.gz"),
            ),
            client.contestant("pg_dump -Fc", &format!("pg_dump {connect} -Fc -f x.dump {database}"), Some("x.dump")),
            ours,
        ],
    );
    midwatch.memory();
    goal(&rows, "midwatch backup (logical)", 1.15, "limit: pg_dump > /dev/null");
    let faster = if database == "bench" { 2.6 } else { 4.0 };
    goal(&rows, "midwatch backup (logical)", 1.0 / faster, "script: pg_dump | gzip, md5sum");
}

fn physical(client: &Client<'_>, size: Size) {
    let connect = client.connect();
    let midwatch = midwatch(client, "");
    let (backup, proved) =
        (midwatch.command("backup db --method physical"), midwatch.command("backup db --method physical --prove"));
    let size_of = |midwatch: &Midwatch| Some(midwatch.size());
    let mut ours = client.contestant("midwatch backup (physical)", &backup, None);
    ours.left = Box::new(|| size_of(&midwatch));
    let mut whole = client.contestant("midwatch backup (physical) and its proof", &proved, None);
    whole.left = Box::new(|| size_of(&midwatch));
    let repo = client.out.join("pgbackrest");
    let (data, port) = (client.server.folder.path().join("data"), client.server.port);
    let pgbackrest = format!(
        "pgbackrest --stanza=bench --repo1-path={} --pg1-path={} --pg1-port={port} --pg1-socket-path={} --pg1-user=postgres \
         --log-path={} --lock-path={} --log-level-console=error",
        repo.display(),
        data.display(),
        client.server.folder.path().display(),
        client.out.display(),
        client.out.display()
    );
    let pgbackrest = format!(
        "rm -rf pgbackrest && {pgbackrest} --no-online stanza-create && {pgbackrest} --compress-type=zst --process-max=2 \
         --no-online --force --type=full backup"
    );
    let script = format!("for d in bench bench2; do pg_dump {connect} $d | gzip > $d.sql.gz && md5sum $d.sql.gz > $d.md5; done");
    let mut theirs = client.contestant("pgbackrest full, zst, 2 processes", &pgbackrest, None);
    theirs.left = Box::new(move || Some(newest(&repo.join("backup"))));
    let base = format!(
        "rm -rf base && pg_basebackup {connect} --checkpoint=fast -Ft -X fetch --compress=server-zstd:level=3,workers=2 -D base"
    );
    let rows = contest(
        "Physical backup of both",
        size.rounds,
        &[
            client.contestant("pg_basebackup --compress=server-zstd:workers=2", &base, Some("base/base.tar.zst")),
            theirs,
            ours,
            whole,
            client.contestant("script, unproved: pg_dump | gzip, md5sum", &script, None),
        ],
    );
    midwatch.memory();
    goal(&rows, "midwatch backup (physical)", 1.05, "pg_basebackup --compress=server-zstd:workers=2");
    goal(&rows, "midwatch backup (physical)", 0.5, "pgbackrest full, zst, 2 processes");
    goal(&rows, "midwatch backup (physical) and its proof", 1.0, "script, unproved: pg_dump | gzip, md5sum");
}

/// The proof of a logical backup against the fastest way to restore one by hand, into the same sort of server.
fn proofs(client: &Client<'_>, size: Size) {
    let connect = client.connect();
    let midwatch = midwatch(client, "\"bench\"");
    shell(&midwatch.command("backup db >/dev/null"));
    shell(&client.contestant("", &format!("pg_dump {connect} -Fc -Z0 -f scratch.dump bench"), None).script);
    let tuned = "-c fsync=off -c full_page_writes=off -c synchronous_commit=off -c autovacuum=off -c wal_level=minimal \
                 -c max_wal_senders=0 -c max_wal_size=8GB -c shared_buffers=1GB -c maintenance_work_mem=512MB";
    let runner = if rustix::process::geteuid().is_root() { "runuser -u postgres --" } else { "" };
    let restore = format!(
        "rm -rf /tmp/midwatch-bench-scratch; install -d -m 700 $( [ $(id -u) = 0 ] && echo -o postgres ) /tmp/midwatch-bench-scratch;
         chmod 644 scratch.dump; cp scratch.dump /tmp/midwatch-bench-scratch/; cd /tmp/midwatch-bench-scratch;
         {runner} initdb -N -A trust -U postgres -D d >/dev/null;
         {runner} pg_ctl -w -D d -l l -o \"-k /tmp/midwatch-bench-scratch -c listen_addresses='' {tuned}\" start >/dev/null;
         {runner} createdb -h /tmp/midwatch-bench-scratch -U postgres bench;
         {runner} pg_restore -j2 -h /tmp/midwatch-bench-scratch -U postgres -d bench scratch.dump; s=$?;
         {runner} pg_ctl -D d -m immediate stop >/dev/null; rm -rf /tmp/midwatch-bench-scratch; exit $s"
    );
    let rows = contest(
        "Proof of a logical backup of bench",
        size.rounds,
        &[
            client.contestant("pg_restore -j2 into a tuned scratch server", &restore, None),
            client.contestant("midwatch verify (restore and checks)", &midwatch.command("verify db --again"), None),
        ],
    );
    midwatch.memory();
    goal(&rows, "midwatch verify (restore and checks)", 1.15, "pg_restore -j2 into a tuned scratch server");
}

/// What those who use the database notice of a backup.
fn shop(client: &Client<'_>) {
    let connect = client.connect();
    let midwatch = midwatch(client, "\"bench\"");
    let pgbench = client.contestant("", &format!("pgbench {connect}"), None).script;
    let script = format!("PGPASSWORD={PASSWORD} pg_dump {connect} bench | gzip > {}/p.sql.gz", client.out.display());
    // Ours comes last: its job goes on when the shell that asked for it is ended.
    let (idle, scripted) = (latency::p99(&pgbench, 15), latency::p99_under(&pgbench, 15, &script));
    let under = latency::p99_under(&pgbench, 15, &midwatch.command("backup db"));
    println!("\np99 of pgbench select-only, 2 clients");
    println!("  alone {idle:.2?}   under midwatch backup {under:.2?}   under pg_dump | gzip {scripted:.2?}");
}
