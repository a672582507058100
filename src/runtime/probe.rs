//! Direct probes of services: the console still knows the databases when Prometheus is the thing that is down.

use crate::adapters::afar::{self, Afar};
use crate::adapters::health::HealthCheck;
use crate::adapters::http::{Budget, Endpoint};
use crate::adapters::postgres::Postgres;
use crate::adapters::reach::PATIENCE;
use crate::adapters::redis::Redis;
use crate::config::model::ServiceConfig;
use crate::domain::fault::Fault;
use crate::domain::service::{Report, ServiceKind};
use crate::runtime::connect::{self, Vault};

/// Probes one service.
#[derive(Clone, Debug)]
pub enum Prober {
    /// By its protocol.
    Postgres(Box<Postgres>),
    /// By its protocol.
    Redis(Redis),
    /// By its health check.
    Http(HealthCheck),
    /// By its own tools: nothing else reaches it.
    Afar(Afar),
}

impl Prober {
    /// Connects to nothing yet.
    ///
    /// # Errors
    /// A secret that cannot be had, or certificates that cannot be read.
    pub fn new(service: &ServiceConfig, vault: &Vault, budget: &Budget) -> Result<Self, Fault> {
        match service.kind {
            ServiceKind::Http => {
                let expected = service.health.as_ref().and_then(|h| h.status);
                let endpoint = Endpoint { timeout: PATIENCE, ..connect::health(service) };
                HealthCheck::new(&endpoint, expected, budget.clone()).map(Self::Http)
            }
            ServiceKind::Postgres | ServiceKind::Redis if !connect::is_direct(&service.access) => {
                Ok(Self::Afar(connect::afar(service, afar::PATIENCE)))
            }
            ServiceKind::Postgres => {
                let (reach, login) = (connect::reach(service)?, connect::login(service, vault)?);
                Postgres::new(reach, &login, service.access.database.as_deref(), PATIENCE).map(|p| Self::Postgres(Box::new(p)))
            }
            ServiceKind::Redis => {
                Redis::new(connect::reach(service)?, &connect::login(service, vault)?, PATIENCE).map(Self::Redis)
            }
        }
    }

    /// How the service is now.
    ///
    /// # Errors
    /// Why it could not be told.
    pub async fn probe(&self) -> Result<Report, Fault> {
        match self {
            Self::Postgres(client) => client.probe().await,
            Self::Redis(client) => client.probe().await,
            Self::Http(client) => client.probe().await,
            Self::Afar(tools) => tools.probe().await,
        }
    }
}
