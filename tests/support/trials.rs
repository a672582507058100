//! Bad days in the middle of a drill, wherever midwatch drills: each scenario, and kill -9 of the console, the worker, both, or the
//! watchdog at a random moment. Within its deadline and ten seconds everything is as before. Include it, and `catalogue.rs`, with
//! `#[path = "support/trials.rs"] mod trials;`.
//!
//! `MIDWATCH_SOAK=1` tries each scenario `MIDWATCH_TRIALS` times (100) and writes the catalogue in the README; otherwise as many are
//! tried as there is time for, and it is said what there was no time for.

use std::collections::BTreeMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

use midwatch::adapters::process::{Process, all};
use rustix::process::Signal;
use serde_json::Value;

use crate::catalogue::{self, Tried};

/// How long the fault stays in a trial.
const LASTS: Duration = Duration::from_secs(2);
/// What a deadline comes to: arming and injecting have 25 seconds of their own, and ten more it may take.
const DEADLINE: Duration = Duration::from_secs(LASTS.as_secs() + 25 + 10);
/// How long something may take that should take seconds.
const SOON: Duration = Duration::from_secs(60);
/// How often a trial looks whether something has come.
const OFTEN: Duration = Duration::from_millis(100);

/// Each thing that must be the same before and after, by its name.
pub type State = BTreeMap<String, String>;

/// Where trials are made: something to break, and a midwatch that breaks it.
pub trait Field {
    /// midwatch's shell there.
    fn command(&self, words: &str) -> Command;
    /// The folder of its ledger.
    fn ledger(&self) -> PathBuf;
    /// What must be the same before and after.
    fn state(&self) -> State;
    /// Makes ready what a scenario needs there and is not there yet.
    fn prepare(&self, _place: &Place) {}
}

/// A scenario, and what it hits.
pub struct Place {
    pub scenario: &'static str,
    /// What it is done by.
    pub control: &'static str,
    /// What is said beside its name.
    pub words: &'static str,
}

/// Those that are tried; in a soak of some scenarios only (`MIDWATCH_SCENARIOS=redis-down,redis-paused`), or by some controls only
/// (`MIDWATCH_CONTROL=ssh`: part of its name), those.
pub fn chosen(places: impl IntoIterator<Item = &'static Place>) -> Vec<&'static Place> {
    let wanted = std::env::var("MIDWATCH_SCENARIOS").unwrap_or_default();
    let wanted: Vec<&str> = wanted.split(',').filter(|name| !name.is_empty()).collect();
    let control = std::env::var("MIDWATCH_CONTROL").unwrap_or_default();
    let is_wanted = |place: &&Place| wanted.is_empty() || wanted.contains(&place.scenario);
    places.into_iter().filter(is_wanted).filter(|place| place.control.contains(&control)).collect()
}

/// Who is killed in the middle.
#[derive(Clone, Copy, Debug)]
enum Victim {
    Console,
    Worker,
    Both,
    Watchdog,
}

const VICTIMS: [Victim; 4] = [Victim::Console, Victim::Worker, Victim::Both, Victim::Watchdog];

/// One of them.
struct Trial {
    place: &'static Place,
    victim: Victim,
    /// When it is killed, from the start or from when the end is armed.
    moment: Duration,
    from_armed: bool,
}

impl fmt::Display for Trial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { place: Place { scenario, control, words }, victim, moment, .. } = self;
        let since = if self.from_armed { "arming" } else { "the start" };
        write!(f, "{scenario} {words} ({control}): kill -9 of {victim:?} {moment:?} after {since}")
    }
}

/// Whether the bad days are tried with their full counts.
pub fn is_soak() -> bool {
    std::env::var_os("MIDWATCH_SOAK").is_some()
}

/// A number that may be given in the environment.
fn given(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|number| number.parse().unwrap())
}

/// What is tried, and what has come of it.
pub struct Trials {
    open: Mutex<Vec<Trial>>,
    /// How long trials may begin where nobody waits for the soak.
    budget: Duration,
    begun: OnceLock<Instant>,
    /// By scenario and control.
    tried: Mutex<BTreeMap<[&'static str; 2], Tried>>,
    residue: Mutex<Vec<String>>,
}

impl Trials {
    /// Each scenario as often as is wanted, in an order that is another each time. `MIDWATCH_SEED` has an order again.
    pub fn of(places: &[&'static Place], budget: Duration) -> Self {
        let seed = given("MIDWATCH_SEED").unwrap_or_else(|| fastrand::u64(..));
        eprintln!("MIDWATCH_SEED={seed}");
        let mut random = fastrand::Rng::with_seed(seed);
        let times = given("MIDWATCH_TRIALS").unwrap_or(if is_soak() { 100 } else { 5 });
        let mut open: Vec<Trial> = Vec::new();
        for nth in 0..times {
            // Half of them anywhere from the start on, half once the end is armed.
            let trial = |place: &&'static Place| Trial {
                place,
                victim: VICTIMS[random.usize(..VICTIMS.len())],
                moment: Duration::from_millis(random.u64(..5000)),
                from_armed: nth % 2 == 0,
            };
            open.extend(places.iter().map(trial));
        }
        random.shuffle(&mut open);
        Self { open: Mutex::new(open), budget, begun: OnceLock::new(), tried: Mutex::default(), residue: Mutex::default() }
    }

