//! A real OpenSSH server on loopback, in a folder of its own: with its own keys, for whoever runs the tests, and an `ssh` on
//! [`Sshd::path`] that finds it under the name [`HOST`]. Ends, with all its sessions, when dropped. Include it with
//! `#[path = "support/ssh.rs"] mod ssh;`.
//!
//! Where it is not installed tests say `skipped` and are done.
#![allow(dead_code, reason = "every test binary uses its own part")]
#![allow(clippy::unwrap_used, missing_docs)]

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use midwatch::adapters::process::{Process, all};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// What `ssh` knows it as.
pub const HOST: &str = "db-1";
/// The most time it may take to listen; machines are busy.
const PATIENCE: Duration = Duration::from_secs(60);
/// The most time that `ssh` may take to end with whoever called it.
const SETTLES: Duration = Duration::from_secs(5);
/// It insists on being called by its whole path.
const SSHD: &str = "/usr/sbin/sshd";

pub struct Sshd {
    daemon: Child,
    folder: TempDir,
    port: u16,
}

impl Sshd {
    /// A server whose sessions have this `PATH` in front of theirs, where one is given; none, and said so, where that cannot be.
    pub fn start(path: Option<&Path>) -> Option<Self> {
        if !Path::new(SSHD).exists() {
            eprintln!("skipped: sshd is not installed: apt-get install openssh-server");
            return None;
        }
        if rustix::process::geteuid().is_root() {
            // Where it locks itself in before anybody is known; systemd would make it.
            fs::create_dir_all("/run/sshd").unwrap();
        }
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for key in ["host", "me"] {
            let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(at(key)).status().unwrap();
            assert!(made.success());
        }
        fs::copy(at("me.pub"), at("authorized")).unwrap();
        let port = midwatch::demo::ports::free().unwrap();
        fs::write(at("sshd"), server_config(folder.path(), path)).unwrap();
        client(folder.path(), port);
        let mut server = Self { daemon: daemon(folder.path(), port), folder, port };
        server.wait();
        Some(server)
    }

    /// Ends it and every session: nobody comes in, and who was in is cut off.
    pub fn down(&mut self) {
        // One that stands still begins no more sessions.
        send(self.daemon.id(), Signal::STOP);
        for pid in self.sessions() {
            send(pid, Signal::KILL);
        }
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
    }

    /// Starts it again where it was.
    pub fn up(&mut self) {
        self.daemon = daemon(self.folder.path(), self.port);
        self.wait();
    }

    fn wait(&mut self) {
        until(PATIENCE, || self.answers() || self.daemon.try_wait().unwrap().is_some());
        assert!(self.daemon.try_wait().unwrap().is_none() && self.answers(), "sshd: {}", self.log());
    }

    /// How many there are of `ssh` that come here, and of their sessions, once they have had time to end.
    pub fn left(&self) -> usize {
        let mark = self.folder.path().join("config").display().to_string();
        let is_client = |process: &Process| {
            fs::read_to_string(format!("/proc/{}/cmdline", process.pid)).is_ok_and(|line| line.contains(&mark))
        };
        let count = || all().iter().filter(|seen| is_client(&seen.process)).count() + self.sessions().len();
        until(SETTLES, || count() == 0);
        count()
    }

    /// The key by which it lets in, which `ssh` finds by itself.
    pub fn key(&self) -> PathBuf {
        self.folder.path().join("me")
    }

    /// A `PATH` whose `ssh` knows this server.
    pub fn path(&self) -> String {
        format!("{}:{}", self.folder.path().join("bin").display(), std::env::var("PATH").unwrap())
    }

    /// What it wrote down.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// Stops every session in the middle of whatever it does: connections stay, and nothing comes through.
    pub fn stall(&self) -> usize {
        let sessions = self.sessions();
        for pid in &sessions {
            send(*pid, Signal::STOP);
        }
        sessions.len()
    }

    /// The processes of its sessions, without what runs in them.
    pub fn sessions(&self) -> Vec<u32> {
        let name = |pid: &u32| fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
        let mut found = vec![self.daemon.id()];
        let mut next = 0;
        while let Some(parent) = found.get(next).copied() {
            found.extend(children(parent).into_iter().filter(|pid| name(pid).starts_with("sshd")));
            next += 1;
        }
        found[1..].to_vec()
    }

    fn answers(&self) -> bool {
        let mut ssh = Command::new(self.folder.path().join("bin/ssh"));
        ssh.args(["-o", "ControlMaster=no", HOST, "true"]).stdin(Stdio::null()).stderr(Stdio::null()).status().unwrap().success()
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        self.down();
    }
}

/// Waits for something to come true, for so long at the most.
fn until(within: Duration, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + within;
    while !condition() && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn daemon(folder: &Path, port: u16) -> Child {
    let log = File::options().create(true).append(true).open(folder.join("log")).unwrap();
    let mut daemon = Command::new(SSHD);
    daemon.args(["-D", "-e", "-p", &port.to_string(), "-f"]).arg(folder.join("sshd"));
    daemon.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap()
}

fn server_config(folder: &Path, path: Option<&Path>) -> String {
    let folder = folder.display();
    let path = path.map_or_else(String::new, |path| {
        format!("SetEnv PATH={}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n", path.display())
    });
    format!(
        "ListenAddress 127.0.0.1\nHostKey {folder}/host\nAuthorizedKeysFile {folder}/authorized\nPidFile none\nStrictModes no\n\
         UsePAM no\nPasswordAuthentication no\nPermitRootLogin prohibit-password\nMaxStartups 100\nMaxSessions 100\n{path}"
    )
}

/// `ssh` reads the files of the user's home as the host's list of users names it, whatever `HOME` says: so it is told by `-F`. It is told
/// to leave a line behind for others, as many are: midwatch must not.
fn client(folder: &Path, port: u16) {
    let public = fs::read_to_string(folder.join("host.pub")).unwrap();
    fs::write(folder.join("known"), format!("[127.0.0.1]:{port} {public}")).unwrap();
    let here = folder.display();
    let config = format!(
        "Host {HOST}\n  HostName 127.0.0.1\n  Port {port}\n  IdentityFile {here}/me\n  IdentitiesOnly yes\n  UserKnownHostsFile \
         {here}/known\n  StrictHostKeyChecking yes\n  ControlMaster auto\n  ControlPath {here}/line-%C\n  ControlPersist 600\n"
    );
    fs::write(folder.join("config"), config).unwrap();
    let real: PathBuf =
        std::env::split_paths(&std::env::var_os("PATH").unwrap()).map(|p| p.join("ssh")).find(|p| p.exists()).unwrap();
    let wrapper = folder.join("bin/ssh");
    fs::create_dir(folder.join("bin")).unwrap();
    fs::write(&wrapper, format!("#!/bin/sh\nexec {} -F {here}/config \"$@\"\n", real.display())).unwrap();
    fs::set_permissions(&wrapper, fs::Permissions::from_mode(0o755)).unwrap();
}

fn children(parent: u32) -> Vec<u32> {
    let text = fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).unwrap_or_default();
    text.split_whitespace().map(|pid| pid.parse().unwrap()).collect()
}

fn send(pid: u32, signal: Signal) {
    if let Some(pid) = Pid::from_raw(pid.cast_signed()) {
        let _ = kill_process(pid, signal);
    }
}
