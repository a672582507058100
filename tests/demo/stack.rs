//! A demo started by the real program, in a place where everything it leaves behind can be seen.

use std::fs::{self, Permissions};
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use tempfile::TempDir;

use crate::host::{self, Process, get, until};
use crate::schema::wrong;

/// A folder for temporary files and sockets that should be empty in the end.
pub struct Place {
    folder: TempDir,
    _alone: Option<MutexGuard<'static, ()>>,
}

/// Without nextest all tests run in one process, and would all start their stacks at once.
static ALONE: Mutex<()> = Mutex::new(());

impl Place {
    pub fn new() -> Self {
        Self::with(Some(ALONE.lock().unwrap_or_else(PoisonError::into_inner)))
    }

    /// One more for a test that has a place already.
    pub fn beside() -> Self {
        Self::with(None)
    }

    fn with(alone: Option<MutexGuard<'static, ()>>) -> Self {
        // A short path: sockets lie in it. Open to the user that PostgreSQL runs as.
        let folder = tempfile::Builder::new().prefix("mw-test-").tempdir_in("/tmp").unwrap();
        fs::set_permissions(folder.path(), Permissions::from_mode(0o777)).unwrap();
        Self { folder, _alone: alone }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A call of the program.
    pub fn midwatch(&self, arguments: &[&str]) -> Command {
        self.call(Path::new(env!("CARGO_BIN_EXE_midwatch")), arguments)
    }

    fn call(&self, program: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(arguments).env("TMPDIR", self.path()).env("XDG_RUNTIME_DIR", self.path());
        command
    }

    /// Starts a demo and waits until it says that it is ready.
    pub fn start(&self, options: &[&str]) -> Stack<'_> {
        self.ready(self.midwatch(&[&["demo", "--headless"], options].concat()))
    }

    /// The same as a user who may do nothing.
    pub fn start_as_nobody(&self, program: &Path) -> Stack<'_> {
        let mut command = self.call(program, &["demo", "--headless"]);
        command.uid(65534).gid(65534);
        self.ready(command)
    }

    fn ready(&self, mut command: Command) -> Stack<'_> {
        let mut console = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let mut out = BufReader::new(console.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        let endpoints = serde_json::from_str(&line).expect("the endpoints, once all is ready");
        fits("demo-endpoints", &endpoints);
        Stack { place: self, console, out, line, endpoints }
    }

    /// Whether a process works somewhere in here.
    pub fn holds(&self, process: &Process) -> bool {
        process.folder().is_some_and(|folder| folder.starts_with(self.path()))
    }

    /// The names of the demos that are up.
    pub fn names(&self) -> Vec<String> {
        self.list().iter().map(|status| status["name"].as_str().unwrap().to_owned()).collect()
    }

    fn list(&self) -> Vec<Value> {
        let listed = self.midwatch(&["demo", "list", "--json"]).output().unwrap();
        let listed = String::from_utf8(listed.stdout).unwrap();
        let all: Vec<Value> = listed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        for status in &all {
            fits("demo", status);
        }
        all
    }

    pub fn assert_empty(&self) {
        let left: Vec<PathBuf> = fs::read_dir(self.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert!(left.is_empty(), "left behind: {left:?}");
    }
}

/// What a command has printed is as its schema says.
pub fn fits(schema: &str, value: &Value) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/schemas").join(format!("{schema}.json"));
    let schema: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    assert_eq!(wrong(&schema, value), Vec::<String>::new());
}

/// A demo, and the program that holds it up.
pub struct Stack<'a> {
    place: &'a Place,
    console: Child,
    out: BufReader<ChildStdout>,
    line: String,
    pub endpoints: Value,
}

impl Drop for Place {
    /// A demo whose every process was killed leaves its small disk to whoever sweeps next: nobody does here.
    fn drop(&mut self) {
        let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
        let at = mounts.lines().filter_map(|mount| mount.split(' ').nth(1));
        for mount in at.filter(|at| Path::new(at).starts_with(self.path())) {
            let _ = Command::new("umount").arg(mount).status();
        }
    }
}

impl Drop for Stack<'_> {
    /// A test that failed leaves nothing either.
    fn drop(&mut self) {
        if let Some(process) = Process::of(self.console.id()) {
            process.signal("TERM");
        }
        let _ = self.console.wait();
    }
}

