//! Drills among the jobs: what each has shown so far, and what is still to be ended of their faults.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::Desk;
use crate::adapters::firewall::strays;
use crate::adapters::tools::surroundings::Surroundings;
use crate::domain::chaos::end::Found;
use crate::domain::chaos::report::{Drilled, Report};
use crate::domain::failure::Failure;
use crate::domain::firewall::Stray;
use crate::domain::job::{Event, Job, JobId, State};
use crate::jobs::drill::page;
use crate::jobs::engine;
use crate::jobs::steps::firewall;

/// How many jobs back drills are looked for.
const BACK: u32 = 500;
/// How long a watchdog that was started may take before another is.
const STARTS_WITHIN: Duration = Duration::from_secs(15);

/// What this process has learned of drills and does not ask for again.
#[derive(Default)]
pub(super) struct Drills(Mutex<Learned>);

#[derive(Default)]
struct Learned {
    /// Drills of which nothing changes any more.
    over: BTreeMap<JobId, Arc<Drilled>>,
    /// Drills whose fault has ended.
    ended: BTreeSet<JobId>,
    /// When a watchdog was last started for a fault that nobody waited to end.
    started: BTreeMap<JobId, Instant>,
}

impl Desk {
    /// What each drill has shown so far, the newest first.
    pub async fn drills(&self) -> Result<Vec<Arc<Drilled>>, Failure> {
        let jobs = self.jobs(BACK).await?;
        let desk = self.clone();
        self.read(move |_| {
            let mut learned = desk.drills.0.lock().unwrap_or_else(PoisonError::into_inner);
            jobs.iter().filter_map(|job| desk.drilled(job, &mut learned).transpose()).collect()
        })
        .await
    }

    fn drilled(&self, job: &Job, learned: &mut Learned) -> Result<Option<Arc<Drilled>>, Failure> {
        if let Some(known) = learned.over.get(&job.id) {
            return Ok(Some(Arc::clone(known)));
        }
        let Some(report) = self.report(job)? else { return Ok(None) };
        let is_over = matches!(job.state, State::Ended(_)) && (report.ended.is_some() || report.injected.is_none());
        let (operator, submitted) = (job.operator.clone(), job.submitted);
        let (environment, state) = (job.plan.environment.clone(), job.state);
        let drilled = Arc::new(Drilled { job: job.id, environment, state, operator, submitted, report });
        if is_over {
            learned.over.insert(job.id, Arc::clone(&drilled));
        }
        Ok(Some(drilled))
    }

    /// What a drill has shown so far, the step that runs included; none where the job is no drill.
    pub fn report(&self, job: &Job) -> Result<Option<Report>, Failure> {
        let history: Vec<Event> = job.history.iter().map(|(_, event)| event.clone()).collect();
        let mut outputs = engine::outputs(&history);
        if let Some((_, step, progress)) = &job.progress
            && let Some(so_far) = &progress.so_far
        {
            outputs.entry(*step).or_insert_with(|| so_far.clone());
        }
        let Some(mut report) = page::gather(&job.plan, &outputs) else { return Ok(None) };
        if report.ended.is_none() {
            // One that was cut short was ended without its step.
            report.ended = self.fault(job.id)?;
        }
        Ok(Some(report))
    }

    /// The faults whose end is still to be performed. Where nobody waits to perform one, somebody is started: a console that is
    /// open looks after what is left, as one that opens does.
    pub async fn open_faults(&self) -> Result<Vec<Found>, Failure> {
        let desk = self.clone();
        self.read(move |_| {
            let mut learned = desk.drills.0.lock().unwrap_or_else(PoisonError::into_inner);
            let open = desk.ends().open_but(&mut learned.ended).inspect_err(|_| {
                // What cannot be read keeps nothing else from being ended.
                drop(desk.take_up_faults());
            })?;
            for job in open.iter().filter(|open| !open.watched).map(|open| open.record.undoing.job) {
                if learned.started.get(&job).is_none_or(|at| at.elapsed() > STARTS_WITHIN) {
                    learned.started.insert(job, Instant::now());
                    desk.end_fault(job)?;
                }
            }
            Ok(open)
        })
        .await
    }

    /// The rules of drills in this host's own packet filter that no open end accounts for, each with whether it is one of a drill of
    /// this ledger. Those of others may live: this ledger cannot know.
    pub async fn strays(&self) -> Result<Vec<(Stray, bool)>, Failure> {
        let open: Vec<JobId> =
            self.faults()?.iter().filter(|found| found.is_open()).map(|found| found.record.undoing.job).collect();
        let mut found = Vec::new();
        for stray in strays::all(&Surroundings::inherited()).await? {
            let is_ours = self.job(stray.job).await.is_ok_and(|job| firewall::bears(&job.plan, job.id, &stray.mark));
            if !is_ours || !open.contains(&stray.job) {
                found.push((stray, is_ours));
            }
        }
        Ok(found)
    }

    /// Removes one.
    pub async fn remove_stray(&self, stray: &Stray) -> Result<(), Failure> {
        strays::remove(stray, &Surroundings::inherited()).await
    }
}
