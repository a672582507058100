//! The severity ladder: of each severity how many alerts fire, and how long the oldest of them has waited for somebody.

use std::time::Duration;

use crate::app::model::Shared;
use crate::app::rows::{self, Row, Standing};
use crate::domain::alert::Severity;

/// One rung.
#[derive(Clone, Debug, PartialEq)]
pub struct Rung<'a> {
    /// Of which alerts.
    pub severity: Severity,
    /// How many fire that nobody has taken on.
    pub firing: usize,
    /// The one that has waited longest, with for how long.
    pub oldest: Option<(&'a Row, Duration)>,
    /// How long it may wait.
    pub allowed: Option<Duration>,
}

impl Rung<'_> {
    /// By how much the oldest has waited too long.
    pub fn overdue(&self) -> Option<Duration> {
        let (_, waited) = self.oldest?;
        waited.checked_sub(self.allowed?).filter(|over| !over.is_zero())
    }
}

/// Every rung, the most urgent first. A silenced alert was taken on by somebody, and a dead-man's alert is no news.
pub fn rungs(shared: &Shared) -> Vec<Rung<'_>> {
    Severity::WORDS.iter().map(|(_, severity)| rung(shared, *severity)).collect()
}

fn rung(shared: &Shared, severity: Severity) -> Rung<'_> {
    let waits = |row: &&Row| row.severity == severity && row.standing == Standing::Firing && !rows::is_watchdog(row);
    let waiting = || rows::rows(shared).iter().filter(waits);
    let oldest = waiting().min_by_key(|row| row.since).map(|row| (row, shared.server_now().since(row.since)));
    Rung { severity, firing: waiting().count(), oldest, allowed: shared.setup.response.of(severity) }
}
