//! Health checks over HTTP: the status is what counts, the body is not read.

use std::time::Instant;

use crate::adapters::http::{Ask, Budget, Endpoint, Http};
use crate::domain::fault::Fault;
use crate::domain::service::{Facts, HttpFacts, Report};

/// One health check.
#[derive(Clone, Debug)]
pub struct HealthCheck {
    http: Http,
    expected: Option<u16>,
}

impl HealthCheck {
    /// A check of `endpoint`, whose URL is the page to ask. Healthy is the `expected` status, or any 2xx.
    pub fn new(endpoint: &Endpoint, expected: Option<u16>, budget: Budget) -> Result<Self, Fault> {
        Ok(Self { http: Http::new(endpoint, budget)?, expected })
    }

    /// Asks once. A service that answers with the wrong status is a report, not a fault.
    pub async fn probe(&self) -> Result<Report, Fault> {
        let started = Instant::now();
        let status = self.http.status(Ask::get("", &[])).await?;
        let healthy = self.expected.map_or(status.is_success(), |expected| status.as_u16() == expected);
        Ok(Report { took: started.elapsed(), facts: Facts::Http(HttpFacts { status: status.as_u16(), healthy }) })
    }
}
