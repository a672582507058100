//! Real servers for tests, on free ports of this host, in folders of their own. Each ends, and takes its folder along, when
//! dropped. Include it with `#[path = "support/servers.rs"] mod servers;`.
//!
//! Works as root (PostgreSQL runs as the user `postgres`) and as any user. A program that is not installed is named.
#![allow(dead_code, unused_imports, reason = "every test binary uses its own part")]
#![allow(clippy::unwrap_used, missing_docs)]

use std::fs::{self, File};
use std::io::Read as _;
use std::net::TcpStream;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, getuid, kill_process};
use tempfile::TempDir;

#[path = "monitors.rs"]
mod monitors;

pub use monitors::{Alertmanager, Prometheus};

/// The most time a server may take to start; machines are busy.
const START: Duration = Duration::from_secs(120);
/// Every password.
pub const PASSWORD: &str = "hunter2";

/// A port that nobody listens on now.
pub fn free_port() -> u16 {
    midwatch::demo::ports::free().unwrap()
}

/// Waits until `done`, and says what it waited for if that never comes.
pub fn eventually(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + START;
    while !done() {
        assert!(Instant::now() < deadline, "{what}: not within {START:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// One process, which ends when this is dropped. Its output is in `log` in its folder.
pub struct Process {
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts it, with its output in `folder`.
    pub fn spawn(mut command: Command, folder: &Path) -> Self {
        let log = folder.join("log");
        let file = File::create(&log).unwrap();
        let program = command.get_program().to_owned();
        command.stdin(Stdio::null()).stdout(file.try_clone().unwrap()).stderr(file);
        let child = command.spawn().unwrap_or_else(|e| panic!("{}: {e}: is it installed?", program.display()));
        Self { child, log }
    }

    /// Its output so far.
    pub fn log(&self) -> String {
        let mut text = String::new();
        drop(File::open(&self.log).and_then(|mut f| f.read_to_string(&mut text)));
        text
    }

    pub fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Stops it and its children in their tracks.
    pub fn pause(&self) {
        self.signal_all(Signal::STOP);
    }

    /// Lets it and its children go on.
    pub fn resume(&self) {
        self.signal_all(Signal::CONT);
    }

    /// Ends it at once.
    pub fn kill(&mut self) {
        self.resume();
        self.signal_all(Signal::KILL);
        drop(self.child.wait());
    }

    fn signal_all(&self, signal: Signal) {
        // The parent first, so that it starts no more children meanwhile.
        _ = kill_process(self.pid(), signal);
        for child in descendants(self.pid()) {
            _ = kill_process(child, signal);
        }
    }

    /// Waits until somebody listens on `port`, or shows the log if it ends before.
    pub fn listening(&mut self, port: u16) {
        let log = self.log.clone();
        eventually(&format!("port {port}"), || {
            assert!(self.child.try_wait().unwrap().is_none(), "it ended: {}", fs::read_to_string(&log).unwrap_or_default());
            TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Children and their children, from `/proc`.
fn descendants(of: Pid) -> Vec<Pid> {
    let stat = |entry: fs::DirEntry| {
        let text = fs::read_to_string(entry.path().join("stat")).ok()?;
        let parent = text.rsplit(')').next()?.split_whitespace().nth(1)?.parse().ok()?;
        Some((Pid::from_raw(entry.file_name().to_str()?.parse().ok()?)?, Pid::from_raw(parent)?))
    };
    let all: Vec<(Pid, Pid)> = fs::read_dir("/proc").unwrap().filter_map(|e| stat(e.ok()?)).collect();
    let mut found = vec![of];
    let mut next = 0;
    while next < found.len() {
        let parent = found[next];
        found.extend(all.iter().filter(|(_, p)| *p == parent).map(|(pid, _)| *pid));
        next += 1;
    }
    found.split_off(1)
}

/// A PostgreSQL, listening on loopback (passwords) and on a socket (trust).
pub struct Postgres {
    pub process: Process,
    pub port: u16,
    pub folder: TempDir,
}

impl Postgres {
    /// A fresh primary with a superuser `postgres` and [`PASSWORD`].
    pub fn primary() -> Self {
        let folder = pg_folder();
        let pwfile = folder.path().join("password");
        fs::write(&pwfile, PASSWORD).unwrap();
        fs::set_permissions(&pwfile, fs::Permissions::from_mode(0o644)).unwrap();
        let mut initdb = pg("initdb");
        initdb.args(["-N", "--auth-local=trust", "--auth-host=scram-sha-256", "-U", "postgres", "--locale=C"]);
        initdb.arg(format!("--pwfile={}", pwfile.display())).arg("-D").arg(folder.path().join("data"));
        succeed(initdb);
        Self::start(folder, &[])
    }

    /// A streaming standby of this one.
    pub fn standby(&self) -> Self {
        let folder = pg_folder();
        let mut copy = pg("pg_basebackup");
        copy.args(["-U", "postgres", "-R", "-X", "stream", "--checkpoint=fast", "-p", &self.port.to_string()]);
        copy.arg("-h").arg(self.folder.path()).arg("-D").arg(folder.path().join("data"));
        succeed(copy);
        Self::start(folder, &[])
    }

    /// Ends it, and starts it again in its folder with more settings (`name=value`).
    pub fn restarted(mut self, settings: &[&str]) -> Self {
        self.process.kill();
        drop(fs::remove_file(self.folder.path().join("data/postmaster.pid")));
        let folder = std::mem::replace(&mut self.folder, tempfile::tempdir().unwrap());
        Self::start(folder, settings)
    }

    fn start(folder: TempDir, settings: &[&str]) -> Self {
        let port = free_port();
        let mut server = pg("postgres");
        server.arg("-D").arg(folder.path().join("data")).args(["-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"]);
        server.arg("-c").arg(format!("unix_socket_directories={}", folder.path().display())).args(["-p", &port.to_string()]);
        for setting in settings {
            server.args(["-c", setting]);
        }
        let mut process = Process::spawn(server, folder.path());
        process.listening(port);
        let started = Self { process, port, folder };
        eventually("a PostgreSQL that answers", || started.psql("SELECT 1").is_some());
        started
    }

    /// The socket that needs no password.
    pub fn socket(&self) -> PathBuf {
        self.folder.path().join(format!(".s.PGSQL.{}", self.port))
    }

    /// Runs SQL as the superuser; none when that fails.
    pub fn psql(&self, sql: &str) -> Option<String> {
        self.psql_in("postgres", sql)
    }

    /// The same in another database.
    pub fn psql_in(&self, database: &str, sql: &str) -> Option<String> {
        psql_at(self.folder.path(), self.port, database, sql)
    }

    /// An empty folder beside its own, which a server may use.
    pub fn make_folder(&self, name: &str) -> PathBuf {
        let folder = self.folder.path().join(name);
        fs::create_dir(&folder).unwrap();
        give(&folder);
        folder
    }

    /// A server on a copy of a data directory, which was unpacked in `data`.
    pub fn start_copy(data: PathBuf) -> Self {
        let folder = pg_folder();
        for entry in fs::read_dir(&data).unwrap() {
            give_all(&entry.unwrap().path());
        }
        give(&data);
        fs::rename(data, folder.path().join("data")).unwrap();
        Self::start(folder, &[])
    }
}

/// Runs SQL as the superuser of the server with that socket.
pub fn psql_at(folder: &Path, port: u16, database: &str, sql: &str) -> Option<String> {
    let mut psql = pg("psql");
    psql.args(["-XAtq", "-U", "postgres", "-d", database, "-p", &port.to_string(), "-c", sql]).arg("-h").arg(folder);
    let output = psql.output().unwrap();
    output.status.success().then(|| String::from_utf8(output.stdout).unwrap().trim().to_owned())
}

/// Gives a path to the user that PostgreSQL runs as.
fn give(path: &Path) {
    if let Some((uid, gid)) = pg_user() {
        chown(path, Some(uid), Some(gid)).unwrap();
    }
}

fn give_all(path: &Path) {
    give(path);
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            give_all(&entry.unwrap().path());
        }
    }
}

/// Readable by the user that PostgreSQL runs as, who owns it.
fn pg_folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    if let Some((uid, gid)) = pg_user() {
        chown(folder.path(), Some(uid), Some(gid)).unwrap();
    }
    folder
}

/// The user `postgres` where we are root: PostgreSQL refuses to run as that.
fn pg_user() -> Option<(u32, u32)> {
    if !getuid().is_root() {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").unwrap();
    let line =
        users.lines().find(|l| l.starts_with("postgres:")).expect("there is no user `postgres`: apt-get install postgresql");
    let mut ids = line.split(':').skip(2).map(|id| id.parse().unwrap());
    Some((ids.next().unwrap(), ids.next().unwrap()))
}

/// Where one of PostgreSQL's programs is, of the newest version installed.
pub fn program(program: &str) -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql")
        .map(|all| all.filter_map(|e| Some(e.ok()?.path().join("bin").join(program))).collect());
    let mut installed: Vec<PathBuf> = versions.unwrap_or_default();
    installed.retain(|path| path.exists());
    installed.sort();
    installed.pop().unwrap_or_else(|| program.into())
}

/// One of PostgreSQL's programs, as the user it runs as.
pub fn pg(name: &str) -> Command {
    let mut command = Command::new(program(name));
    command.current_dir("/").env_remove("PGPASSWORD").env_remove("PGHOST");
    if let Some((uid, gid)) = pg_user() {
        command.uid(uid).gid(gid);
    }
    command
}

fn succeed(mut command: Command) {
    let program = command.get_program().to_owned();
    let output = command.stdin(Stdio::null()).output().unwrap_or_else(|e| panic!("{}: {e}", program.display()));
    assert!(output.status.success(), "{}: {}", program.display(), String::from_utf8_lossy(&output.stderr));
}

/// A Redis with [`PASSWORD`].
pub struct Redis {
    pub process: Process,
    pub port: u16,
    pub folder: TempDir,
}

impl Redis {
    /// A fresh one, with more options (`--maxmemory`, `1mb`...).
    pub fn start(options: &[&str]) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), options)
    }

    pub fn start_in(folder: TempDir, options: &[&str]) -> Self {
        let port = free_port();
        let mut server = Command::new("redis-server");
        server.args(["--bind", "127.0.0.1", "--save", "", "--requirepass", PASSWORD, "--masterauth", PASSWORD]);
        server.args(["--port", &port.to_string()]).arg("--dir").arg(folder.path()).args(options);
        let mut process = Process::spawn(server, folder.path());
        process.listening(port);
        Self { process, port, folder }
    }

    /// Runs one command over and over, until what this returns is dropped.
    pub fn keep_asking(&self, words: &[&str]) -> Process {
        let folder = tempfile::tempdir().unwrap();
        let mut cli = Command::new("redis-cli");
        cli.args(["-p", &self.port.to_string(), "-r", "-1"]).env("REDISCLI_AUTH", PASSWORD).args(words);
        Process::spawn(cli, folder.path())
    }

    /// Runs one command, and returns what it printed.
    pub fn cli(&self, words: &[&str]) -> String {
        let mut cli = Command::new("redis-cli");
        let output = cli.args(["-p", &self.port.to_string()]).env("REDISCLI_AUTH", PASSWORD).args(words).output().unwrap();
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }
}
