//! Drills of servers that have no control, by their own protocol: what they do to real ones, that whoever is killed in the middle leaves
//! nothing, and that a right that is missing is told before anything is armed.

use std::process::{Child, Stdio};

use tempfile::TempDir;

use super::*;
use crate::servers::{self, PASSWORD, Process, Prometheus, Redis};

/// A bastion of some servers that nothing here holds up, and what measures them.
struct Bastion {
    desk: Desk,
    _prometheus: Prometheus,
}

fn postgres(name: &str, server: &Postgres, user: &str) -> String {
    format!(
        "[environments.e.services.{name}]\nkind = \"postgres\"\nreach = {{ tcp = \"127.0.0.1:{}\" }}\nuser = \"{user}\"\n\
         database = \"postgres\"\npassword = \"file:password\"\n",
        server.port
    )
}

fn redis(server: &Redis, user: &str) -> String {
    format!(
        "[environments.e.services.cache]\nkind = \"redis\"\nreach = {{ tcp = \"127.0.0.1:{}\" }}\npassword = \"file:password\"\n{user}\n",
        server.port
    )
}

impl Bastion {
    fn of(services: &str) -> Self {
        let prometheus = Prometheus::start(&[]);
        let desk = Desk::with(&format!("[environments.e.prometheus]\nurl = \"{}\"\n{services}", prometheus.url));
        // What fires later than the drill begins would abort it.
        eventually("its rules are evaluated", || desk.exactly("query ALERTS{alertstate=\"firing\"}").out.contains("Watchdog"));
        Self { desk, _prometheus: prometheus }
    }

    /// Starts a drill, and waits until its fault is on.
    fn start(&self, words: &str) -> Child {
        let before = newest(&self.desk)["id"].clone();
        let mut command = self.desk.command(&format!("drill {words} --expect , --yes"));
        let shell = command.stdout(Stdio::null()).spawn().unwrap();
        let is_watched = |job: Value| job["id"] != before && intended(&job) >= WATCHED;
        eventually(&format!("{words} is watched"), || is_watched(newest(&self.desk)));
        shell
    }

    /// Starts it, kills its worker, and waits until its watchdog has ended it.
    fn kill_in_the_middle(&self, words: &str, state: &dyn Fn() -> String) {
        let before = state();
        let shell = self.start(&format!("{words} --for 60s"));
        assert_ne!(state(), before, "{words}: the fault is on");
        self.kill(shell);
        assert_eq!(state(), before, "{words}: as before");
    }

    /// Kills the worker of a drill, and waits until its watchdog has ended it.
    fn kill(&self, mut shell: Child) {
        kill_process(worker(&newest(&self.desk)), Signal::KILL).unwrap();
        eventually("the fault has ended", || self.open().is_empty());
        end(&mut shell);
        self.cancel();
    }

    fn open(&self) -> String {
        self.desk.plain("chaos sweep --dry-run --json")
    }

    /// The watchdogs of this bastion.
    fn watchdogs(&self) -> Vec<Pid> {
        let state = self.desk.path("state");
        let is_ours = |line: &str| line.contains("fault-end") && line.contains(&*state.to_string_lossy());
        let numbers = fs::read_dir("/proc").unwrap().filter_map(|entry| entry.unwrap().file_name().to_str()?.parse().ok());
        let arguments =
            |pid: &i32| String::from_utf8_lossy(&fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default()).into_owned();
        numbers.filter(|pid| is_ours(&arguments(pid))).filter_map(Pid::from_raw).collect()
    }

    /// A drill whose worker was killed waits for an operator.
    fn cancel(&self) {
        eventually("the job has ended", || {
            let job = newest(&self.desk);
            let is_open = job["state"] == "running" || job["state"] == "lost";
            if is_open {
                self.desk.exactly(&format!("jobs cancel {}", job["id"]));
            }
            !is_open
        });
    }

    /// What planning it is refused with.
    fn refused(&self, words: &str) -> String {
        let ran = self.desk.exactly(&format!("chaos plan {words} --expect , --for 5s"));
        assert_ne!(ran.status, 0, "{words}: {ran:?}");
        ran.err
    }
}

/// The step that looks on while a fault is on is the fifth.
const WATCHED: usize = 5;

fn intended(job: &Value) -> usize {
    let Some(history) = job["history"].as_array() else { return 0 };
    history.iter().filter(|entry| entry["event"]["event"] == "intended").count()
}

fn end(shell: &mut Child) {
    drop(shell.kill());
    shell.wait().unwrap();
}

/// A session of a role that asks one thing.
fn asks(server: &Postgres, role: &str, sql: &str) -> (Process, TempDir) {
    let (mut psql, folder) = (servers::pg("psql"), tempfile::tempdir().unwrap());
    psql.args(["-XAtq", "-U", role, "-d", "postgres", "-p", &server.port.to_string(), "-c", sql]);
    psql.arg("-h").arg(server.folder.path());
    (Process::spawn(psql, folder.path()), folder)
}

