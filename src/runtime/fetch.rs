//! Answers needs: from a source to the adapter that knows it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use crate::adapters::alertmanager::Alertmanagers;
use crate::adapters::http::Budget;
use crate::adapters::prometheus::{self, Prometheus};
use crate::app::need::{Data, RangeQuery, Source};
use crate::config::model::Environment;
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::name::Name;
use crate::domain::promql;
use crate::domain::range::TimeRange;
use crate::domain::series::Answer;
use crate::domain::time::Stamp;
use crate::runtime::connect::{self, Vault};
use crate::runtime::dashboards;
use crate::runtime::lazy::Lazy;
use crate::runtime::office::{self, Office};
use crate::runtime::served::{self, Served};

/// How far back label values are looked for.
const LABELS_RANGE: Duration = Duration::from_secs(6 * 3600);

/// One environment, as it is reached. Clients are made when they are first needed.
pub struct World {
    env: Environment,
    office: Option<Arc<dyn Office>>,
    budget: Budget,
    vault: Lazy<Arc<Vault>>,
    prometheus: Lazy<Prometheus>,
    alertmanagers: Lazy<Alertmanagers>,
    services: HashMap<Name, Served>,
}

/// What came back, and Prometheus's clock minus ours in milliseconds, where that is known.
type Reply = (Result<Data, Fault>, Option<i64>);

impl World {
    /// Connects to nothing yet.
    pub fn new(env: Environment, budget: Budget, office: Option<Arc<dyn Office>>) -> Self {
        let services = served::all(&env.services);
        let (vault, prometheus, alertmanagers) = (Lazy::default(), Lazy::default(), Lazy::default());
        Self { env, office, budget, vault, prometheus, alertmanagers, services }
    }

    /// Answers one need.
    pub async fn fetch(&self, source: &Source) -> Reply {
        match source {
            Source::Alerts | Source::Silences => (self.alertmanager(source).await, None),
            Source::Probe(name) | Source::Condition(name) | Source::Triage(name) | Source::ServiceLog(name, _) => {
                (self.service(name, source).await, None)
            }
            Source::Dashboards => (dashboards::load(self.env.files.dashboards.clone()).await.map(Data::Dashboards), None),
            Source::Jobs | Source::JobLog(_) | Source::Drills | Source::Faults | Source::Plan(_) | Source::Catalogue(_) => {
                (self.recorded(source).await, None)
            }
            _ => self.prometheus(source).await,
        }
    }

    async fn recorded(&self, source: &Source) -> Result<Data, Fault> {
        let office = self.office.as_ref().ok_or_else(|| absent("ledger"))?;
        office::fetch(&**office, &self.env.name, source).await
    }

    async fn prometheus(&self, source: &Source) -> Reply {
        let Some(upstream) = &self.env.prometheus else { return (Err(absent("Prometheus")), None) };
        let make = async { Prometheus::new(&connect::endpoint(upstream, &*self.vault().await?)?, self.budget.clone()) };
        match self.prometheus.get(make).await {
            Err(fault) => (self.heed(&self.prometheus, Err(fault)).await, None),
            Ok(client) => (self.heed(&self.prometheus, ask(&client, source).await).await, client.skew()),
        }
    }

    async fn alertmanager(&self, source: &Source) -> Result<Data, Fault> {
        if self.env.alertmanagers.is_empty() {
            return Err(absent("Alertmanager"));
        }
        let make = async {
            let vault = self.vault().await?;
            let endpoints: Result<Vec<_>, _> = self.env.alertmanagers.iter().map(|u| connect::endpoint(u, &vault)).collect();
            Alertmanagers::new(&endpoints?, &self.budget)
        };
        let reply = match (self.alertmanagers.get(make).await, source) {
            (Err(fault), _) => Err(fault),
            (Ok(client), Source::Silences) => client.silences().await.map(Data::Silences),
            (Ok(client), _) => client.alerts().await.map(Data::Alerts),
        };
        self.heed(&self.alertmanagers, reply).await
    }

    async fn service(&self, name: &Name, source: &Source) -> Result<Data, Fault> {
        let service = self.services.get(name).ok_or_else(|| absent(name.as_str()))?;
        let reply = service.fetch(source, self.vault(), &self.budget).await;
        if is_denied(&reply) {
            service.forget().await;
            self.vault.forget().await;
        }
        reply
    }

    /// The environment's secrets, each looked for once.
    async fn vault(&self) -> Result<Arc<Vault>, Fault> {
        self.vault.get(async { Ok(Arc::new(Vault::open(std::slice::from_ref(&self.env)).await)) }).await
    }

    /// Looks at an outcome: after a refusal the client and every secret are forgotten, for passwords and tokens rotate.
    async fn heed<T: Clone>(&self, client: &Lazy<T>, reply: Result<Data, Fault>) -> Result<Data, Fault> {
        if is_denied(&reply) {
            client.forget().await;
            self.vault.forget().await;
        }
        reply
    }
}

fn is_denied(reply: &Result<Data, Fault>) -> bool {
    matches!(reply, Err(fault) if fault.kind == FaultKind::Denied)
}

fn absent(what: &str) -> Fault {
    Fault::new(FaultKind::Unreachable, format!("this environment has no {what}"))
}

async fn ask(client: &Prometheus, source: &Source) -> Result<Data, Fault> {
    match source {
        Source::Rules => client.rules().await.map(Data::Rules),
        Source::Targets => client.targets().await.map(Data::Targets),
        Source::Receiving => client.alertmanagers().await.map(Data::Strings),
        Source::Range(query) => range(client, query).await.map(Data::Answer),
        Source::Instant(expr) => instant(client, expr).await.map(Data::Answer),
        Source::LabelValues { selector, label } => {
            let window = TimeRange::Last(LABELS_RANGE).window(now(client));
            client.label_values(label, selector.as_deref(), window).await.map(Data::Strings)
        }
        Source::LabelNames => {
            let window = TimeRange::Last(LABELS_RANGE).window(now(client));
            client.labels(None, window).await.map(Data::Strings)
        }
        Source::Alerts
        | Source::Silences
        | Source::Probe(_)
        | Source::Dashboards
        | Source::Jobs
        | Source::JobLog(_)
        | Source::Drills
        | Source::Faults
        | Source::Plan(_)
        | Source::Catalogue(_)
        | Source::Condition(_)
        | Source::Triage(_)
        | Source::ServiceLog(..) => Err(absent("such question for Prometheus")),
    }
}

/// The present on Prometheus's clock: ours may be wrong by an hour.
fn now(prometheus: &Prometheus) -> Stamp {
    Stamp(jiff::Timestamp::now().as_millisecond() + prometheus.skew().unwrap_or_default())
}

async fn range(client: &Prometheus, query: &RangeQuery) -> Result<Answer, Fault> {
    let window = query.sampled(now(client));
    let query = prometheus::RangeQuery { expr: &query.expr, window, step: query.step, points: query.columns };
    client.query_range(query).await
}

async fn instant(client: &Prometheus, expr: &str) -> Result<Answer, Fault> {
    client.query(expr, now(client), &promql::selectors(expr)).await
}

/// Every environment, behind one budget.
pub fn worlds(environments: &[Environment], office: Option<&Arc<dyn Office>>) -> Vec<Arc<World>> {
    let budget = Budget::default();
    environments.iter().map(|e| Arc::new(World::new(e.clone(), budget.clone(), office.cloned()))).collect()
}
