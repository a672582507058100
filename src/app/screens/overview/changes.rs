//! What changed in the last hour: alerts that began and ended, jobs, processes that started, versions that were deployed.
//!
//! Only what can be known: what Prometheus recorded and the ledger wrote down. That Prometheus recorded nothing for a while is a
//! change as well, and nothing is concluded from such a gap.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::time::Duration;

use crate::app::model::Shared;
use crate::app::need::{RangeQuery, Source};
use crate::app::rows::is_watchdog_name;
use crate::app::screens::jobs;
use crate::domain::alert::Severity;
use crate::domain::job::{Job, JobId};
use crate::domain::labels::Labels;
use crate::domain::range::TimeRange;
use crate::domain::series::{Answer, Series};
use crate::domain::time::{Moment, Stamp, human};

/// How far back changes are looked for.
const HOUR: Duration = Duration::from_secs(3600);
/// Between two looks at the alerts of that hour: what fires for less may be missed.
const ALERTS_STEP: Duration = Duration::from_secs(15);
/// Between two looks at the versions.
const VERSIONS_STEP: Duration = Duration::from_secs(60);
/// Asking more often would tell nothing new.
const SELDOM: Duration = Duration::from_secs(10);
/// Processes that started so soon after each other are told as one change.
const TOGETHER: Duration = Duration::from_secs(60);

/// Grouped, so that a storm of ten thousand alerts is a handful of series. `up` proves that Prometheus recorded at all.
const ALERTS: &str = r#"count by (alertname, severity) (ALERTS{alertstate="firing"}) or count(up)"#;
const STARTED: &str = concat!(
    r#"{__name__=~"process_start_time_seconds|pg_postmaster_start_time_seconds|redis_start_time_seconds"#,
    r#"|node_boot_time_seconds|container_start_time_seconds"} > time() - 3600"#
);
const VERSIONS: &str = r#"group by (__name__, job, version, revision) ({__name__=~".+_build_info",__name__!="go_build_info"})"#;

/// One change.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// What identifies it from poll to poll.
    pub id: String,
    /// When, by this clock.
    pub at: Stamp,
    /// What.
    pub what: What,
}

/// What changed.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// An alert began; or ended, after so long where its beginning is within the hour.
    Alert {
        /// Its name.
        name: String,
        /// How urgent it is.
        severity: Severity,
        /// As how many it fired at most.
        peak: usize,
        /// Whether it ended, and if its beginning is known, after how long.
        ended: Option<Option<Duration>>,
    },
    /// A job began or ended: the ledger has the rest.
    Job(JobId),
    /// Processes, servers, containers or hosts started.
    Started {
        /// Which kind: `process`, `PostgreSQL`.
        kind: &'static str,
        /// Where.
        names: Vec<String>,
    },
    /// A job's version is another one.
    Deployed {
        /// Prometheus's job.
        job: String,
        /// What ran before.
        from: String,
        /// What runs since.
        to: String,
    },
    /// Prometheus recorded nothing for so long, until then.
    Gap(Duration),
}

impl What {
    /// What changed in words; may hold text from outside.
    pub fn words(&self, shared: &Shared) -> String {
        match self {
            Self::Alert { name, peak, ended, .. } => {
                let many = if *peak > 1 { format!(" x{peak}") } else { String::new() };
                let what = match ended {
                    None => "began".to_owned(),
                    Some(None) => "ended".to_owned(),
                    Some(Some(lasted)) => format!("ended after {}", human(*lasted)),
                };
                format!("{name}{many} {what}")
            }
            Self::Job(id) => jobs::find(shared, *id).map_or_else(|| id.to_string(), |job| job_words(shared, job)),
            Self::Started { kind, names } if names.len() > 1 => format!("{} x {kind} started: {}", names.len(), names.join(", ")),
            Self::Started { kind, names } => format!("{kind} started: {}", names.join(", ")),
            Self::Deployed { job, from, to } => format!("{job} is {to} now, was {from}"),
            Self::Gap(length) => format!("Prometheus recorded nothing for {}", human(*length)),
        }
    }
}

fn job_words(shared: &Shared, job: &Job) -> String {
    let took = job.ended().map_or_else(String::new, |at| format!(" after {}", human(at.since(job.submitted))));
    format!("{} {} {}{took}, by {}", job.id, jobs::words(shared, job), job.state.word(), job.operator)
}

