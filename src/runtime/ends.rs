//! The ends of faults, armed: for each drill a record in `drills/` beside the ledger, and a [watchdog] that waits to perform it in a
//! process and session of its own. Whoever opens a ledger looks for records that nobody waits for, and starts a watchdog again.
//!
//! Where systemd is the first process, a [timer] of it is armed beside the watchdog, for the day on which even that is killed.
//!
//! There is one way in which a fault ends, whatever ends it: a watchdog performs its record. A drill that is over asks for that; a
//! drill whose worker was killed does not have to.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::process::{Child, Command};
use tokio::time::Instant;

use crate::adapters::ledger::Home;
use crate::domain::chaos::end::{Deadline, Ended, Found, Record, Standing, Undoing, VERSION, Why};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::job::JobId;
use crate::domain::number;
use crate::domain::time::Stamp;
use crate::ports::Promise;
use crate::ports::arm::Arm;
use crate::runtime::ends::shelf::Shelf;
use crate::runtime::worker::copy::{self, InUse};
use crate::runtime::worker::survival;

mod clock;
mod hold;
pub mod holder;
mod shelf;
pub mod timer;
pub mod watchdog;

/// How long a watchdog may take to be ready: hosts on bad days are slow.
const ARMS_WITHIN: Duration = Duration::from_secs(10);
/// How often it is looked whether it is, or has ended a fault.
const OFTEN: Duration = Duration::from_millis(50);
/// How long a watchdog that was started may take before another is.
const STARTS_WITHIN: Duration = Duration::from_secs(10);
/// How often undoing a fault may fail before whoever waits for it is told, and may accept what it leaves; it is tried again and again all the same.
pub const TRIES: u32 = 3;

/// Arms and ends, on one host.
#[derive(Clone)]
pub struct Ends {
    shelf: Shelf,
    files: Vec<PathBuf>,
}

impl Ends {
    /// Those of a ledger; watchdogs read the configuration from these files.
    pub fn new(home: Home, files: Vec<PathBuf>) -> Self {
        Self { shelf: Shelf::new(home), files }
    }

    /// Where they lie: the ledger's folder.
    pub fn folder(&self) -> PathBuf {
        self.shelf.home().path().to_owned()
    }

    /// Starts a watchdog for every end that nobody waits to perform: whoever did was killed, or the host was.
    pub fn take_up(&self) -> Result<(), Failure> {
        self.shelf.tidy()?;
        // What is wrong with one is told once all the others were taken up.
        let mut done = Ok(());
        for read in self.shelf.each_but(&BTreeSet::new())? {
            done = done.and(read.and_then(|record| self.take_up_one(&record)));
        }
        done
    }

    fn take_up_one(&self, record: &Record) -> Result<(), Failure> {
        let job = record.undoing.job;
        if record.ended.is_some() || self.shelf.is_watched(job) { Ok(()) } else { self.start(job) }
    }

    /// The faults whose end is still to be performed. Those that were performed are added to what is known, and not read again.
    pub fn open_but(&self, known: &mut BTreeSet<JobId>) -> Result<Vec<Found>, Failure> {
        let (ended, open): (Vec<_>, Vec<_>) = self.shelf.all_but(known)?.into_iter().partition(|record| record.ended.is_some());
        known.extend(ended.iter().map(|record| record.undoing.job));
        Ok(open.into_iter().map(|record| self.found(record)).collect())
    }

    /// How a drill's fault ended; none where it has not, or there was none.
    pub fn ended_of(&self, job: JobId) -> Result<Option<Ended>, Failure> {
        Ok(self.shelf.read(job)?.and_then(|record| record.ended))
    }

