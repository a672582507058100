//! The screens: one file and one line each.

pub mod alerts;
pub mod backups;
pub mod chaos;
pub mod dashboards;
pub mod jobs;
pub mod overview;
pub mod services;

use crate::app::screen::{Screen, ScreenId};

/// Every screen's name, in the order of their number keys; last the one that has none.
pub const NAMES: &[&str] = &["overview", "dashboards", "alerts", "jobs", "backups", "chaos", "services"];
const IDS: [ScreenId; 7] = [
    ScreenId::Overview,
    ScreenId::Dashboards,
    ScreenId::Alerts,
    ScreenId::Jobs,
    ScreenId::Backups,
    ScreenId::Chaos,
    ScreenId::Services,
];

/// A screen by its name.
pub fn by_name(name: &str) -> Option<ScreenId> {
    NAMES.iter().position(|n| *n == name).map(|at| IDS[at])
}

/// Every screen's own state.
#[derive(Clone, Debug, Default)]
pub struct Screens {
    /// What fires, golden signals, services.
    pub overview: overview::Overview,
    /// Grafana dashboards.
    pub dashboards: dashboards::Dashboards,
    /// Alerts.
    pub alerts: alerts::Alerts,
    /// Jobs.
    pub jobs: jobs::Jobs,
    /// Repositories and what lies in them.
    pub backups: backups::Backups,
    /// What can be broken, and drills.
    pub chaos: chaos::Chaos,
    /// The services.
    pub services: services::Services,
}

impl Screens {
    /// One of them.
    pub fn get(&self, id: ScreenId) -> &dyn Screen {
        match id {
            ScreenId::Overview => &self.overview,
            ScreenId::Dashboards => &self.dashboards,
            ScreenId::Alerts => &self.alerts,
            ScreenId::Jobs => &self.jobs,
            ScreenId::Backups => &self.backups,
            ScreenId::Chaos => &self.chaos,
            ScreenId::Services => &self.services,
        }
    }

    /// One of them, to be changed.
    pub fn get_mut(&mut self, id: ScreenId) -> &mut dyn Screen {
        match id {
            ScreenId::Overview => &mut self.overview,
            ScreenId::Dashboards => &mut self.dashboards,
            ScreenId::Alerts => &mut self.alerts,
            ScreenId::Jobs => &mut self.jobs,
            ScreenId::Backups => &mut self.backups,
            ScreenId::Chaos => &mut self.chaos,
            ScreenId::Services => &mut self.services,
        }
    }
}
