//! What the kernel says of processes, and a plain HTTP request.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// A living process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    pub pid: u32,
    pub parent: u32,
    name: String,
    state: String,
    session: u32,
    start: String,
}

impl Process {
    pub fn of(pid: u32) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let (head, rest) = stat.rsplit_once(')')?;
        let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
        let living = !matches!(fields[0], "Z" | "X");
        living.then(|| Self {
            pid,
            parent: fields[1].parse().unwrap(),
            name: head.split_once('(').unwrap().1.to_owned(),
            state: fields[0].to_owned(),
            session: fields[3].parse().unwrap(),
            start: fields[19].to_owned(),
        })
    }

    pub fn alive(&self) -> bool {
        Self::of(self.pid).is_some_and(|now| now.start == self.start)
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn stopped(&self) -> bool {
        Self::of(self.pid).is_some_and(|now| now.state == "T")
    }

    pub fn folder(&self) -> Option<PathBuf> {
        fs::read_link(format!("/proc/{}/cwd", self.pid)).ok()
    }

    pub fn uid(&self) -> Option<u32> {
        fs::metadata(format!("/proc/{}", self.pid)).ok().map(|meta| meta.uid())
    }

    pub fn arguments(&self) -> String {
        String::from_utf8_lossy(&fs::read(format!("/proc/{}/cmdline", self.pid)).unwrap_or_default()).into_owned()
    }

    pub fn signal(&self, name: &str) {
        if self.alive() {
            let _ = Command::new("kill").args([format!("-{name}"), self.pid.to_string()]).status();
        }
    }
}

pub fn all() -> Vec<Process> {
    let pids = fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter_map(Process::of).collect()
}

/// All processes of a session.
pub fn members(session: u32) -> Vec<Process> {
    all().into_iter().filter(|process| process.session == session).collect()
}

pub fn named(name: &str) -> Vec<Process> {
    all().into_iter().filter(|process| process.name == name).collect()
}

/// Sends all of them a signal.
pub fn signal<'a>(processes: impl IntoIterator<Item = &'a Process>, name: &str) {
    for process in processes {
        process.signal(name);
    }
}

/// All processes that work in a folder.
pub fn in_folder(folder: &Path) -> Vec<Process> {
    all().into_iter().filter(|process| process.folder().as_deref() == Some(folder)).collect()
}

/// Waits for something to come true.
pub fn until(what: &str, within: Duration, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + within;
    while !condition() {
        assert!(Instant::now() < deadline, "waited in vain: {what}");
        sleep(Duration::from_millis(100));
    }
}

/// Asks an HTTP server for a page: status and body.
pub fn get(url: &str) -> Option<(u16, String)> {
    let (host, path) = url.strip_prefix("http://")?.split_once('/')?;
    let mut stream = TcpStream::connect(host).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    write!(stream, "GET /{path} HTTP/1.0\r\nHost: {host}\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    Some((head.split(' ').nth(1)?.parse().ok()?, body.to_owned()))
}
