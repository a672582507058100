//! Prometheus's scrape targets. Source of the shapes: Prometheus's HTTP API, `/api/v1/targets`.

use std::time::Duration;

use crate::domain::labels::Labels;
use crate::domain::time::Stamp;

/// How the last scrape went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetHealth {
    /// It answered.
    Up,
    /// It did not: see [`Target::last_error`].
    Down,
    /// It was not scraped yet.
    Unknown,
}

/// One active target.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    /// Labels after relabelling, `job` and `instance` among them.
    pub labels: Labels,
    /// The pool it belongs to, mostly the job.
    pub pool: String,
    /// Where it is scraped, credentials removed.
    pub url: String,
    /// How the last scrape went.
    pub health: TargetHealth,
    /// Why it failed; empty when it did not.
    pub last_error: String,
    /// When it was last scraped.
    pub last_scrape: Option<Stamp>,
    /// How long that took.
    pub took: Duration,
    /// How often it is scraped.
    pub interval: Duration,
}