/// A session of a role that does nothing for an hour.
fn asleep(server: &Postgres, role: &str) -> (Process, TempDir) {
    let session = asks(server, role, "SELECT pg_sleep(3600)");
    eventually("the role is connected", || sessions(server, role) == "1");
    session
}

fn sessions(server: &Postgres, role: &str) -> String {
    server.psql(&format!("SELECT count(*) FROM pg_stat_activity WHERE usename = '{role}'")).unwrap()
}

/// Every setting of a server, and what any drill left in it.
fn inside(server: &Postgres) -> String {
    let settings = "SELECT string_agg(name || '=' || setting, ' ' ORDER BY name) FROM pg_settings";
    let sessions = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'midwatch-drill%'";
    let locks = "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND locktype = 'relation'";
    let replay = "SELECT CASE WHEN pg_is_in_recovery() THEN pg_is_wal_replay_paused() END";
    [settings, sessions, locks, replay].map(|sql| server.psql(sql).unwrap()).join("; ")
}

#[test]
fn rule_19_what_a_drill_does_to_a_postgres_without_a_control_ends_with_its_worker() {
    let server = Postgres::primary();
    server.psql("CREATE TABLE t AS SELECT 1 AS n").unwrap();
    let bastion = Bastion::of(&postgres("db", &server, "postgres"));
    let state = || inside(&server);
    bastion.kill_in_the_middle("postgres-locked --target db --on t", &state);
    bastion.kill_in_the_middle("postgres-out-of-connections --target db", &state);
    bastion.kill_in_the_middle("postgres-slow --target db", &state);
}

/// Those who wait for the lock take every connection: an abort gets in all the same, long before the server ends it by itself.
#[test]
fn rule_19_a_lock_whose_waiters_hold_every_connection_is_ended_early_all_the_same() {
    const OTHERS: usize = 17;
    let settings = ["max_connections=20", "superuser_reserved_connections=3", "autovacuum=off"];
    let server = Postgres::primary().restarted(&settings);
    for role in ["plain", "app"] {
        server.psql(&format!("CREATE ROLE {role} LOGIN PASSWORD '{PASSWORD}'")).unwrap();
    }
    server.psql("CREATE TABLE t AS SELECT 1 AS n; GRANT SELECT, UPDATE ON t TO plain, app").unwrap();
    let bastion = Bastion::of(&postgres("db", &server, "plain"));
    let before = inside(&server);
    let mut shell = bastion.start("postgres-locked --target db --on t --for 200s");
    let taken = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND usename <> 'postgres'";
    let mut waiting = Vec::new();
    // One that finds no room ends, and those who measure come and go.
    eventually("every connection is taken", || {
        waiting.push(asks(&server, "app", "SELECT n FROM t"));
        server.psql(taken).unwrap().parse::<usize>().unwrap() >= OTHERS
    });
    bastion.desk.plain("chaos abort");
    eventually("the fault has ended", || bastion.open().is_empty());
    shell.wait().unwrap();
    assert_eq!(inside(&server), before);
    let report: Value = serde_json::from_str(&bastion.desk.exactly("chaos report --json").out).unwrap();
    assert_eq!(report["ended"]["why"], "asked", "{report}");
    drop(waiting);
}

#[test]
fn rule_19_a_standby_that_is_held_back_goes_on_with_whoever_is_killed() {
    let primary = Postgres::primary();
    let standby = primary.standby();
    let bastion = Bastion::of(&postgres("standby", &standby, "postgres"));
    bastion.kill_in_the_middle("standby-lagging --target standby", &|| inside(&standby));
    let refused = bastion.refused("postgres-locked --target standby");
    assert!(refused.contains("standby is a standby"), "{refused}");
}

#[test]
fn rule_19_a_server_ends_by_itself_what_nobody_is_left_to_end() {
    let server = Postgres::primary();
    server.psql("CREATE TABLE t AS SELECT 1 AS n").unwrap();
    let bastion = Bastion::of(&postgres("db", &server, "postgres"));
    let before = inside(&server);
    let mut shell = bastion.start("postgres-locked --target db --for 15s");
    let worker = worker(&newest(&bastion.desk));
    // The worker first: it would start another watchdog. Nobody opens the ledger from here on.
    end(&mut shell);
    kill_process(worker, Signal::KILL).unwrap();
    for watchdog in bastion.watchdogs() {
        _ = kill_process(watchdog, Signal::KILL);
    }
    eventually("no watchdog is left", || bastion.watchdogs().is_empty());
    assert_ne!(inside(&server), before, "the table is still locked");
    eventually("the server has let go", || inside(&server) == before);
    bastion.desk.plain("chaos sweep");
    assert_eq!((bastion.open(), inside(&server)), (String::new(), before));
    bastion.cancel();
}

