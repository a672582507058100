//! Needs: what a screen wants to know and how often. The only way data is asked for.

use std::sync::Arc;
use std::time::Duration;

use crate::domain::alert::{AlertSet, Silence, Union};
use crate::domain::backup::catalogue::Catalogue;
use crate::domain::chaos::end::Found;
use crate::domain::chaos::report::Drilled;
use crate::domain::control::{Condition, LogAsk, LogLine};
use crate::domain::failure::Failure;
use crate::domain::job::{Job, JobId, Log};
use crate::domain::name::Name;
use crate::domain::plan::Plan;
use crate::domain::range::{self, TimeRange, Window};
use crate::domain::rule::RuleGroup;
use crate::domain::series::Answer;
use crate::domain::service::Report;
use crate::domain::target::Target;
use crate::domain::time::Stamp;
use crate::domain::triage::Triage;
use crate::grafana::model::Dashboard;

/// Counts the environments visited. An answer that carries another epoch than the model's is dropped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Epoch(pub u32);

/// What can be known. Relative times stay relative, so that a need is the same from one poll to the next.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// The alerts of every Alertmanager.
    Alerts,
    /// Every silence.
    Silences,
    /// Prometheus's rules, with what is pending and firing.
    Rules,
    /// Prometheus's targets.
    Targets,
    /// The Alertmanagers to which Prometheus sends.
    Receiving,
    /// A direct probe of a service.
    Probe(Name),
    /// The dashboards on disk.
    Dashboards,
    /// A range query.
    Range(RangeQuery),
    /// An instant query.
    Instant(String),
    /// The values of a label, over the series of a selector or over all.
    LabelValues {
        /// Restricts the series asked; all where absent.
        selector: Option<String>,
        /// Whose values.
        label: String,
    },
    /// The names of all labels.
    LabelNames,
    /// The newest jobs of this host's ledger, of every environment.
    Jobs,
    /// What a job wrote down.
    JobLog(JobId),
    /// The drills among them, and what each has shown so far.
    Drills,
    /// The faults whose end is still to be performed.
    Faults,
    /// What a routine would do, in the words of the shell: asked to tell whether it would be refused.
    Plan(Vec<String>),
    /// What lies in a repository.
    Catalogue(Name),
    /// What its control says of a service.
    Condition(Name),
    /// Sessions, locks, clients: what a database tells once something is wrong.
    Triage(Name),
    /// A part of a service's log. Asked for again and again, never followed: what is asked for ends.
    ServiceLog(Name, LogAsk),
}

impl Source {
    /// The PromQL of a query.
    pub fn expr(&self) -> Option<&str> {
        match self {
            Self::Range(query) => Some(&query.expr),
            Self::Instant(expr) => Some(expr),
            _ => None,
        }
    }
}

/// A range query, without its clock.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RangeQuery {
    /// PromQL, variables put in.
    pub expr: String,
    /// Which part of time.
    pub range: TimeRange,
    /// How far that lies back (`timeShift`).
    pub shift: Duration,
    /// Between two samples.
    pub step: Duration,
    /// Whether samples stand on multiples of the step, and a graph of them still from poll to poll; else the last one is of the
    /// very end.
    pub aligned: bool,
    /// To how many columns the samples are reduced, keeping each column's extremes.
    pub columns: u16,
}

impl RangeQuery {
    /// The part of time that it shows at `now`.
    pub fn window(&self, now: Stamp) -> Window {
        let now = now.before(self.shift);
        if self.aligned { self.range.standing(now, self.step) } else { self.range.window(now) }
    }

    /// The instants that are sampled: what has been of that window, up to the newest sample that there can be at `now`.
    pub fn sampled(&self, now: Stamp) -> Window {
        let window = self.window(now);
        if self.aligned {
            return window.until(range::aligned(now.before(self.shift), self.step));
        }
        // A whole number of steps before the end, so that the last sample is of the end.
        let step = self.step.as_millis().max(1) as i64;
        Window { start: Stamp(window.end.0 - (window.end.0 - window.start.0) / step * step), ..window }
    }
}

/// A source, wanted this often by the environment of an epoch.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Need {
    /// Which visit of which environment.
    pub env: Epoch,
    /// What.
    pub source: Source,
    /// How often.
    pub every: Duration,
}

/// What came back. Bulk stands behind one `Arc`, so that messages are cheap to clone.
#[derive(Clone, Debug, PartialEq)]
pub enum Data {
    /// To [`Source::Alerts`].
    Alerts(AlertSet),
    /// To [`Source::Silences`].
    Silences(Union<Silence>),
    /// To [`Source::Rules`].
    Rules(Vec<RuleGroup>),
    /// To [`Source::Targets`].
    Targets(Vec<Target>),
    /// To [`Source::Probe`].
    Report(Report),
    /// To [`Source::Dashboards`].
    Dashboards(Vec<DashboardFile>),
    /// To [`Source::Range`] and [`Source::Instant`].
    Answer(Answer),
    /// To [`Source::LabelValues`], [`Source::LabelNames`] and [`Source::Receiving`].
    Strings(Vec<String>),
    /// To [`Source::Jobs`].
    Jobs(Vec<Job>),
    /// To [`Source::JobLog`].
    Log(Log),
    /// To [`Source::Drills`], the newest first.
    Drills(Vec<Arc<Drilled>>),
    /// To [`Source::Faults`].
    Faults(Vec<Found>),
    /// To [`Source::Plan`].
    Plan(Result<Arc<Plan>, Failure>),
    /// To [`Source::Catalogue`].
    Catalogue(Catalogue),
    /// To [`Source::Condition`].
    Condition(Condition),
    /// To [`Source::Triage`].
    Triage(Triage),
    /// To [`Source::ServiceLog`].
    ServiceLog(Vec<LogLine>),
}

/// A dashboard file and what became of reading it.
#[derive(Clone, Debug, PartialEq)]
pub struct DashboardFile {
    /// Its path: its identity.
    pub path: String,
    /// The dashboard, or why it cannot be read.
    pub dashboard: Result<Arc<Dashboard>, String>,
}
