//! The guard, as it stands now: of the plan's and the configuration's the stricter one counts. Asked when a job is submitted, and
//! by its worker before every step.

use std::path::PathBuf;
use std::sync::Arc;

use futures_util::FutureExt as _;

use crate::adapters::ledger::{Ledger, Record};
use crate::config;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::guard::{self, Guard, Request};
use crate::domain::job::{Control, Event};
use crate::domain::name::Name;
use crate::domain::plan::{Confirmation, Plan, StepSpec};
use crate::domain::time::Stamp;
use crate::jobs::driver;
use crate::ports::Promise;

/// When something is asked for, and until when its environment is then unlocked.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// Until when; none where it is locked.
    pub unlocked_until: Option<Stamp>,
    /// When.
    pub now: Stamp,
}

/// What an environment lets happen.
struct Standing {
    guard: Guard,
    unattended: Vec<String>,
}

/// Whether a plan may be carried out by what its guard and its configuration say now.
pub fn judge(plan: &Plan, confirmation: &Confirmation, files: &[PathBuf], moment: Moment) -> Result<(), Failure> {
    let standing = standing(files, &plan.environment)?;
    let request = Request {
        guard: plan.guard.max(standing.guard),
        environment: &plan.environment,
        target: &plan.target.name,
        call: &plan.call,
        confirmation,
        unlocked_until: moment.unlocked_until,
        now: moment.now,
        unattended: &standing.unattended,
    };
    Ok(guard::judge(&request)?)
}

/// A configuration that cannot be read, or no longer has the environment, lets nothing happen.
fn standing(files: &[PathBuf], environment: &Name) -> Result<Standing, Failure> {
    let unread = |what: String| Failure::new(FailureKind::Config, what).mend("midwatch check");
    let config = config::load_again(files).map_err(|error| unread(error.to_string()))?;
    let gone = || unread(format!("the configuration no longer has the environment {environment}"));
    let found = config.environments.into_iter().find(|one| one.name == *environment).ok_or_else(gone)?;
    Ok(Standing { guard: found.guard, unattended: found.unattended })
}

/// The guard of one job.
pub struct Gate {
    ledger: Arc<Ledger>,
    record: Record,
}

impl Gate {
    /// The guard of a job.
    pub fn new(ledger: Arc<Ledger>, record: Record) -> Self {
        Self { ledger, record }
    }

    fn judge(&self) -> Result<(), Failure> {
        let record = self.ledger.job(self.record.id)?;
        let (who, now) = asked(&record);
        let unlocked_until = self.ledger.unlocked(&record.plan.environment, who, now)?;
        judge(&self.record.plan, &record.confirmation, &record.files, Moment { unlocked_until, now })
    }
}

/// Who asked for what the job does now, and when. That is when the environment must have been unlocked: a job may well take
/// longer than 15 minutes.
fn asked(record: &Record) -> (&str, Stamp) {
    let again = record.history.iter().rev().find_map(|(at, event)| match event {
        Event::Asked { control: Control::Resume | Control::Undo, operator } => Some((operator.as_str(), *at)),
        _ => None,
    });
    again.unwrap_or((&record.operator, record.submitted))
}

impl driver::Gate for Gate {
    fn allows<'a>(&'a self, _: &'a StepSpec) -> Promise<'a, ()> {
        let gate = Self { ledger: Arc::clone(&self.ledger), record: self.record.clone() };
        async move {
            let judged = tokio::task::spawn_blocking(move || gate.judge()).await;
            judged.unwrap_or_else(|error| Err(Failure::new(FailureKind::Bug, format!("the guard: {error}"))))
        }
        .boxed()
    }
}