    /// Takes what a drill's end leaves as it is, so that it is not tried again: only where it was tried often enough that whoever
    /// waited for it was told, or where nobody who was started for it could even begin. It is audited before.
    pub fn accept(&self, job: JobId, audit: impl FnOnce() -> Result<(), Failure>) -> Result<(), Failure> {
        let refused = |what: String| Err(Failure::refused(what).mend("midwatch chaos sweep tells how every end stands"));
        let mut record = match self.shelf.read(job)? {
            None => return refused(format!("drill {job} has armed no end")),
            Some(Record { ended: Some(ended), .. }) => return refused(format!("drill {job} has ended: {}", ended.why.words())),
            Some(record) => record,
        };
        if let Some(_lock) = self.shelf.watch(job)? {
            audit()?;
            record.ended = Some(Ended { at: now(), took: Duration::ZERO, why: Why::Accepted });
            return self.shelf.write(&record);
        }
        if record.tries < TRIES {
            let tries = number::counted(record.tries, "time");
            return refused(format!("the end of drill {job} has failed {tries}: what it leaves is accepted from {TRIES} on"));
        }
        audit()?;
        // The watchdog writes it down: the record is its own.
        self.shelf.accept(job)
    }

    /// Every end, the newest drill's first.
    pub fn all(&self) -> Result<Vec<Found>, Failure> {
        let mut all = self.shelf.all()?;
        all.sort_by_key(|record| std::cmp::Reverse(record.undoing.job));
        Ok(all.into_iter().map(|record| self.found(record)).collect())
    }

    fn found(&self, record: Record) -> Found {
        let job = record.undoing.job;
        let watched = self.shelf.is_watched(job);
        let words = (!watched && record.ended.is_none()).then(|| self.shelf.last_words(job)).flatten();
        Found { record, watched, words }
    }

    /// Starts a watchdog.
    pub fn start(&self, job: JobId) -> Result<(), Failure> {
        self.spawn("fault-end", job, Stdio::null).map(drop)
    }

