//! The demo as a person sees it: every screen with real data, and what is left when consoles are killed or quit. Each test starts one stack.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use serde_json::Value;
use tempfile::TempDir;

use crate::host::{self, Process, until};
use crate::pty::{DOWN, ENTER, ESC, LARGE, SMALL, SOON, TAB, Terminal, midwatch};
use crate::{drills, strict, tabs};

/// Folders of a person who runs demos, to be seen empty in the end.
pub struct Person {
    home: TempDir,
    runtime: TempDir,
}

impl Person {
    fn new() -> Self {
        let runtime = tempfile::Builder::new().prefix("mw-test-").tempdir_in("/tmp").unwrap();
        fs::set_permissions(runtime.path(), Permissions::from_mode(0o777)).unwrap();
        Self { home: tempfile::tempdir().unwrap(), runtime }
    }

    fn open(&self, size: (u16, u16), arguments: &[&str]) -> Terminal {
        let mut command = midwatch(self.home.path(), arguments);
        for name in ["TMPDIR", "XDG_RUNTIME_DIR"] {
            command.env(name, self.runtime.path());
        }
        Terminal::run(command, size)
    }

    /// What the supervisor of the only demo says; nothing when none is up.
    fn status(&self) -> Value {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_midwatch"));
        command.args(["demo", "list", "--json"]);
        command.env("TMPDIR", self.runtime.path()).env("XDG_RUNTIME_DIR", self.runtime.path());
        serde_json::from_slice(&command.output().unwrap().stdout).unwrap_or_default()
    }

    fn traces(&self) -> Traces {
        let status = self.status();
        let supervisor = Process::of(status["supervisor"].as_u64().unwrap() as u32).unwrap();
        Traces { supervisor, dir: status["dir"].as_str().unwrap().into() }
    }

    pub fn server(&self, name: &str) -> Process {
        let status = self.status();
        let server = status["processes"].as_array().unwrap().iter().find(|process| process["name"] == name).unwrap();
        Process::of(server["pid"].as_u64().unwrap() as u32).unwrap()
    }

    fn assert_nothing_left(&self) {
        let left: Vec<PathBuf> = fs::read_dir(self.runtime.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert!(left.is_empty(), "left behind: {left:?}");
    }
}

/// What a demo would leave.
pub struct Traces {
    supervisor: Process,
    pub dir: PathBuf,
}

impl Traces {
    /// The processes of the program that have this word and the demo's state in their command line.
    pub fn midwatches(&self, word: &str) -> Vec<Process> {
        let state = self.dir.join("state");
        let is_one = |arguments: &str| arguments.contains(word) && arguments.contains(&*state.to_string_lossy());
        host::all().into_iter().filter(|process| is_one(&process.arguments())).collect()
    }

