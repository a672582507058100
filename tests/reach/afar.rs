//! Drills of processes behind a real `ssh`, each ended and verified: the worker killed in the middle of some, whoever at a random moment
//! of as many as there is time for, and `ssh` itself while a fault is on. What `ssh` reaches only as long as somebody is logged in is
//! not broken.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use midwatch::adapters::process::{Process, Seen, all};
use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;

use crate::bastion::{SETTINGS, answers};
use crate::desk::Desk;
use crate::drilled::{is_refused, kill_in_the_middle, start};
use crate::places::AFAR;
use crate::servers::{PASSWORD, Postgres, Prometheus, eventually, free_port, program};
use crate::ssh::Sshd;
use crate::trials::{self, Field, Place, State, Trials};

/// How long trials may begin where nobody waits for the soak.
const BUDGET: Duration = Duration::from_secs(5);

/// A host that is reached by `ssh`, and midwatch before it. The host is this one: what is seen there is seen here.
struct Afar {
    desk: Desk,
    sshd: Sshd,
    /// Of PostgreSQL.
    folder: TempDir,
    ports: [u16; 2],
    _prometheus: Prometheus,
}

impl Afar {
    fn start() -> Option<Self> {
        let sshd = Sshd::start(None)?;
        let Postgres { process, port: db, folder } = Postgres::primary();
        drop(process);
        let (prometheus, cache) = (Prometheus::start(&[]), free_port());
        let data = folder.path().join("data");
        let desk = Desk::with(&services(&prometheus.url, [db, cache], &data));
        let here = desk.path("").display().to_string();
        let put = |name: &str, text: String| fs::write(desk.path(name), text).unwrap();
        let start = |name: &str, text: String| {
            put(name, format!("#!/bin/sh\n{text}\n"));
            fs::set_permissions(desk.path(name), PermissionsExt::from_mode(0o755)).unwrap();
        };
        start("start-db", postgres(&data, db));
        put(
            "cache.conf",
            format!(
                "port {cache}\nbind 127.0.0.1\nrequirepass {PASSWORD}\nsave \"\"\ndir {here}\nlogfile cache.log\npidfile {here}/cache.pid\n\
                 daemonize yes\n"
            ),
        );
        start("start-cache", format!("redis-server {here}/cache.conf"));
        start("start-app", format!("sh {here}/app {here}/app-$1.pid &"));
        put("app", "echo $$ >\"$1\"\nwhile :; do sleep 0.2; done\n".to_owned());
        let afar = Self { desk, sshd, folder, ports: [db, cache], _prometheus: prometheus };
        for words in [&["start-db"][..], &["start-cache"], &["start-app", "1"], &["start-app", "2"]] {
            // As they are started again by a drill: in a session of their own.
            let mut started = Command::new("setsid");
            started
                .arg(afar.desk.path(words[0]))
                .args(&words[1..])
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null());
            assert!(started.status().unwrap().success(), "{words:?}");
        }
        let is_well = |said: &String| !said.contains("gone") && !said.contains("no answer");
        eventually("all that is to be broken", || afar.state().values().all(is_well));
        eventually("its rules are evaluated", || {
            String::from_utf8_lossy(&trials::run(&afar, "query ALERTS{alertstate=\"firing\"}").stdout).contains("Watchdog")
        });
        Some(afar)
    }

    fn pid_files(&self) -> [PathBuf; 4] {
        let [cache, first, second] = ["cache.pid", "app-1.pid", "app-2.pid"].map(|name| self.desk.path(name));
        [self.folder.path().join("data/postmaster.pid"), cache, first, second]
    }

    /// What a server says of its settings; that it says nothing is said, too.
    fn asked(program: &Path, words: &[&str]) -> String {
        let mut asked = Command::new("timeout");
        asked.args(["--kill-after=1", "5"]).arg(program).args(words).env("REDISCLI_AUTH", PASSWORD).stdin(Stdio::null());
        let said = asked.output().unwrap();
        if said.status.success() { String::from_utf8(said.stdout).unwrap() } else { format!("no answer ({})", said.status) }
    }

    /// `ssh` is gone while a fault is on: its end is tried, and told to have failed, until there is an `ssh` again.
    fn loses_its_line(&mut self, words: &str) {
        let before = self.state();
        let mut shell = start(self, &format!("{words} --for 60s"));
        self.sshd.down();
        assert_ne!(self.state(), before, "{words}: the fault is on");
        trials::run(self, "chaos abort");
        eventually("its end has failed, and that is told", || {
            let told: Vec<Value> = trials::open(self).iter().map(|line| serde_json::from_str(line).unwrap()).collect();
            let [open] = &told[..] else { panic!("one is open: {told:?}") };
            open["tries"].as_u64().unwrap() > 0 && open["trouble"].as_str().unwrap().contains("db-1")
        });
        let told = trials::run(self, "chaos sweep --dry-run");
        assert!(String::from_utf8_lossy(&told.stdout).contains("NOT ENDED after"), "{told:?}");
        let refused = trials::run(self, "chaos plan redis-paused --target cache --for 5s --expect ,");
        assert!(!refused.status.success(), "nothing else is broken meanwhile");
        self.sshd.up();
        eventually("it has ended", || trials::open(self).is_empty());
        shell.wait().unwrap();
        trials::end_job(self);
        assert_eq!(self.state(), before, "{words}: as before");
    }

    /// The key is an agent's: who would end the fault when that is gone?
    fn wants_a_key_of_its_own(&self, words: &str) {
        let (key, elsewhere) = (self.sshd.key(), self.desk.path("key"));
        fs::rename(&key, &elsewhere).unwrap();
        let agent = Agent::with(&elsewhere, self.desk.path("agent"));
        let mut plan = self.command(&format!("chaos plan {words} --for 5s --expect ,"));
        let planned = plan.env("SSH_AUTH_SOCK", &agent.socket).output().unwrap();
        fs::rename(&elsewhere, &key).unwrap();
        let said = String::from_utf8_lossy(&planned.stderr);
        assert!(!planned.status.success() && said.contains("without your agent"), "{said}");
    }
}

