//! What the console was started with: environments, keymap, who sits here. Names and addresses, no secrets.

use std::time::Duration;

use crate::app::keymap::Keymap;
use crate::domain::bell::Bell;
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
    /// What the demo's `F1` offers, as `(what, words)`; empty outside the demo.
    pub breakages: Vec<(String, String)>,
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
}
