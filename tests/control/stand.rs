//! Services that are real processes: small scripts with children, that write PID files and logs as daemons do.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use midwatch::adapters::control::open;
use midwatch::adapters::process::{self, Process};
use midwatch::adapters::tools::surroundings::Surroundings;
use midwatch::domain::control::{ControlSpec, Phase, ProcessSpec, StopSignal, Way};
use midwatch::ports::control::Control;
use rustix::process::{Pid, Signal, getpgid, kill_process_group};
use tempfile::TempDir;

/// Ends at once, with its child.
pub const GOOD: &str = "sleep 1000 & child=$!; trap 'kill $child; exit 0' TERM; echo ready; while :; do sleep 0.05; done";
/// Does not hear `TERM`.
pub const DEAF: &str = "trap '' TERM; echo ready; while :; do sleep 0.05; done";
/// Ends, and leaves its child behind.
pub const CARELESS: &str = "sleep 1000 & trap 'exit 0' TERM; echo ready; while :; do sleep 0.05; done";

/// Begins other programs all the time.
pub const BUSY: &str = "echo ready; while :; do /bin/true; done";

/// A folder with a service. Whatever runs of it is killed when this is dropped.
pub struct Stand {
    pub folder: TempDir,
    pub around: Surroundings,
    pub ssh: Option<String>,
}

impl Stand {
    /// Of a script; it is started as daemons are, by a program that returns.
    pub fn of(script: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("service"), format!("echo $$ >\"$1\"\n{script}\n")).unwrap();
        fs::write(folder.path().join("start"), "sh \"$1/service\" \"$1/$2.pid\" &\n").unwrap();
        Self { folder, around: Surroundings::inherited(), ssh: None }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Its control: `app`, or `app-{n}`.
    pub fn control(&self, name: &str, grace: Duration) -> Arc<dyn Control> {
        let here = self.folder.path().display().to_string();
        let process = ProcessSpec {
            pid_file: self.path(&format!("{name}.pid")),
            start: ["sh".to_owned(), format!("{here}/start"), here, name.to_owned()].to_vec(),
            env: Vec::new(),
            signal: StopSignal::Term,
            log: Some(self.path(&format!("{name}.log"))),
            seen: Vec::new(),
        };
        open(&ControlSpec { way: Way::Process(process), ssh: self.ssh.clone(), grace }, &self.around).unwrap()
    }

    /// Writes the configuration of an environment `e` with this service, `app`, that answers as long as its process lives, and a
    /// ledger of its own.
    pub fn configure(&self) {
        let (port, here) = (self.answers(), self.folder.path().display());
        let config = format!(
            "state = \"state\"\nscratch = \"scratch\"\n[environments.e]\nguard = \"open\"\n[environments.e.services.app]\n\
             kind = \"http\"\nreach = {{ tcp = \"127.0.0.1:{port}\" }}\n\
             control = {{ process = \"app.pid\", start = [\"/bin/sh\", \"{here}/start\", \"{here}\", \"app\"], log = \"app.log\" }}\n"
        );
        fs::write(self.path("midwatch.toml"), config).unwrap();
    }

    /// What answers for the service: the port that is probed.
    fn answers(&self) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let pid_file = self.path("app.pid");
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { continue };
                let pid = fs::read_to_string(&pid_file).unwrap_or_default();
                if std::path::Path::new(&format!("/proc/{}/stat", pid.trim())).exists() {
                    let _ = stream.read(&mut [0; 1024]);
                    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
                }
            }
        });
        port
    }

    /// The process of a PID file.
    pub fn process(&self, name: &str) -> Option<Process> {
        Process::of(fs::read_to_string(self.path(&format!("{name}.pid"))).ok()?.trim().parse().ok()?)
    }
}

impl Drop for Stand {
    fn drop(&mut self) {
        let mark = self.folder.path().display().to_string();
        let ours = |process: &Process| {
            fs::read_to_string(format!("/proc/{}/cmdline", process.pid)).is_ok_and(|line| line.contains(&mark))
        };
        let sessions: Vec<u32> = process::all().iter().filter(|seen| ours(&seen.process)).map(|seen| seen.session).collect();
        for seen in process::all().into_iter().filter(|seen| sessions.contains(&seen.session) && seen.session != mine()) {
            let _ = seen.process.signal(Signal::KILL);
        }
    }
}

fn mine() -> u32 {
    Process::myself().unwrap().look().unwrap().session
}

/// Stops a [`BUSY`] service at the moment when its main process cannot hold still: it waits (`vfork`) for one that it has just begun, and
/// that is stopped. So it may be left by whoever is killed while it pauses.
pub fn pause_by_half(main: Process) {
    let group = getpgid(Pid::from_raw(main.pid.cast_signed())).unwrap();
    let waits =
        || process::all().iter().any(|seen| seen.parent == main.pid && seen.stopped()) && main.look().unwrap().state == 'D';
    eventually("it waits for one that was stopped", || {
        kill_process_group(group, Signal::CONT).unwrap();
        kill_process_group(group, Signal::STOP).unwrap();
        waits()
    });
}

/// The names and phases of all its instances.
pub async fn phases(control: &dyn Control) -> Vec<(String, Phase)> {
    control.condition().await.unwrap().instances.into_iter().map(|one| (one.name, one.phase)).collect()
}

pub fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Waits for a condition, and says what it waited for if that never comes.
pub fn eventually(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + secs(60);
    while !done() {
        assert!(Instant::now() < deadline, "{what}: it did not come");
        std::thread::sleep(Duration::from_millis(20));
    }
}
