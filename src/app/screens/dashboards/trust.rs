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
    /// The answer is not whole: a target behind it is dark, or the server says so.
    Partial(String),
}

/// How current a panel is: its least current query decides.
pub fn trust(shared: &Shared, shown: &Shown) -> Trust {
    let sources: Vec<&Source> = shown.sources.iter().flatten().collect();
    let freshness: Vec<Freshness> = shown.asked().filter_map(|(s, coarse)| Some(freshness(shared, s?, coarse))).collect();
    let failed = freshness.iter().find_map(|freshness| match freshness {
        Freshness::Failed(fault) => Some(Trust::Failed(fault.clone())),
        Freshness::Stale { age, why } => Some(Trust::Stale(*age, why.as_ref().map(|w| w.kind.word().to_owned()))),
        Freshness::Waiting | Freshness::Fresh => None,
    });
    if let Some(failed) = failed {
        return failed;
    }
    if freshness.contains(&Freshness::Waiting) {
        return Trust::Waiting;
    }
    let old = sources.iter().filter_map(|source| old(shared, source)).max_by_key(|(age, _)| *age);
    if let Some((age, why)) = old {
        return Trust::Stale(age, why);
    }
    if let Some((target, _)) = sources.iter().find_map(|source| dark(shared, source, shared.store.answer(source)?)) {
        return Trust::Partial(reason(target));
    }
    let warning = sources.iter().filter_map(|s| shared.store.answer(s)).find_map(|a| a.warnings.first().cloned());
    warning.map_or(Trust::Fresh, Trust::Partial)
}

/// How current a query is. One that was never answered is as current as what is shown in its place.
fn freshness(shared: &Shared, source: &Source, coarse: Option<&Source>) -> Freshness {
    let own = shared.freshness(source);
    let Some(good) = coarse.and_then(|c| shared.store.get(c)).and_then(|k| k.good) else { return own };
    match own {
        Freshness::Failed(fault) => Freshness::Stale { age: shared.now.since(good), why: Some(fault) },
        Freshness::Waiting => coarse.map_or(own, |c| shared.freshness(c)),
        own => own,
    }
}

/// How old an answer's newest sample is, where that is too old, and why. Where only some of the targets behind it are dark, the
/// oldest of their series tells: a panel is not fresh because a part of it is.
fn old(shared: &Shared, source: &Source) -> Option<(Duration, Option<String>)> {
    let answer = shared.store.answer(source)?;
    let newest = taken(source, answer)?;
    let now = shared.server_now();
    let dark = dark(shared, source, answer);
    let why = dark.map(|(target, _)| reason(target));
    if let Some(age) =
        dark.and_then(|(_, last)| last).map(|last| now.since(last)).filter(|age| *age > shared.environment().refresh)
    {
        return Some((age, why));
    }
    let age = now.since(newest);
    (age > patience(shared, source)).then_some((age, why))
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

/// A target that is down and that the answer depends on, with the time of the last sample it gave where that can be told.
fn dark<'a>(shared: &'a Shared, source: &Source, answer: &Answer) -> Option<(&'a Target, Option<Stamp>)> {
    let down: Vec<&Target> = targets(shared).iter().filter(|t| t.health == TargetHealth::Down).collect();
    if down.is_empty() {
        return None;
    }
    let of = |labels: &Labels| down.iter().find(|t| t.labels.contains(labels)).copied();
    // Another job may have an instance of that name: without its job a series must have fallen silent besides.
    let silent = |at: Stamp| shared.server_now().since(at) > patience(shared, source);
    let ended = |labels: &Labels, at: Stamp| labels.get("job").is_some() || silent(at);
    let own = answer.series.iter().filter_map(|s| Some((of(&origin(&s.labels)?)?, s.last()?.at, &s.labels)));
    let own = own.filter(|(_, at, labels)| ended(labels, *at)).map(|(target, at, _)| (target, at));
    if let Some((target, last)) = own.min_by_key(|(_, last)| *last) {
        return Some((target, Some(last)));
    }
    if answer.series.iter().all(|s| origin(&s.labels).is_some()) {
        return None;
    }
    let asked = origin_query(source).and_then(|source| shared.store.answer(&source))?;
    asked.series.iter().find_map(|s| of(&origin(&s.labels)?)).map(|target| (target, None))
}

/// The labels that name a target: its instance, and its job where the series has kept it.
fn origin(labels: &Labels) -> Option<Labels> {
    let instance = ("instance", labels.get("instance")?);
    Some(std::iter::once(instance).chain(labels.get("job").map(|job| ("job", job))).collect())
}

/// The question where a source's first metric comes from.
fn origin_query(source: &Source) -> Option<Source> {
    let selector = promql::selectors(source.expr()?).into_iter().next()?;
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
