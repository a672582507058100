//! Carries a job out: takes its target's locks, asks the [`engine`](crate::jobs::engine) what comes next, records that, does it,
//! records how it ended, and asks again. It knows the ledger, the world and the clock as ports only.
//!
//! Nothing has an effect before its intent is durable. Where the ledger cannot be written the driver stops at once and changes
//! nothing more: what is under way is dropped, and the next worker probes it. A cancellation, a deadline that passed and a step that
//! stands still are told to the step first; 10 seconds later it is dropped, and its programs with it. Undos and probes are never
//! cancelled, only bounded by their own deadlines.

use std::time::Duration;

use tokio::sync::watch;

use crate::domain::failure::{Failure, FailureKind};
use crate::domain::job::{Control, Event, JobId, Outcome};
use crate::domain::plan::{Plan, Revert, StepId, StepSpec, VERSION};
use crate::jobs::engine::{self, Decision};
use crate::jobs::step::{Checked, StepKind};
use crate::ports::journal::{Clock, Journal, unwritable};
use crate::ports::{Promise, World};

mod attempt;
mod gauge;
#[cfg(test)]
pub(in crate::jobs) mod tests;
mod words;

/// How often operators' requests, deadlines and stalls are looked at.
const TICK: Duration = Duration::from_millis(250);
/// How long a step that was told to stop may take before it is dropped.
const GRACE: Duration = Duration::from_secs(10);

/// The guard, asked again right before every step: a configuration that became stricter while a job ran is obeyed. Undos that a
/// plan promised are not asked for: a fault must end, whatever the guard says by now.
pub trait Gate: Send + Sync {
    /// Whether the step may run now; the failure says why not.
    fn allows<'a>(&'a self, spec: &'a StepSpec) -> Promise<'a, ()>;
}

/// A job, and everything it is carried out with.
pub struct Driver<'a> {
    /// Which job.
    pub job: JobId,
    /// What it was confirmed to do.
    pub plan: &'a Plan,
    /// The login that asked for it.
    pub operator: &'a str,
    /// This host.
    pub host: &'a str,
    /// Its history, held by this process alone.
    pub journal: &'a dyn Journal,
    /// What its steps act on.
    pub world: &'a dyn World,
    /// Deadlines are told by it.
    pub clock: &'a dyn Clock,
    /// The guard.
    pub gate: &'a dyn Gate,
    /// The step kinds by their names.
    pub kinds: fn(&str) -> Option<&'static dyn StepKind>,
    /// What is to be told of this process before the end of the job, in the log.
    pub farewell: fn() -> Option<String>,
    /// Turns true when this process shall end: the job is cancelled then.
    pub stop: watch::Receiver<bool>,
}

impl Driver<'_> {
    /// Carries the job on until it ends; says how it ended, or nothing where it waits for an operator to resume, cancel or undo it.
    ///
    /// # Errors
    /// When the plan is of a later midwatch, when the ledger cannot be written, and when somebody else holds the target of a job
    /// that has begun before. A job that has not begun ends as failed where somebody holds its target.
    pub async fn drive(&self) -> Result<Option<Outcome>, Failure> {
        self.understands()?;
        let history = self.journal.history().await?.into_iter().map(|(_, event)| event).collect();
        let mut shift = Shift { driver: self, history, is_stopping: false };
        let _locks = match self.journal.lock(&self.plan.target).await {
            Ok(locks) => locks,
            Err(failure) => return shift.turned_away(failure).await,
        };
        if !shift.begin().await? {
            return Ok(shift.outcome());
        }
        shift.go_on().await
    }

    /// A plan that names what this midwatch does not know is not touched at all.
    fn understands(&self) -> Result<(), Failure> {
        if self.plan.version > VERSION {
            let what = format!("{} is a plan of version {}; this midwatch knows {VERSION}", self.job, self.plan.version);
            return Err(Failure::new(FailureKind::Refused, what).mend("run it with the midwatch that made it"));
        }
        self.plan.steps.iter().try_for_each(|spec| self.kind(spec).map(drop))
    }

    fn kind(&self, spec: &StepSpec) -> Result<&'static dyn StepKind, Failure> {
        let unknown = || Failure::new(FailureKind::Refused, format!("this midwatch knows no step of the kind {:?}", spec.kind));
        (self.kinds)(&spec.kind).ok_or_else(unknown)
    }
}

/// One worker's time with a job.
struct Shift<'a> {
    driver: &'a Driver<'a>,
    history: Vec<Event>,
    /// The end of this process was taken for a cancellation.
    is_stopping: bool,
}

impl<'a> Shift<'a> {
    /// A job that never began ends here; one that did stays as it is.
    async fn turned_away(mut self, failure: Failure) -> Result<Option<Outcome>, Failure> {
        if !self.history.is_empty() {
            return Err(failure);
        }
        let step = self.driver.plan.steps.first().map_or(StepId(0), |spec| spec.id);
        self.append(Event::Taken { pid: std::process::id() }).await?;
        self.append(Event::Failed { step, failure }).await?;
        self.append(Event::Finished { outcome: Outcome::Failed }).await?;
        Ok(self.outcome())
    }

    /// Takes the job, unless there is nothing to do and nobody asked for anything.
    async fn begin(&mut self) -> Result<bool, Failure> {
        let taken = Event::Taken { pid: std::process::id() };
        let asked = self.driver.journal.asked().await?;
        let mut history = self.history.clone();
        history.push(taken.clone());
        if asked.is_empty() && engine::next(self.driver.plan, &history) == Decision::Wait {
            return Ok(false);
        }
        self.append(taken).await?;
        self.record(asked).await?;
        Ok(true)
    }