/// An agent that knows a key.
struct Agent {
    process: Child,
    socket: PathBuf,
}

impl Agent {
    fn with(key: &Path, socket: PathBuf) -> Self {
        let mut agent = Command::new("ssh-agent");
        let process = agent.args(["-D", "-a"]).arg(&socket).stdout(Stdio::null()).spawn().unwrap();
        let agent = Self { process, socket };
        eventually("an agent", || {
            let mut add = Command::new("ssh-add");
            let add = add.arg("-q").arg(key).env("SSH_AUTH_SOCK", &agent.socket).stdin(Stdio::null()).stderr(Stdio::null());
            add.status().unwrap().success()
        });
        agent
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

impl Field for Afar {
    fn command(&self, words: &str) -> Command {
        let mut command = self.desk.command(words);
        command.env("PATH", self.sshd.path()).env_remove("SSH_AUTH_SOCK");
        command
    }

    fn ledger(&self) -> PathBuf {
        self.desk.path("state")
    }

    fn state(&self) -> State {
        let mut state = State::new();
        for file in self.pid_files() {
            let tree = tree(&file);
            let still = tree.iter().filter(|seen| seen.stopped()).count();
            let stands = format!("{}, {still} stopped", if tree.is_empty() { "gone" } else { "there" });
            state.insert(file.display().to_string(), stands);
        }
        let [db, cache] = self.ports.map(|port| port.to_string());
        let socket = self.folder.path().to_str().unwrap();
        let words = ["-XAtqw", "-h", socket, "-p", &db, "-U", "postgres", "-c", SETTINGS];
        state.insert("settings of db".to_owned(), Self::asked(&program("psql"), &words));
        let settings = Self::asked(Path::new("redis-cli"), &["-p", &cache, "CONFIG", "GET", "*"]);
        let mut pairs: Vec<String> = settings.lines().collect::<Vec<_>>().chunks(2).map(|pair| pair.join("=")).collect();
        pairs.sort();
        state.insert("settings of cache".to_owned(), pairs.join("\n"));
        state.insert("ssh".to_owned(), self.sshd.left().to_string());
        state
    }

    fn prepare(&self, place: &Place) {
        if place.scenario == "redis-down" && self.desk.backups().is_empty() {
            self.desk.ok("backup cache --prove");
        }
    }
}

impl Drop for Afar {
    fn drop(&mut self) {
        for seen in self.pid_files().iter().flat_map(|file| tree(file)) {
            drop(seen.process.signal(Signal::KILL));
        }
    }
}

/// The process that a file names, before those that it has started.
fn tree(pid_file: &Path) -> Vec<Seen> {
    let text = fs::read_to_string(pid_file).unwrap_or_default();
    let main = text.lines().next().and_then(|line| Process::of(line.trim().parse().ok()?)).filter(|process| process.alive());
    let Some(main) = main else { return Vec::new() };
    let (children, own): (Vec<Seen>, Vec<Seen>) =
        all().into_iter().filter(|seen| seen.process == main || seen.parent == main.pid).partition(|seen| seen.process != main);
    [own, children].concat()
}

fn services(prometheus: &str, [db, cache]: [u16; 2], data: &Path) -> String {
    let data = data.display();
    format!(
        "[environments.e.prometheus]\nurl = \"{prometheus}\"\n\
         [environments.e.services.db]\nkind = \"postgres\"\nreach = {{ tcp = \"127.0.0.1:{db}\" }}\nuser = \"postgres\"\n\
         password = \"file:password\"\n\
         control = {{ process = \"{data}/postmaster.pid\", start = [\"./start-db\"], ssh = \"db-1\" }}\n\
         [environments.e.services.cache]\nkind = \"redis\"\nreach = {{ tcp = \"127.0.0.1:{cache}\" }}\npassword = \"file:password\"\n\
         control = {{ process = \"cache.pid\", start = [\"./start-cache\"], ssh = \"db-1\" }}\n\
         [environments.e.services.cache.backup]\nmethods = [\"rdb\"]\n\
         [environments.e.services.app]\nkind = \"http\"\nreach = {{ tcp = \"{}\" }}\n\
         control = {{ process = \"app-{{n}}.pid\", start = [\"./start-app\", \"{{n}}\"], ssh = \"db-1\", grace = \"1s\" }}\n",
        answers()
    )
}

fn postgres(data: &Path, port: u16) -> String {
    let (folder, server) = (data.parent().unwrap().display(), program("postgres"));
    let other =
        if rustix::process::getuid().is_root() { "setpriv --reuid=postgres --regid=postgres --clear-groups " } else { "" };
    format!(
        "{other}{} -D {folder}/data -p {port} -c listen_addresses=127.0.0.1 -c fsync=off -c unix_socket_directories={folder} &",
        server.display()
    )
}

/// One host for all of them: each costs seconds.
#[test]
fn rule_19_what_drills_do_to_processes_behind_ssh_ends() {
    let Some(mut afar) = Afar::start() else { return };
    let trials = Trials::of(&trials::chosen(AFAR), BUDGET);
    if !trials::is_soak() {
        kill_in_the_middle(&afar, "redis-paused --target cache");
        afar.loses_its_line("app-instance-paused --target app --instance app-1");
        afar.wants_a_key_of_its_own("redis-paused --target cache");
        is_refused(&afar, "memory-pressure --target app --instance app-1", "runs on db-1");
    }
    trials.run(&afar);
    trials.end();
}
