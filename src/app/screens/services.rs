//! Services: how each is and what its control says; and of one its instances, its log, and — of a database — who is there, who
//! waits for whom, what is slow. Opened from the Overview.

pub mod log;
pub mod meters;
pub mod rows;
pub mod tab;

use std::time::Duration;

use crate::app::command::Call;
use crate::app::layout;
use crate::app::model::Shared;
use crate::app::need::{Data, Source};
use crate::app::screen::{Screen, Travel};
use crate::app::screens::overview;
use crate::app::screens::services::log::LogView;
use crate::app::screens::services::meters::Meters;
use crate::app::screens::services::rows::RowId;
use crate::app::screens::services::tab::Tab;
use crate::app::selection::Selection;
use crate::app::spot::Spot;
use crate::domain::control::{Condition, Phase};
use crate::domain::name::Name;
use crate::domain::service::Service;
use crate::domain::triage::Triage;

/// The state of the Services screen.
#[derive(Clone, Debug, Default)]
pub struct Services {
    /// Which service is selected.
    pub selected: Selection<Name>,
    /// What is typed to narrow the list.
    pub filter: String,
    /// The service that is open.
    pub open: Option<Open>,
    /// What instances use, measured between two looks.
    pub meters: Meters,
}

/// One service, open.
#[derive(Clone, Debug, PartialEq)]
pub struct Open {
    /// Which.
    pub name: Name,
    /// Which tab is shown.
    pub tab: Tab,
    /// Which row of it is selected.
    pub selected: Selection<RowId>,
    /// What is typed to narrow its rows.
    pub filter: String,
    /// How far its text is scrolled, in lines, where it is no list.
    pub scroll: usize,
    /// The part of the log that is shown.
    pub log: LogView,
}

/// What its control last said of a service.
pub fn condition<'a>(shared: &'a Shared, service: &Name) -> Option<&'a Condition> {
    match shared.store.data(&Source::Condition(service.clone())) {
        Some(Data::Condition(condition)) => Some(condition),
        _ => None,
    }
}

/// What a database last told.
pub fn triage<'a>(shared: &'a Shared, service: &Name) -> Option<&'a Triage> {
    match shared.store.data(&Source::Triage(service.clone())) {
        Some(Data::Triage(triage)) => Some(triage),
        _ => None,
    }
}

/// A service of the environment, by its name.
pub fn find<'a>(shared: &'a Shared, name: &Name) -> Option<&'a Service> {
    shared.environment().services.iter().find(|service| service.name == *name)
}

/// The phases of all instances in one: of one that is not like the others, the worst.
pub fn phase(condition: &Condition) -> Option<Phase> {
    const WORST: [Phase; 8] = [
        Phase::Failed,
        Phase::Restarting,
        Phase::Absent,
        Phase::Stopped,
        Phase::Paused,
        Phase::Stopping,
        Phase::Starting,
        Phase::Running,
    ];
    WORST.into_iter().find(|phase| condition.instances.iter().any(|instance| instance.phase == *phase))
}

impl Services {
    /// The services of the list, the worst first.
    pub fn listed<'a>(&self, shared: &'a Shared) -> Vec<&'a Service> {
        let all = overview::services(shared).into_iter();
        all.filter(|service| rows::passes(&self.filter, &[service.name.as_str(), service.kind.word(), &service.place])).collect()
    }

    fn names(&self, shared: &Shared) -> Vec<Name> {
        self.listed(shared).into_iter().map(|service| service.name.clone()).collect()
    }

    /// The service that is meant: the open one, or the selected one.
    pub fn meant(&self, shared: &Shared) -> Option<Name> {
        self.open.as_ref().map(|open| open.name.clone()).or_else(|| self.selected.id(&self.names(shared)))
    }

    /// The row that is selected in the open service.
    pub fn row(&self, shared: &Shared) -> Option<(Name, RowId)> {
        let open = self.open.as_ref()?;
        Some((open.name.clone(), open.selected.id(&open.ids(shared))?))
    }

    /// Opens a service at a tab, where it has that; its first else.
    pub fn show(&mut self, shared: &Shared, name: &str, tab: Tab) -> bool {
        let Some(service) = shared.environment().services.iter().find(|service| service.name.as_str() == name) else {
            return false;
        };
        let tab = if Tab::of(service.kind).contains(&tab) { tab } else { Tab::Instances };
        self.selected.select(service.name.clone(), 0);
        self.open = Some(Open::new(service.name.clone(), tab));
        true
    }

    /// Shows another tab of the open service, and says whether it has that.
    pub fn go(&mut self, shared: &Shared, word: &str) -> bool {
        let Some(open) = &mut self.open else { return false };
        let Some(service) = find(shared, &open.name) else { return false };
        let tab = match word {
            "next" => Some(open.tab.beside(service.kind, true)),
            "previous" => Some(open.tab.beside(service.kind, false)),
            word => Tab::of(service.kind).iter().copied().find(|tab| tab.word() == word),
        };
        tab.is_some_and(|tab| {
            *open = Open { log: open.log.clone(), ..Open::new(open.name.clone(), tab) };
            true
        })
    }
}

