//! A midwatch whose services are containers of a real daemon, and what must be the same of them before and after a drill.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use crate::desk::Desk;
use crate::docker::{Docker, IMAGE, PASSWORD, client, labels};
use crate::servers::Prometheus;
use crate::ssh::Sshd;
use crate::trials::{self, Field, Place, State};

/// What PostgreSQL says of itself: its settings, whether a standby replays, and the sessions that midwatch has there.
pub const SETTINGS: &str = "SELECT name || '=' || setting FROM pg_settings WHERE source IN ('configuration file', 'database', 'user') \
    UNION ALL SELECT 'recovery=' || pg_is_in_recovery() \
    UNION ALL SELECT 'paused=' || pg_is_wal_replay_paused() WHERE pg_is_in_recovery() \
    UNION ALL SELECT 'session=' || application_name FROM pg_stat_activity \
        WHERE application_name LIKE 'midwatch%' AND pid <> pg_backend_pid() ORDER BY 1";
/// The standby and its primary, which nothing breaks; both are looked at only where a trial needs them.
const STANDBY: &str = "[environments.e.services.standby]\nkind = \"postgres\"\nreach = { docker = \"standby\" }\nuser = \"postgres\"\n\
    control = { docker = \"standby\" }\n";

/// The ways to the same containers, each an environment of its own: its name, what stands before a name in a control, and what behind.
const DOORS: [(&str, &str, &str); 3] =
    [("e", "docker = \"", "\""), ("composed", "compose = \"shop/", "\""), ("behind", "docker = \"", "\", ssh = \"db-1\"")];

pub struct Bastion<'a> {
    pub docker: &'a Docker,
    pub desk: Desk,
    /// Where an `ssh` can be had.
    sshd: Option<Sshd>,
    _client: TempDir,
    _prometheus: Prometheus,
}

impl<'a> Bastion<'a> {
    pub fn new(docker: &'a Docker) -> Self {
        docker.postgres_with("db", &labels("shop", "db", 1));
        docker.psql("db", "CREATE ROLE shop LOGIN; CREATE TABLE orders AS SELECT generate_series(1, 1000) AS id");
        docker.redis_with("cache", &labels("shop", "cache", 1));
        docker.succeed(&["update", "--memory", "256m", "--memory-swap", "256m", "cache"]);
        let answers = answers();
        for number in [1, 2] {
            // What listens there at the port of the app: cut off is only what listens.
            let listens = ["redis-server", "--save", "", "--bind", "127.0.0.1", "--port", &answers.port().to_string()];
            docker.launch(&format!("app-{number}"), &labels("shop", "app", number), &listens);
        }
        let prometheus = Prometheus::start(&[]);
        let environments = DOORS.map(|door| environment(door, &prometheus.url, answers));
        let desk = Desk::with_docker(&environments.concat(), &docker.host());
        let client = client(&docker.host());
        let sshd = Sshd::start(Some(client.path()));
        let bastion = Self { docker, desk, sshd, _client: client, _prometheus: prometheus };
        // What fires later than the drill begins would abort it.
        let fires = || bastion.desk.exactly("query ALERTS{alertstate=\"firing\"}").out.contains("Watchdog");
        docker.eventually("its rules are evaluated", fires);
        bastion
    }

    /// Whether there is an `ssh` to go through.
    pub fn is_behind(&self) -> bool {
        self.sshd.is_some()
    }

    /// The packet filter's rules in the network of a container.
    pub fn rules(&self, container: &str) -> String {
        let pid = self.docker.succeed(&["inspect", "-f", "{{.State.Pid}}", container]);
        if pid == "0" {
            return "no network".to_owned();
        }
        let path = format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap_or_default());
        let asked = |program: &str| {
            let mut asked = Command::new("nsenter");
            let asked = asked.args(["-t", &pid, "-n", program, "-w", "10", "-S"]).env("PATH", &path).output().unwrap();
            String::from_utf8(asked.stdout).unwrap()
        };
        ["iptables", "ip6tables"].map(asked).concat()
    }

    fn containers(&self) -> Vec<String> {
        self.docker.succeed(&["ps", "--all", "--format", "{{.Names}}"]).lines().map(str::to_owned).collect()
    }

    /// What a server there says of its settings and what midwatch has there; that it says nothing is said, too.
    fn settings(&self, container: &str) -> Option<String> {
        let auth = format!("REDISCLI_AUTH={PASSWORD}");
        let redis = "for of in 'config get *' 'keys *midwatch*'; do redis-cli $of; done | grep . ";
        let words = match container {
            "cache" => ["exec", "-e", &auth, container, "sh", "-c", redis].to_vec(),
            "db" | "standby" => ["exec", container, "psql", "-XAtqwU", "postgres", "-c", SETTINGS].to_vec(),
            _ => return None,
        };
        let mut asked = Command::new("timeout");
        let asked = asked.args(["--kill-after=1", "5", "docker"]).args(words).env("DOCKER_HOST", self.docker.host());
        let said = asked.output().unwrap();
        Some(if said.status.success() { sorted(container, &said.stdout) } else { format!("no answer ({})", said.status) })
    }

    /// What can lose data wants a proved backup in its environment.
    fn prove(&self, environment: &str) {
        let backups = self.desk.plain(&format!("backups --json --environment {environment}"));
        let is_there = backups.lines().any(|line| line.contains("\"manifest\"") && line.contains(&format!("\"{environment}\"")));
        if !is_there {
            let proved = trials::run(self, &format!("backup cache --prove --yes --environment {environment}"));
            assert!(proved.status.success(), "{proved:?}");
        }
    }

    /// A standby of a primary of its own, in the network of that one.
    fn standby(&self) {
        if self.containers().iter().any(|name| name == "standby") {
            return;
        }
        self.docker.postgres("lead");
        let init = format!(
            "export PGPASSWORD={PASSWORD}; d=/srv/data s=/var/run/postgresql; as='setpriv --reuid=postgres --regid=postgres --clear-groups'; \
             test -e $d/PG_VERSION || {{ mkdir -p $d $s && chown postgres $d $s && chmod 700 $d && \
             $as pg_basebackup -h 127.0.0.1 -U postgres -R -D $d; }} && \
             exec $as postgres -D $d -c fsync=off -c listen_addresses= -c unix_socket_directories=$s"
        );
        self.docker.succeed(&["run", "-d", "--network", "container:lead", "--name", "standby", IMAGE, "sh", "-c", &init]);
        let replays = ["exec", "standby", "psql", "-XAtqU", "postgres", "-c", "SELECT pg_is_in_recovery()"];
        self.docker.eventually("a standby", || self.docker.run(&replays).stdout.starts_with(b"t"));
        let path = self.desk.path("midwatch.toml");
        fs::write(&path, format!("{}{STANDBY}", fs::read_to_string(&path).unwrap())).unwrap();
    }
}

