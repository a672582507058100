//! Screen 5, Jobs: what runs and what ran, and one job's steps, log and plan.

pub mod progress;
pub mod steps;

use std::cmp::Reverse;
use std::time::Duration;

use crate::app::command::Call;
use crate::app::layout;
use crate::app::model::Shared;
use crate::app::need::{Data, Source};
use crate::app::screen::{Screen, Travel};
use crate::app::selection::Selection;
use crate::app::spot::Spot;
use crate::domain::job::{Job, JobId, Log, Outcome, State};

/// How often a job that runs is asked about while one looks at it.
const EVERY: Duration = Duration::from_secs(1);
/// How often the log of a job that has ended is asked for: it does not change any more.
const SELDOM: Duration = Duration::from_secs(60);

/// The state of the Jobs screen.
#[derive(Clone, Debug, Default)]
pub struct Jobs {
    /// Which job is selected.
    pub selected: Selection<JobId>,
    /// What is typed to narrow the list.
    pub filter: String,
    /// The job that is open.
    pub detail: Option<Detail>,
}

/// One job, open.
#[derive(Clone, Debug, PartialEq)]
pub struct Detail {
    /// Which.
    pub id: JobId,
    /// As it was last seen; none until the ledger tells of it.
    pub job: Option<Job>,
    /// Which part has the focus.
    pub part: Part,
    /// How many lines of the steps are scrolled past.
    pub steps: usize,
    /// How many lines of the plan are scrolled past.
    pub plan: usize,
    /// The log's line under the cursor, counted from the log's very first; none follows its end.
    pub line: Option<usize>,
}

/// A part of an open job.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Part {
    /// What it wrote down.
    #[default]
    Log,
    /// Its steps, how far each is.
    Steps,
    /// What was confirmed.
    Plan,
}

const PARTS: [Part; 3] = [Part::Log, Part::Steps, Part::Plan];

/// The ledger's jobs as it told them.
pub fn known(shared: &Shared) -> &[Job] {
    match shared.store.data(&Source::Jobs) {
        Some(Data::Jobs(jobs)) => jobs,
        _ => &[],
    }
}

/// A job by its number.
pub fn find(shared: &Shared, id: JobId) -> Option<&Job> {
    known(shared).iter().find(|job| job.id == id)
}

/// What a job wrote down, as far as it is known.
pub fn log(shared: &Shared, id: JobId) -> Option<&Log> {
    match shared.store.data(&Source::JobLog(id)) {
        Some(Data::Log(log)) => Some(log),
        _ => None,
    }
}

/// Whether a job has not ended: it runs, waits for its worker, or was lost.
pub fn is_live(job: &Job) -> bool {
    !matches!(job.state, State::Ended(_))
}

/// Whether somebody must look at it.
pub fn is_stuck(job: &Job) -> bool {
    matches!(job.state, State::Lost | State::Ended(Outcome::Stuck))
}

/// Whether it is a drill: its steps are armed and watched as no other's.
pub fn is_drill(job: &Job) -> bool {
    job.plan.steps.iter().any(|step| step.kind == "inject")
}

/// What it does, as it would be asked for: `backup shop-db`; with its environment where that is not the one that is open.
pub fn words(shared: &Shared, job: &Job) -> String {
    let call = job.plan.call.join(" ");
    if job.plan.environment == shared.environment().name { call } else { format!("{}: {call}", job.plan.environment) }
}

impl Jobs {
    /// The jobs of the list: those that have not ended first, then the newest.
    pub fn listed<'a>(&self, shared: &'a Shared) -> Vec<&'a Job> {
        let mut jobs: Vec<&Job> = known(shared).iter().filter(|job| passes(shared, job, &self.filter)).collect();
        jobs.sort_by_key(|job| (!is_live(job), Reverse(job.id)));
        jobs
    }

    fn ids(&self, shared: &Shared) -> Vec<JobId> {
        self.listed(shared).iter().map(|job| job.id).collect()
    }

    /// The job that is meant: the open one, or the selected one.
    pub fn meant(&self, shared: &Shared) -> Option<JobId> {
        self.detail.as_ref().map(|detail| detail.id).or_else(|| self.selected.id(&self.ids(shared)))
    }

    /// Opens a job; the ledger need not have told of it yet.
    pub fn show(&mut self, shared: &Shared, id: JobId) {
        self.selected.select(id, 0);
        let job = find(shared, id).cloned();
        self.detail = Some(Detail { id, job, part: Part::default(), steps: 0, plan: 0, line: None });
    }
}

