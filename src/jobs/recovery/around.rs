//! What else is known around services that are ill: the alerts about them, certificates that are about to end, how things went in
//! the last hour. None of it keeps a recovery from going on; what could not be found out is said.

use std::sync::Arc;
use std::time::Duration;

use crate::domain::alert::Severity;
use crate::domain::failure::FailureKind;
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::labels::Labels;
use crate::domain::name::Name;
use crate::domain::promql;
use crate::domain::rule::{Rule, RuleAlert, RuleGroup};
use crate::domain::series::Series;
use crate::domain::service::about::about;
use crate::domain::service::spec::ServiceSpec;
use crate::domain::time::{Stamp, human};
use crate::jobs::recovery::graph;
use crate::ports::World;
use crate::ports::metrics::{Metrics, Told};

/// The most alerts that are told.
const MOST: usize = 8;
/// How long everything that is asked may take: nobody waits for a Prometheus while a service is down.
const PATIENCE: Duration = Duration::from_secs(5);
/// What an exporter of probes says of certificates: when the first of a chain ends, in seconds since the epoch.
const CERTIFICATES: &str = "probe_ssl_earliest_cert_expiry";
/// How long before its end a certificate is spoken of.
const SOON: Duration = Duration::from_secs(14 * 86_400);

/// An alert about one of the services.
#[derive(Clone, Debug, PartialEq)]
pub struct Ringing {
    /// Its name.
    pub name: Arc<str>,
    /// For people.
    pub words: String,
    /// The expression that is drawn for it.
    pub expr: String,
    is_pending: bool,
}

/// What was found around services, in sentences, and what may be drawn.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Around {
    /// Sentences.
    pub notes: Vec<String>,
    /// What rings about the services, the firing ones first.
    pub ringing: Vec<Ringing>,
}

/// Asks an environment's Prometheus about some of its services; `all` are those that an alert could be about.
pub async fn look(world: &dyn World, environment: &Name, all: &[ServiceSpec], of: &[&ServiceSpec]) -> Around {
    let metrics = match world.metrics(environment).await {
        Ok(metrics) => metrics,
        Err(failure) if failure.kind == FailureKind::Config => return Around::default(),
        Err(failure) => return Around { notes: vec![format!("what fires is not known: {failure}")], ..Around::default() },
    };
    let of: Vec<&Name> = of.iter().map(|service| &service.name).collect();
    let now = world.now();
    match within(metrics.rules()).await {
        Err(fault) => Around { notes: vec![format!("what fires is not known: {fault}")], ..Around::default() },
        Ok(groups) => {
            let ringing = ringing(&groups, all, &of, now);
            let more = ringing.len().saturating_sub(MOST);
            let mut notes: Vec<String> = ringing.iter().take(MOST).map(|one| one.words.clone()).collect();
            notes.extend((more > 0).then(|| format!("{more} more alerts: midwatch alerts")));
            notes.extend(certificates(&*metrics, all, &of, now).await);
            Around { notes, ringing }
        }
    }
}

/// The graphs of what rings, and of what an environment measures, over the last hour: one line each.
pub async fn graphs(world: &dyn World, environment: &Name, around: &Around, signals: &[(String, String)]) -> Vec<String> {
    let Ok(metrics) = world.metrics(environment).await else { return Vec::new() };
    let alerts = around.ringing.iter().take(MOST).map(|one| (one.name.to_string(), one.expr.clone()));
    let mut lines = Vec::new();
    for (name, expr) in alerts.chain(signals.iter().cloned()) {
        let hour = graph::of_the_last_hour(&expr);
        match within(metrics.query(&hour)).await {
            Ok(answer) => lines.extend(graph::lines(&name, &answer)),
            Err(fault) => lines.push(format!("{name}: its graph is not known ({fault})")),
        }
    }
    lines
}

async fn within<T>(asked: Told<'_, T>) -> Result<T, Fault> {
    let late = || Fault::new(FaultKind::Timeout, format!("no answer within {}", human(PATIENCE)));
    tokio::time::timeout(PATIENCE, asked).await.unwrap_or_else(|_| Err(late()))
}

fn ringing(groups: &[RuleGroup], all: &[ServiceSpec], of: &[&Name], now: Stamp) -> Vec<Ringing> {
    let rules = groups.iter().flat_map(|group| &group.rules);
    let alerts = rules.flat_map(|rule| rule.alerting.iter().flat_map(|alerting| &alerting.alerts).map(move |one| (rule, one)));
    let mut found: Vec<Ringing> =
        alerts.filter_map(|(rule, alert)| Some(rings(rule, alert, meant(&alert.labels, all, of)?, now))).collect();
    found.sort_by(|a, b| (a.is_pending, &a.words).cmp(&(b.is_pending, &b.words)));
    found
}

/// Which of these services an alert is about.
fn meant<'a>(labels: &Labels, all: &'a [ServiceSpec], of: &[&Name]) -> Option<&'a Name> {
    about(labels, all).into_iter().find(|name| of.contains(name))
}

fn rings(rule: &Rule, alert: &RuleAlert, service: &Name, now: Stamp) -> Ringing {
    let severity = Severity::of(&alert.labels);
    let state = if alert.firing { "fires" } else { "is about to fire" };
    let since = human(now.since(alert.active_at));
    let summary = ["summary", "message", "description"].iter().find_map(|name| alert.annotations.get(name));
    let summary = summary.map(|text| format!(": {text}")).unwrap_or_default();
    let expr = promql::threshold(&rule.expr).map_or_else(|| rule.expr.to_string(), |threshold| threshold.expr);
    let words = format!("{service}: {} ({}) {state}, for {since}{summary}", rule.name, severity.word());
    Ringing { name: Arc::clone(&rule.name), words, expr, is_pending: !alert.firing }
}

/// Certificates of these services that end soon, or have.
async fn certificates(metrics: &dyn Metrics, all: &[ServiceSpec], of: &[&Name], now: Stamp) -> Vec<String> {
    let Ok(answer) = within(metrics.query(CERTIFICATES)).await else { return Vec::new() };
    let told = |series: &Series| {
        let service = meant(&series.labels, all, of)?;
        let end = Stamp::from_seconds(series.last()?.value);
        if end <= now {
            return Some(format!("{service}: its certificate has ended {} ago", human(now.since(end))));
        }
        let left = end.since(now);
        (left < SOON).then(|| format!("{service}: its certificate ends in {}", human(left)))
    };
    answer.series.iter().filter_map(told).collect()
}

#[cfg(test)]
mod tests;
