//! Services that are units of systemd, by `systemctl` and `journalctl`; on this host or behind `ssh`.

use std::time::{Duration, Instant};

use crate::adapters::control::host::{Host, PATIENCE, Said};
use crate::domain::control::{Condition, LogAsk, NUMBER, Phase, numbered};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::time::human;
use crate::ports::Promise;
use crate::ports::control::{Control, Logs};
use crate::ports::tools::Run;
use shown::Unit;

mod journal;
mod shown;

/// What is asked of every unit.
const PROPERTIES: &str = "Id,LoadState,ActiveState,SubState,Result,NRestarts,MemoryCurrent,MemoryMax,CPUUsageNSec,FreezerState,\
                          MainPID,ExecMainStatus,ActiveEnterTimestamp,InactiveEnterTimestamp";
/// How long a unit may take to start beside the service's own time.
const ROOM: Duration = Duration::from_secs(60);
/// What was killed may take as long to be gone.
const ACTS: Duration = Duration::from_secs(10);

/// The units of a service.
pub struct Units {
    /// With its ending, and with `{n}` where there are several.
    pattern: String,
    user: bool,
    grace: Duration,
    host: Host,
}

impl Units {
    /// Of a service; connects to nothing yet.
    pub fn new(unit: &str, user: bool, grace: Duration, host: Host) -> Self {
        const ENDINGS: &[&str] = &[".service", ".socket", ".target", ".timer", ".slice", ".scope", ".mount", ".path"];
        let has_ending = ENDINGS.iter().any(|ending| unit.ends_with(ending));
        let pattern = if has_ending { unit.to_owned() } else { format!("{unit}.service") };
        Self { pattern, user, grace, host }
    }

    fn is_many(&self) -> bool {
        self.pattern.contains(NUMBER)
    }

    fn number(&self, unit: &str) -> Option<u16> {
        let (before, after) = self.pattern.split_once(NUMBER)?;
        unit.strip_prefix(before)?.strip_suffix(after)?.parse().ok()
    }

    fn run(&self, program: &str, words: &[&str]) -> Run {
        let user = self.user.then_some("--user");
        let mut run = Run::new(program, user.into_iter().chain(words.iter().copied()));
        // Times are told in the zone of whoever asks.
        run.env.push(("TZ".to_owned(), "UTC".to_owned()));
        if self.user && !self.host.is_far() {
            let uid = rustix::process::geteuid().as_raw();
            run.env.push(("XDG_RUNTIME_DIR".to_owned(), format!("/run/user/{uid}")));
        }
        run
    }

    async fn systemctl(&self, words: &[&str], within: Duration) -> Result<Said, Failure> {
        let said = self.host.done(&self.run("systemctl", &[&["--no-pager", "--no-ask-password"], words].concat()), within).await;
        said.map_err(|failure| self.explained(failure))
    }

    fn explained(&self, failure: Failure) -> Failure {
        let is_dark = ["not been booted with systemd", "Failed to connect to bus"].iter().any(|part| failure.what.contains(part));
        match failure.kind {
            FailureKind::Denied => failure.mend("a rule of polkit, or sudo, must let this login manage the unit"),
            _ if is_dark && self.user => failure.mend("sudo loginctl enable-linger $USER"),
            _ if is_dark => failure.mend("systemd does not run there: use another control"),
            _ => failure,
        }
    }

    /// The names of its units: of a template those that systemd has heard of.
    async fn names(&self) -> Result<Vec<String>, Failure> {
        if !self.is_many() {
            return Ok(vec![self.pattern.clone()]);
        }
        let glob = self.pattern.replace(NUMBER, "*");
        let said = self.systemctl(&["list-units", "--all", "--plain", "--no-legend", "--full", &glob], PATIENCE).await?;
        let first = |line: &str| line.trim_start_matches(['●', '*', ' ']).split_whitespace().next().map(str::to_owned);
        let mut names: Vec<String> = said.out.lines().filter_map(first).filter(|name| self.number(name).is_some()).collect();
        names.sort_by_key(|name| self.number(name));
        Ok(names)
    }

    async fn units(&self) -> Result<Vec<Unit>, Failure> {
        let names = self.names().await?;
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let words = ["show", "-p", PROPERTIES, "--"].into_iter().chain(names.iter().map(String::as_str)).collect::<Vec<_>>();
        let mut units = Unit::read(&self.systemctl(&words, PATIENCE).await?.out);
        self.find_stopped(&mut units).await?;
        Ok(units)
    }

