//! The rows of the alert list: Alertmanager's alerts, those lost sight of, and what Prometheus still counts, as one list.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use crate::app::filter::{self, Looked};
use crate::app::lookout::Lookout;
use crate::app::model::Shared;
use crate::app::need::{Data, Source};
use crate::domain::alert::{Alert, AlertSet, AlertState, Fingerprint, Severity};
use crate::domain::labels::Labels;
use crate::domain::rule::{Rule, RuleAlert, RuleGroup};
use crate::domain::time::{Moment, Stamp};

/// How things stand with an alert, the most pressing first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// It fires and is notified of.
    Firing,
    /// It left, and nobody can say whether it ended.
    Lost,
    /// Its expression holds; it still counts its `for`.
    Pending,
    /// It fires, silenced or inhibited.
    Suppressed,
}

impl Standing {
    /// The word on screen.
    pub fn word(self) -> &'static str {
        match self {
            Self::Firing => "firing",
            Self::Lost => "lost sight of",
            Self::Pending => "pending",
            Self::Suppressed => "suppressed",
        }
    }
}

/// One row.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// What identifies it from poll to poll: the hash of its labels. A pending alert keeps its row when it fires, unless
    /// Alertmanager's copy carries external labels.
    pub id: Fingerprint,
    /// How things stand.
    pub standing: Standing,
    /// How urgent it is.
    pub severity: Severity,
    /// What names it.
    pub labels: Labels,
    /// Summary, description, runbook.
    pub annotations: Labels,
    /// When it began.
    pub since: Stamp,
    /// When it was lost sight of.
    pub lost_at: Option<Moment>,
    /// Who hides it: silences' ids and inhibiting alerts.
    pub hidden_by: Vec<String>,
    /// Who is notified.
    pub receivers: Vec<String>,
    /// Which Alertmanagers know it, as indices; empty for one that only Prometheus knows.
    pub members: Vec<usize>,
}

impl Row {
    /// The alert's name.
    pub fn name(&self) -> &str {
        self.labels.get("alertname").unwrap_or("(no alertname)")
    }

    /// What it is about: an instance, or else a job or a service.
    pub fn about(&self) -> &str {
        ["instance", "job", "service"].iter().find_map(|label| self.labels.get(label)).unwrap_or_default()
    }

    /// What it says of itself in one line.
    pub fn summary(&self) -> &str {
        ["summary", "message", "description"].iter().find_map(|name| self.annotations.get(name)).unwrap_or_default()
    }

    fn of_alert(alert: &Alert, standing: Standing, lost_at: Option<Moment>) -> Self {
        let inhibiting = alert.inhibited_by.iter().map(|f| format!("alert {f}"));
        Self {
            id: alert.fingerprint.clone(),
            standing,
            severity: Severity::of(&alert.labels),
            labels: alert.labels.clone(),
            annotations: alert.annotations.clone(),
            since: alert.starts_at,
            lost_at,
            hidden_by: alert.silenced_by.iter().map(|s| format!("silence {s}")).chain(inhibiting).collect(),
            receivers: alert.receivers.clone(),
            members: alert.members.clone(),
        }
    }
}

/// Every row, the most pressing first, as they were gathered when the newest answer came.
pub fn rows(shared: &Shared) -> &[Row] {
    &shared.rows
}

/// Gathers the rows anew from all that is known.
pub fn gather(shared: &Shared) -> Vec<Row> {
    let mut rows = Vec::new();
    if let Some(Data::Alerts(set)) = shared.store.data(&Source::Alerts) {
        rows.extend(reported(set));
    }
    rows.extend(lost(&shared.lookout));
    if let Some(Data::Rules(groups)) = shared.store.data(&Source::Rules) {
        let unreported = pending(groups, &rows);
        rows.extend(unreported);
    }
    sorted(rows)
}

/// The most pressing first. In a storm there are thousands: each is looked up once, and none is copied.
fn sorted(rows: Vec<Row>) -> Vec<Row> {
    let key = |row: &Row| (is_watchdog(row), row.standing, row.severity);
    let mut order: Vec<_> =
        rows.iter().enumerate().map(|(n, row)| (key(row), row.name(), Reverse(row.since), &row.labels, n)).collect();
    order.sort_unstable();
    let order: Vec<usize> = order.into_iter().map(|(.., n)| n).collect();
    let mut rows: Vec<Option<Row>> = rows.into_iter().map(Some).collect();
    order.into_iter().filter_map(|n| rows[n].take()).collect()
}

