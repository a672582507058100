//! Services that are processes, known by their PID files; on this host or behind `ssh`. Everything is decided here, from what a
//! small script tells of the host's processes; the script only looks, signals and starts.

use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::adapters::control::host::{Host, PATIENCE, Said, last};
use crate::adapters::process::Process;
use crate::domain::control::{Condition, Instance, LogAsk, NUMBER, Phase, ProcessSpec, Sighting, StopSignal, Way, numbered};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::time::human;
use crate::ports::Promise;
use crate::ports::control::{Control, Logs};
use crate::ports::tools::Run;
use table::{Found, Known, PidFile, Row, Table};
use words::{hidden, named, word};

mod logs;
mod table;
mod words;

/// What looks, signals and starts there.
const SCRIPT: &str = include_str!("process.sh");
/// How long what was killed or stopped may take to be gone or still.
const ACTS: Duration = Duration::from_secs(10);

/// The processes of a service.
pub struct Processes {
    spec: ProcessSpec,
    grace: Duration,
    host: Host,
}

/// One that runs.
struct Running {
    name: String,
    main: Process,
    all: Vec<Process>,
}

impl Processes {
    /// Of a service; connects to nothing yet.
    pub fn new(spec: ProcessSpec, grace: Duration, host: Host) -> Self {
        Self { spec, grace, host }
    }

    fn pattern(&self) -> String {
        self.spec.pid_file.display().to_string()
    }

    fn is_many(&self) -> bool {
        self.pattern().contains(NUMBER)
    }

    /// `worker-2` of `/run/worker-2.pid`.
    fn name(&self, number: Option<u16>) -> String {
        let stem = self.spec.pid_file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        number.map_or(stem.clone(), |number| numbered(&stem, number))
    }

    async fn script(&self, words: &[&str], within: Duration) -> Result<Said, Failure> {
        let words = ["-c", SCRIPT, "midwatch"].iter().chain(words).copied();
        self.host.run(&Run::new("sh", words), within).await
    }

    /// The same for a program that starts the service: it gets the variables that it needs, where nobody else can read them.
    async fn launcher(&self, words: &[&str]) -> Result<Said, Failure> {
        let mut run = Run::new("sh", ["-c", SCRIPT, "midwatch"].iter().chain(words).copied());
        for name in &self.spec.env {
            let unset = || {
                let what = format!("{name}, which the program that starts it needs, is not set around midwatch");
                Failure::new(FailureKind::Config, what).mend(format!("export {name}=…"))
            };
            run.secrets.push((name.clone(), std::env::var(name).map_err(|_| unset())?.into()));
        }
        self.host.run(&run, self.grace + PATIENCE).await
    }

    async fn look(&self) -> Result<Table, Failure> {
        let said = self.script(&["look", &self.pattern().replace(NUMBER, "*")], PATIENCE).await?;
        Table::read(&said.out).map(|table| table.knowing(&self.spec.seen))
    }

    /// The instances that there are PID files of, by their numbers.
    fn known(&self, table: &Table) -> Vec<Known> {
        let pattern = self.pattern();
        let known = |file: &PidFile| {
            let number = match pattern.split_once(NUMBER) {
                Some((before, after)) => Some(file.path.strip_prefix(before)?.strip_suffix(after)?.parse().ok()?),
                None => None,
            };
            Some(Known { number, name: self.name(number), file: file.clone() })
        };
        let mut all: Vec<Known> = table.files.iter().filter_map(known).collect();
        all.sort_by_key(|one| one.number);
        all
    }

    /// Those that run, of those that are meant.
    fn running(&self, table: &Table, instance: Option<&str>) -> Result<Vec<Running>, Failure> {
        let mut running = Vec::new();
        for one in self.known(table).into_iter().filter(|one| instance.is_none_or(|name| name == one.name)) {
            match table.found(&one.file) {
                Found::Living(row) => {
                    let (main, tree) = (row.seen.process, table.tree(row.seen.process));
                    running.push(Running { name: one.name, main, all: tree.iter().map(|row| row.seen.process).collect() });
                }
                Found::Gone(_) => {}
                Found::Hidden => return Err(hidden(&one.file)),
            }
        }
        Ok(running)
    }

