//! Faults that are held by a process of their own: whoever is killed, nothing of them is left.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use midwatch::adapters::ledger::Home;
use midwatch::adapters::process::{Process, all};
use midwatch::domain::chaos::end::{Deadline, Record, Undoing, VERSION};
use midwatch::domain::chaos::hold::Held;
use midwatch::domain::failure::{Failure, FailureKind};
use midwatch::domain::guard::Guard;
use midwatch::domain::job::JobId;
use midwatch::domain::plan::{Identity, Plan};
use midwatch::domain::time::Stamp;
use midwatch::ports::hold::Hold as _;
use midwatch::runtime::ends::Ends;
use rustix::process::Signal;
use rustix::time::{ClockId, clock_gettime};
use serde_json::json;

use crate::servers::eventually;

const JOB: JobId = JobId(7);
const MIB: u64 = 1 << 20;

/// A ledger's folder, in which the end of one drill's fault is armed, as far as can be seen.
struct Stage {
    folder: tempfile::TempDir,
    watchdog: Option<File>,
}

/// Nothing may outlive a test that fails: without a watchdog a holder ends, but not at once.
impl Drop for Stage {
    fn drop(&mut self) {
        self.holders().iter().for_each(|holder| drop(holder.signal(Signal::KILL)));
    }
}

/// A deadline so far from now.
fn deadline(after: Duration) -> Deadline {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap().trim().to_owned();
    let now = clock_gettime(ClockId::Boottime);
    Deadline { boot, at: Duration::new(now.tv_sec as u64, now.tv_nsec as u32) + after }
}

fn record(after: Duration) -> Record {
    let name = midwatch::domain::name::Name::from("db");
    let target = Identity { name: name.clone(), keys: vec![], words: String::new() };
    let plan = Plan { version: 1, call: vec![], environment: name, guard: Guard::Open, target, notes: vec![], steps: vec![] };
    Record {
        version: VERSION,
        undoing: Undoing { job: JOB, plan, operator: String::new(), host: String::new(), steps: vec![] },
        files: vec![],
        deadline: deadline(after),
        due: Stamp(0),
        timer: None,
        armed: true,
        ending: false,
        tries: 0,
        trouble: None,
        ended: None,
    }
}

fn memory() -> Held {
    Held { kind: "memory".into(), args: json!({ "seat": "host", "share": 0.5, "most": 32 * MIB }) }
}

fn cpu() -> Held {
    Held { kind: "cpu".into(), args: json!({ "seat": "host", "load": 0.1 }) }
}

fn io() -> Held {
    Held { kind: "io".into(), args: json!({ "disk": { "folder": std::env::temp_dir() } }) }
}

impl Stage {
    fn new() -> Self {
        Self::with(&record(Duration::from_secs(600)))
    }

    fn with(record: &Record) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("drills")).unwrap();
        fs::write(folder.path().join("drills/7.json"), serde_json::to_vec(record).unwrap()).unwrap();
        let watchdog = File::create(folder.path().join("drills/7.watched")).unwrap();
        watchdog.lock().unwrap();
        Self { folder, watchdog: Some(watchdog) }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn ends(&self) -> Ends {
        Ends::new(Home::find(Some(self.path())).unwrap(), vec![])
    }

    fn holder(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_midwatch"));
        command.arg("--state").arg(self.path()).args(["fault-hold", "7"]);
        command
    }

    /// Somebody who starts it and waits for it.
    fn starter(&self) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", "exec 3<&0; \"$0\" --state \"$1\" fault-hold 7 <&3 & wait", env!("CARGO_BIN_EXE_midwatch")]);
        command.arg(self.path());
        command
    }

    /// Who holds.
    fn holders(&self) -> Vec<Process> {
        let is_ours = |process: &Process| {
            let line = fs::read(format!("/proc/{}/cmdline", process.pid)).unwrap_or_default();
            let line = String::from_utf8_lossy(&line);
            line.ends_with("\0fault-hold\x007\0") && line.contains(&*self.path().to_string_lossy())
        };
        all().into_iter().map(|seen| seen.process).filter(is_ours).collect()
    }

    /// That there is one, and it has the lock.
    fn holds(&self) -> bool {
        let held = File::open(self.path().join("drills/7.held")).unwrap();
        self.holders().len() == 1 && held.try_lock_shared().is_err()
    }

    fn nothing_is_left(&self) {
        eventually("nothing of it is left", || self.holders().is_empty());
        let held = File::open(self.path().join("drills/7.held")).unwrap();
        eventually("nobody has its lock", || held.try_lock_shared().is_ok());
    }
}

/// Starts it, tells it what to hold, and hears what it says.
fn told(mut command: Command, held: &Held) -> (Child, Result<(), Failure>) {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(&serde_json::to_vec(held).unwrap()).unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    (child, serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line:?}")))
}

/// In bytes.
fn resident(process: Process) -> u64 {
    let text = fs::read_to_string(format!("/proc/{}/statm", process.pid)).unwrap();
    text.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4096
}

#[test]
fn rule_19_what_is_held_ends_with_its_holder() {
    for held in [memory(), cpu(), io()] {
        let stage = Stage::new();
        let (mut child, word) = told(stage.holder(), &held);
        assert_eq!(word, Ok(()));
        assert!(stage.holds());
        let [holder] = stage.holders()[..] else { panic!("one holds") };
        if held == memory() {
            assert!(resident(holder) > 32 * MIB, "{}", resident(holder));
            let score = fs::read_to_string(format!("/proc/{}/oom_score_adj", holder.pid)).unwrap();
            assert_eq!(score.trim(), "1000", "the kernel takes it first");
        }
        holder.signal(Signal::KILL).unwrap();
        child.wait().unwrap();
        stage.nothing_is_left();
    }
}