fn reported(set: &AlertSet) -> impl Iterator<Item = Row> {
    set.alerts.iter().map(|alert| {
        let standing = if alert.state == AlertState::Suppressed { Standing::Suppressed } else { Standing::Firing };
        Row::of_alert(alert, standing, None)
    })
}

fn lost(lookout: &Lookout) -> impl Iterator<Item = Row> {
    lookout.lost().map(|gone| Row::of_alert(&gone.alert, Standing::Lost, Some(gone.since)))
}

/// What Prometheus counts or fires and no Alertmanager has told of.
fn pending(groups: &[RuleGroup], told: &[Row]) -> Vec<Row> {
    let rules = groups.iter().flat_map(|g| &g.rules).filter_map(|r| r.alerting.as_ref());
    let mut told = Told::new(told);
    let untold = rules.flat_map(|a| &a.alerts).filter(|a| !told.knows(&a.labels));
    let row = |a: &RuleAlert| Row {
        id: a.labels.fingerprint(),
        standing: if a.firing { Standing::Firing } else { Standing::Pending },
        severity: Severity::of(&a.labels),
        labels: a.labels.clone(),
        annotations: a.annotations.clone(),
        since: a.active_at,
        lost_at: None,
        hidden_by: vec![],
        receivers: vec![],
        members: vec![],
    };
    untold.map(row).collect()
}

/// The alerts that were told of, found by the labels that Prometheus gives: Alertmanager's copies hold external ones besides.
/// In a storm there are thousands of both.
struct Told<'a> {
    named: HashMap<&'a str, Vec<&'a Labels>>,
    /// By the names of Prometheus's labels, `alertname`'s value first: what is told under these names.
    known: HashMap<Vec<&'a str>, HashSet<Labels>>,
}

impl<'a> Told<'a> {
    fn new(rows: &'a [Row]) -> Self {
        let mut named: HashMap<&str, Vec<&Labels>> = HashMap::new();
        for row in rows {
            named.entry(row.name()).or_default().push(&row.labels);
        }
        Self { named, known: HashMap::new() }
    }

    fn knows(&mut self, labels: &'a Labels) -> bool {
        let name = labels.get("alertname").unwrap_or_default();
        let names = labels.iter().map(|(label, _)| label);
        let told = self.named.get(name).map_or(&[][..], Vec::as_slice);
        let only = |all: &Labels| all.iter().filter(|(label, _)| labels.get(label).is_some()).collect();
        let key = std::iter::once(name).chain(names).collect();
        self.known.entry(key).or_insert_with(|| told.iter().map(|all| only(all)).collect()).contains(labels)
    }
}

/// The rule behind an alert: the one of its name whose active alerts include it, or else the first of its name.
pub fn rule<'a>(shared: &'a Shared, labels: &Labels) -> Option<&'a Rule> {
    let Some(Data::Rules(groups)) = shared.store.data(&Source::Rules) else { return None };
    let name = labels.get("alertname")?;
    let named = || groups.iter().flat_map(|g| &g.rules).filter(|r| r.alerting.is_some() && *r.name == *name);
    let active = |r: &&Rule| r.alerting.iter().flat_map(|a| &a.alerts).any(|a| labels.contains(&a.labels));
    named().find(active).or_else(|| named().next())
}

/// Whether a row passes a filter.
pub fn passes(row: &Row, filter: &str) -> bool {
    filter::passes(filter, Looked { state: row.standing.word(), labels: &row.labels, texts: &[row.summary()] })
}

/// Whether this is a dead-man's alert: it fires always, and is news when it stops.
pub fn is_watchdog(row: &Row) -> bool {
    is_watchdog_name(row.name())
}

/// Whether an alert of this name is a dead-man's alert.
pub fn is_watchdog_name(name: &str) -> bool {
    matches!(name, "Watchdog" | "DeadMansSwitch" | "DeadMansSnitch")
}
