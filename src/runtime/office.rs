//! Jobs, plans and repositories as the console reaches them: what answers its needs and does its bidding. It reads and asks;
//! whatever changes an environment is a job, and a worker's to do.

use std::sync::Arc;

use crate::app::message::Planned;
use crate::app::need::{Data, Source};
use crate::domain::backup::catalogue::Catalogue;
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
    fn away(&self) -> Promise<'_, Vec<Job>>;
}

/// Answers the needs that are not an upstream's or a service's.
pub async fn fetch(office: &dyn Office, environment: &Name, source: &Source) -> Result<Data, Fault> {
    let data = match source {
        Source::Jobs => office.jobs().await.map(Data::Jobs),
        Source::JobLog(job) => office.log(*job).await.map(Data::Log),
        Source::Catalogue(repository) => office.catalogue(environment, repository).await.map(Data::Catalogue),
        _ => Err(Failure::new(FailureKind::Bug, "the ledger does not know that")),
    };
    data.map_err(|failure| fault(&failure))
}

/// A failure as the state of a value that is polled.
fn fault(failure: &Failure) -> Fault {
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
    use crate::app::catalog;
    use crate::app::command::CommandKind;
    use crate::jobs::routines;

    /// What the console calls `backup` is what the shell calls `backup`.
    #[test]
    fn every_routine_is_a_command_of_the_console_that_changes_something() {
        for routine in routines::ALL {
            let command = catalog::find(routine.name);
            assert!(command.is_some_and(|command| command.kind == CommandKind::Change), "{}", routine.name);
        }
    }
}
