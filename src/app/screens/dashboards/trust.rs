//! How current a panel is (rule 1): by when its queries were last answered, and by when its newest sample was taken — a query
//! that is answered every second may still tell of a target that went dark a minute ago.

use std::time::Duration;

use crate::app::model::Shared;
use crate::app::need::{Data, Source};
use crate::app::screens::dashboards::prepare::Shown;
use crate::app::store::Freshness;
use crate::domain::fault::Fault;
use crate::domain::labels::Labels;
use crate::domain::promql;
use crate::domain::series::Answer;
use crate::domain::target::{Target, TargetHealth};
use crate::domain::time::Stamp;

/// How far a panel can be trusted to show the present.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trust {
    /// It shows the present.
    Fresh,
    /// Nothing was answered yet.
    Waiting,
    /// Nothing can be shown.
    Failed(Fault),
    /// What is shown is this old, for this reason where it is known.
    Stale(Duration, Option<String>),
    /// The server says that the answer is not whole.
    Partial(String),
}

/// How current a panel is: its least current query decides.
pub fn trust(shared: &Shared, shown: &Shown) -> Trust {
    let sources: Vec<&Source> = shown.sources.iter().flatten().collect();
    let failed = sources.iter().find_map(|source| match shared.freshness(source) {
        Freshness::Failed(fault) => Some(Trust::Failed(fault)),
        Freshness::Stale { age, why } => Some(Trust::Stale(age, why.map(|w| w.kind.word().to_owned()))),
        Freshness::Waiting | Freshness::Fresh => None,
    });
    if let Some(failed) = failed {
        return failed;
    }
    if sources.iter().any(|source| shared.freshness(source) == Freshness::Waiting) {
        return Trust::Waiting;
    }
    let old = sources.iter().filter_map(|source| old(shared, source)).max_by_key(|(age, _)| *age);
    if let Some((age, why)) = old {
        return Trust::Stale(age, why);
    }
    let warning = sources.iter().filter_map(|s| shared.store.answer(s)).find_map(|a| a.warnings.first().cloned());
    warning.map_or(Trust::Fresh, Trust::Partial)
}

/// How old an answer's newest sample is, where that is too old, and why.
fn old(shared: &Shared, source: &Source) -> Option<(Duration, Option<String>)> {
    let answer = shared.store.answer(source)?;
    let taken = taken(source, answer)?;
    let age = shared.server_now().since(taken);
    let dark = dark_targets(shared, source, answer);
    let patience = patience(shared, source);
    if let Some(target) = dark.filter(|_| age > shared.environment().refresh) {
        return Some((age, Some(reason(target))));
    }
    (age > patience).then_some((age, None))
}

fn taken(source: &Source, answer: &Answer) -> Option<Stamp> {
    match source {
        Source::Instant(_) => answer.sampled_at,
        Source::Range(query) if query.shift.is_zero() => answer.newest(),
        _ => None,
    }
}

/// A range query's newest sample may be a step old, and its answer two intervals.
fn patience(shared: &Shared, source: &Source) -> Duration {
    let step = match source {
        Source::Range(query) => query.step,
        _ => Duration::ZERO,
    };
    let slowest = targets(shared).iter().map(|t| t.interval).max().unwrap_or(Duration::ZERO);
    (shared.environment().refresh * 2).max(slowest * 2) + step * 2
}

fn targets(shared: &Shared) -> &[Target] {
    match shared.store.data(&Source::Targets) {
        Some(Data::Targets(targets)) => targets,
        _ => &[],
    }
}

/// A target that all of the answer depends on and that is down: nothing of it can be newer than that.
fn dark_targets<'a>(shared: &'a Shared, source: &Source, answer: &Answer) -> Option<&'a Target> {
    let down = || targets(shared).iter().filter(|t| t.health == TargetHealth::Down);
    down().next()?;
    let from = sources_of(shared, source, answer);
    let of = |target: &&Target| from.iter().any(|labels| target.labels.contains(labels));
    let every_origin_is_down = from.iter().all(|labels| down().any(|t| t.labels.contains(labels)));
    down().find(of).filter(|_| every_origin_is_down)
}

/// The `job` and `instance` labels that an answer comes from: its series' own, or else those of its first metric.
fn sources_of(shared: &Shared, source: &Source, answer: &Answer) -> Vec<Labels> {
    let origin = |labels: &Labels| -> Option<Labels> {
        let both = [("job", labels.get("job")?), ("instance", labels.get("instance")?)];
        Some(both.into_iter().collect())
    };
    let own: Option<Vec<Labels>> = answer.series.iter().map(|s| origin(&s.labels)).collect();
    if let Some(own) = own.filter(|o| !o.is_empty()) {
        return own;
    }
    let asked = origin_query(source).and_then(|source| shared.store.answer(&source));
    asked.into_iter().flat_map(|a| &a.series).filter_map(|s| origin(&s.labels)).collect()
}

/// The question where a source's first metric comes from.
fn origin_query(source: &Source) -> Option<Source> {
    let expr = match source {
        Source::Range(query) => &query.expr,
        Source::Instant(expr) => expr,
        _ => return None,
    };
    let selector = promql::selectors(expr).into_iter().next()?;
    Some(Source::Instant(format!("group by (job, instance) (last_over_time({selector}[1h]))")))
}

/// What must be asked to tell whether a panel's targets are down: nothing while none is.
pub fn origins<'a>(shared: &'a Shared, shown: &'a Shown) -> impl Iterator<Item = Source> + 'a {
    let some_down = targets(shared).iter().any(|t| t.health == TargetHealth::Down);
    shown.sources.iter().flatten().filter(move |_| some_down).filter_map(origin_query)
}

/// `postgres exporter: timeout`, in the words of the last scrape.
fn reason(target: &Target) -> String {
    let job = target.labels.get("job").unwrap_or(&target.pool);
    let why = match target.last_error.as_str() {
        "" => "down",
        error if error.contains("deadline exceeded") => "scrape timeout",
        error if error.contains("connection refused") => "connection refused",
        error => error,
    };
    format!("{job}: {why}")
}