#[test]
fn rule_19_what_a_drill_does_to_a_redis_without_a_control_ends_with_its_worker() {
    let server = Redis::start(&["--maxmemory", "64mb"]);
    server.cli(&["SET", "kept", "1"]);
    let bastion = Bastion::of(&redis(&server, ""));
    let settings = || format!("{} {}", server.cli(&["CONFIG", "GET", "*"]), server.cli(&["GET", "kept"]));
    bastion.kill_in_the_middle("redis-memory-full --target cache", &settings);
    assert_eq!(server.cli(&["SET", "more", "1"]), "OK");
    // A write that is held back is one of a client that is blocked.
    let writer = server.keep_asking(&["SET", "more", "2"]);
    let waits = || {
        let is_blocked = server.cli(&["CLIENT", "LIST"]).lines().any(|client| client.contains(" flags=b "));
        is_blocked.to_string()
    };
    bastion.kill_in_the_middle("redis-writes-paused --target cache", &waits);
    drop(writer);
}

#[test]
fn what_somebody_else_has_set_since_a_drill_began_is_left_to_them() {
    let server = Redis::start(&["--maxmemory", "64mb"]);
    let bastion = Bastion::of(&redis(&server, ""));
    let shell = bastion.start("redis-memory-full --target cache --for 60s");
    server.cli(&["CONFIG", "SET", "maxmemory", "50mb"]);
    bastion.kill(shell);
    assert_eq!(server.cli(&["CONFIG", "GET", "maxmemory"]), "maxmemory\n52428800");
}

#[test]
fn drills_that_are_over_at_once_drop_who_is_connected_and_leave_the_server_well() {
    let (server, cache) = (Postgres::primary(), Redis::start(&[]));
    server.psql(&format!("CREATE ROLE app LOGIN PASSWORD '{PASSWORD}'")).unwrap();
    let bastion = Bastion::of(&format!("{}{}", postgres("db", &server, "postgres"), redis(&cache, "")));
    let app = asleep(&server, "app");
    let client = cache.keep_asking(&["BLPOP", "nothing", "0"]);
    let blocked = || {
        let list = cache.cli(&["CLIENT", "LIST"]);
        list.lines().find(|client| client.contains("cmd=blpop")).and_then(|line| line.split(' ').next().map(str::to_owned))
    };
    eventually("the client is connected", || blocked().is_some());
    let first = blocked();

    bastion.desk.plain("drill postgres-connections-dropped --target db --for 2s --yes");
    assert_eq!(sessions(&server, "app"), "0");
    bastion.desk.plain("drill redis-clients-killed --target cache --for 2s --yes");
    assert_ne!(blocked(), first, "it is connected anew, or not at all");
    assert_eq!(bastion.open(), "");
    drop((app, client));
}

#[test]
fn a_right_that_is_missing_is_told_with_what_grants_it_before_anything_is_armed() {
    let (server, cache) = (Postgres::primary(), Redis::start(&[]));
    for role in ["plain", "app"] {
        server.psql(&format!("CREATE ROLE {role} LOGIN PASSWORD '{PASSWORD}'")).unwrap();
    }
    server.psql("CREATE TABLE t AS SELECT 1 AS n").unwrap();
    let standby = server.standby();
    let acl = format!(">{PASSWORD}");
    cache.cli(&[
        "ACL",
        "SETUSER",
        "plain",
        "on",
        &acl,
        "~*",
        "+@read",
        "+@connection",
        "+info",
        "+acl|whoami",
        "+acl|dryrun",
        "-client|kill",
    ]);
    let services = [postgres("db", &server, "plain"), postgres("standby", &standby, "plain"), redis(&cache, "user = \"plain\"")];
    let bastion = Bastion::of(&services.concat());
    let app = asleep(&server, "app");
    for (words, grant) in [
        ("postgres-locked --target db", "GRANT UPDATE ON public.t TO plain"),
        ("postgres-connections-dropped --target db", "GRANT pg_signal_backend TO plain"),
        ("standby-lagging --target standby", "GRANT EXECUTE ON FUNCTION pg_wal_replay_pause(), pg_wal_replay_resume() TO plain"),
        ("redis-memory-full --target cache", "ACL SETUSER plain +config|get"),
        ("redis-clients-killed --target cache", "ACL SETUSER plain +client|kill"),
    ] {
        let refused = bastion.refused(words);
        assert!(refused.contains(grant), "{words}: {refused}");
    }
    server.psql("ALTER ROLE plain CONNECTION LIMIT 20").unwrap();
    let refused = bastion.refused("postgres-out-of-connections --target db");
    assert!(refused.contains("ALTER ROLE plain CONNECTION LIMIT -1"), "{refused}");
    cache.cli(&["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"]);
    cache.cli(&["ACL", "SETUSER", "plain", "+config|get"]);
    let refused = bastion.refused("redis-memory-full --target cache");
    assert!(refused.contains("throws keys away"), "{refused}");
    assert!(bastion.watchdogs().is_empty() && bastion.desk.jobs().is_empty());
    drop(app);
}
