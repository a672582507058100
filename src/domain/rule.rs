//! Prometheus's alerting and recording rules. Source of the shapes: Prometheus's HTTP API, `/api/v1/rules`.

use std::sync::Arc;
use std::time::Duration;

use crate::domain::labels::Labels;
use crate::domain::time::Stamp;

/// Rules evaluated together, one after the other.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleGroup {
    /// Its name.
    pub name: Arc<str>,
    /// The file it stands in, on Prometheus's host.
    pub file: Arc<str>,
    /// How often it is evaluated.
    pub interval: Duration,
    /// In the order of evaluation.
    pub rules: Vec<Rule>,
}

/// One rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// The alert's or the recorded metric's name.
    pub name: Arc<str>,
    /// Its PromQL expression.
    pub expr: Arc<str>,
    /// `ok`, `err` or `unknown`.
    pub health: String,
    /// Why the last evaluation failed; empty when it did not.
    pub last_error: String,
    /// When it was last evaluated.
    pub evaluated_at: Option<Stamp>,
    /// How long that took.
    pub took: Duration,
    /// What only an alerting rule has.
    pub alerting: Option<Alerting>,
}

/// What only an alerting rule has.
#[derive(Clone, Debug, PartialEq)]
pub struct Alerting {
    /// How long the expression must hold before the alert fires.
    pub hold: Duration,
    /// The rule's own labels.
    pub labels: Labels,
    /// The rule's annotations, templates unexpanded.
    pub annotations: Labels,
    /// What is pending or firing now.
    pub alerts: Vec<RuleAlert>,
}

/// One alert as Prometheus, not Alertmanager, sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleAlert {
    /// Every label, `alertname` among them.
    pub labels: Labels,
    /// Annotations, expanded.
    pub annotations: Labels,
    /// Whether it fires or still counts its `for`.
    pub firing: bool,
    /// When the expression began to hold.
    pub active_at: Stamp,
    /// The expression's value, as Prometheus writes it.
    pub value: String,
}