    /// Starts a process that needs nobody, from the copy of this program that workers run from, with the environment that references
    /// to secrets may point into. The copy stays as long as what is returned is kept.
    fn spawn(&self, subcommand: &str, job: JobId, pipe: fn() -> Stdio) -> Result<(Child, InUse), Failure> {
        let home = self.shelf.home();
        let copy = copy::of_myself(home)?;
        let mut words = survival::wrapping(&format!("midwatch-{subcommand}-{}-{}", job.0, std::process::id()));
        words.push(copy.program.clone().into());
        let stderr = self.shelf.words(job)?;
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]).args(holder::words(home, subcommand, job));
        command.stdin(pipe()).stdout(pipe()).stderr(stderr).current_dir("/");
        let started = command.spawn().map_err(|e| Failure { what: format!("{}: {e}", copy.program.display()), ..e.into() });
        Ok((started?, copy))
    }

    fn standing(&self, job: JobId) -> Result<Standing, Failure> {
        let Some(record) = self.shelf.read(job)? else { return Ok(Standing::Unarmed) };
        Ok(match record.ended {
            Some(ended) => Standing::Ended(ended),
            None if !self.shelf.is_watched(job) => Standing::Deserted(Box::new(record)),
            None if !record.armed => Standing::Unarmed,
            None if record.ending => Standing::Armed(Duration::ZERO),
            None => Standing::Armed(clock::left(&record.deadline)?),
        })
    }

    async fn armed(&self, undoing: Undoing, within: Duration) -> Result<Stamp, Failure> {
        let job = undoing.job;
        // Counted from before it is promised.
        let (deadline, due) = (clock::after(within)?, now().after(within));
        if let Some(other) = self.shelf.all()?.into_iter().find(|record| record.ended.is_none()) {
            let what = format!("the end of drill {} is still to be performed", other.undoing.job);
            return Err(Failure::refused(what).mend("midwatch chaos sweep"));
        }
        let timer = timer::arm(self.shelf.home(), job, within).await.unwrap_or_else(|failure| {
            // The watchdog is what has to be there.
            eprintln!("{failure}");
            None
        });
        let record = Record {
            version: VERSION,
            undoing,
            files: self.files.clone(),
            deadline,
            due,
            timer,
            armed: false,
            ending: false,
            tries: 0,
            trouble: None,
            ended: None,
        };
        self.shelf.write(&record)?;
        let armed = match self.start(job) {
            Ok(()) => self.ready(job).await,
            Err(failure) => Err(failure),
        };
        match armed {
            Ok(()) => Ok(due),
            Err(failure) => {
                // Nothing was injected: nothing is to be undone.
                self.shelf.remove(job);
                timer::disarm(self.shelf.home(), job).await;
                Err(Failure { what: format!("the end of the fault could not be armed: {}", failure.what), ..failure })
            }
        }
    }

    async fn ready(&self, job: JobId) -> Result<(), Failure> {
        let late = Instant::now() + ARMS_WITHIN;
        while !matches!(self.standing(job)?, Standing::Armed(_)) {
            if Instant::now() > late {
                let what = format!("the watchdog is not ready after {} s: {}", ARMS_WITHIN.as_secs(), self.said(job));
                return Err(Failure::new(FailureKind::Stalled, what));
            }
            tokio::time::sleep(OFTEN).await;
        }
        Ok(())
    }

    /// The last words of what was started for a drill.
    fn said(&self, job: JobId) -> String {
        self.shelf.last_words(job).unwrap_or_else(|| "it said nothing".to_owned())
    }

    async fn ended(&self, job: JobId) -> Result<Option<Ended>, Failure> {
        let mut started: Option<Instant> = None;
        loop {
            let Some(record) = self.shelf.read(job)? else { return Ok(None) };
            let is_accepted = record.ended.as_ref().is_some_and(|ended| !ended.is_verified());
            if record.ended.is_some() && !is_accepted {
                return Ok(record.ended);
            }
            if is_accepted || record.tries >= TRIES {
                let what = format!("the fault could not be ended: {}", record.trouble.unwrap_or_default());
                let failure = Failure::new(FailureKind::Unavailable, format!("{what}; it is tried again and again"));
                return Err(failure.mend("midwatch chaos sweep tells how it stands"));
            }
            self.shelf.ask(job)?;
            if !self.shelf.is_watched(job) && started.is_none_or(|at| at.elapsed() > STARTS_WITHIN) {
                started = Some(Instant::now());
                self.start(job)?;
            }
            tokio::time::sleep(OFTEN).await;
        }
    }

    fn inject(&self, job: JobId, least: Duration) -> Result<Box<dyn Send + Sync>, Failure> {
        // Held first: whoever begins to end it from here on sees that.
        let held = self.shelf.inject(job)?;
        let refused = |what: &str| Err(Failure::refused(format!("{what}: nothing was injected")));
        match self.standing(job)? {
            Standing::Armed(left) if left >= least && !self.shelf.is_asked(job) => Ok(Box::new(held)),
            Standing::Armed(_) => refused("the time of the fault was over before it began"),
            Standing::Unarmed => refused("the end of the fault is not armed"),
            Standing::Deserted(_) => refused("the watchdog that would end the fault is gone"),
            Standing::Ended(_) => refused("the fault was ended before it began"),
        }
    }
}

impl Arm for Ends {
    fn beyond(&self) -> Option<&'static str> {
        timer::words()
    }

    fn arm(&self, undoing: Undoing, within: Duration) -> Promise<'_, Stamp> {
        self.armed(undoing, within).boxed()
    }

    fn look(&self, job: JobId) -> Promise<'_, Standing> {
        async move { self.standing(job) }.boxed()
    }

    fn injecting(&self, job: JobId, least: Duration) -> Promise<'_, Box<dyn Send + Sync>> {
        async move { self.inject(job, least) }.boxed()
    }

    fn end(&self, job: JobId) -> Promise<'_, Option<Ended>> {
        self.ended(job).boxed()
    }

    fn open(&self) -> Promise<'_, Vec<Record>> {
        async move { Ok(self.shelf.all()?.into_iter().filter(|record| record.ended.is_none()).collect()) }.boxed()
    }
}

fn now() -> Stamp {
    Stamp(jiff::Timestamp::now().as_millisecond())
}

/// The clock that nobody can set, as deadlines are told by it.
fn late(deadline: &Deadline) -> bool {
    // A clock that cannot be read must not keep a fault from ending.
    clock::left(deadline).map_or(true, |left| left.is_zero())
}

#[cfg(test)]
mod tests;
