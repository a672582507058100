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

impl RuleGroup {
    /// The part of its interval that one evaluation of all its rules takes; none where the interval is not known. From 1 on,
    /// evaluations are missed.
    pub fn share(&self) -> Option<f64> {
        part(self.rules.iter().map(|rule| rule.took).sum(), self.interval)
    }
}

impl Rule {
    /// Whether its last evaluation failed: what it watches is not watched.
    pub fn fails(&self) -> bool {
        self.health == "err" || !self.last_error.is_empty()
    }

    /// The part of its group's interval that its last evaluation took; none where the interval is not known.
    pub fn share(&self, interval: Duration) -> Option<f64> {
        part(self.took, interval)
    }

    /// How long until the first of its pending alerts fires, if its expression goes on to hold; none where none is pending.
    pub fn fires_in(&self, now: Stamp) -> Option<Duration> {
        let alerting = self.alerting.as_ref()?;
        let pending = alerting.alerts.iter().filter(|alert| !alert.firing);
        pending.map(|alert| alert.fires_in(alerting.hold, now)).min()
    }
}

impl RuleAlert {
    /// How long until it fires, if its expression goes on to hold for `hold` in all: no longer than that and its group's interval.
    pub fn fires_in(&self, hold: Duration, now: Stamp) -> Duration {
        hold.saturating_sub(now.since(self.active_at))
    }
}

fn part(took: Duration, interval: Duration) -> Option<f64> {
    (!interval.is_zero()).then(|| took.as_secs_f64() / interval.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(pending_since: &[i64]) -> Rule {
        let alert = |at: &i64| RuleAlert {
            labels: Labels::default(),
            annotations: Labels::default(),
            firing: false,
            active_at: Stamp(*at),
            value: "1".into(),
        };
        let alerts = pending_since.iter().map(alert).collect();
        let (labels, annotations) = (Labels::default(), Labels::default());
        Rule {
            name: "a".into(),
            expr: "up == 0".into(),
            health: "ok".into(),
            last_error: String::new(),
            evaluated_at: None,
            took: Duration::from_millis(150),
            alerting: Some(Alerting { hold: Duration::from_secs(60), labels, annotations, alerts }),
        }
    }

    #[test]
    fn the_oldest_of_the_pending_alerts_fires_first() {
        assert_eq!(rule(&[]).fires_in(Stamp(50_000)), None);
        assert_eq!(rule(&[40_000, 10_000]).fires_in(Stamp(50_000)), Some(Duration::from_secs(20)));
        assert_eq!(rule(&[10_000]).fires_in(Stamp(900_000)), Some(Duration::ZERO));
    }

    #[test]
    fn a_share_is_of_the_groups_interval_and_unknown_without_one() {
        let interval = Duration::from_secs(1);
        assert_eq!((rule(&[]).share(interval), rule(&[]).share(Duration::ZERO)), (Some(0.15), None));
        let group = RuleGroup { name: "g".into(), file: "f".into(), interval, rules: vec![rule(&[]), rule(&[])] };
        assert_eq!(group.share(), Some(0.3));
    }
}