    /// Tries there until all are tried; others may take some of them at once.
    pub fn run(&self, field: &impl Field) {
        while let Some(trial) = self.next() {
            // One that waited in vain must not end a soak of hours: it is told at its end.
            let attempt = catch_unwind(AssertUnwindSafe(|| attempt(field, &trial)));
            let (killed, found) =
                attempt.unwrap_or_else(|_| (Killed::Unarmed, vec![format!("{trial}: waited in vain; see above")]));
            if killed == Killed::Nobody && found.is_empty() {
                eprintln!("{trial}: the drill had ended before anybody was killed, which is no trial");
            } else {
                self.count(trial.place, killed == Killed::Armed, found);
            }
        }
    }

    fn next(&self) -> Option<Trial> {
        let mut open = self.open.lock().unwrap();
        if !is_soak() && self.begun.get_or_init(Instant::now).elapsed() > self.budget {
            eprintln!("no time was left for {} trials", open.len());
            open.clear();
        }
        open.pop()
    }

    /// A soak's counts are written as they come: it may be ended at any time.
    fn count(&self, place: &Place, armed: bool, found: Vec<String>) {
        let mut tried = self.tried.lock().unwrap();
        let tried = tried.entry([place.scenario, place.control]).or_default();
        tried.times += 1;
        tried.armed += u32::from(armed);
        tried.residue += u32::from(!found.is_empty());
        if is_soak() {
            catalogue::record(place.scenario, place.control, *tried);
        }
        for left in &found {
            eprintln!("LEFT: {left}");
        }
        self.residue.lock().unwrap().extend(found);
    }

    /// Fails where something was left.
    pub fn end(self) {
        assert_eq!(self.residue.into_inner().unwrap(), Vec::<String>::new());
    }
}

/// When somebody was killed.
#[derive(PartialEq)]
enum Killed {
    /// While the fault's end was armed.
    Armed,
    /// Before that, or after it.
    Unarmed,
    /// Never: the drill had ended by itself. On a busy machine its steady state may not hold before anything is broken.
    Nobody,
}

/// Runs one drill and kills; says what is left.
fn attempt(field: &impl Field, trial: &Trial) -> (Killed, Vec<String>) {
    eprintln!("{trial}");
    let words = format!("{} {}", trial.place.scenario, trial.place.words);
    field.prepare(trial.place);
    may_begin(field, &words);
    let before = field.state();
    let drill = format!("drill {words} --for {}s --expect , --yes", LASTS.as_secs());
    let mut drill = field.command(&drill);
    let mut console = drill.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    if trial.from_armed {
        let mut is_refused = || console.try_wait().unwrap().is_some();
        until("the end is armed, or the drill refused", SOON, || !watchdogs(field).is_empty() || is_refused());
    }
    let begun = Instant::now();
    until("the moment has come", SOON, || begun.elapsed() >= trial.moment);
    let killed = match console.try_wait().unwrap() {
        Some(_) => Killed::Nobody,
        None if watchdogs(field).is_empty() => Killed::Unarmed,
        None => Killed::Armed,
    };
    kill(field, &mut console, trial.victim);
    let left = left(field, &before, DEADLINE);
    drop(console.kill());
    console.wait().unwrap();
    end_job(field);
    let mut left = if left.is_empty() { self::left(field, &before, SOON) } else { left };
    if !left.is_empty() {
        left.push(last_words(field));
    }
    (killed, left.into_iter().map(|what| format!("{trial}: {what}")).collect())
}

/// What those who ended, or should have, and who held said of it in the newest drills.
fn last_words(field: &impl Field) -> String {
    let entries = std::fs::read_dir(field.ledger().join("drills")).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> =
        entries.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|end| end == "words")).collect();
    files.sort_by_key(|path| path.metadata().and_then(|file| file.modified()).ok());
    let said = files
        .iter()
        .rev()
        .take(2)
        .map(|path| format!("{}: {}", path.display(), std::fs::read_to_string(path).unwrap_or_default()));
    said.collect::<Vec<_>>().join("\n")
}

/// Waits until nothing is left any more, for so long; then says what is.
pub fn left(field: &impl Field, before: &State, within: Duration) -> Vec<String> {
    let begun = Instant::now();
    let mut left = Vec::new();
    until("nothing is left, or the time is over", within * 2 + SOON, || {
        let is_over = begun.elapsed() > within;
        left = watchdogs(field).iter().map(|watchdog| format!("the watchdog {} waits", watchdog.pid)).collect();
        left.extend(holders(field).iter().map(|holder| format!("the holder {} holds", holder.pid)));
        // From the cheapest to the dearest: what is asked of servers and files costs more than the drill.
        if left.is_empty() || is_over {
            left.extend(open(field));
        }
        if left.is_empty() || is_over {
            left.extend(changes(before, &field.state()));
        }
        left.is_empty() || is_over
    });
    left
}