fn query(expr: &str, span: Duration, step: Duration) -> Source {
    // As many columns as samples: nothing is reduced, and gaps stay what they are.
    let columns = (span.as_secs() / step.as_secs()) as u16 + 1;
    let range = TimeRange::Last(span);
    Source::Range(RangeQuery { expr: expr.into(), range, shift: Duration::ZERO, step, aligned: true, columns })
}

/// What is asked for, with what it tells of.
pub fn sources() -> [(Source, &'static str); 3] {
    [
        (query(ALERTS, HOUR, ALERTS_STEP), "alerts"),
        (query(STARTED, ALERTS_STEP, ALERTS_STEP), "starts"),
        (query(VERSIONS, HOUR, VERSIONS_STEP), "versions"),
    ]
}

/// What is asked for and how often.
pub fn needs(shared: &Shared) -> Vec<(Source, Duration)> {
    let env = shared.environment();
    let every = env.refresh.max(SELDOM);
    env.prometheus.iter().flat_map(|_| sources()).map(|(source, _)| (source, every)).collect()
}

/// Of what nobody can say at present whether it changed.
pub fn unknown(shared: &Shared) -> Vec<&'static str> {
    let asked = shared.environment().prometheus.iter().flat_map(|_| sources());
    let known = |source: &Source| shared.freshness(source).is_fresh();
    let mut unknown: Vec<_> = asked.filter(|(source, _)| !known(source)).map(|(_, of)| of).collect();
    unknown.extend((!known(&Source::Jobs)).then_some("jobs"));
    unknown
}

/// When each source was heard of last: while that stays the same, so do the changes.
pub fn heard(shared: &Shared) -> Vec<Option<Moment>> {
    let sources = sources().map(|(source, _)| source).into_iter().chain([Source::Jobs]);
    sources.map(|source| shared.store.get(&source).map(|known| known.tried)).collect()
}

/// Every change of the last hour, the newest first.
pub fn changes(shared: &Shared) -> Vec<Change> {
    let [alerts, starts, versions] = sources().map(|(source, _)| shared.store.answer(&source));
    let mut found = jobs(shared);
    found.extend(alerts.iter().flat_map(|answer| self::alerts(answer)));
    found.extend(starts.iter().flat_map(|answer| started(answer)));
    found.extend(versions.iter().flat_map(|answer| deployed(answer)));
    for change in found.iter_mut().filter(|change| !matches!(change.what, What::Job(_))) {
        // Prometheus goes by a clock of its own.
        change.at.0 -= shared.skew.unwrap_or_default();
    }
    let since = shared.now.wall.before(HOUR);
    found.retain(|change| change.at >= since);
    found.sort_by(|a, b| (Reverse(a.at), &a.id).cmp(&(Reverse(b.at), &b.id)));
    found
}

fn jobs(shared: &Shared) -> Vec<Change> {
    let at = |job: &Job| job.ended().unwrap_or(job.submitted);
    jobs::known(shared).iter().map(|job| Change { id: format!("job {}", job.id), at: at(job), what: What::Job(job.id) }).collect()
}

/// When a series was there, between the instants at which anything was recorded.
struct Episode {
    /// None where it was there from the beginning.
    began: Option<Stamp>,
    /// None where it still is.
    ended: Option<Stamp>,
    peak: f64,
}

/// The instants at which anything was recorded, in order.
fn recorded(answer: &Answer) -> Vec<Stamp> {
    let mut instants: Vec<Stamp> = answer.series.iter().flat_map(|s| s.samples.iter().map(|sample| sample.at)).collect();
    instants.sort_unstable();
    instants.dedup();
    instants
}

fn episodes(series: &Series, instants: &[Stamp]) -> Vec<Episode> {
    let mut samples = series.samples.iter().peekable();
    let mut episodes: Vec<Episode> = Vec::new();
    let mut open = false;
    for (n, at) in instants.iter().enumerate() {
        let here = samples.next_if(|sample| sample.at == *at);
        match (here, episodes.last_mut().filter(|_| open)) {
            (Some(sample), Some(episode)) => episode.peak = episode.peak.max(sample.value),
            (Some(sample), None) => episodes.push(Episode { began: (n > 0).then_some(*at), ended: None, peak: sample.value }),
            (None, Some(episode)) => episode.ended = Some(*at),
            (None, None) => {}
        }
        open = here.is_some();
    }
    episodes
}

