//! Drills where systemd is the first process: units stopped and hung, each ended and verified; and the rung of the ladder that
//! only systemd has: a fault ends where the console, the worker and even the watchdog were killed, and nobody opens another midwatch.
//!
//! midwatch itself runs in that system, as on a host; its ledger is a folder that both share.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use rustix::process::Signal;
use serde_json::Value;

use crate::bastion::answers;
use crate::booted::{Booted, NAME};
use crate::desk::Desk;
use crate::docker::{self, Docker, PASSWORD, found, libraries};
use crate::drilled;
use crate::servers::{Prometheus, free_port};
use crate::trials::{self, Field, State};

const MIDWATCH: &str = env!("CARGO_BIN_EXE_midwatch");
/// What runs there.
const UNITS: [&str; 4] = ["db", "cache", "app@1", "app@2"];

struct Host<'a> {
    booted: Booted<'a>,
    desk: Desk,
    _prometheus: Prometheus,
}

impl<'a> Host<'a> {
    fn boot(docker: &'a Docker) -> Option<Self> {
        let prometheus = Prometheus::start(&[]);
        let (db, cache) = (free_port(), free_port());
        let desk = Desk::with_docker(&services(&prometheus.url, db, cache), &docker.host());
        let folder = desk.path("").display().to_string();
        let mounts = [&folder, MIDWATCH].map(|path| format!("--volume={0}:{0}", path.trim_end_matches('/')));
        let programs = [PathBuf::from(MIDWATCH), found("systemd-run")];
        let more = [docker::files(), libraries(&programs), vec![programs[1].display().to_string()]].concat();
        let options = ["--network=host", &mounts[0], &mounts[1]];
        let booted = Booted::boot(docker, &options, &more, &docker::path())?;
        booted.unit("db", &postgres(db));
        booted.unit("cache", &format!("exec redis-server --port {cache} --save '' --requirepass {PASSWORD} --dir /tmp"));
        booted.unit("app@", "while :; do sleep 0.2; done");
        booted.reload();
        let host = Self { booted, desk, _prometheus: prometheus };
        let started = host.booted.exec(&[&["systemctl", "start"][..], &UNITS].concat());
        assert!(started.status.success(), "{started:?}");
        let plans = |words: &str| trials::run(&host, &format!("chaos plan {words} --for 5s --expect ,"));
        for words in ["postgres-down --target db", "redis-paused --target cache"] {
            docker.eventually(&format!("{words} may begin: {:?}", plans(words)), || plans(words).status.success());
        }
        Some(host)
    }

    /// Nobody of midwatch is left to end it, and nobody is started by hand.
    fn kill_all(&self, words: &str) {
        let before = self.state();
        let planned = trials::run(self, &format!("chaos plan {words} --expect ,"));
        let told = String::from_utf8_lossy(&planned.stdout).into_owned();
        assert!(told.contains("where even its watchdog is killed, a timer of systemd ends it"), "{told}");
        let mut shell = drilled::start(self, &format!("{words} --for 8s"));
        let job = trials::newest(self)["id"].clone();
        drop(shell.kill());
        // The worker first: it would start another watchdog.
        kill(&trials::working(self));
        kill(&trials::watchdogs(self));
        shell.wait().unwrap();
        self.booted.0.eventually("all are gone", || trials::working(self).is_empty() && trials::watchdogs(self).is_empty());
        assert_ne!(self.state(), before, "{words}: the fault is on");
        let [open] = &trials::open(self)[..] else { panic!("one is open") };
        let open: Value = serde_json::from_str(open).unwrap();
        assert!(open["watched"] == false && open["timer"].as_str().unwrap().starts_with("midwatch-end-"), "{open}");
        // Whoever opens this ledger by midwatch would end it: only its file is read.
        let record = self.ledger().join(format!("drills/{job}.json"));
        let ended = || serde_json::from_slice::<Value>(&fs::read(&record).unwrap()).unwrap()["ended"].clone();
        self.booted.0.eventually("systemd has had it ended", || !ended().is_null());
        assert_eq!(ended()["why"], "due");
        self.booted.0.eventually("all is as before, and the timer is gone", || self.state() == before);
        trials::end_job(self);
    }
}

impl Field for Host<'_> {
    fn command(&self, words: &str) -> Command {
        let mut command = Command::new("docker");
        command.args(["exec", NAME, MIDWATCH, "--config"]).arg(self.desk.path("midwatch.toml")).args(words.split(' '));
        command.env("DOCKER_HOST", self.booted.0.host());
        command
    }

    fn ledger(&self) -> PathBuf {
        self.desk.path("state")
    }

    fn state(&self) -> State {
        let mut state = State::new();
        for unit in UNITS {
            let shown = self.booted.exec(&["systemctl", "show", "-p", "ActiveState,SubState,FreezerState", unit]);
            state.insert(format!("unit {unit}"), String::from_utf8(shown.stdout).unwrap());
        }
        let timers = self.booted.exec(&["systemctl", "list-units", "--all", "--plain", "--no-legend", "midwatch-*"]);
        state.insert("timers".to_owned(), String::from_utf8(timers.stdout).unwrap());
        state
    }
}

fn services(prometheus: &str, db: u16, cache: u16) -> String {
    format!(
        "[environments.e.prometheus]\nurl = \"{prometheus}\"\n\
         [environments.e.services.db]\nkind = \"postgres\"\nreach = {{ tcp = \"127.0.0.1:{db}\" }}\nuser = \"postgres\"\n\
         password = \"file:password\"\ncontrol = {{ systemd = \"db\" }}\n\
         [environments.e.services.cache]\nkind = \"redis\"\nreach = {{ tcp = \"127.0.0.1:{cache}\" }}\n\
         password = \"file:password\"\ncontrol = {{ systemd = \"cache\" }}\n\
         [environments.e.services.app]\nkind = \"http\"\nreach = {{ tcp = \"{}\" }}\ncontrol = {{ systemd = \"app@{{n}}\", grace = \"1s\" }}\n",
        answers()
    )
}

fn postgres(port: u16) -> String {
    format!(
        "d=/run/data; as='setpriv --reuid=postgres --regid=postgres --clear-groups'; export PATH={}\n\
         test -e $d/PG_VERSION || {{ mkdir -p $d && chown postgres $d && printf %s {PASSWORD} >/tmp/pw && chmod 644 /tmp/pw && \
         $as initdb -N -D $d -U postgres --locale=C --auth-host=scram-sha-256 --pwfile=/tmp/pw; }}\n\
         exec $as postgres -D $d -c fsync=off -c listen_addresses=127.0.0.1 -p {port} -c unix_socket_directories=$d",
        docker::path()
    )
}

fn kill<'a>(processes: impl IntoIterator<Item = &'a midwatch::adapters::process::Process>) {
    for process in processes {
        drop(process.signal(Signal::KILL));
    }
}

/// One system for all of them: each costs seconds.
#[test]
fn rule_19_what_drills_do_to_units_ends_even_where_the_watchdog_is_killed() {
    let Some(docker) = Docker::bare(&[]) else { return };
    let Some(host) = Host::boot(&docker) else { return };
    let is_on = |before: &State| assert_ne!(host.state(), *before, "the fault is on");
    drilled::ends(&host, "postgres-down --target db", is_on);
    drilled::ends(&host, "app-instance-killed --target app --instance app@2.service", is_on);
    drilled::kill_in_the_middle(&host, "postgres-paused --target db");
    host.kill_all("redis-paused --target cache");
}