/// What is not as it was before.
fn changes(before: &State, now: &State) -> Vec<String> {
    let names = now.keys().chain(before.keys().filter(|name| !now.contains_key(*name)));
    let changed = names.filter(|name| now.get(*name) != before.get(*name));
    changed.map(|name| format!("{name}: {}", difference(before.get(name), now.get(name)))).collect()
}

/// Line by line: settings are many.
fn difference(before: Option<&String>, now: Option<&String>) -> String {
    let lines = |text: Option<&String>| text.map_or(Vec::new(), |text| text.lines().map(str::to_owned).collect());
    let (before, now): (Vec<String>, Vec<String>) = (lines(before), lines(now));
    let only =
        |these: &[String], those: &[String]| these.iter().filter(|line| !those.contains(line)).cloned().collect::<Vec<_>>();
    format!("{:?}, was {:?}", only(&now, &before), only(&before, &now))
}

/// A scenario that is refused here would be tried in vain.
fn may_begin(field: &impl Field, words: &str) {
    let mut said = String::new();
    until(&format!("{words} may begin"), SOON, || {
        let planned = run(field, &format!("chaos plan {words} --for {}s --expect ,", LASTS.as_secs()));
        let why = String::from_utf8_lossy(&planned.stderr).into_owned();
        if why != said {
            eprint!("{why}");
            said = why;
        }
        planned.status.success()
    });
}

fn kill(field: &impl Field, console: &mut Child, victim: Victim) {
    let carrying = || {
        let job = newest(field);
        let is_drill = job["call"][0] == "drill" && job["state"] == "running";
        is_drill.then(|| worker(&job)).flatten()
    };
    match victim {
        Victim::Console => console.kill().unwrap(),
        Victim::Worker => murder(carrying()),
        Victim::Both => {
            console.kill().unwrap();
            murder(carrying());
        }
        Victim::Watchdog => {
            murder(watchdogs(field));
            // The drill notices, and has another end the fault.
            until("the drill has ended", SOON * 2, || console.try_wait().unwrap().is_some());
        }
    }
}

fn murder(processes: impl IntoIterator<Item = Process>) {
    for process in processes {
        // One that has ended already need not be killed.
        drop(process.signal(Signal::KILL));
    }
}

/// The worker of a job, as it said itself.
pub fn worker(job: &Value) -> Option<Process> {
    let taken = |one: &Value| (one["event"]["event"] == "taken").then(|| one["event"]["pid"].as_u64())?;
    let pid = job["history"].as_array()?.iter().rev().find_map(taken)?;
    Process::of(u32::try_from(pid).unwrap())
}

/// A drill whose worker was killed waits for an operator: it is cancelled here.
pub fn end_job(field: &impl Field) {
    until("the drill's job has ended", SOON, || {
        let job = newest(field);
        let is_open = job["call"][0] == "drill" && ["submitted", "running", "lost"].iter().any(|state| job["state"] == *state);
        if is_open {
            run(field, &format!("jobs cancel {}", job["id"]));
        }
        !is_open
    });
}

/// The newest job.
pub fn newest(field: &impl Field) -> Value {
    let jobs = run(field, "jobs list --json --limit 1").stdout;
    String::from_utf8_lossy(&jobs).lines().next().map(|line| serde_json::from_str(line).unwrap()).unwrap_or_default()
}

/// The records of faults whose end was not performed.
pub fn open(field: &impl Field) -> Vec<String> {
    let told = run(field, "chaos sweep --dry-run --json").stdout;
    String::from_utf8_lossy(&told).lines().map(str::to_owned).collect()
}

/// Who waits there to end a fault.
pub fn watchdogs(field: &impl Field) -> Vec<Process> {
    standing_in(field, "fault-end")
}

/// Who holds a fault there.
pub fn holders(field: &impl Field) -> Vec<Process> {
    standing_in(field, "fault-hold")
}

/// The workers that carry its jobs out.
pub fn working(field: &impl Field) -> Vec<Process> {
    standing_in(field, "job-worker")
}

fn standing_in(field: &impl Field, subcommand: &str) -> Vec<Process> {
    let ledger = field.ledger().display().to_string();
    let is_ours = |process: &Process| {
        let line = std::fs::read(format!("/proc/{}/cmdline", process.pid)).unwrap_or_default();
        let words: Vec<&[u8]> = line.split(|byte| *byte == 0).collect();
        words.contains(&subcommand.as_bytes()) && words.contains(&ledger.as_bytes())
    };
    all().into_iter().map(|seen| seen.process).filter(is_ours).collect()
}

pub fn run(field: &impl Field, words: &str) -> Output {
    field.command(words).stdin(Stdio::null()).output().unwrap()
}

/// Waits for something to come true.
fn until(what: &str, within: Duration, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + within;
    while !condition() {
        assert!(Instant::now() < deadline, "waited in vain: {what}");
        std::thread::sleep(OFTEN);
    }
}
