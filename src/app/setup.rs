//! What the console was started with: environments, keymap, who sits here. Names and addresses, no secrets.

use std::time::Duration;

use crate::app::keymap::Keymap;
use crate::domain::bell::Bell;
use crate::domain::chaos::gameday::Filed;
use crate::domain::chaos::offer::Offer;
use crate::domain::colour::Colour;
use crate::domain::guard::Guard;
use crate::domain::name::Name;
use crate::domain::repository::RepositorySpec;
use crate::domain::response::Response;
use crate::domain::service::Service;
use crate::domain::signal::Signal;

/// What the console was started with.
#[derive(Clone, Debug)]
pub struct Setup {
    /// At least one.
    pub environments: Vec<Environment>,
    /// Default keys and the person's own.
    pub keymap: Keymap,
    /// When and how it rings.
    pub bell: Bell,
    /// Whether this is the demo: there something may be broken for fun.
    pub demo: bool,
    /// How soon alerts must be taken on.
    pub response: Response,
    /// Whether everybody on this host shares the ledger of jobs; else it is this login's own.
    pub shared_ledger: bool,
}

/// An environment as the screens know it.
#[derive(Clone, Debug)]
pub struct Environment {
    /// Its name.
    pub name: Name,
    /// What it is told apart by, besides its name.
    pub colour: Option<Colour>,
    /// How much it resists changes.
    pub guard: Guard,
    /// The polling interval.
    pub refresh: Duration,
    /// Prometheus's address for display; none when none is configured.
    pub prometheus: Option<String>,
    /// How many Alertmanagers are configured.
    pub alertmanagers: usize,
    /// What it runs.
    pub services: Vec<Service>,
    /// What the Overview measures.
    pub signals: Vec<Signal>,
    /// Where its backups live.
    pub repositories: Vec<RepositorySpec>,
    /// What can be broken in it.
    pub offers: Vec<Offer>,
    /// The `GameDay`s that were written for it.
    pub gamedays: Vec<Filed>,
}
