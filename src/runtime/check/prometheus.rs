//! Prometheus: answers, lets us in, is not too old, has the time of day, evaluates its rules, alerts where we look.

use std::time::{Duration, Instant};

use crate::adapters::http::Budget;
use crate::adapters::prometheus::Prometheus;
use crate::config::model::{Environment, Upstream};
use crate::domain::clean::{Clean, fit};
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::rule::RuleGroup;
use crate::domain::signal::Signal;
use crate::domain::time::Stamp;
use crate::runtime::check::endpoint::{Known, of_clock};
use crate::runtime::check::{Finding, Subject, quoted};
use crate::runtime::connect::Vault;

/// The oldest that answers what midwatch asks.
const OLDEST: u32 = 2;

/// One Prometheus.
pub async fn check(
    subject: Subject,
    environment: &Environment,
    upstream: &Upstream,
    vault: &Vault,
    budget: &Budget,
) -> Vec<Finding> {
    let endpoint = Known::of(upstream, vault);
    let asked = async {
        let client = Prometheus::new(&endpoint.endpoint, budget.clone())?;
        let (version, took) = version(&client).await?;
        Ok::<_, Fault>((client, version, took))
    };
    match asked.await {
        Err(fault) => vec![endpoint.failing(&subject, upstream, &fault)],
        Ok((client, version, took)) => answering(&subject, environment, &client, version.as_deref(), took).await,
    }
}

/// Its version and how long it took to tell. Servers that only speak its language may not tell.
async fn version(client: &Prometheus) -> Result<(Option<String>, Duration), Fault> {
    let started = Instant::now();
    let version = match client.build_info().await {
        Ok(info) if !info.version.is_empty() => Some(info.version),
        Ok(_) => client.query("1", now(), &[]).await.map(|_| None)?,
        Err(fault) if fault.kind == FaultKind::Refused => client.query("1", now(), &[]).await.map(|_| None)?,
        Err(fault) => return Err(fault),
    };
    Ok((version, started.elapsed()))
}

async fn answering(
    subject: &Subject,
    environment: &Environment,
    client: &Prometheus,
    version: Option<&str>,
    took: Duration,
) -> Vec<Finding> {
    let mut found = vec![of_version(subject, client.place(), version, took)];
    found.extend(client.skew().and_then(|skew| of_clock(subject, skew)));
    let signals = futures_util::future::join_all(environment.signals.iter().map(|signal| of_signal(environment, client, signal)));
    let (rules, alertmanagers, signals) = tokio::join!(client.rules(), client.alertmanagers(), signals);
    found.extend(rules.map_or_else(|fault| Some(unheard(subject, "rules", &fault)), |groups| of_rules(subject, &groups)));
    let told = |urls: Vec<String>| of_alertmanagers(subject, environment, &urls);
    found.extend(alertmanagers.map_or_else(|fault| Some(unheard(subject, "alerting", &fault)), told));
    found.extend(signals);
    found
}

fn of_version(subject: &Subject, place: &str, version: Option<&str>, took: Duration) -> Finding {
    let Some(version) = version else {
        return subject.good(format!("{place}  answers queries and tells no version, {} ms", took.as_millis()));
    };
    let told = format!("{place}  {version}, {} ms", took.as_millis());
    match version.split('.').next().and_then(|major| major.parse::<u32>().ok()) {
        Some(major) if major < OLDEST => subject.missing(told, format!("upgrade it to version {OLDEST} or later")),
        _ => subject.good(told),
    }
}

/// A part that is not answered, where queries are: what stands before it may let nothing else through.
fn unheard(subject: &Subject, part: &str, fault: &Fault) -> Finding {
    subject.part(part).note(fault.to_string(), "what stands before it must let /api/v1/ through")
}

fn of_rules(subject: &Subject, groups: &[RuleGroup]) -> Option<Finding> {
    if groups.is_empty() {
        let told = "it evaluates no rules: what is pending, and whether an alert that left has ended, cannot be known";
        return Some(subject.part("rules").note(told, "rule_files: … in its prometheus.yml; VictoriaMetrics: -vmalert.proxyURL"));
    }
    let all = || groups.iter().flat_map(|group| &group.rules);
    let failing: Vec<_> = all().filter(|rule| rule.health == "err").collect();
    let first = failing.first()?;
    let why = fit(Clean::new(&first.last_error).as_str(), 160, "…");
    let told = format!("{} of {} rules fail, {} among them: {why}", failing.len(), all().count(), first.name);
    Some(subject.part("rules").note(told, "promtool check rules, on its host"))
}

/// Alerts that go elsewhere would be missed here.
fn of_alertmanagers(subject: &Subject, environment: &Environment, urls: &[String]) -> Option<Finding> {
    let deaf = urls.is_empty() && !environment.alertmanagers.is_empty();
    let told = "it sends its alerts to no Alertmanager";
    deaf.then(|| subject.part("alerting").note(told, "alerting: { alertmanagers: … } in its prometheus.yml"))
}

async fn of_signal(environment: &Environment, client: &Prometheus, signal: &Signal) -> Finding {
    let subject = Subject::of(environment, format!("signals.{}", signal.name));
    let ask = || format!("promtool query instant {} {}", client.place(), quoted(&signal.query));
    match client.query(&signal.query, now(), &[]).await {
        Ok(answer) if answer.series.is_empty() => subject.note("its query answers nothing now", ask()),
        Ok(answer) if answer.series.len() > 1 => {
            let told = format!("its query answers {} series, only the first is shown", answer.series.len());
            subject.note(told, format!("sum({})", signal.query))
        }
        Ok(_) => subject.good("answers one series"),
        Err(fault) => subject.missing(fault.to_string(), ask()),
    }
}

fn now() -> Stamp {
    Stamp(jiff::Timestamp::now().as_millisecond())
}
