//! A Docker daemon for tests, in a folder of its own, with an image made of this host's PostgreSQL and Redis: nothing is pulled,
//! and no container has a network. Ends, with all its containers, when dropped. Include it with
//! `#[path = "support/docker.rs"] mod docker;`.
//!
//! It needs root and control groups: where those are missing, or Docker itself, tests say `skipped` and are done.
#![allow(dead_code, reason = "every test binary uses its own part")]
#![allow(clippy::unwrap_used, missing_docs)]

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// The most time the daemon, or a server in a container, may take to start or end; machines are busy.
const PATIENCE: Duration = Duration::from_secs(120);
/// The image.
pub const IMAGE: &str = "midwatch-test";
/// Of the superuser and of Redis.
pub const PASSWORD: &str = "hunter2";
/// PostgreSQL's data in a container.
const DATA: &str = "/srv/data";
/// Where Debian's programs look for its socket.
const SOCKETS: &str = "/var/run/postgresql";

/// The daemon.
pub struct Docker {
    daemon: Child,
    folder: TempDir,
}

impl Docker {
    /// A daemon with [`IMAGE`]; none, and said so, where that cannot be.
    pub fn start() -> Option<Self> {
        Self::with_options(&[])
    }

    /// The same with more options.
    pub fn with_options(options: &[String]) -> Option<Self> {
        let docker = Self::bare(options)?;
        docker.import(IMAGE, &files(), &format!("ENV PATH={}", path()));
        Some(docker)
    }

    /// A daemon without any image.
    pub fn bare(options: &[String]) -> Option<Self> {
        if !rustix::process::getuid().is_root() || !Path::new("/sys/fs/cgroup").exists() {
            eprintln!("skipped: a Docker daemon needs root and control groups");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name).display().to_string();
        let log = File::create(folder.path().join("log")).unwrap();
        let mut daemon = Command::new("dockerd");
        daemon.args(["--storage-driver=vfs", "--iptables=false", "--ip6tables=false", "--bridge=none"]);
        daemon.args(["--data-root", &at("data"), "--exec-root", &at("exec"), "--pidfile", &at("pid"), "-H"]);
        daemon.arg(format!("unix://{}", at("d.sock"))).args(options).env("TMPDIR", folder.path());
        daemon.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        let Ok(daemon) = daemon.spawn() else {
            eprintln!("skipped: dockerd is not installed: apt-get install docker.io");
            return None;
        };
        let mut docker = Self { daemon, folder };
        if !docker.answers() {
            eprintln!("skipped: dockerd does not start here: {}", docker.log());
            return None;
        }
        Some(docker)
    }

    /// Its address, as in `DOCKER_HOST`.
    pub fn host(&self) -> String {
        format!("unix://{}/d.sock", self.folder.path().display())
    }

    /// Runs the client.
    pub fn run(&self, words: &[&str]) -> Output {
        Command::new("docker").args(words).env("DOCKER_HOST", self.host()).stdin(Stdio::null()).output().unwrap()
    }

