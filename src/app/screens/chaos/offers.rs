//! What can be broken here: every scenario with each service that it fits, as the configuration tells.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::app::model::Shared;
use crate::app::screens::overview;
use crate::app::screens::services::rows::passes;
use crate::app::store::Freshness;
use crate::domain::chaos::offer::{Hit, Offer};
use crate::domain::name::Name;

/// A scenario, and the service that it would be done to; none where it fits no service here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The scenario's name.
    pub scenario: &'static str,
    /// The service.
    pub target: Option<Name>,
}

impl Choice {
    /// What a drill of it is given, as on a command line.
    pub fn words(&self) -> String {
        let target = self.target.as_ref().map(|name| format!(" --target {name}")).unwrap_or_default();
        format!("{}{target}", self.scenario)
    }

    /// The whole call; none where nothing can be broken.
    pub fn call(&self) -> Option<Vec<String>> {
        let target = self.target.as_ref()?;
        Some(["drill", self.scenario, "--target", target.as_str()].map(str::to_owned).into())
    }
}

/// One row: the choice, what the scenario is, and whom it would hit.
pub struct Row {
    /// What identifies it.
    pub choice: Choice,
    /// The scenario.
    pub offer: Arc<Offer>,
    /// The service with those who need it.
    pub hit: Option<Hit>,
}

/// What a scenario comes to here, as far as the services told just now which part they play.
fn known(shared: &Shared, offer: &Offer) -> Offer {
    offer.knowing(|name| {
        let (_, report, freshness) = overview::health(shared, name);
        report.filter(|_| matches!(freshness, Freshness::Fresh)).map(|report| &report.facts)
    })
}

/// The services whose part in a replication decides what can be done to them.
pub fn playing(shared: &Shared) -> BTreeSet<&Name> {
    let offers = shared.environment().offers.iter().filter(|offer| offer.part.is_some());
    offers.flat_map(|offer| offer.hits.iter().map(|hit| &hit.target)).collect()
}

impl Row {
    /// Whom it would hit, as the list says it.
    pub fn target(&self) -> &str {
        self.choice.target.as_ref().map_or("none here", Name::as_str)
    }
}

/// Every choice that passes a filter: one that is seen in its row; last the scenarios that fit nothing here.
pub fn rows(shared: &Shared, filter: &str) -> Vec<Row> {
    let offers: Vec<_> = shared.environment().offers.iter().map(|offer| Arc::new(known(shared, offer))).collect();
    let row = |offer: &Arc<Offer>, hit: Option<&Hit>| {
        let choice = Choice { scenario: offer.scenario, target: hit.map(|hit| hit.target.clone()) };
        Row { choice, offer: Arc::clone(offer), hit: hit.cloned() }
    };
    let hits = offers.iter().flat_map(|offer| offer.hits.iter().map(move |hit| row(offer, Some(hit))));
    let idle = offers.iter().filter(|offer| offer.hits.is_empty()).map(|offer| row(offer, None));
    hits.chain(idle).filter(|row| shown(row, filter)).collect()
}

fn shown(row: &Row, filter: &str) -> bool {
    passes(filter, &[row.offer.scenario, row.target(), &row.offer.expects.join(", ")])
}

/// What identifies the rows, in their order.
pub fn ids(shared: &Shared, filter: &str) -> Vec<Choice> {
    rows(shared, filter).into_iter().map(|row| row.choice).collect()
}