fn passes(shared: &Shared, job: &Job, filter: &str) -> bool {
    let text = format!("{} {} {} {}", job.id, words(shared, job), job.operator, job.state.word()).to_lowercase();
    filter.split_whitespace().all(|word| text.contains(&word.to_lowercase()))
}

impl Detail {
    /// The lines of the log under the cursor and around it.
    pub fn cursor(&self, log: &Log) -> usize {
        let last = log.lines.len().saturating_sub(1);
        self.line.map_or(last, |line| line.saturating_sub(log.skipped).min(last))
    }

    /// A log's end is followed from where the cursor stands on it.
    fn travel_log(&mut self, log: &Log, travel: Travel, page: usize) {
        let (at, last) = (self.cursor(log), log.lines.len().saturating_sub(1));
        let to = layout::scrolled(at, travel, page).min(last);
        self.line = (to < last).then_some(log.skipped + to);
    }
}

impl Screen for Jobs {
    fn contexts(&self) -> &'static [&'static str] {
        if self.detail.is_some() { &["job", "list"] } else { &["jobs", "list"] }
    }

    fn needs(&self, _: &Shared) -> Vec<(Source, Duration)> {
        let ended = |detail: &Detail| detail.job.as_ref().is_some_and(|job| !is_live(job));
        let log = self.detail.iter().map(|d| (Source::JobLog(d.id), if ended(d) { SELDOM } else { EVERY }));
        std::iter::once((Source::Jobs, EVERY)).chain(log).collect()
    }

    fn settle(&mut self, shared: &mut Shared) {
        let ids = self.ids(shared);
        self.selected.hold(&ids);
        if let Some(detail) = &mut self.detail
            && let Some(job) = find(shared, detail.id)
        {
            detail.job = Some(job.clone());
        }
    }

    fn point(&mut self, shared: &Shared, spot: &Spot) -> bool {
        let Spot::Job(id) = spot else { return false };
        let ids = self.ids(shared);
        self.detail.is_none() && self.selected.point(&ids, id)
    }

    fn travel(&mut self, shared: &Shared, travel: Travel) {
        let page = layout::body(shared.size).height.saturating_sub(2) as usize;
        let Some(detail) = &mut self.detail else {
            let ids = self.ids(shared);
            return self.selected.travel(&ids, travel, page);
        };
        match detail.part {
            Part::Steps => detail.steps = layout::scrolled(detail.steps, travel, page / 2),
            Part::Plan => detail.plan = layout::scrolled(detail.plan, travel, page / 2),
            Part::Log => {
                if let Some(log) = log(shared, detail.id) {
                    detail.travel_log(log, travel, page / 2);
                }
            }
        }
    }

    fn focus(&mut self, _: &Shared, forward: bool) {
        let Some(detail) = &mut self.detail else { return };
        let at = PARTS.iter().position(|part| *part == detail.part).unwrap_or(0);
        detail.part = PARTS[(at + if forward { 1 } else { PARTS.len() - 1 }) % PARTS.len()];
    }

    fn open(&mut self, shared: &Shared) -> Option<Call> {
        if self.detail.is_none()
            && let Some(id) = self.meant(shared)
        {
            self.show(shared, id);
        }
        None
    }

    fn back(&mut self) -> bool {
        self.detail.take().is_some()
    }

    fn filter(&mut self) -> Option<&mut String> {
        if self.detail.is_some() { None } else { Some(&mut self.filter) }
    }

    fn copy(&self, shared: &Shared) -> Option<String> {
        if let Some(detail) = self.detail.as_ref().filter(|detail| detail.part == Part::Log)
            && let Some(log) = log(shared, detail.id)
            && let Some(line) = log.lines.get(detail.cursor(log))
        {
            return Some(line.clone());
        }
        self.meant(shared).map(|id| id.to_string())
    }
}
