//! Response times: how soon somebody must have taken an alert on, by how urgent it is.

use std::time::Duration;

use crate::domain::alert::Severity;

/// How soon somebody must have taken an alert on. Taken on means silenced: Alertmanager knows no other word for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Response {
    /// P0.
    pub emergency: Duration,
    /// P1, critical.
    pub critical: Duration,
    /// P2, warning.
    pub warning: Duration,
    /// P3, info.
    pub info: Duration,
}

impl Default for Response {
    fn default() -> Self {
        let minutes = |n: u64| Duration::from_secs(n * 60);
        Self { emergency: minutes(5), critical: minutes(15), warning: minutes(60), info: minutes(24 * 60) }
    }
}

impl Response {
    /// The time for a severity; none for a word that nobody has said anything of.
    pub fn of(&self, severity: Severity) -> Option<Duration> {
        match severity {
            Severity::Emergency => Some(self.emergency),
            Severity::Critical => Some(self.critical),
            Severity::Warning => Some(self.warning),
            Severity::Info => Some(self.info),
            Severity::Unknown => None,
        }
    }
}
