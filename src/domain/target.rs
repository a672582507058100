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

/// Parts of the names of parameters that are kept secret.
const SECRET: [&str; 7] = ["token", "secret", "pass", "key", "auth", "sig", "credential"];

impl Target {
    /// The part of its interval that the last scrape took; none where the interval is not known.
    pub fn share(&self) -> Option<f64> {
        (!self.interval.is_zero()).then(|| self.took.as_secs_f64() / self.interval.as_secs_f64())
    }

    /// Where it is scraped, without the values of parameters that may be secret: Prometheus shows them to everybody.
    pub fn shown_url(&self) -> String {
        let Some((place, query)) = self.url.split_once('?') else { return self.url.clone() };
        let shown: Vec<String> = query.split('&').map(parameter).collect();
        format!("{place}?{}", shown.join("&"))
    }
}

fn parameter(written: &str) -> String {
    let name = written.split('=').next().unwrap_or_default();
    let is_secret = SECRET.iter().any(|part| name.to_ascii_lowercase().contains(part));
    if is_secret { format!("{name}=***") } else { written.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rule_12_a_secret_among_the_parameters_of_a_scrape_is_not_shown() {
        let target = |url: &str| Target {
            labels: Labels::default(),
            pool: "p".into(),
            url: url.into(),
            health: TargetHealth::Up,
            last_error: String::new(),
            last_scrape: None,
            took: Duration::from_millis(500),
            interval: Duration::from_secs(2),
        };
        let shown = |url: &str| target(url).shown_url();
        assert_eq!(shown("http://h/metrics"), "http://h/metrics");
        assert_eq!(shown("http://h/probe?module=http&target=https://x"), "http://h/probe?module=http&target=https://x");
        assert_eq!(shown("http://h/m?Api_Key=abc&format=p&access_token=d=e"), "http://h/m?Api_Key=***&format=p&access_token=***");
        assert_eq!(target("").share(), Some(0.25));
    }
}
