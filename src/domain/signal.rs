//! Golden signals: the few numbers of an environment that the Overview shows before all others.

use std::sync::Arc;

use crate::domain::unit::Unit;

/// One golden signal.
#[derive(Clone, Debug, PartialEq)]
pub struct Signal {
    /// What it is called on screen.
    pub name: Arc<str>,
    /// An expression that answers one series.
    pub query: Arc<str>,
    /// How its number is written; none when it is plain.
    pub unit: Option<Unit>,
    /// From where it is worrying, in the query's own unit.
    pub warning: Option<f64>,
    /// From where it is bad. Below `warning` it means: the lower, the worse.
    pub critical: Option<f64>,
}
