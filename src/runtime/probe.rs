//! Direct probes of services: the console still knows the databases when Prometheus is the thing that is down. The same way leads
//! to what they tell of their sessions and clients.

use std::time::Duration;

use crate::adapters::afar::{self, Afar};
use crate::adapters::health::HealthCheck;
use crate::adapters::http::{Budget, Endpoint};
use crate::adapters::postgres::Postgres;
use crate::adapters::reach::PATIENCE;
use crate::adapters::redis::Redis;
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::service::spec::ServiceSpec;
use crate::domain::service::{Report, ServiceKind};
use crate::domain::triage::Triage;
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
    pub fn new(service: &ServiceSpec, vault: &Vault, budget: &Budget) -> Result<Self, Fault> {
        Self::within(service, vault, budget, PATIENCE)
    }

    /// The same with its own patience, for questions that take a loaded server longer; its tools alone take as long as they take.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn within(service: &ServiceSpec, vault: &Vault, budget: &Budget, patience: Duration) -> Result<Self, Fault> {
        match service.kind {
            ServiceKind::Http => {
                let expected = service.health.as_ref().and_then(|h| h.status);
                let endpoint = Endpoint { timeout: patience, ..connect::health(service) };
                HealthCheck::new(&endpoint, expected, budget.clone()).map(Self::Http)
            }
            ServiceKind::Postgres | ServiceKind::Redis if !connect::is_direct(&service.access) => {
                Ok(Self::Afar(connect::afar(service, afar::PATIENCE)))
            }
            ServiceKind::Postgres => {
                let (reach, login) = (connect::reach(service)?, connect::login(service, vault)?);
                Postgres::new(reach, &login, service.access.database.as_deref(), patience).map(|p| Self::Postgres(Box::new(p)))
            }
            ServiceKind::Redis => {
                Redis::new(connect::reach(service)?, &connect::login(service, vault)?, patience).map(Self::Redis)
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

    /// What it tells once something is wrong with it.
    ///
    /// # Errors
    /// Why it could not be told.
    pub async fn triage(&self) -> Result<Triage, Fault> {
        match self {
            Self::Postgres(client) => client.triage().await.map(Box::new).map(Triage::Postgres),
            Self::Redis(client) => client.triage().await.map(Box::new).map(Triage::Redis),
            Self::Afar(tools) => tools.triage().await,
            Self::Http(_) => Err(Fault::new(FaultKind::Refused, "an HTTP service tells nothing of its clients")),
        }
    }
}
