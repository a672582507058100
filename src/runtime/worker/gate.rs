//! The guard, as it stands now: of the plan's and the configuration's the stricter one counts. Asked when a job is submitted, and
//! by its worker before every step.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::time::Instant;

use crate::adapters::ledger::{Ledger, Record};
use crate::config::{self, model::Config};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::guard::{self, Guard, Request};
use crate::domain::job::{Control, Event};
use crate::domain::name::Name;
use crate::domain::plan::{Confirmation, Plan, StepSpec};
use crate::domain::time::Stamp;
use crate::jobs::driver;
use crate::ports::Promise;

/// For how long a configuration that cannot be read may be one that somebody is just editing.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often it is read again meanwhile.
const OFTEN: Duration = Duration::from_millis(200);

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
    weigh(plan, confirmation, read(files)?, moment)
}

fn weigh(plan: &Plan, confirmation: &Confirmation, config: Config, moment: Moment) -> Result<(), Failure> {
    let standing = standing(config, &plan.environment)?;
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

/// A configuration that cannot be read lets nothing happen.
fn read(files: &[PathBuf]) -> Result<Config, Failure> {
    config::load_again(files).map_err(|error| unfit(error.to_string()))
}

/// Nor does one that no longer has the environment.
fn standing(config: Config, environment: &Name) -> Result<Standing, Failure> {
    let gone = || unfit(format!("the configuration no longer has the environment {environment}"));
    let found = config.environments.into_iter().find(|one| one.name == *environment).ok_or_else(gone)?;
    Ok(Standing { guard: found.guard, unattended: found.unattended })
}

fn unfit(what: String) -> Failure {
    Failure::new(FailureKind::Config, what).mend("midwatch check")
}

/// The guard of one job.
#[derive(Clone)]
pub struct Gate {
    ledger: Arc<Ledger>,
    record: Record,
    /// How long it waits for a configuration that can be read.
    pub(super) patience: Duration,
}

impl Gate {
    /// The guard of a job.
    pub fn new(ledger: Arc<Ledger>, record: Record) -> Self {
        Self { ledger, record, patience: PATIENCE }
    }

    /// The configuration, once it can be read: whoever saves half a line must not undo hours of work.
    async fn configuration(&self) -> Result<Config, Failure> {
        let began = Instant::now();
        let mut waits = false;
        loop {
            let failure = match read(&self.record.files) {
                Err(failure) if began.elapsed() < self.patience => failure,
                read => return read,
            };
            if !waits {
                let seconds = self.patience.as_secs();
                self.ledger
                    .note(self.record.id, &format!("waiting up to {seconds} s for a configuration that can be read: {failure}"));
            }
            waits = true;
            tokio::time::sleep(OFTEN).await;
        }
    }

    fn judge(&self, config: Config) -> Result<(), Failure> {
        let record = self.ledger.job(self.record.id)?;
        let (who, now) = asked(&record);
        let unlocked_until = self.ledger.unlocked(&record.plan.environment, who, now)?;
        weigh(&self.record.plan, &record.confirmation, config, Moment { unlocked_until, now })
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
        let gate = self.clone();
        async move {
            let config = gate.configuration().await?;
            let judged = tokio::task::spawn_blocking(move || gate.judge(config)).await;
            judged.unwrap_or_else(|error| Err(Failure::new(FailureKind::Bug, format!("the guard: {error}"))))
        }
        .boxed()
    }
}
