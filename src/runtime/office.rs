//! Jobs, plans and repositories as the console reaches them: what answers its needs and does its bidding. It reads and asks;
//! whatever changes an environment is a job, and a worker's to do.

use std::sync::Arc;

use crate::app::effect::Wish;
use crate::app::message::{Message, Planned};
use crate::app::need::{Data, Source};
use crate::domain::backup::catalogue::Catalogue;
use crate::domain::chaos::end::Found;
use crate::domain::chaos::report::{Drilled, Missed};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::job::{Control, Job, JobId, Log};
use crate::domain::name::Name;
use crate::domain::plan::{Confirmation, Plan};
use crate::domain::time::Stamp;
use crate::ports::Promise;

/// Where jobs are recorded, plans are made and repositories are read.
pub trait Office: Send + Sync {
    /// The newest jobs, of every environment.
    fn jobs(&self) -> Promise<'_, Vec<Job>>;

    /// What a job wrote down so far.
    fn log(&self, job: JobId) -> Promise<'_, Log>;

    /// The drills among the jobs, and what each has shown so far.
    fn drills(&self) -> Promise<'_, Vec<Arc<Drilled>>>;

    /// The faults whose end is still to be performed. Where nobody waits to do that, somebody is started.
    fn faults(&self) -> Promise<'_, Vec<Found>>;

    /// What lies in a repository of an environment.
    fn catalogue<'a>(&'a self, environment: &'a Name, repository: &'a Name) -> Promise<'a, Catalogue>;

    /// What a routine would do.
    fn plan<'a>(&'a self, environment: &'a Name, call: &'a [String]) -> Promise<'a, Planned>;

    /// Makes a plan a job, and starts its worker.
    fn submit<'a>(&'a self, plan: &'a Arc<Plan>, confirmation: &'a Confirmation) -> Promise<'a, JobId>;

    /// Asks something of a job.
    fn control(&self, job: JobId, control: Control) -> Promise<'_, ()>;

    /// Unlocks a strict environment for this operator, on record; says until when.
    fn unlock<'a>(&'a self, environment: &'a Name) -> Promise<'a, Stamp>;

    /// What ended or was lost since this operator's console was last open.
    fn away(&self) -> Promise<'_, Vec<Missed>>;
}

/// Something that the office is asked to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Errand {
    /// Work out a plan for an environment.
    Plan(Name, Wish),
    /// Make a plan a job.
    Submit(Arc<Plan>, Confirmation),
    /// Ask something of a job.
    Control(JobId, Control),
    /// Unlock an environment.
    Unlock(Name),
    /// Tell what happened meanwhile.
    Away,
}

impl Errand {
    /// Runs it, and tells what came of it: where there is no ledger, that nothing was done.
    pub async fn run(self, office: Option<&dyn Office>) -> Message {
        let Some(office) = office else { return self.refused() };
        match self {
            Self::Plan(environment, wish) => {
                let planned = office.plan(&environment, &wish.call).await;
                Message::Planned(wish, planned)
            }
            Self::Submit(plan, confirmation) => Message::Submitted(office.submit(&plan, &confirmation).await),
            Self::Control(job, control) => Message::Controlled(job, control, office.control(job, control).await),
            Self::Unlock(environment) => {
                let until = office.unlock(&environment).await;
                Message::Unlocked(environment, until)
            }
            Self::Away => match office.away().await {
                Ok(missed) => Message::Away(missed),
                Err(failure) => Message::Told(Err(failure.to_string())),
            },
        }
    }

    fn refused(self) -> Message {
        let failure = Failure::new(FailureKind::Config, "there is no ledger here: nothing was changed")
            .mend("midwatch jobs list says why it cannot be opened");
        match self {
            Self::Plan(_, wish) => Message::Planned(wish, Err(failure)),
            Self::Submit(..) => Message::Submitted(Err(failure)),
            Self::Control(job, control) => Message::Controlled(job, control, Err(failure)),
            Self::Unlock(environment) => Message::Unlocked(environment, Err(failure)),
            Self::Away => Message::Away(vec![]),
        }
    }
}

/// Answers the needs that are not an upstream's or a service's.
pub async fn fetch(office: &dyn Office, environment: &Name, source: &Source) -> Result<Data, Fault> {
    let data = match source {
        Source::Jobs => office.jobs().await.map(Data::Jobs),
        Source::JobLog(job) => office.log(*job).await.map(Data::Log),
        Source::Drills => office.drills().await.map(Data::Drills),
        Source::Faults => office.faults().await.map(Data::Faults),
        // That it is refused is an answer.
        Source::Plan(words) => Ok(Data::Plan(office.plan(environment, words).await.map(|planned| planned.plan))),
        Source::Catalogue(repository) => office.catalogue(environment, repository).await.map(Data::Catalogue),
        _ => Err(Failure::new(FailureKind::Bug, "the ledger does not know that")),
    };
    data.map_err(|failure| fault(&failure))
}

/// A failure as the state of a value that is polled.
pub fn fault(failure: &Failure) -> Fault {
    let kind = match failure.kind {
        FailureKind::Denied => FaultKind::Denied,
        FailureKind::Unavailable | FailureKind::Config => FaultKind::Unreachable,
        FailureKind::Stalled => FaultKind::Timeout,
        FailureKind::Damaged => FaultKind::Garbled,
        FailureKind::Refused | FailureKind::Usage | FailureKind::Locked => FaultKind::Refused,
        _ => FaultKind::Failing,
    };
    Fault::new(kind, failure.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::catalog;
    use crate::app::command::CommandKind;
    use crate::app::need::Epoch;
    use crate::jobs::routines;

    /// Whoever waits for an answer gets one, with or without a ledger.
    #[tokio::test]
    async fn without_a_ledger_every_errand_is_refused_and_nobody_waits_for_ever() {
        let wish = Wish { env: Epoch(0), call: vec!["backup".into(), "orders".into()] };
        let refused = async |errand: Errand| format!("{:?}", errand.run(None).await).contains("there is no ledger");
        assert!(refused(Errand::Plan("production".into(), wish)).await);
        assert!(refused(Errand::Control(JobId(1), Control::Cancel)).await);
        assert!(refused(Errand::Unlock("production".into())).await);
        assert_eq!(Errand::Away.run(None).await, Message::Away(vec![]));
    }

    /// What the console calls `backup` is what the shell calls `backup`.
    #[test]
    fn every_routine_is_a_command_of_the_console_that_changes_something() {
        for routine in routines::ALL {
            let command = catalog::find(routine.name);
            assert!(command.is_some_and(|command| command.kind == CommandKind::Change), "{}", routine.name);
        }
    }
}