impl Field for Bastion<'_> {
    fn command(&self, words: &str) -> Command {
        let mut command = self.desk.command(words);
        command.envs(self.sshd.as_ref().map(|sshd| ("PATH", sshd.path())));
        command
    }

    fn ledger(&self) -> PathBuf {
        self.desk.path("state")
    }

    fn state(&self) -> State {
        let mut state = State::new();
        for container in self.containers() {
            let format = "{{.State.Status}} {{.State.Paused}} {{.HostConfig.Memory}}";
            let stands = self.docker.succeed(&["inspect", "-f", format, &container]);
            state.extend(self.settings(&container).map(|said| (format!("settings of {container}"), said)));
            state.insert(format!("rules of {container}"), self.rules(&container));
            state.insert(format!("container {container}"), stands);
        }
        state.insert("held".to_owned(), trials::holders(self).len().to_string());
        state.insert("ssh".to_owned(), self.sshd.as_ref().map_or(0, Sshd::left).to_string());
        state
    }

    fn prepare(&self, place: &Place) {
        match place.scenario {
            "standby-lost" | "standby-lagging" => self.standby(),
            "redis-down" => self.prove(place.words.split_once(" --environment ").map_or("e", |(_, environment)| environment)),
            "postgres-connections-dropped" => {
                self.docker.succeed(&["exec", "-d", "db", "psql", "-XU", "shop", "-d", "postgres", "-c", "SELECT pg_sleep(600)"]);
                let there = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'shop'";
                self.docker.eventually("the shop's session", || self.docker.psql("db", there) != "0");
            }
            _ => {}
        }
    }
}

/// The services by one door.
fn environment((name, before, behind): (&str, &str, &str), prometheus: &str, answers: SocketAddr) -> String {
    let head = match name {
        "e" => String::new(),
        _ => format!("[environments.{name}]\nguard = \"open\"\n[environments.{name}.repositories.main]\npath = \"repository\"\n"),
    };
    let ssh = behind.trim_start_matches('"');
    let app = if before.starts_with("docker") { "app-{n}" } else { "app" };
    format!(
        "{head}[environments.{name}.prometheus]\nurl = \"{prometheus}\"\n\
         [environments.{name}.services.db]\nkind = \"postgres\"\nreach = {{ docker = \"db\"{ssh} }}\nuser = \"postgres\"\n\
         control = {{ {before}db{behind} }}\n\
         [environments.{name}.services.cache]\nkind = \"redis\"\nreach = {{ docker = \"cache\"{ssh} }}\npassword = \"file:password\"\n\
         control = {{ {before}cache{behind} }}\n[environments.{name}.services.cache.backup]\nmethods = [\"rdb\"]\n\
         [environments.{name}.services.app]\nkind = \"http\"\nreach = {{ tcp = \"{answers}\" }}\n\
         control = {{ {before}{app}{behind}, grace = \"1s\" }}\n"
    )
}

/// Redis answers names and values by turns, in an order that is another after each start.
fn sorted(container: &str, said: &[u8]) -> String {
    let said = String::from_utf8_lossy(said);
    let lines: Vec<&str> = said.lines().collect();
    let mut lines: Vec<String> = lines.chunks(if container == "cache" { 2 } else { 1 }).map(|pair| pair.join("=")).collect();
    lines.sort();
    lines.join("\n")
}

/// What answers for the app, whose containers have no network: it is well however they are.
pub fn answers() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            drop(stream.read(&mut [0; 1024]));
            drop(stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"));
        }
    });
    address
}