impl Open {
    fn new(name: Name, tab: Tab) -> Self {
        let (selected, filter) = (Selection::default(), String::new());
        Self { name, tab, selected, filter, scroll: 0, log: LogView::default() }
    }

    /// What identifies the rows of the tab that is shown, in their order.
    pub fn ids(&self, shared: &Shared) -> Vec<RowId> {
        rows::ids(shared, self)
    }

    fn needs(&self, shared: &Shared) -> Vec<Source> {
        let name = || self.name.clone();
        let control = find(shared, &self.name).is_some_and(|service| service.control.is_some());
        let condition = control.then(|| Source::Condition(name()));
        let shown = match self.tab {
            Tab::Instances => None,
            Tab::Logs => control.then(|| Source::ServiceLog(name(), self.log.ask())),
            _ => Some(Source::Triage(name())),
        };
        [Some(Source::Probe(name())), condition, shown].into_iter().flatten().collect()
    }
}

impl Screen for Services {
    fn contexts(&self) -> &'static [&'static str] {
        match self.open.as_ref().map(|open| open.tab) {
            None => &["services", "control", "list"],
            Some(Tab::Sessions | Tab::Locks | Tab::Slow) => &["sessions", "tabs", "control", "list"],
            Some(Tab::Clients) => &["clients", "tabs", "control", "list"],
            Some(_) => &["control", "tabs", "list"],
        }
    }

    fn needs(&self, shared: &Shared) -> Vec<(Source, Duration)> {
        let env = shared.environment();
        let often = |source| (source, env.refresh);
        let Some(open) = &self.open else {
            let probes = env.services.iter().map(|service| Source::Probe(service.name.clone()));
            let controlled = env.services.iter().filter(|service| service.control.is_some());
            return probes.chain(controlled.map(|service| Source::Condition(service.name.clone()))).map(often).collect();
        };
        open.needs(shared).into_iter().map(often).collect()
    }

    fn settle(&mut self, shared: &mut Shared) {
        self.selected.hold(&self.names(shared));
        self.meters.look(shared);
        if let Some(open) = &mut self.open {
            let ids = open.ids(shared);
            open.selected.hold(&ids);
        }
    }

    fn point(&mut self, shared: &Shared, spot: &Spot) -> bool {
        let names = self.names(shared);
        match (spot, &mut self.open) {
            (Spot::Service(name), None) => self.selected.point(&names, name),
            (Spot::Row(id), Some(open)) => {
                let ids = open.ids(shared);
                open.selected.point(&ids, id)
            }
            _ => false,
        }
    }

    fn travel(&mut self, shared: &Shared, travel: Travel) {
        let page = layout::body(shared.size).height.saturating_sub(2) as usize;
        let names = self.names(shared);
        let Some(open) = &mut self.open else { return self.selected.travel(&names, travel, page) };
        match open.tab {
            Tab::Logs => open.log.travel(shared, &open.name, &open.filter, travel, page),
            tab if tab.is_list() => {
                let ids = open.ids(shared);
                open.selected.travel(&ids, travel, page);
            }
            _ => open.scroll = layout::scrolled(open.scroll, travel, page),
        }
    }

    fn focus(&mut self, shared: &Shared, forward: bool) {
        self.go(shared, if forward { "next" } else { "previous" });
    }

    /// A service; of its instances the log of one.
    fn open(&mut self, shared: &Shared) -> Option<Call> {
        match self.row(shared) {
            Some((name, RowId::Instance(instance))) => {
                self.show(shared, name.as_str(), Tab::Logs);
                if let Some(open) = &mut self.open {
                    open.log.instance = Some(instance);
                }
            }
            None if self.open.is_none() => {
                let name = self.meant(shared)?;
                self.show(shared, name.as_str(), Tab::Instances);
            }
            _ => {}
        }
        None
    }

    fn back(&mut self) -> bool {
        match &mut self.open {
            Some(open) if !open.filter.is_empty() => open.filter.clear(),
            open => return open.take().is_some(),
        }
        true
    }

    fn filter(&mut self) -> Option<&mut String> {
        match &mut self.open {
            None => Some(&mut self.filter),
            Some(open) if open.tab == Tab::Logs || open.tab.is_list() => Some(&mut open.filter),
            Some(_) => None,
        }
    }

    fn copy(&self, shared: &Shared) -> Option<String> {
        let Some(open) = &self.open else { return self.meant(shared).map(|name| name.to_string()) };
        match open.tab {
            Tab::Logs => open.log.line(shared, &open.name, &open.filter),
            _ => self.row(shared).map(|(_, row)| rows::text(shared, &open.name, &row)),
        }
    }
}