    /// Sends a signal, in this order. What is gone, or is another process by now, gets none.
    async fn signal(&self, signal: Signal, processes: &[Process]) -> Result<(), Failure> {
        if processes.is_empty() {
            return Ok(());
        }
        if !self.host.is_far() {
            let denied = |process: &Process, e: &std::io::Error| {
                Failure::new(FailureKind::of_io(e), format!("process {} cannot be signalled: {e}", process.pid))
            };
            return processes.iter().try_for_each(|process| process.signal(signal).map_err(|e| denied(process, &e)));
        }
        let words: Vec<String> = processes.iter().map(|process| format!("{}:{}", process.pid, process.start)).collect();
        let words: Vec<&str> = ["signal", word(signal)].into_iter().chain(words.iter().map(String::as_str)).collect();
        let said = self.script(&words, PATIENCE).await?;
        if said.status.success() {
            return Ok(());
        }
        let what = format!("processes{} cannot be signalled: {}", self.host.words(), last(&said.err));
        Err(Failure::new(FailureKind::Denied, what).mend("ssh must log in as their user, or as root"))
    }

    /// Waits until nothing of these is left; answers with what is.
    async fn wait_gone(&self, running: &mut [Running], within: Duration) -> Result<Vec<(String, Row)>, Failure> {
        let deadline = Instant::now() + within;
        loop {
            let table = self.look().await?;
            let mut left = Vec::new();
            for one in running.iter_mut() {
                // What was started while it ended belongs to it too.
                if !table.alive(&[one.main]).is_empty() {
                    let tree = table.tree(one.main).into_iter().map(|row| row.seen.process);
                    let young: Vec<Process> = tree.filter(|process| !one.all.contains(process)).collect();
                    one.all.extend(young);
                }
                left.extend(table.alive(&one.all).into_iter().map(|row| (one.name.clone(), row.clone())));
            }
            if left.is_empty() || Instant::now() >= deadline {
                return Ok(left);
            }
            tokio::time::sleep(self.pace()).await;
        }
    }

    /// A look behind `ssh` is a connection of its own.
    fn pace(&self) -> Duration {
        Duration::from_millis(if self.host.is_far() { 500 } else { 50 })
    }

    async fn end(&self, mut running: Vec<Running>, force: bool) -> Result<(), Failure> {
        let signal = match self.spec.signal {
            StopSignal::Term => Signal::TERM,
            StopSignal::Int => Signal::INT,
            StopSignal::Quit => Signal::QUIT,
        };
        let mains: Vec<Process> = running.iter().map(|one| one.main).collect();
        self.signal(signal, &mains).await?;
        // One that is paused would hear it only when it goes on.
        self.signal(Signal::CONT, &running.iter().flat_map(|one| one.all.clone()).collect::<Vec<_>>()).await?;
        let left = self.wait_gone(&mut running, self.grace).await?;
        if left.is_empty() {
            return Ok(());
        }
        if !force {
            return Err(self.disobeys(&left, &mains));
        }
        self.signal(Signal::KILL, &left.iter().map(|(_, row)| row.seen.process).collect::<Vec<_>>()).await?;
        let left = self.wait_gone(&mut running, ACTS).await?;
        let hangs = |words: String| {
            Failure::new(FailureKind::Stalled, format!("{words} was killed, and is still there: the kernel holds it"))
        };
        if left.is_empty() { Ok(()) } else { Err(hangs(named(&left))) }
    }

    fn disobeys(&self, left: &[(String, Row)], mains: &[Process]) -> Failure {
        let (grace, signal) = (human(self.grace), self.spec.signal.word());
        let ended = !left.iter().any(|(_, row)| mains.contains(&row.seen.process));
        let what = if ended {
            format!("it ended, and left {}{} running for {grace}", named(left), self.host.words())
        } else {
            format!("{}{} did not end within {grace} of {signal}: it goes on", named(left), self.host.words())
        };
        Failure::new(FailureKind::Stalled, what).mend("--force kills it; a longer grace = \"…\" gives it time")
    }

