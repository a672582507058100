//! The console's [`Office`]: the desk where jobs are kept, the planner, and the repositories of the configuration.

use std::sync::Arc;

use crate::app::message::Planned;
use crate::config::model::Config;
use crate::domain::backup::BackupId;
use crate::domain::backup::catalogue::Catalogue;
use crate::domain::chaos::end::Found;
use crate::domain::chaos::report::{Drilled, Missed};
use crate::domain::failure::Failure;
use crate::domain::job::{Control, Job, JobId, Log, State};
use crate::domain::name::Name;
use crate::domain::plan::{Confirmation, Plan};
use crate::domain::time::Stamp;
use crate::ports::{Promise, World};
use crate::runtime::desk::Desk;
use crate::runtime::metrics::Sheet;
use crate::runtime::office::Office;
use crate::runtime::worker::survival;
use crate::runtime::world::Outside;
use crate::runtime::{metrics, planner};

/// How many jobs the console shows.
const JOBS: u32 = 200;

/// Who does what the console asks of jobs and repositories.
pub struct Clerk {
    /// What the files say.
    pub config: Arc<Config>,
    /// Where jobs are kept.
    pub desk: Desk,
    /// What plans are made from.
    pub world: Outside,
}

impl Clerk {
    /// Opens the ledger. Jobs whose workers died are taken up by whoever comes next: by this.
    pub async fn open(config: Arc<Config>) -> Result<Self, Failure> {
        let desk = Desk::open(config.state.as_deref())?;
        take_up(&desk).await?;
        let world = Outside::new(desk.key().ok(), config.scratch.as_deref())?.with_drills(&config, desk.home());
        // A console that cannot look after what an earlier drill left can still be looked at.
        if let Err(failure) = desk.take_up_faults() {
            tracing::warn!("the ends of earlier drills could not be taken up: {failure}");
        }
        Ok(Self { config, desk, world })
    }

    /// The plan that words ask for. Only reads.
    pub async fn plan(&self, environment: &Name, words: &[String]) -> Result<Plan, Failure> {
        let live = live(&self.desk.jobs(JOBS).await?);
        let mut plan = planner::plan(&self.config, environment, words, &self.world, &live).await?;
        plan.notes.extend(survival::note().await);
        Ok(plan)
    }

    /// What the environment that opens looks like to Prometheus.
    pub async fn metrics(&self) -> Result<Sheet, Failure> {
        let environment = &self.config.environment;
        let site = planner::site(&self.config, environment)?;
        metrics::gather(&site, &self.desk.failures(environment).await?, &self.world).await
    }
}

/// The backups that jobs are writing, or may go on to write.
fn live(jobs: &[Job]) -> Vec<BackupId> {
    let open = jobs.iter().filter(|job| !matches!(job.state, State::Ended(_)));
    let steps = open.flat_map(|job| &job.plan.steps);
    steps.filter_map(|step| step.args["backup"].as_str()).map(|id| BackupId(id.to_owned())).collect()
}

/// Has the jobs taken up whose workers died.
async fn take_up(desk: &Desk) -> Result<(), Failure> {
    for (job, taken) in desk.take_up_lost().await? {
        if let Err(failure) = taken {
            tracing::warn!("{job} could not be taken up: {failure}");
        }
    }
    Ok(())
}

impl Office for Clerk {
    fn jobs(&self) -> Promise<'_, Vec<Job>> {
        Box::pin(async move {
            // What cannot be noted, or taken up, keeps nobody from looking.
            drop(self.desk.present().await);
            drop(take_up(&self.desk).await);
            self.desk.jobs(JOBS).await
        })
    }

    fn log(&self, job: JobId) -> Promise<'_, Log> {
        Box::pin(self.desk.log_tail(job))
    }

    fn drills(&self) -> Promise<'_, Vec<Arc<Drilled>>> {
        Box::pin(self.desk.drills())
    }

    fn faults(&self) -> Promise<'_, Vec<Found>> {
        Box::pin(self.desk.open_faults())
    }

    fn catalogue<'a>(&'a self, environment: &'a Name, repository: &'a Name) -> Promise<'a, Catalogue> {
        Box::pin(async move {
            let site = planner::site(&self.config, environment)?;
            let mut catalogue = self.world.repository(site.repository(repository.as_str())?).await?.catalogue().await?;
            let live = live(&self.desk.jobs(JOBS).await?);
            for orphan in &mut catalogue.orphans {
                orphan.live = live.contains(&orphan.id);
            }
            Ok(catalogue)
        })
    }

    fn plan<'a>(&'a self, environment: &'a Name, call: &'a [String]) -> Promise<'a, Planned> {
        Box::pin(async move {
            let plan = Arc::new(self.plan(environment, call).await?);
            let unlocked = self.desk.unlocked(environment).await?;
            Ok(Planned { plan, unlocked })
        })
    }

    fn submit<'a>(&'a self, plan: &'a Arc<Plan>, confirmation: &'a Confirmation) -> Promise<'a, JobId> {
        Box::pin(self.desk.submit(Plan::clone(plan), confirmation.clone(), self.config.files.clone()))
    }

    fn control(&self, job: JobId, control: Control) -> Promise<'_, ()> {
        Box::pin(self.desk.control(job, control))
    }

    fn unlock<'a>(&'a self, environment: &'a Name) -> Promise<'a, Stamp> {
        Box::pin(self.desk.unlock(environment))
    }

    fn away(&self) -> Promise<'_, Vec<Missed>> {
        Box::pin(self.desk.away())
    }
}