impl Stack<'_> {
    /// A text in the endpoints.
    pub fn text(&self, pointer: &str) -> &str {
        self.endpoints.pointer(pointer).and_then(Value::as_str).unwrap()
    }

    pub fn dir(&self) -> PathBuf {
        PathBuf::from(self.text("/dir"))
    }

    /// What the supervisor says.
    pub fn status(&self) -> Value {
        self.place.list().into_iter().find(|status| status["name"] == self.endpoints["name"]).unwrap_or_default()
    }

    pub fn process(&self, name: &str) -> Value {
        let status = self.status();
        status["processes"].as_array().unwrap().iter().find(|process| process["name"] == name).unwrap().clone()
    }

    pub fn fault(&self, what: &str) -> Value {
        let status = self.status();
        let faults = status["faults"].as_array().cloned().unwrap_or_default();
        faults.into_iter().find(|fault| fault["what"] == what).unwrap_or_default()
    }

    /// Breaks something; false when that was refused.
    pub fn breaks(&self, what: &str, seconds: u64) -> bool {
        let seconds = seconds.to_string();
        let broken =
            self.place.midwatch(&["demo", "break", what, self.text("/name"), "--for", &seconds, "--json"]).output().unwrap();
        if broken.status.success() {
            fits("demo-fault", &serde_json::from_slice(&broken.stdout).unwrap());
        }
        broken.status.success()
    }

    /// The one value of a query; none when there is none.
    pub fn query(&self, query: &str) -> Option<f64> {
        let escaped = query.bytes().fold(String::new(), |text, byte| text + &format!("%{byte:02x}"));
        let (_, answer) = get(&format!("{}/api/v1/query?query={escaped}", self.text("/prometheus")))?;
        let answer: Value = serde_json::from_str(&answer).ok()?;
        answer["data"]["result"][0]["value"][1].as_str()?.parse().ok()
    }

    /// Asks the Redis primary something.
    pub fn redis(&self, words: &[&str]) {
        self.redis_at("primary", words);
    }

    /// Asks one of them, called as it was at first: `primary`, `replica`.
    pub fn redis_at(&self, which: &str, words: &[&str]) -> String {
        let password = fs::read_to_string(self.dir().join("secrets/redis")).unwrap();
        let address = self.text(&format!("/redis/{which}/address"));
        let port = address.rsplit(':').next().unwrap();
        let mut cli = Command::new("redis-cli");
        let answer = cli.args(["-p", port]).env("REDISCLI_AUTH", password).args(words).output().unwrap();
        assert!(answer.status.success(), "{answer:?}");
        String::from_utf8(answer.stdout).unwrap().trim().to_owned()
    }

    /// What must not be there when it has ended.
    pub fn traces(&self) -> Traces {
        let pid = self.status()["supervisor"].as_u64().unwrap() as u32;
        let memory = |name: &str| {
            let file = fs::read_to_string(self.dir().join(name).join("data/postmaster.pid")).unwrap();
            file.lines().nth(6).unwrap().split_ascii_whitespace().nth(1).unwrap().to_owned()
        };
        let segments = ["primary", "standby"].map(memory).into();
        Traces { supervisor: Process::of(pid).unwrap(), dir: self.dir(), segments }
    }

    /// Ends it as systemd would; answers with all that was printed.
    pub fn end_by_signal(mut self) -> String {
        Process::of(self.console.id()).unwrap().signal("TERM");
        assert!(self.console.wait().unwrap().success());
        let mut printed = self.line.clone();
        self.out.read_to_string(&mut printed).unwrap();
        printed
    }

    /// Another program has ended it: then this one ends by itself, in order.
    pub fn has_ended(mut self) {
        assert!(self.console.wait().unwrap().success());
    }

    /// Kills the program that holds it up.
    pub fn kill_console(&mut self) {
        self.console.kill().unwrap();
        self.console.wait().unwrap();
    }
}

/// What a demo would leave.
pub struct Traces {
    pub supervisor: Process,
    dir: PathBuf,
    /// The ids of the shared memory of both PostgreSQL servers; a process's number may have been another's before.
    segments: Vec<String>,
}

impl Traces {
    fn left(&self) -> Vec<Process> {
        let ours = |process: &Process| process.arguments().contains(&*self.dir.to_string_lossy());
        let mut left = host::members(self.supervisor.pid);
        left.extend(
            host::all()
                .into_iter()
                .filter(|process| ours(process) || process.folder().is_some_and(|folder| folder.starts_with(&self.dir))),
        );
        left
    }

    pub fn gone(&self) -> bool {
        self.left().is_empty() && !self.dir.exists()
    }

    pub fn assert_gone(&self) {
        let left = self.left();
        assert!(left.is_empty(), "still running: {left:?}");
        assert!(!self.dir.exists(), "{} is left", self.dir.display());
        assert_eq!(self.memory(), Vec::<String>::new(), "shared memory is left");
    }

    /// Segments of System V shared memory that its servers made.
    fn memory(&self) -> Vec<String> {
        let segments = fs::read_to_string("/proc/sysvipc/shm").unwrap();
        let id = |line: &str| line.split_ascii_whitespace().nth(1).map(str::to_owned);
        let ours = |line: &&str| id(line).is_some_and(|id| self.segments.contains(&id));
        segments.lines().filter(ours).map(str::to_owned).collect()
    }

    /// That its servers have shared memory at all: else its absence proves nothing.
    pub fn assert_memory(&self) {
        assert_eq!(self.memory().len(), 2);
    }

    /// Ends what is left by force, where a test has killed those who would.
    pub fn kill_all(&self) {
        until("all has ended", std::time::Duration::from_secs(60), || {
            self.left().iter().for_each(|process| process.signal("KILL"));
            self.left().is_empty()
        });
    }
}