    async fn go_on(&mut self) -> Result<Option<Outcome>, Failure> {
        loop {
            self.listen().await?;
            match engine::next(self.driver.plan, &self.history) {
                Decision::Prepare(step) => self.prepare(step).await?,
                Decision::Run(step) => self.run(step).await?,
                Decision::Check(step) => self.check(step).await?,
                Decision::Undo(step) => self.undo(step).await?,
                Decision::Abandon(step) => self.abandon(step).await?,
                Decision::Finish(outcome) => self.finish(outcome).await?,
                Decision::Wait => return Ok(self.outcome()),
            }
        }
    }

    async fn prepare(&mut self, step: StepId) -> Result<(), Failure> {
        let spec = self.spec(step)?;
        let undo = match spec.revert {
            Revert::Never => Ok(Vec::new()),
            _ => self.attempt(step, spec, true, |kind, cx| kind.undo(cx)).await?,
        };
        let known = undo.and_then(|undo| undo.iter().try_for_each(|spec| self.driver.kind(spec).map(drop)).map(|()| undo));
        self.append(match known {
            Ok(undo) => Event::Prepared { step, undo },
            Err(failure) => Event::Failed { step, failure },
        })
        .await
    }

    async fn run(&mut self, step: StepId) -> Result<(), Failure> {
        let spec = self.spec(step)?;
        if let Err(failure) = self.driver.gate.allows(spec).await {
            return self.append(Event::Failed { step, failure }).await;
        }
        self.append(Event::Intended { step }).await?;
        let ended = self.attempt(step, spec, true, |kind, cx| kind.run(cx)).await?;
        self.append(match ended {
            Ok(output) => Event::Done { step, output },
            Err(failure) => Event::Failed { step, failure },
        })
        .await
    }

    /// A probe that fails has found out nothing.
    async fn check(&mut self, step: StepId) -> Result<(), Failure> {
        let spec = self.spec(step)?;
        let checked = self.attempt(step, spec, false, |kind, cx| kind.check(cx)).await?;
        self.append(match checked {
            Ok(Checked::Absent) => Event::Absent { step },
            Ok(Checked::Done(output)) => Event::Done { step, output },
            Ok(Checked::Unknown(words)) => Event::Unknown { step, words },
            Err(failure) => Event::Unknown { step, words: failure.to_string() },
        })
        .await
    }

    async fn undo(&mut self, step: StepId) -> Result<(), Failure> {
        let undo = self.recorded(step);
        if self.outcome().is_some()
            && let Err(failure) = self.allowed(&undo).await
        {
            return self.append(Event::UndoFailed { step, failure }).await;
        }
        self.append(Event::UndoIntended { step }).await?;
        for spec in &undo {
            if let Err(failure) = self.attempt(step, spec, false, |kind, cx| kind.run(cx)).await? {
                return self.append(Event::UndoFailed { step, failure }).await;
            }
        }
        self.append(Event::Undone { step }).await
    }

    /// What this stands on was taken back when the worker before died.
    async fn abandon(&mut self, step: StepId) -> Result<(), Failure> {
        let what = "its worker died, and what had to be taken back was: nothing more of it was done";
        let failure = Failure::new(FailureKind::Unavailable, what).mend("look at the service, then ask again");
        self.append(Event::Failed { step, failure }).await
    }

    /// An undo that an operator asks for after the end is a change like any other.
    async fn allowed(&self, undo: &[StepSpec]) -> Result<(), Failure> {
        for spec in undo {
            self.driver.gate.allows(spec).await?;
        }
        Ok(())
    }

    /// Hears what operators ask, and whether this process shall end.
    async fn listen(&mut self) -> Result<(), Failure> {
        let mut asked = self.driver.journal.asked().await.map_err(unwritable)?;
        if *self.driver.stop.borrow() && !self.is_stopping {
            self.is_stopping = true;
            asked.push((Control::Cancel, format!("{} (the worker was told to end)", self.driver.host)));
        }
        self.record(asked).await
    }

    async fn record(&mut self, asked: Vec<(Control, String)>) -> Result<(), Failure> {
        for (control, operator) in asked {
            self.append(Event::Asked { control, operator }).await?;
        }
        Ok(())
    }

    async fn finish(&mut self, outcome: Outcome) -> Result<(), Failure> {
        (self.driver.farewell)().inspect(|line| self.driver.journal.log(line));
        self.append(Event::Finished { outcome }).await
    }

    async fn append(&mut self, event: Event) -> Result<(), Failure> {
        self.driver.journal.append(&event).await.map_err(unwritable)?;
        self.driver.journal.log(&words::line(self.driver.plan, &event));
        self.history.push(event);
        Ok(())
    }

    fn spec(&self, step: StepId) -> Result<&'a StepSpec, Failure> {
        let unknown = || Failure::new(FailureKind::Bug, format!("{} has no step {step}", self.driver.job));
        self.driver.plan.steps.iter().find(|spec| spec.id == step).ok_or_else(unknown)
    }

    /// What was recorded to undo a step: before its first attempt.
    fn recorded(&self, of: StepId) -> Vec<StepSpec> {
        let recorded = self.history.iter().find_map(|event| match event {
            Event::Prepared { step, undo } if *step == of => Some(undo.clone()),
            _ => None,
        });
        recorded.unwrap_or_default()
    }

    fn outcome(&self) -> Option<Outcome> {
        self.history.iter().find_map(|event| match event {
            Event::Finished { outcome } => Some(*outcome),
            _ => None,
        })
    }

    /// Who asked this job to stop.
    fn cancelled_by(&self) -> Option<&str> {
        self.history.iter().find_map(|event| match event {
            Event::Asked { control: Control::Cancel | Control::Undo, operator } => Some(operator.as_str()),
            _ => None,
        })
    }
}
