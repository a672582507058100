//! Services beside a [`Stage`] that may be changed: its primary with a standby, a Redis with a replica, another that only midwatch
//! starts, and what is sent away from them: a session, a client. They are another environment, `spare`, with the same ledger.

use std::cell::RefCell;
use std::fs;
use std::path::PathBuf;

use rustix::process::{Pid, Signal, kill_process};

use crate::desk::Ran;
use crate::servers::{PASSWORD, Postgres, Process, Redis, eventually, free_port, pg};
use crate::stage::Stage;

const CONFIG: &str = r#"
state = "state"
scratch = "scratch"
[environments.spare]
guard = "open"
prometheus.url = "PROMETHEUS"
repositories.main = { path = "repository", keep = { last = 1, daily = 0, weekly = 0, monthly = 0, proved = 1 } }
services.db = { kind = "postgres", reach = { tcp = "127.0.0.1:PRIMARY" }, user = "postgres", password = "file:password", control = { process = "PRIMARYDATA/postmaster.pid", start = ["/bin/false"] } }
services.standby = { kind = "postgres", reach = { tcp = "127.0.0.1:STANDBY" }, user = "postgres", password = "file:password", control = { process = "STANDBYDATA/postmaster.pid", start = ["/bin/false"] } }
services.cache = { kind = "redis", reach = { tcp = "127.0.0.1:CACHE" }, password = "file:password", control = { process = "cache.pid", start = ["redis-server", "HERE/cache.conf"] } }
services.first = { kind = "redis", reach = { tcp = "127.0.0.1:FIRST" }, password = "file:password", control = { process = "first.pid", start = ["/bin/false"] } }
services.second = { kind = "redis", reach = { tcp = "127.0.0.1:SECOND" }, password = "file:password", control = { process = "second.pid", start = ["/bin/false"] } }
services.workers = { kind = "http", reach = { tcp = "127.0.0.1:1" }, control = { process = "worker-{n}.pid", start = ["/bin/false", "{n}"] } }
"#;
/// How the session to be sent away is recognized.
const SLEEP: &str = "SELECT pg_sleep(3600) -- to be sent away";

/// A stage, and what may be changed beside it. In words for it, `LIVE` stands for its environment; `SESSION` and `CLIENT` for
/// somebody who is connected; and what is before `&&` is called, and must succeed, before.
pub struct Live {
    pub stage: Stage,
    port: u16,
    connected: RefCell<Vec<(Process, tempfile::TempDir)>>,
    _standby: Postgres,
    _redis: [Redis; 2],
}

impl Live {
    pub fn beside(stage: Stage) -> Self {
        let (standby, redis, port, desk) = (stage.postgres.standby(), followed(), free_port(), stage.desk.path(""));
        let data = |server: &Postgres| server.folder.path().join("data").display().to_string();
        let here = desk.display().to_string();
        let config = CONFIG
            .replace("PROMETHEUS", &stage.prometheus.url)
            .replace("PRIMARYDATA", &data(&stage.postgres))
            .replace("STANDBYDATA", &data(&standby))
            .replace("PRIMARY", &stage.postgres.port.to_string())
            .replace("STANDBY", &standby.port.to_string())
            .replace("CACHE", &port.to_string())
            .replace("FIRST", &redis[0].port.to_string())
            .replace("SECOND", &redis[1].port.to_string())
            .replace("HERE/", &here);
        fs::write(stage.desk.path("live.toml"), config).unwrap();
        for (name, server) in ["first.pid", "second.pid"].iter().zip(&redis) {
            fs::write(stage.desk.path(name), server.process.pid().as_raw_nonzero().to_string()).unwrap();
        }
        let cache = format!(
            "bind 127.0.0.1\nport {port}\nsave \"\"\nrequirepass {PASSWORD}\ndaemonize yes\ndir {here}\npidfile {here}cache.pid\n"
        );
        fs::write(stage.desk.path("cache.conf"), cache).unwrap();
        let live = Self { stage, port, connected: RefCell::default(), _standby: standby, _redis: redis };
        let streams = "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'";
        eventually("the standby streams", || live.stage.postgres.psql(streams).as_deref() == Some("1"));
        live
    }

    pub fn run(&self, words: &str) -> Ran {
        let mut calls: Vec<&str> = words.split(" && ").collect();
        let last = calls.pop().unwrap();
        for before in calls {
            let ran = self.call(before);
            assert_eq!(ran.status, 0, "{before:?}: {ran:?}");
        }
        self.call(last)
    }

    fn call(&self, words: &str) -> Ran {
        let mut words = words.replace("LIVE", "--config HERElive.toml");
        for (name, found) in [("SESSION", Self::session as fn(&Self) -> Option<String>), ("CLIENT", Self::client)] {
            if words.contains(name) {
                words = words.replace(name, &self.someone(found));
            }
        }
        self.stage.run(&words)
    }

    /// Whoever is connected; somebody new where nobody is.
    fn someone(&self, found: fn(&Self) -> Option<String>) -> String {
        if found(self).is_none() {
            self.connect();
        }
        let mut number = None;
        eventually("somebody is connected", || {
            number = found(self);
            number.is_some()
        });
        number.unwrap()
    }

    fn session(&self) -> Option<String> {
        let sql = format!("SELECT pid FROM pg_stat_activity WHERE state = 'active' AND query = '{SLEEP}'");
        self.stage.postgres.psql(&sql).filter(|pid| !pid.is_empty())
    }

    fn client(&self) -> Option<String> {
        let listed = self.redis_cli().args(["CLIENT", "LIST"]).output().unwrap();
        let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
        let line = listed.lines().find(|line| line.contains(" cmd=blpop "))?;
        line.strip_prefix("id=")?.split(' ').next().map(str::to_owned)
    }

    /// A session that sleeps, and a client that waits.
    fn connect(&self) {
        let primary = &self.stage.postgres;
        let mut psql = pg("psql");
        psql.args(["-XAtq", "-U", "postgres", "-p", &primary.port.to_string(), "-c", SLEEP, "-h"]).arg(primary.folder.path());
        let mut blpop = self.redis_cli();
        blpop.args(["BLPOP", "nothing", "0"]);
        for command in [psql, blpop] {
            let folder = tempfile::tempdir().unwrap();
            self.connected.borrow_mut().push((Process::spawn(command, folder.path()), folder));
        }
    }

    fn redis_cli(&self) -> std::process::Command {
        let mut cli = std::process::Command::new("redis-cli");
        cli.args(["-p", &self.port.to_string()]).env("REDISCLI_AUTH", PASSWORD);
        cli
    }
}

/// A Redis, and one that follows it.
fn followed() -> [Redis; 2] {
    let first = Redis::start(&["--repl-diskless-sync-delay", "0"]);
    let second = Redis::start(&["--replicaof", "127.0.0.1", &first.port.to_string()]);
    eventually("the replica follows", || second.cli(&["INFO", "replication"]).contains("master_link_status:up"));
    [first, second]
}

impl Drop for Live {
    /// The Redis is nobody's child.
    fn drop(&mut self) {
        let pid = fs::read_to_string(self.stage.desk.path("cache.pid")).ok().and_then(|text| text.trim().parse().ok());
        let Some(pid) = pid.and_then(Pid::from_raw) else { return };
        let program = PathBuf::from(format!("/proc/{}/comm", pid.as_raw_nonzero()));
        if fs::read_to_string(program).is_ok_and(|name| name.trim() == "redis-server") {
            _ = kill_process(pid, Signal::KILL);
        }
    }
}