    /// systemd does not know that processes were stopped by a signal: `/proc` does.
    async fn find_stopped(&self, units: &mut [Unit]) -> Result<(), Failure> {
        let files: Vec<String> = units.iter().filter_map(|unit| unit.main).map(|pid| format!("/proc/{pid}/stat")).collect();
        if files.is_empty() {
            return Ok(());
        }
        // One may have ended meanwhile: the others are told all the same.
        let told = self.host.run(&Run::new("cat", files), PATIENCE).await?.out;
        for unit in units {
            let of = |line: &&str| unit.main.is_some_and(|pid| line.starts_with(&format!("{pid} (")));
            let state = told.lines().find(of).and_then(|line| line.rsplit_once(") ")?.1.chars().next());
            unit.takes_no_signal = state == Some('D');
            if state == Some('T') && unit.instance.phase == Phase::Running {
                unit.instance.phase = Phase::Paused;
            }
        }
        Ok(())
    }

    /// The units that are meant, by their names.
    async fn meant(&self, instance: Option<&str>, is: impl Fn(Phase) -> bool) -> Result<Vec<String>, Failure> {
        let units = self.units().await?.into_iter().map(|unit| unit.instance);
        Ok(units.filter(|one| instance.is_none_or(|name| name == one.name) && is(one.phase)).map(|one| one.name).collect())
    }

    async fn begin(&self, names: &[String]) -> Result<(), Failure> {
        if names.is_empty() {
            return Ok(());
        }
        let words: Vec<&str> = ["start", "--"].into_iter().chain(names.iter().map(String::as_str)).collect();
        let started = self.systemctl(&words, self.grace + ROOM).await.map(drop);
        let names = names.join(" ");
        started
            .map_err(|failure| if failure.mend.is_none() { failure.mend(format!("systemctl status {names}")) } else { failure })
    }

    async fn end(&self, names: &[String], force: bool) -> Result<(), Failure> {
        if names.is_empty() {
            return Ok(());
        }
        let all = || names.iter().map(String::as_str);
        self.systemctl(&["stop", "--no-block", "--"].into_iter().chain(all()).collect::<Vec<_>>(), PATIENCE).await?;
        if self.wait_gone(names, self.grace).await?.is_empty() {
            return Ok(());
        }
        let left = self.wait_gone(names, Duration::ZERO).await?;
        if !force {
            let what = format!("{}{} did not end within {}", left.join(", "), self.host.words(), human(self.grace));
            let mend = "--force kills it now; systemd itself does after its TimeoutStopSec";
            return if left.is_empty() { Ok(()) } else { Err(Failure::new(FailureKind::Stalled, what).mend(mend)) };
        }
        self.systemctl(
            &["kill", "-s", "KILL", "--"].into_iter().chain(left.iter().map(String::as_str)).collect::<Vec<_>>(),
            PATIENCE,
        )
        .await?;
        let left = self.wait_gone(names, ACTS).await?;
        let what = format!("{}{} was killed, and is still there", left.join(", "), self.host.words());
        if left.is_empty() { Ok(()) } else { Err(Failure::new(FailureKind::Stalled, what)) }
    }

    /// Waits until none of these runs; answers with those that do.
    async fn wait_gone(&self, names: &[String], within: Duration) -> Result<Vec<String>, Failure> {
        let deadline = Instant::now() + within;
        loop {
            let left = self.meant(None, Phase::is_up).await?.into_iter().filter(|name| names.contains(name)).collect::<Vec<_>>();
            if left.is_empty() || Instant::now() >= deadline {
                return Ok(left);
            }
            tokio::time::sleep(self.pace()).await;
        }
    }

    /// Waits until these hold still: on a busy host a signal takes a moment to be heard. What goes on all the same is told by whoever
    /// looks. A process that has just begun another (`vfork`) takes no signal until that has a program of its own, which one that was
    /// stopped together with it never has: both are let go on, and stopped again.
    async fn until_still(&self, names: &[String]) -> Result<(), Failure> {
        let deadline = Instant::now() + ACTS;
        loop {
            let goes_on = |unit: &Unit| unit.instance.phase == Phase::Running && names.contains(&unit.instance.name);
            let left: Vec<Unit> = self.units().await?.into_iter().filter(goes_on).collect();
            if left.is_empty() || Instant::now() >= deadline {
                return Ok(());
            }
            for unit in left.iter().filter(|unit| unit.takes_no_signal) {
                self.kill(&unit.instance.name, "CONT").await?;
                self.kill(&unit.instance.name, "STOP").await?;
            }
            tokio::time::sleep(self.pace()).await;
        }
    }

    /// How long until it is looked again.
    fn pace(&self) -> Duration {
        Duration::from_millis(if self.host.is_far() { 500 } else { 100 })
    }

