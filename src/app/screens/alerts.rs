//! Screen 3, Alerts: what fires, and behind tabs what hides it, what watches, and what is watched.

pub mod graph;
pub mod list;
pub mod rules;
pub mod silences;
pub mod targets;

use std::time::Duration;

use crate::app::command::Call;
use crate::app::model::Shared;
use crate::app::need::Source;
use crate::app::rows::{self, Row};
use crate::app::screen::{Screen, Travel};
use crate::app::spot::Spot;

/// What stands behind the screen's tabs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tab {
    /// What fires.
    #[default]
    Alerts,
    /// What hides it.
    Silences,
    /// Prometheus's rules.
    Rules,
    /// What Prometheus scrapes.
    Targets,
}

impl Tab {
    /// In their order on screen.
    pub const ALL: [Self; 4] = [Self::Alerts, Self::Silences, Self::Rules, Self::Targets];

    /// Its name on screen and, in small letters, in the palette.
    pub fn title(self) -> &'static str {
        match self {
            Self::Alerts => "Alerts",
            Self::Silences => "Silences",
            Self::Rules => "Rules",
            Self::Targets => "Targets",
        }
    }

    /// One by its name in the palette.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tab| tab.title().eq_ignore_ascii_case(name))
    }

    /// The one beside it; after the last comes the first.
    #[must_use]
    pub fn beside(self, forward: bool) -> Self {
        let by = if forward { 1 } else { Self::ALL.len() - 1 };
        Self::ALL[(self as usize + by) % Self::ALL.len()]
    }
}

/// The state of the Alerts screen: each tab keeps its own while another is shown.
#[derive(Clone, Debug, Default)]
pub struct Alerts {
    /// Which tab is shown.
    pub tab: Tab,
    /// What fires.
    pub list: list::List,
    /// What hides it.
    pub silences: silences::Silences,
    /// Prometheus's rules.
    pub rules: rules::Rules,
    /// What Prometheus scrapes.
    pub targets: targets::Targets,
}

impl Alerts {
    /// The alert that is open, or selected.
    pub fn meant<'a>(&'a self, shared: &'a Shared) -> Option<&'a Row> {
        let list = Some(&self.list).filter(|_| self.tab == Tab::Alerts)?;
        let selected = || list.selected(shared).and_then(|id| rows::rows(shared).iter().find(|row| row.id == id));
        list.detail.as_ref().map(|detail| &detail.row).or_else(selected)
    }

    fn shown(&self) -> &dyn Screen {
        match self.tab {
            Tab::Alerts => &self.list,
            Tab::Silences => &self.silences,
            Tab::Rules => &self.rules,
            Tab::Targets => &self.targets,
        }
    }

    fn shown_mut(&mut self) -> &mut dyn Screen {
        match self.tab {
            Tab::Alerts => &mut self.list,
            Tab::Silences => &mut self.silences,
            Tab::Rules => &mut self.rules,
            Tab::Targets => &mut self.targets,
        }
    }
}

/// A tab is a screen of its own; all but the way between tabs is the shown one's.
impl Screen for Alerts {
    fn contexts(&self) -> &'static [&'static str] {
        self.shown().contexts()
    }

    fn needs(&self, shared: &Shared) -> Vec<(Source, Duration)> {
        self.shown().needs(shared)
    }

    fn settle(&mut self, shared: &mut Shared) {
        self.shown_mut().settle(shared);
    }

    fn point(&mut self, shared: &Shared, spot: &Spot) -> bool {
        self.shown_mut().point(shared, spot)
    }

    fn travel(&mut self, shared: &Shared, travel: Travel) {
        self.shown_mut().travel(shared, travel);
    }

    fn focus(&mut self, _: &Shared, forward: bool) {
        if self.contexts().contains(&"tabs") {
            self.tab = self.tab.beside(forward);
        }
    }

    fn open(&mut self, shared: &Shared) -> Option<Call> {
        self.shown_mut().open(shared)
    }

    fn back(&mut self) -> bool {
        self.shown_mut().back()
    }

    fn filter(&mut self) -> Option<&mut String> {
        self.shown_mut().filter()
    }

    fn copy(&self, shared: &Shared) -> Option<String> {
        self.shown().copy(shared)
    }
}