    /// The same, which must succeed; what it printed.
    pub fn succeed(&self, words: &[&str]) -> String {
        let output = self.run(words);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "docker {words:?}: {errors}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Starts a PostgreSQL in a container of its own, which trusts its sockets and asks for [`PASSWORD`] over the loopback. It is
    /// reached by `docker exec` alone.
    pub fn postgres(&self, container: &str) {
        self.postgres_with(container, &[]);
    }

    /// The same with more options of `docker run`.
    pub fn postgres_with(&self, container: &str, options: &[String]) {
        let init = format!(
            "test -e {DATA}/PG_VERSION || {{ mkdir -p {DATA} {SOCKETS} && chown postgres {DATA} {SOCKETS} && printf %s {PASSWORD} >/tmp/pw \
             && chmod 644 /tmp/pw && setpriv --reuid=postgres --regid=postgres --clear-groups initdb -N -D {DATA} -U postgres --locale=C \
             --auth-local=trust --auth-host=scram-sha-256 --pwfile=/tmp/pw >/dev/null; }} && exec setpriv --reuid=postgres --regid=postgres \
             --clear-groups postgres -D {DATA} -c fsync=off -c listen_addresses=127.0.0.1 -c unix_socket_directories={SOCKETS}"
        );
        self.launch(container, options, &["sh", "-c", &init]);
        self.eventually("a PostgreSQL in a container", || {
            self.run(&["exec", container, "psql", "-XAtqU", "postgres", "-c", "SELECT 1"]).status.success()
        });
    }

    /// Runs something in a container without a network, with more options of `docker run`.
    pub fn launch(&self, container: &str, options: &[String], words: &[&str]) {
        let options: Vec<&str> = options.iter().map(String::as_str).collect();
        let run = ["run", "-d", "--network", "none", "--name", container];
        self.succeed(&[&run[..], &options, &[IMAGE], words].concat());
    }

    /// Runs SQL as the superuser.
    pub fn psql(&self, container: &str, sql: &str) -> String {
        self.succeed(&["exec", container, "psql", "-XAtqU", "postgres", "-v", "ON_ERROR_STOP=1", "-c", sql])
    }

    /// Starts a Redis in a container of its own, which asks for [`PASSWORD`].
    pub fn redis(&self, container: &str) {
        self.redis_with(container, &[]);
    }

    /// The same with more options of `docker run`.
    pub fn redis_with(&self, container: &str, options: &[String]) {
        let server = ["redis-server", "--bind", "127.0.0.1", "--save", "", "--requirepass", PASSWORD, "--dir", "/tmp"];
        self.launch(container, options, &server);
        self.eventually("a Redis in a container", || self.redis_cli(container, &["PING"]) == "PONG");
    }

    /// Runs one command; what it printed.
    pub fn redis_cli(&self, container: &str, words: &[&str]) -> String {
        let auth = format!("REDISCLI_AUTH={PASSWORD}");
        let output = self.run(&[&["exec", "-e", &auth, container, "redis-cli"], words].concat());
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// The command lines of all that runs in a container.
    pub fn processes(&self, container: &str) -> Vec<String> {
        let top = self.succeed(&["top", container, "-eo", "pid,args"]);
        top.lines().skip(1).map(|line| line.trim().to_owned()).collect()
    }

    /// Waits until `done`, and says what it waited for if that never comes.
    pub fn eventually(&self, what: &str, mut done: impl FnMut() -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !done() {
            assert!(Instant::now() < deadline, "{what}: not within {PATIENCE:?}; {}", self.last_words());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn answers(&mut self) -> bool {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline && self.daemon.try_wait().unwrap().is_none() {
            if self.run(&["version"]).status.success() {
                return true;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        false
    }

    /// What the daemon and the containers say.
    fn last_words(&self) -> String {
        let all = self.succeed(&["ps", "--all", "--format", "{{.Names}}"]);
        let said = all.lines().map(|name| format!("{name} says {:?}\n", self.run(&["logs", "--tail", "5", name])));
        format!("{}the daemon says {}", said.collect::<String>(), self.log())
    }

    fn log(&self) -> String {
        let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(5)..].join("\n")
    }

    /// Makes an image of files of this host.
    pub fn import(&self, name: &str, files: &[String], change: &str) {
        let (root, image) = (self.folder.path().join("root"), self.folder.path().join("image.tar"));
        fs::create_dir_all(root.join("tmp")).unwrap();
        for (folder, mode) in [(&root, 0o755), (&root.join("tmp"), 0o1777)] {
            fs::set_permissions(folder, fs::Permissions::from_mode(mode)).unwrap();
        }
        // Not a list for tar: Docker would make the folders above private.
        done(Command::new("cp").current_dir("/").args(["-rL", "--parents", "--preserve=mode"]).args(files).arg(&root));
        done(
            Command::new("tar")
                .args(["--create", "--exclude=bitcode", "--exclude=llvmjit*", "-f"])
                .arg(&image)
                .arg("-C")
                .arg(&root)
                .arg("."),
        );
        self.succeed(&["import", "--change", change, image.to_str().unwrap(), name]);
        fs::remove_file(image).unwrap();
        fs::remove_dir_all(root).unwrap();
    }
}

fn done(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

impl Drop for Docker {
    fn drop(&mut self) {
        // Containers first: the daemon would ask each of them to end, and wait.
        let all = String::from_utf8_lossy(&self.run(&["ps", "--all", "--quiet"]).stdout).into_owned();
        let ids: Vec<&str> = all.split_whitespace().collect();
        if !ids.is_empty() {
            self.run(&[&["rm", "--force", "--volumes"], &ids[..]].concat());
        }
        // Their bridges would stay on the host, which has room for thirty.
        self.run(&["network", "prune", "--force"]);
        _ = kill_process(Pid::from_child(&self.daemon), Signal::TERM);
        _ = self.daemon.wait();
    }
}

/// The options that make a container one of Compose's.
pub fn labels(project: &str, service: &str, number: u32) -> Vec<String> {
    let label = |name: &str, value: &str| ["--label".to_owned(), format!("com.docker.compose.{name}={value}")];
    [label("project", project), label("service", service), label("container-number", &number.to_string())].concat()
}

/// A folder with a `docker` that finds the daemon at an address, whatever it is told: as on a host where that is the usual one.
pub fn client(host: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let real = std::env::split_paths(&std::env::var_os("PATH").unwrap()).map(|p| p.join("docker")).find(|p| p.exists()).unwrap();
    let path = folder.path().join("docker");
    fs::write(&path, format!("#!/bin/sh\nDOCKER_HOST={host} exec {} \"$@\"\n", real.display())).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    folder
}

/// The programs of a small system beside PostgreSQL's and Redis's.
const PROGRAMS: &[&str] = &[
    "sh",
    "cat",
    "chmod",
    "chown",
    "env",
    "find",
    "grep",
    "head",
    "id",
    "kill",
    "ln",
    "ls",
    "mkdir",
    "readlink",
    "rm",
    "sed",
    "setpriv",
    "setsid",
    "sleep",
    "stat",
    "tail",
    "tar",
    "tr",
    "redis-server",
    "redis-cli",
];
/// What programs look into, and the shell where they look for it.
const TABLES: &[&str] = &["/bin/sh", "/etc/passwd", "/etc/group", "/etc/nsswitch.conf", "/usr/share/zoneinfo/UTC"];

/// Where its programs are.
pub fn path() -> String {
    format!("{}:/usr/bin:/bin", newest_postgres().join("bin").display())
}

/// Everything that goes into the image.
pub fn files() -> Vec<String> {
    let postgres = newest_postgres();
    let mut programs: Vec<PathBuf> = PROGRAMS.iter().map(|name| found(name)).collect();
    programs.extend(fs::read_dir(postgres.join("bin")).unwrap().map(|entry| entry.unwrap().path()));
    let mut all: Vec<String> = programs.iter().map(|path| path.display().to_string()).collect();
    let plugins = fs::read_dir(postgres.join("lib")).unwrap().map(|entry| entry.unwrap().path());
    programs.extend(plugins.filter(|path| path.extension().is_some_and(|e| e == "so") && !path.ends_with("llvmjit.so")));
    all.extend(libraries(&programs));
    let share = Path::new("/usr/share/postgresql").join(postgres.file_name().unwrap());
    all.push(postgres.join("lib").display().to_string());
    all.extend(["extension", "timezonesets", "tsearch_data"].map(|name| share.join(name).display().to_string()));
    let samples = fs::read_dir(share).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
    all.extend(samples.map(|path| path.display().to_string()));
    all.extend(TABLES.iter().filter(|path| Path::new(path).exists()).map(|path| (*path).to_owned()));
    all.sort();
    all.dedup();
    all
}

/// The shared libraries that these need.
pub fn libraries(of: &[PathBuf]) -> Vec<String> {
    let output = Command::new("ldd").args(of).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let path = |line: &str| line.split_whitespace().find(|word| word.starts_with('/')).map(str::to_owned);
    text.lines().filter(|line| !line.ends_with(':')).filter_map(path).collect()
}

pub fn found(program: &str) -> PathBuf {
    let folders = ["/usr/bin", "/bin", "/usr/sbin"].map(|folder| Path::new(folder).join(program));
    folders.into_iter().find(|path| path.exists()).unwrap_or_else(|| panic!("{program} is not installed"))
}

/// The folder of the newest PostgreSQL, as Debian lays it out.
fn newest_postgres() -> PathBuf {
    let all = fs::read_dir("/usr/lib/postgresql").expect("PostgreSQL as Debian lays it out");
    let mut all: Vec<PathBuf> = all.map(|entry| entry.unwrap().path()).collect();
    all.sort();
    all.pop().unwrap()
}