#[test]
fn rule_19_a_holder_whose_starter_and_watchdog_are_killed_ends_by_itself() {
    let mut stage = Stage::new();
    let (mut starter, word) = told(stage.starter(), &memory());
    assert_eq!(word, Ok(()));
    starter.kill().unwrap();
    starter.wait().unwrap();
    assert!(stage.holds(), "as long as somebody waits to end it, it needs no starter");
    stage.watchdog = None;
    stage.nothing_is_left();
}

#[test]
fn rule_19_a_holder_and_its_starter_are_killed_and_nothing_is_left() {
    let stage = Stage::new();
    let (mut starter, word) = told(stage.starter(), &memory());
    assert_eq!(word, Ok(()));
    starter.kill().unwrap();
    stage.holders()[0].signal(Signal::KILL).unwrap();
    starter.wait().unwrap();
    stage.nothing_is_left();
}

/// A small file system of its own, as long as this is kept; none, and said so, where that cannot be.
struct Small(tempfile::TempDir);

impl Small {
    fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=8m", "small"]).arg(folder.path()).output();
        let done = mounted.is_ok_and(|output| output.status.success());
        if !done {
            eprintln!("skipped: no file system can be mounted here");
        }
        done.then_some(Self(folder))
    }

    /// What may still be written, in bytes.
    fn free(&self) -> u64 {
        let system = rustix::fs::statvfs(self.0.path()).unwrap();
        system.f_bavail * system.f_frsize
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("--lazy").arg(self.0.path()).status());
    }
}

#[test]
fn rule_19_a_disk_that_is_full_is_freed_when_its_holder_is_killed() {
    let Some(small) = Small::mount() else { return };
    let (stage, before) = (Stage::new(), small.free());
    let held = Held { kind: "disk".into(), args: json!({ "disk": { "folder": small.0.path() }, "spare": [] }) };
    let (mut child, word) = told(stage.holder(), &held);
    assert_eq!(word, Ok(()));
    assert_eq!(small.free(), 0);
    assert_eq!(fs::read_dir(small.0.path()).unwrap().count(), 0, "there is nothing that could be forgotten");
    child.kill().unwrap();
    child.wait().unwrap();
    stage.nothing_is_left();
    eventually("all of it is free again", || small.free() == before);
}

#[tokio::test]
async fn a_disk_is_never_filled_where_the_ledger_is() {
    let stage = Stage::new();
    let held = Held { kind: "disk".into(), args: json!({ "disk": { "folder": stage.path() }, "spare": [stage.path()] }) };
    let refused = stage.ends().judge(&held).await.unwrap_err();
    assert!(refused.kind == FailureKind::Refused && refused.what.contains("never filled"), "{refused}");
}

#[test]
fn rule_19_a_holder_ends_when_its_time_is_over() {
    let stage = Stage::with(&record(Duration::from_secs(6)));
    let (mut child, word) = told(stage.holder(), &cpu());
    assert_eq!(word, Ok(()));
    assert!(child.wait().unwrap().success());
    stage.nothing_is_left();
}

#[tokio::test]
async fn rule_19_releasing_ends_what_holds_and_needs_nothing_to_be_held() {
    let stage = Stage::new();
    stage.ends().release(JOB, &memory()).await.unwrap();
    let (mut child, word) = told(stage.holder(), &memory());
    assert_eq!(word, Ok(()));
    assert_eq!(stage.ends().lost(JOB).await, Ok(None));
    stage.ends().release(JOB, &memory()).await.unwrap();
    assert!(child.wait().unwrap().success(), "it was asked to end, and did");
    stage.ends().release(JOB, &memory()).await.unwrap();
    stage.nothing_is_left();
    assert!(stage.ends().lost(JOB).await.unwrap().unwrap().contains("is gone"));
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_19_one_that_does_not_hear_is_killed() {
    let stage = Stage::new();
    let (mut child, word) = told(stage.holder(), &cpu());
    assert_eq!(word, Ok(()));
    stage.holders()[0].signal(Signal::STOP).unwrap();
    stage.ends().release(JOB, &cpu()).await.unwrap();
    stage.nothing_is_left();
    child.wait().unwrap();
}

#[test]
fn rule_19_what_is_not_armed_is_not_held() {
    let refused = |stage: &Stage, why: &str| {
        let (mut child, word) = told(stage.holder(), &memory());
        let failure = word.expect_err(why);
        child.wait().unwrap();
        assert!(failure.kind == FailureKind::Refused && failure.what.contains(why), "{why}: {failure}");
        stage.nothing_is_left();
    };
    let long = record(Duration::from_secs(600));
    refused(&Stage::with(&Record { ending: true, ..long.clone() }), "ended before it began");
    refused(&Stage::with(&Record { armed: false, ..long }), "nobody waits");
    refused(&Stage::with(&record(Duration::ZERO)), "was over before it began");
    let mut unwatched = Stage::new();
    unwatched.watchdog = None;
    refused(&unwatched, "nobody waits");
    let asked = Stage::new();
    fs::write(asked.path().join("drills/7.asked"), "").unwrap();
    refused(&asked, "ended before it began");
    let unarmed = Stage::new();
    fs::remove_file(unarmed.path().join("drills/7.json")).unwrap();
    refused(&unarmed, "not armed");
    let twice = Stage::new();
    let (mut first, word) = told(twice.holder(), &cpu());
    assert_eq!(word, Ok(()));
    let (mut second, word) = told(twice.holder(), &cpu());
    assert!(word.unwrap_err().what.contains("has something held already"));
    for child in [&mut first, &mut second] {
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
