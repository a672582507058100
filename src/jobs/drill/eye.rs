//! Looking at an environment during a drill: its probes, its alerts, the services that must not suffer. Every look is bounded, and
//! what does not answer in time is unknown.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::timeout;

use crate::domain::chaos::{Ask, Probe, Reading, Tolerance};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::labels::Labels;
use crate::domain::name::Name;
use crate::domain::rule::{Rule, RuleGroup};
use crate::domain::series::{Answer, Series};
use crate::domain::service::spec::ServiceSpec;
use crate::jobs::drill::Drill;
use crate::ports::World;
use crate::ports::metrics::{Metrics, Told};

/// The longest that one look may take: a service that hangs must not keep the others from being seen.
const PATIENCE: Duration = Duration::from_secs(2);

/// What looks.
pub struct Eye<'a> {
    world: &'a dyn World,
    drill: &'a Drill,
    /// The environment's Prometheus.
    pub metrics: Arc<dyn Metrics>,
}

/// The alerts of one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Alerts {
    /// What fires, by name and labels as people read them.
    pub firing: BTreeMap<String, Firing>,
    /// The names of what still counts its `for`.
    pub pending: BTreeSet<String>,
    /// Those that fire by a rule that always holds.
    pub deadmen: BTreeSet<String>,
}

/// An alert that fires.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Firing {
    /// Its name.
    pub name: String,
    /// Its labels.
    pub labels: Labels,
}

impl<'a> Eye<'a> {
    /// Opens it: refused where there is no Prometheus, for nothing would be seen.
    pub async fn open(world: &'a dyn World, drill: &'a Drill) -> Result<Self, Failure> {
        let metrics = world.metrics(&drill.target.environment).await?;
        Ok(Self { world, drill, metrics })
    }

    /// One reading of each probe of the hypothesis.
    pub async fn readings(&self) -> Vec<Reading> {
        join_all(self.drill.hypothesis.iter().map(|probe| self.read(probe))).await
    }

    /// What fires.
    pub async fn alerts(&self) -> Result<Alerts, Fault> {
        within(self.metrics.rules()).await.map(|groups| Alerts::of(&groups))
    }

    /// Which of these services are not well.
    pub async fn ill<'s>(&self, services: impl Iterator<Item = &'s ServiceSpec>) -> Vec<Name> {
        let looked = join_all(services.map(async |service| (self.service(service).await, &service.name))).await;
        looked.into_iter().filter(|(reading, _)| !reading.holds).map(|(_, name)| name.clone()).collect()
    }

    /// The first expression that answers anything, among those that abort the drill; one that cannot be asked, too.
    pub async fn condition(&self) -> Option<String> {
        for expr in &self.drill.abort_if {
            match within(self.metrics.query(expr)).await {
                Ok(answer) if answer.series.is_empty() => {}
                Ok(_) => return Some(format!("its abort condition holds: {expr}")),
                Err(fault) => return Some(format!("its abort condition cannot be asked: {fault}")),
            }
        }
        None
    }

    /// One reading of one probe.
    pub async fn read(&self, probe: &Probe) -> Reading {
        match &probe.ask {
            Ask::Promql(expr) => number(probe.tolerance, &within(self.metrics.query(expr)).await),
            Ask::Service(name) => match self.drill.services.iter().find(|service| service.name == *name) {
                Some(service) => self.service(service).await,
                None => Reading::unknown(probe.tolerance, "it is not configured"),
            },
        }
    }

    async fn service(&self, service: &ServiceSpec) -> Reading {
        let unknown = |why: String| Reading::unknown(Tolerance::Well, why);
        match timeout(PATIENCE, self.world.probe(service)).await {
            Err(_) => unknown(format!("no answer within {} s", PATIENCE.as_secs())),
            Ok(Err(fault)) => unknown(fault.to_string()),
            Ok(Ok(report)) => match report.facts.trouble() {
                Some(trouble) => unknown(trouble),
                None => Tolerance::Well.judge(report.took.as_secs_f64()),
            },
        }
    }
}

impl Alerts {
    /// What rules say.
    pub fn of(groups: &[RuleGroup]) -> Self {
        let mut alerts = Self::default();
        for rule in groups.iter().flat_map(|group| &group.rules) {
            for alert in rule.alerting.iter().flat_map(|alerting| &alerting.alerts) {
                let key = key(&rule.name, &alert.labels);
                if !alert.firing {
                    alerts.pending.insert(rule.name.to_string());
                    continue;
                }
                if always_holds(rule) {
                    alerts.deadmen.insert(key.clone());
                }
                alerts.firing.insert(key, Firing { name: rule.name.to_string(), labels: alert.labels.clone() });
            }
        }
        alerts
    }

    /// Whether an alert of this name is pending or fires.
    pub fn knows(&self, name: &str) -> bool {
        self.pending.contains(name) || self.firing.values().any(|firing| firing.name == name)
    }
}

/// A rule whose expression is a number or a vector of one: it says something only when it stops.
fn always_holds(rule: &Rule) -> bool {
    let expr: String = rule.expr.chars().filter(|c| !c.is_whitespace()).collect();
    let inner = expr.strip_prefix("vector(").and_then(|rest| rest.strip_suffix(')')).unwrap_or(&expr);
    inner.parse::<f64>().is_ok()
}

fn key(name: &str, labels: &Labels) -> String {
    let labels: Vec<_> = labels.iter().filter(|(name, _)| *name != "alertname").map(|(n, v)| format!("{n}={v:?}")).collect();
    format!("{name}{{{}}}", labels.join(", "))
}

async fn within<T>(asked: Told<'_, T>) -> Result<T, Fault> {
    let late = |_| Fault::new(FaultKind::Timeout, format!("no answer within {} s", PATIENCE.as_secs()));
    timeout(PATIENCE, asked).await.unwrap_or_else(|elapsed| Err(late(elapsed)))
}

/// The one number of an answer. Several, or none, are not known to be well.
fn number(tolerance: Tolerance, answer: &Result<Answer, Fault>) -> Reading {
    match answer {
        Err(fault) => Reading::unknown(tolerance, fault.to_string()),
        Ok(answer) => match answer.series.as_slice() {
            [one] => {
                Series::last(one).map_or_else(|| Reading::unknown(tolerance, "no sample"), |last| tolerance.judge(last.value))
            }
            [] => Reading::unknown(tolerance, "no sample"),
            several => Reading::unknown(tolerance, format!("{} series, not one", several.len())),
        },
    }
}

/// A failure of what looks.
pub fn blind(fault: &Fault) -> Failure {
    Failure::new(FailureKind::Unavailable, format!("the alerts cannot be seen: {fault}"))
}