    fn assert_gone(&self) {
        let here = |process: &Process| process.folder().is_some_and(|folder| folder.starts_with(&self.dir));
        let left: Vec<_> = host::members(self.supervisor.pid).into_iter().chain(host::all().into_iter().filter(here)).collect();
        assert!(left.is_empty() && !self.dir.exists(), "left behind: {left:?}, {}", self.dir.display());
    }
}

#[test]
fn the_night_in_the_demo() {
    let person = Person::new();
    let mut console = person.open(SMALL, &["demo"]);
    console.see("Services, probed directly");
    let traces = person.traces();

    walk(&mut console);
    one_dashboard(&mut console);
    console.resize(LARGE);
    walk(&mut console);

    drills::one_that_is_begun_here(&mut console);
    let (postgres, prometheus) = (host::in_folder(&traces.dir.join("primary/data")), person.server("prometheus"));
    host::signal(&postgres, "STOP");
    console.press("3");
    console.see_line(&["PostgresDown", "firing"]);
    prometheus.signal("STOP");
    what_left_is_lost_sight_of(&mut console);
    host::signal(&postgres, "CONT");
    direct_probes_go_on(&mut console);
    prometheus.signal("CONT");
    all_heals(&mut console);

    console.press("q");
    assert_eq!(console.end(), 0);
    assert_eq!(strict::foreign(&without_rings(&without_copies(&console.raw()))), Vec::<String>::new());
    traces.assert_gone();
    person.assert_nothing_left();
}

#[test]
fn a_killed_console_leaves_the_demo_up_and_stop_leaves_nothing() {
    let person = Person::new();
    let mut console = person.open(SMALL, &["demo"]);
    console.see("Services, probed directly");
    let traces = person.traces();
    console.kill();

    until("it is held by nobody", SOON, || person.status()["holders"] == 0);
    let mut attached = person.open(SMALL, &["demo", "attach"]);
    attached.see_line(&["up", "postgres"]);
    drills::rule_19_an_open_console_ends_what_one_has_left(&mut attached, &person, &traces);
    attached.press("q");
    assert_eq!(attached.end(), 0);
    assert_eq!(person.status()["name"], "demo");

    let mut stopping = person.open(SMALL, &["demo", "stop"]);
    assert_eq!(stopping.end(), 0);
    stopping.hear("nothing of it is left");
    traces.assert_gone();
    person.assert_nothing_left();
}

#[test]
fn rule_05_backups_and_a_proof_go_on_when_their_terminal_is_killed() {
    let person = Person::new();
    let mut console = person.open(SMALL, &["demo"]);
    console.see_line(&["postgres", "RPO", "never proved"]);
    let traces = person.traces();

    console.press("6");
    console.see_line(&["postgres", "never proved"]);
    console.press("b");
    console.see("logical");
    console.press(ENTER);
    confirm(&mut console, "Plan: backup postgres");
    console.press("6");
    console.press("j");
    console.press("b");
    confirm(&mut console, "Plan: backup redis");
    console.see_line(&["done", "backup redis"]);
    console.press("6");
    console.see_line(&["checksum only", "rdb"]);
    console.see_line(&["local", "2 backups"]);
    console.press(":");
    console.press("verify --all");
    console.press(ENTER);
    confirm(&mut console, "Plan: verify --all");
    console.press("6");
    console.press("k");
    console.press("b");
    console.see("logical");
    console.press(ENTER);
    confirm(&mut console, "Plan: backup postgres");
    console.kill();
    until("the jobs to end without their console", SOON, || traces.midwatches("worker").is_empty());

    let mut again = person.open(SMALL, &["demo", "attach"]);
    again.see("While you were away");
    again.see_line(&["done", "backup postgres"]);
    again.see_line(&["done", "verify --all"]);
    again.press(ESC);
    again.see_no("While you were away");
    again.press("5");
    // What a key opens must be there before the key comes.
    again.see("Jobs 4");
    again.see_line(&["done", "backup postgres"]);
    again.press(ENTER);
    again.see("the job has ended: done");
    again.press("6");
    again.see_line(&["postgres", "RPO ✔"]);
    again.see_line(&["redis", "RPO ✔"]);
    again.press("1");
    again.see_no("never proved");
    again.press("q");
    assert_eq!(again.end(), 0);

    let mut stopping = person.open(SMALL, &["demo", "stop"]);
    assert_eq!(stopping.end(), 0);
    traces.assert_gone();
    person.assert_nothing_left();
}

fn confirm(console: &mut Terminal, title: &str) {
    console.see(title);
    console.see("Enter to start it");
    console.press(ENTER);
    console.see("Steps");
}

/// Every screen, and what can be opened on it.
fn walk(console: &mut Terminal) {
    overview(console);
    dashboards(console);
    alerts(console);
    everywhere(console);
}

fn overview(console: &mut Terminal) {
    console.press("1");
    for service in ["postgres", "standby", "redis", "redis-replica"] {
        console.see_line(&["up", service]);
    }
    console.see_line(&["traffic", "req/s"]);
    console.see("latency p95");
    console.see("watchdog");
    console.see("prometheus <");
    console.press(TAB);
    console.press(DOWN);
    console.press("y");
    console.see("copied: ");
    console.press(TAB);
    console.see("Changed in the last hour");
    console.see("started: ");
    console.press(TAB);
}

fn dashboards(console: &mut Terminal) {
    console.press("2");
    console.see("Dashboards 4");
    for (title, panel) in
        [("Application", "Instances down"), ("Cache", "Memory used"), ("Database", "Standby behind"), ("Host", "Fullest disk")]
    {
        console.press("/");
        console.press(title);
        console.see("Dashboards 1");
        console.press(ENTER);
        console.press(ENTER);
        console.see(panel);
        console.see_no("loading");
        console.see_no("No data");
        console.press(ESC);
        console.see("Dashboards 1");
        console.press(ESC);
        console.see("Dashboards 4");
    }
}

fn one_dashboard(console: &mut Terminal) {
    open_dashboard(console, "Application");
    console.press("v");
    console.see("> ");
    console.press("app-2");
    console.press(ENTER);
    console.see("instance=app-2");
    console.press("t");
    console.see("Time range");
    console.press("last 5m");
    console.press(ENTER);
    console.see_no("Time range");
    console.see("last 5m");
    console.press("-");
    console.see("last 10m");
    console.press("+");
    console.see("last 5m");

    console.press("jjj");
    console.press(ENTER);
    console.see_no("Instances down");
    console.until("no crosshair yet", |screen| !has_time(&screen.contents()));
    console.press("[");
    console.until("the crosshair's time", |screen| has_time(&screen.contents()));
    console.press(ESC);
    console.until("no crosshair any more", |screen| !has_time(&screen.contents()));
    console.press(ESC);
    console.press("gg");
    console.see("Instances down");
    console.press(ESC);
    console.see("Dashboards 4");
}

/// `03:12:05`, as only a crosshair has it.
fn has_time(text: &str) -> bool {
    let like =
        |bytes: &[u8]| bytes.iter().enumerate().all(|(n, byte)| if n % 3 == 2 { *byte == b':' } else { byte.is_ascii_digit() });
    text.as_bytes().windows(8).any(like)
}

fn alerts(console: &mut Terminal) {
    console.press("3");
    console.see_line(&["Watchdog", "firing"]);
    console.press("o");
    console.see("grouped by alertname");
    console.press("ooooo");
    console.see("not grouped");
    console.press("/");
    console.press("nosuchthing");
    console.see("nothing passes the filter");
    console.press(ESC);
    console.see_line(&["Watchdog", "firing"]);
    console.press("/");
    console.press("alertname=Watchdog");
    console.press(ENTER);
    console.see("filter: alertname=Watchdog");
    console.press(ENTER);
    console.see("vector(1)");
    console.see("Labels");
    console.press(ESC);
    console.see("filter: alertname=Watchdog");
    console.press(ESC);
    console.see_no("filter: ");
    tabs::walk(console);
}

/// Help, the palette and the choice of an environment, from any screen.
fn everywhere(console: &mut Terminal) {
    console.press("1");
    console.press("?");
    console.see("Everywhere");
    console.press("x");
    console.see_no("any other key closes");
    console.press(":");
    console.see("Command");
    console.press("screen alerts");
    console.press(ENTER);
    console.see_line(&["Watchdog", "firing"]);
    console.press("e");
    console.see("guard open");
    console.press(ENTER);
    console.see("you are already there");
    console.press("1");
    console.see("Services, probed directly");
}

/// The one sequence that carries text of outside: to the clipboard, in base64.
fn without_copies(raw: &[u8]) -> Vec<u8> {
    let text = String::from_utf8(raw.to_vec()).unwrap();
    let mut parts = text.split("\x1b]52;c;");
    let first = parts.next().unwrap_or_default().to_owned();
    let rest = parts.map(|part| {
        let (copied, rest) = part.split_once("\x1b\\").unwrap();
        assert!(copied.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/=".contains(&b)), "{copied:?}");
        rest
    });
    rest.fold(first, |all, part| all + part).into_bytes()
}

/// The bell, which must have rung: critical alerts began to fire.
fn without_rings(raw: &[u8]) -> Vec<u8> {
    assert!(raw.contains(&7));
    raw.iter().copied().filter(|byte| *byte != 7).collect()
}

pub fn open_dashboard(console: &mut Terminal, title: &str) {
    console.press("2");
    console.see("Dashboards 4");
    console.press(":");
    console.see("Command");
    console.press(&format!("dashboard {title}"));
    console.press(ENTER);
    console.see(&format!(" {title}  instance="));
}

/// Prometheus stands still: the bar says how old its word is, and what left Alertmanager meanwhile did not end.
fn what_left_is_lost_sight_of(console: &mut Terminal) {
    console.see("old: timeout");
    console.see_line(&["PostgresDown", "lost sight of"]);
    console.press("1");
    console.see("watchdog lost");
}

/// The databases are still asked directly.
fn direct_probes_go_on(console: &mut Terminal) {
    console.see_line(&["up", "standby"]);
    console.see_line(&["up", "redis"]);
    console.see_line(&["up", " postgres "]);
    console.see("old: timeout");
}

fn all_heals(console: &mut Terminal) {
    console.see("prometheus <");
    console.see_no("watchdog lost");
    console.see("watchdog");
    console.press("3");
    console.see_no("PostgresDown");
    console.see_no("lost sight of");
    console.press("2");
    console.see_no("stale");
}
