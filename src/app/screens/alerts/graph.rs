//! The graph behind an alert: what is asked for so that its expression can be drawn with its threshold.

use std::time::Duration;

use crate::app::layout;
use crate::app::model::Shared;
use crate::app::need::{RangeQuery, Source};
use crate::domain::promql::{self, Threshold};
use crate::domain::rule::Rule;

/// The graph behind an alert.
#[derive(Clone, Debug, PartialEq)]
pub struct Graph {
    /// What is drawn: the expression without its comparison, or all of it.
    pub query: RangeQuery,
    /// Where the alert begins.
    pub threshold: Option<Threshold>,
    /// The whole expression, as the rule has it.
    pub expr: String,
    /// How long it must hold.
    pub hold: Duration,
}

impl Graph {
    /// Of a rule's expression, over the range that is chosen.
    pub fn of(shared: &Shared, rule: &Rule) -> Self {
        let threshold = promql::threshold(&rule.expr);
        let expr = threshold.as_ref().map_or_else(|| rule.expr.to_string(), |t| t.expr.clone());
        let columns = layout::body(shared.size).width.max(20);
        let query = RangeQuery {
            expr,
            range: shared.range,
            shift: Duration::ZERO,
            step: layout::step(shared.range, columns),
            aligned: true,
            columns: columns * 2,
        };
        let hold = rule.alerting.as_ref().map_or(Duration::ZERO, |a| a.hold);
        Self { query, threshold, expr: rule.expr.to_string(), hold }
    }

    /// What is asked.
    pub fn source(&self) -> Source {
        Source::Range(self.query.clone())
    }
}
