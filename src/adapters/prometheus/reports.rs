//! What Prometheus says of itself, decoded: targets, rules, metadata, build.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;

pub(super) use crate::adapters::wire::LabelMap;
use crate::adapters::wire::{duration, instant, seconds, without_credentials};
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::metadata::Metadata;
use crate::domain::rule::{Alerting, Rule, RuleAlert, RuleGroup};
use crate::domain::target::{Target, TargetHealth};
use crate::domain::time::Stamp;

/// What every answer is wrapped in.
#[derive(Debug, Deserialize)]
pub(super) struct Envelope<T> {
    pub status: String,
    pub data: Option<T>,
    #[serde(default)]
    pub error: String,
}

impl<T> Envelope<T> {
    /// The data of a success.
    pub fn into_data(self) -> Result<T, Fault> {
        match self.data {
            Some(data) if self.status == "success" => Ok(data),
            _ if self.error.is_empty() => Err(Fault::new(FaultKind::Garbled, "the answer holds neither data nor an error")),
            _ => Err(Fault::new(FaultKind::Refused, self.error)),
        }
    }
}

/// Which Prometheus it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct BuildInfo {
    /// `2.42.0`; empty where a server that only speaks Prometheus's language does not tell.
    #[serde(default)]
    pub version: String,
    /// The commit it was built from.
    #[serde(default)]
    pub revision: String,
}

/// Name → one entry for each distinct description.
pub(super) type MetadataReport = BTreeMap<String, Vec<MetadataEntry>>;

#[derive(Debug, Deserialize)]
pub(super) struct MetadataEntry {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    help: String,
    #[serde(default)]
    unit: String,
}

impl MetadataEntry {
    fn of(self, metric: String) -> Metadata {
        Metadata { metric: metric.into(), kind: self.kind, help: self.help, unit: self.unit }
    }
}

pub(super) fn metadata(report: MetadataReport) -> Vec<Metadata> {
    let first = |(name, entries): (String, Vec<MetadataEntry>)| entries.into_iter().next().map(|entry| entry.of(name));
    report.into_iter().filter_map(first).collect()
}

#[derive(Debug, Deserialize)]
pub(super) struct TargetMetadata {
    metric: String,
    #[serde(flatten)]
    entry: MetadataEntry,
}

/// In the order of names, one for each: several targets say the same.
pub(super) fn target_metadata(found: Vec<TargetMetadata>) -> Vec<Metadata> {
    let by_name: BTreeMap<_, _> = found.into_iter().map(|t| (t.metric, t.entry)).collect();
    by_name.into_iter().map(|(name, entry)| entry.of(name)).collect()
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TargetReport {
    active_targets: Option<Vec<TargetEntry>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
struct TargetEntry {
    discovered_labels: LabelMap,
    labels: LabelMap,
    scrape_pool: String,
    scrape_url: String,
    last_error: String,
    last_scrape: String,
    last_scrape_duration: f64,
    scrape_interval: String,
    health: String,
}

pub(super) fn targets(report: TargetReport) -> Vec<Target> {
    report.active_targets.unwrap_or_default().into_iter().map(target).collect()
}

fn target(entry: TargetEntry) -> Target {
    // VictoriaMetrics tells the interval only as it was discovered.
    let discovered = entry.discovered_labels.into_labels();
    let interval = discovered.get("__scrape_interval__").filter(|_| entry.scrape_interval.is_empty());
    Target {
        labels: entry.labels.into_labels(),
        pool: entry.scrape_pool,
        url: without_credentials(entry.scrape_url),
        health: match entry.health.as_str() {
            "up" => TargetHealth::Up,
            "down" => TargetHealth::Down,
            _ => TargetHealth::Unknown,
        },
        last_error: entry.last_error,
        last_scrape: instant(&entry.last_scrape),
        took: seconds(entry.last_scrape_duration),
        interval: duration(interval.unwrap_or(&entry.scrape_interval)),
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct RuleReport {
    groups: Option<Vec<GroupEntry>>,
}

#[derive(Debug, Deserialize)]
struct GroupEntry {
    name: Arc<str>,
    #[serde(default)]
    file: Option<Arc<str>>,
    #[serde(default)]
    interval: f64,
    #[serde(default)]
    rules: Vec<RuleEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RuleEntry {
    #[serde(rename = "type")]
    kind: String,
    name: Arc<str>,
    query: Arc<str>,
    /// The `for`, in seconds.
    #[serde(default)]
    duration: f64,
    #[serde(default)]
    labels: LabelMap,
    #[serde(default)]
    annotations: LabelMap,
    alerts: Option<Vec<AlertEntry>>,
    #[serde(default)]
    health: String,
    #[serde(default)]
    last_error: String,
    #[serde(default)]
    evaluation_time: f64,
    #[serde(default)]
    last_evaluation: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct AlertEntry {
    #[serde(default)]
    labels: LabelMap,
    #[serde(default)]
    annotations: LabelMap,
    state: String,
    #[serde(default)]
    active_at: Option<String>,
    #[serde(default)]
    value: String,
}

pub(super) fn rules(report: RuleReport) -> Vec<RuleGroup> {
    report.groups.unwrap_or_default().into_iter().map(group).collect()
}

fn group(entry: GroupEntry) -> RuleGroup {
    RuleGroup {
        name: entry.name,
        file: entry.file.unwrap_or_default(),
        interval: seconds(entry.interval),
        rules: entry.rules.into_iter().map(rule).collect(),
    }
}

fn rule(entry: RuleEntry) -> Rule {
    let alerting = (entry.kind == "alerting").then(|| Alerting {
        hold: seconds(entry.duration),
        labels: entry.labels.into_labels(),
        annotations: entry.annotations.into_labels(),
        alerts: entry.alerts.unwrap_or_default().into_iter().map(alert).collect(),
    });
    Rule {
        name: entry.name,
        expr: entry.query,
        health: entry.health,
        last_error: entry.last_error,
        evaluated_at: instant(&entry.last_evaluation),
        took: seconds(entry.evaluation_time),
        alerting,
    }
}

fn alert(entry: AlertEntry) -> RuleAlert {
    RuleAlert {
        labels: entry.labels.into_labels(),
        annotations: entry.annotations.into_labels(),
        firing: entry.state == "firing",
        active_at: entry.active_at.as_deref().and_then(instant).unwrap_or(Stamp(0)),
        value: entry.value,
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ManagerReport {
    active_alertmanagers: Option<Vec<ManagerEntry>>,
}

#[derive(Debug, Deserialize)]
struct ManagerEntry {
    url: String,
}

/// Base addresses: what Prometheus names is the path it posts to.
pub(super) fn managers(report: ManagerReport) -> Vec<String> {
    let base = |entry: ManagerEntry| {
        let url = without_credentials(entry.url);
        let base = url.strip_suffix("/api/v2/alerts").or_else(|| url.strip_suffix("/api/v1/alerts"));
        base.map(str::to_owned).unwrap_or(url)
    };
    report.active_alertmanagers.unwrap_or_default().into_iter().map(base).collect()
}

#[cfg(test)]
mod tests;