fn alerts(answer: &Answer) -> Vec<Change> {
    let instants = recorded(answer);
    let mut found = gaps(&instants, answer.step.unwrap_or(ALERTS_STEP));
    for series in &answer.series {
        let Some(name) = series.labels.get("alertname").filter(|name| !is_watchdog_name(name)) else { continue };
        let changed = episodes(series, &instants).into_iter().enumerate();
        found.extend(changed.filter_map(|(n, episode)| alert(name, &series.labels, n, &episode)));
    }
    found
}

fn alert(name: &str, labels: &Labels, nth: usize, episode: &Episode) -> Option<Change> {
    let at = episode.ended.or(episode.began)?;
    let ended = episode.ended.map(|ended| episode.began.map(|began| ended.since(began)));
    let what = What::Alert { name: name.to_owned(), severity: Severity::of(labels), peak: episode.peak as usize, ended };
    Some(Change { id: format!("alert {labels} {nth}"), at, what })
}

fn gaps(instants: &[Stamp], step: Duration) -> Vec<Change> {
    let pairs = instants.windows(2).filter(|pair| pair[1].since(pair[0]) > step + step / 2);
    let gap = |pair: &[Stamp]| {
        let length = pair[1].since(pair[0]);
        Change { id: format!("gap {}", pair[0].0), at: pair[1], what: What::Gap(length) }
    };
    pairs.map(gap).collect()
}

fn started(answer: &Answer) -> Vec<Change> {
    let mut starts: Vec<(&'static str, Stamp, String)> = answer.series.iter().filter_map(start).collect();
    starts.sort();
    starts.dedup();
    let mut found: Vec<Change> = Vec::new();
    for (kind, at, name) in starts {
        match found.last_mut().map(|change| (change.at, change)) {
            Some((last, Change { at: latest, what: What::Started { kind: same, names }, .. }))
                if *same == kind && at.since(last) < TOGETHER =>
            {
                *latest = at;
                names.push(name);
            }
            _ => found.push(Change { id: format!("start {kind} {name}"), at, what: What::Started { kind, names: vec![name] } }),
        }
    }
    found
}

fn start(series: &Series) -> Option<(&'static str, Stamp, String)> {
    let at = Stamp::from_seconds(series.last()?.value);
    let label = |names: &[&str]| names.iter().find_map(|name| series.labels.get(name)).map(str::to_owned);
    let instance = || match (series.labels.get("job"), series.labels.get("instance")) {
        (Some(job), Some(instance)) if job != instance => Some(format!("{job} {instance}")),
        _ => label(&["instance", "job"]),
    };
    let (kind, name) = match series.labels.get("__name__").unwrap_or_default() {
        "node_boot_time_seconds" => ("host", label(&["instance"])),
        "container_start_time_seconds" => ("container", Some(label(&["name", "container"])?)),
        "pg_postmaster_start_time_seconds" => ("PostgreSQL", label(&["instance"])),
        "redis_start_time_seconds" => ("Redis", label(&["instance"])),
        _ => ("process", instance()),
    };
    Some((kind, at, name?))
}

/// A version that began while another of the same job was there before it.
fn deployed(answer: &Answer) -> Vec<Change> {
    let instants = recorded(answer);
    let mut of_job: BTreeMap<(&str, &str), Vec<(String, Episode)>> = BTreeMap::new();
    for series in &answer.series {
        let label = |name| series.labels.get(name).unwrap_or_default();
        let version = ["version", "revision"].map(label).into_iter().find(|version| !version.is_empty());
        let seen = episodes(series, &instants).into_iter().map(|episode| (version.unwrap_or("?").to_owned(), episode));
        of_job.entry((label("job"), label("__name__"))).or_default().extend(seen);
    }
    of_job.iter().flat_map(|((job, _), seen)| seen.iter().filter_map(|(to, now)| deployment(job, to, now, seen))).collect()
}

fn deployment(job: &str, to: &str, now: &Episode, seen: &[(String, Episode)]) -> Option<Change> {
    let at = now.began?;
    // The one that began last before it; one that was there from the beginning has no such instant.
    let before = seen.iter().filter(|(version, episode)| version != to && episode.began.is_none_or(|began| began < at));
    let (from, _) = before.max_by_key(|(_, episode)| episode.began)?;
    let what = What::Deployed { job: job.to_owned(), from: from.clone(), to: to.to_owned() };
    Some(Change { id: format!("deploy {job} {to} {}", at.0), at, what })
}

#[cfg(test)]
mod tests;