    /// Stops everything of these in its tracks: first what could start others, then what it has started.
    async fn freeze(&self, running: &[Running]) -> Result<(), Failure> {
        self.signal(Signal::STOP, &running.iter().map(|one| one.main).collect::<Vec<_>>()).await?;
        self.until(running, Signal::STOP, |row| !row.seen.stopped(), "does not hold still").await
    }

    /// Signals what is not as it should be, until nothing is.
    async fn until(&self, running: &[Running], signal: Signal, is_due: fn(&Row) -> bool, words: &str) -> Result<(), Failure> {
        let deadline = Instant::now() + ACTS;
        loop {
            let table = self.look().await?;
            let due: Vec<(String, Row)> = running
                .iter()
                .flat_map(|one| {
                    table.tree(one.main).into_iter().filter(|row| is_due(row)).map(|row| (one.name.clone(), row.clone()))
                })
                .collect();
            if due.is_empty() {
                return Ok(());
            }
            if Instant::now() >= deadline {
                return Err(Failure::new(FailureKind::Io, format!("{}{} {words}", named(&due), self.host.words())));
            }
            if signal == Signal::STOP {
                self.signal(Signal::CONT, &table.awaited(&due)).await?;
            }
            self.signal(signal, &due.iter().map(|(_, row)| row.seen.process).collect::<Vec<_>>()).await?;
            tokio::time::sleep(self.pace()).await;
        }
    }

    /// Starts one and waits until its PID file names it.
    async fn launch(&self, number: Option<u16>) -> Result<(), Failure> {
        let put = |text: &str| number.map_or_else(|| text.to_owned(), |number| numbered(text, number));
        let words: Vec<String> = self.spec.start.iter().map(|word| put(word)).collect();
        let name = self.name(number);
        if words.is_empty() {
            let what = format!("the configuration does not say how {name} is started");
            return Err(Failure::new(FailureKind::Config, what)
                .mend("control = { process = \"…\", start = [\"/usr/local/bin/start-app\"] }"));
        }
        let log = self.spec.log.as_ref().map_or_else(|| "/dev/null".to_owned(), |log| put(&log.display().to_string()));
        let said = ["start", &log].into_iter().chain(words.iter().map(String::as_str)).collect::<Vec<_>>();
        let began = Instant::now();
        let said = match self.launcher(&said).await {
            Err(failure) if failure.kind == FailureKind::Config => return Err(failure),
            said => said,
        };
        let status = said.map(|said| said.status);
        loop {
            let table = self.look().await?;
            if self.running(&table, Some(&name))?.iter().any(|one| one.name == name) {
                return Ok(());
            }
            let why = match &status {
                Ok(status) if !status.success() => format!("{}{} ended with {status}", words.join(" "), self.host.words()),
                _ if began.elapsed() < self.grace + PATIENCE => {
                    tokio::time::sleep(self.pace()).await;
                    continue;
                }
                Ok(_) => format!("{} has ended well, but {} names no process", words.join(" "), put(&self.pattern())),
                Err(failure) => failure.what.clone(),
            };
            return Err(
                Failure::new(FailureKind::Unavailable, format!("{name} was not started: {why}")).mend(format!("look into {log}"))
            );
        }
    }

    fn instance(table: &Table, one: &Known) -> Instance {
        let (image, healthy, restarts) = (None, None, None);
        let down = |phase, detail| Instance {
            name: one.name.clone(),
            phase,
            since: None,
            restarts,
            image: None,
            healthy,
            usage: None,
            detail,
        };
        match table.found(&one.file) {
            Found::Gone(why) => down(Phase::Stopped, why),
            Found::Hidden => down(Phase::Failed, Some(hidden(&one.file).to_string())),
            Found::Living(row) => {
                let tree = table.tree(row.seen.process);
                let phase = if row.seen.stopped() { Phase::Paused } else { Phase::Running };
                let (since, usage) = (Some(table.since(row.seen.process)), Some(table.usage(&tree)));
                let detail = Some(format!("process {}, {} in all", row.seen.process.pid, tree.len()));
                Instance { name: one.name.clone(), phase, since, restarts, image, healthy, usage, detail }
            }
        }
    }