    /// The kernel's freezer, where this systemd has it; else a signal to all processes of the unit.
    async fn freeze(&self, name: &str) -> Result<(), Failure> {
        if self.systemctl(&["freeze", "--", name], PATIENCE).await.is_ok() {
            return Ok(());
        }
        self.kill(name, "STOP").await
    }

    /// Signals every process of a unit.
    async fn kill(&self, name: &str, signal: &str) -> Result<(), Failure> {
        self.systemctl(&["kill", "-s", signal, "--", name], PATIENCE).await.map(drop)
    }
}

impl Control for Units {
    fn keys(&self) -> Promise<'_, Vec<String>> {
        Box::pin(async move {
            let said = self.host.done(&Run::new("sh", ["-c", "uname -n; id -u"]), PATIENCE).await?;
            let mut lines = said.out.lines();
            let (host, uid) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
            let of = if self.user { format!("{host}/user-{uid}") } else { host.to_owned() };
            Ok(self.names().await?.iter().map(|name| format!("systemd:{of}/{name}")).collect())
        })
    }

    fn outlasts(&self) -> Promise<'_, ()> {
        Box::pin(self.host.outlasts())
    }

    fn condition(&self) -> Promise<'_, Condition> {
        Box::pin(async move { Ok(Condition { instances: self.units().await?.into_iter().map(|unit| unit.instance).collect() }) })
    }

    fn start<'a>(&'a self, instance: Option<&'a str>) -> Promise<'a, ()> {
        Box::pin(async move {
            let known = self.names().await?;
            // One of several that does not run is soon unknown to systemd: it is started by its name.
            let unknown = match instance {
                Some(name) => self.number(name).is_some() && !known.iter().any(|other| other == name),
                None => known.is_empty(),
            };
            let names = if self.is_many() && unknown {
                vec![instance.map_or_else(|| numbered(&self.pattern, 1), str::to_owned)]
            } else {
                self.meant(instance, |phase| !phase.is_up()).await?
            };
            self.begin(&names).await
        })
    }

    fn stop<'a>(&'a self, instance: Option<&'a str>, force: bool) -> Promise<'a, ()> {
        Box::pin(async move {
            // What is stopped in its tracks does not hear that it shall end.
            self.unpause(instance).await?;
            let up = self.meant(instance, |phase| phase.is_up() || phase == Phase::Restarting).await?;
            self.end(&up, force).await
        })
    }

    fn pause<'a>(&'a self, instance: Option<&'a str>) -> Promise<'a, ()> {
        Box::pin(async move {
            let running = self.meant(instance, |phase| phase == Phase::Running).await?;
            for name in &running {
                self.freeze(name).await?;
            }
            self.until_still(&running).await
        })
    }

    fn unpause<'a>(&'a self, instance: Option<&'a str>) -> Promise<'a, ()> {
        Box::pin(async move {
            for unit in self.units().await? {
                let is_held = unit.instance.phase == Phase::Paused || unit.takes_no_signal;
                let is_meant = instance.is_none_or(|name| name == unit.instance.name) && is_held;
                match (is_meant, unit.is_frozen) {
                    (false, _) => {}
                    (true, true) => drop(self.systemctl(&["thaw", "--", &unit.instance.name], PATIENCE).await?),
                    (true, false) => self.kill(&unit.instance.name, "CONT").await?,
                }
            }
            Ok(())
        })
    }

    fn scale(&self, to: u16) -> Promise<'_, ()> {
        Box::pin(async move {
            let up = self.meant(None, |phase| phase.is_up() || phase == Phase::Restarting).await?;
            let keep = up.len().min(usize::from(to));
            self.end(&up[keep..].iter().rev().cloned().collect::<Vec<_>>(), false).await?;
            let numbers: Vec<u16> = up.iter().filter_map(|name| self.number(name)).collect();
            let missing = (1..).filter(|number| !numbers.contains(number)).take(usize::from(to) - keep);
            self.begin(&missing.map(|number| numbered(&self.pattern, number)).collect::<Vec<_>>()).await
        })
    }

    fn logs<'a>(&'a self, ask: &'a LogAsk) -> Promise<'a, Box<dyn Logs>> {
        Box::pin(async move {
            let names = match &ask.instance {
                Some(name) => vec![name.clone()],
                None => self.names().await?,
            };
            journal::open(
                &self.host,
                &self.run("journalctl", &journal::words(&names, ask).iter().map(String::as_str).collect::<Vec<_>>()),
                ask,
            )
            .await
        })
    }
}