    /// The numbers of a service that runs several times: those that run, and those that did.
    async fn numbers(&self) -> Result<(Vec<u16>, Vec<u16>), Failure> {
        let table = self.look().await?;
        let (up, down): (Vec<Known>, Vec<Known>) =
            self.known(&table).into_iter().partition(|one| matches!(table.found(&one.file), Found::Living(_)));
        let numbers = |all: Vec<Known>| all.into_iter().filter_map(|one| one.number).collect();
        Ok((numbers(up), numbers(down)))
    }
}

impl Control for Processes {
    fn keys(&self) -> Promise<'_, Vec<String>> {
        Box::pin(async move {
            let table = self.look().await?;
            Ok(self.known(&table).iter().map(|one| format!("process:{}{}", table.host, one.file.real)).collect())
        })
    }

    fn outlasts(&self) -> Promise<'_, ()> {
        Box::pin(self.host.outlasts())
    }

    fn condition(&self) -> Promise<'_, Condition> {
        Box::pin(async move {
            let table = self.look().await?;
            Ok(Condition { instances: self.known(&table).iter().map(|one| Self::instance(&table, one)).collect() })
        })
    }

    fn by_heart(&self) -> Promise<'_, Option<Way>> {
        Box::pin(async move {
            let running = self.running(&self.look().await?, None)?;
            let seen = running.iter().map(|one| Sighting { pid: one.main.pid, start: one.main.start }).collect();
            Ok(Some(Way::Process(ProcessSpec { seen, ..self.spec.clone() })))
        })
    }

    fn start<'a>(&'a self, instance: Option<&'a str>) -> Promise<'a, ()> {
        Box::pin(async move {
            if !self.is_many() {
                let runs = !self.running(&self.look().await?, None)?.is_empty();
                return if runs { Ok(()) } else { self.launch(None).await };
            }
            let (up, mut down) = self.numbers().await?;
            if up.is_empty() && down.is_empty() {
                down.push(1);
            }
            for number in down.into_iter().filter(|number| instance.is_none_or(|name| name == self.name(Some(*number)))) {
                self.launch(Some(number)).await?;
            }
            Ok(())
        })
    }

    fn stop<'a>(&'a self, instance: Option<&'a str>, force: bool) -> Promise<'a, ()> {
        Box::pin(async move {
            let running = self.running(&self.look().await?, instance)?;
            if running.is_empty() { Ok(()) } else { self.end(running, force).await }
        })
    }

    fn pause<'a>(&'a self, instance: Option<&'a str>) -> Promise<'a, ()> {
        Box::pin(async move { self.freeze(&self.running(&self.look().await?, instance)?).await })
    }

    fn unpause<'a>(&'a self, instance: Option<&'a str>) -> Promise<'a, ()> {
        Box::pin(async move {
            let running = self.running(&self.look().await?, instance)?;
            self.until(&running, Signal::CONT, |row| row.seen.stopped(), "does not go on").await
        })
    }

    fn scale(&self, to: u16) -> Promise<'_, ()> {
        Box::pin(async move {
            let (mut up, _) = self.numbers().await?;
            while up.len() > usize::from(to) {
                let name = up.pop().map(|number| self.name(Some(number)));
                self.stop(name.as_deref(), false).await?;
            }
            let missing = (1..).filter(|number| !up.contains(number)).take(usize::from(to) - up.len());
            for number in missing {
                self.launch(Some(number)).await?;
            }
            Ok(())
        })
    }

    fn logs<'a>(&'a self, ask: &'a LogAsk) -> Promise<'a, Box<dyn Logs>> {
        Box::pin(async move {
            let Some(log) = self.spec.log.as_deref().map(Path::display) else {
                let what = "the configuration does not say where it writes its log";
                return Err(
                    Failure::new(FailureKind::Config, what).mend("control = { process = \"…\", log = \"/var/log/app.log\" }")
                );
            };
            let table = self.look().await?;
            let meant = |one: &Known| ask.instance.as_ref().is_none_or(|name| *name == one.name);
            let file =
                |one: Known| (one.name.clone(), one.number.map_or(log.to_string(), |number| numbered(&log.to_string(), number)));
            let files: Vec<(String, String)> = self.known(&table).into_iter().filter(meant).map(file).collect();
            logs::open(&self.host, &files, ask).await
        })
    }
}
