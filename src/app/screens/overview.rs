//! Screen 1, Overview: what fires and how long it has waited, the golden signals, how each service is, what changed.

pub mod changes;
pub mod ladder;

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::time::Duration;

use crate::app::command::Call;
use crate::app::layout;
use crate::app::model::Shared;
use crate::app::need::{Data, RangeQuery, Source};
use crate::app::rows::{self, Row};
use crate::app::screen::{Screen, Travel};
use crate::app::screens::backups::{self, shelf};
use crate::app::screens::overview::changes::{Change, What};
use crate::app::selection::Selection;
use crate::app::spot::Spot;
use crate::app::store::Freshness;
use crate::domain::alert::Fingerprint;
use crate::domain::name::Name;
use crate::domain::range::TimeRange;
use crate::domain::service::{Facts, Report, Service};
use crate::domain::signal::Signal;
use crate::domain::time::Moment;

/// How far the signals' sparklines reach back.
const SIGNAL_RANGE: TimeRange = TimeRange::Last(Duration::from_secs(900));
/// Columns of a sparkline.
pub const SIGNAL_COLUMNS: u16 = 30;

/// Which part has the focus.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Part {
    /// What fires.
    #[default]
    Alerts,
    /// The services.
    Services,
    /// What changed.
    Changes,
}

const PARTS: [Part; 3] = [Part::Alerts, Part::Services, Part::Changes];

/// The state of the Overview.
#[derive(Clone, Debug, Default)]
pub struct Overview {
    /// Which part has the focus.
    pub part: Part,
    /// Which alert is selected.
    pub alert: Selection<Fingerprint>,
    /// Which service is selected.
    pub service: Selection<Name>,
    /// Which change is selected.
    pub change: Selection<String>,
    /// What changed in the last hour, the newest first: worked out anew when something was heard.
    pub changes: Vec<Change>,
    /// When the sources of the changes were heard of last.
    heard: Vec<Option<Moment>>,
}

/// How a service is, in one word, the worst first. Unknown is never healthy: it may be down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Health {
    /// It does not answer, or says that it is not well.
    Down,
    /// Not asked yet, or asked too long ago.
    Unknown,
    /// It answers, but something about it is wrong.
    Impaired,
    /// It answers and nothing is wrong.
    Up,
}

/// How a service is at this moment, with what its last good probe found.
pub fn health<'a>(shared: &'a Shared, service: &Name) -> (Health, Option<&'a Report>, Freshness) {
    let source = Source::Probe(service.clone());
    let freshness = shared.freshness(&source);
    let known = shared.store.get(&source);
    let report = match known.and_then(|k| k.data.as_deref()) {
        Some(Data::Report(report)) => Some(report),
        _ => None,
    };
    let failed = known.is_some_and(|k| k.fault.is_some());
    let health = match (failed, &freshness, report) {
        (true, ..) => Health::Down,
        (false, Freshness::Fresh, Some(report)) => judge(&report.facts),
        _ => Health::Unknown,
    };
    (health, report, freshness)
}

/// What a service's answer comes to.
pub fn judge(facts: &Facts) -> Health {
    use crate::domain::service::Role::{Primary, Replica};
    let linked = |role: &_| match role {
        Primary { .. } => true,
        Replica { linked, .. } => *linked != Some(false),
    };
    let well = match facts {
        Facts::Http(http) => return if http.healthy { Health::Up } else { Health::Down },
        Facts::Postgres(p) => p.archiving != Some(false) && linked(&p.role) && p.connections < p.max_connections,
        Facts::Redis(r) => {
            let full = r.max_memory.is_some_and(|max| r.used_memory >= max) && r.eviction == "noeviction";
            r.persistence.healthy && !r.persistence.loading && linked(&r.role) && !full
        }
    };
    if well { Health::Up } else { Health::Impaired }
}

/// The query behind a signal.
pub fn signal_source(signal: &Signal) -> Source {
    let step = SIGNAL_RANGE.span() / u32::from(SIGNAL_COLUMNS) / 3;
    Source::Range(RangeQuery {
        expr: signal.query.to_string(),
        range: SIGNAL_RANGE,
        shift: Duration::ZERO,
        step,
        aligned: false,
        columns: SIGNAL_COLUMNS,
    })
}

impl Overview {
    /// The alerts listed here: all that press. Suppressed ones are counted, not listed.
    pub fn alerts(shared: &Shared) -> Vec<&Row> {
        rows::rows(shared).iter().filter(|r| r.standing != rows::Standing::Suppressed && !rows::is_watchdog(r)).collect()
    }

    fn alert_ids(shared: &Shared) -> Vec<Fingerprint> {
        Self::alerts(shared).into_iter().map(|row| row.id.clone()).collect()
    }
}

impl Overview {
    /// The selected service.
    pub fn selected_service(&self, shared: &Shared) -> Option<Name> {
        self.service.id(&service_names(shared))
    }

    fn change_ids(&self) -> Vec<String> {
        self.changes.iter().map(|change| change.id.clone()).collect()
    }

    /// The selected change.
    pub fn selected_change(&self) -> Option<&Change> {
        self.change.row(&self.change_ids()).and_then(|row| self.changes.get(row))
    }

    /// Where a change leads: to the alert while it fires, else to its rule; to the job.
    fn open_change(&self, shared: &Shared) -> Option<Call> {
        match &self.selected_change()?.what {
            What::Alert { name, .. } => {
                let row = rows::rows(shared).iter().find(|row| row.name() == name);
                Some(row.map_or_else(|| Call::with("rule", name), |row| Call::with("alert", &row.id)))
            }
            What::Job(id) => Some(Call::with("job", &id.to_string())),
            What::Started { .. } | What::Deployed { .. } | What::Gap(_) => None,
        }
    }
}

/// The services, the worst first: what is well may be left out where there is little room.
pub fn services(shared: &Shared) -> Vec<&Service> {
    let mut services: Vec<&Service> = shared.environment().services.iter().collect();
    services.sort_by_cached_key(|service| (health(shared, &service.name).0, Reverse(misses_rpo(shared, service))));
    services
}

/// Whether more could be lost than its team said may be.
pub fn misses_rpo(shared: &Shared, service: &Service) -> bool {
    let shelf = shelf::of_service(shared, &service.name);
    shelf.is_some_and(|shelf| shelf::rpo(shared, &shelf).is_kept() == Some(false))
}

fn service_names(shared: &Shared) -> Vec<Name> {
    services(shared).into_iter().map(|service| service.name.clone()).collect()
}

impl Screen for Overview {
    fn contexts(&self) -> &'static [&'static str] {
        &["overview", "list"]
    }

    fn needs(&self, shared: &Shared) -> Vec<(Source, Duration)> {
        let env = shared.environment();
        let probes = env.services.iter().map(|s| Source::Probe(s.name.clone()));
        let prometheus = env.prometheus.iter().flat_map(|_| {
            let signals = env.signals.iter().map(signal_source);
            signals.chain([Source::Targets])
        });
        let kept: BTreeSet<&Name> = env.services.iter().filter_map(|s| Some(&s.backup.as_ref()?.repository)).collect();
        let catalogues = kept.into_iter().map(|name| (Source::Catalogue(name.clone()), backups::EVERY));
        let often = probes.chain(prometheus).map(|source| (source, env.refresh));
        often.chain(catalogues).chain(changes::needs(shared)).collect()
    }

    fn settle(&mut self, shared: &mut Shared) {
        self.alert.hold(&Self::alert_ids(shared));
        self.service.hold(&service_names(shared));
        let heard = changes::heard(shared);
        if heard != self.heard {
            (self.changes, self.heard) = (changes::changes(shared), heard);
            self.change.hold(&self.change_ids());
        }
    }

    fn point(&mut self, shared: &Shared, spot: &Spot) -> bool {
        let (part, found) = match spot {
            Spot::Alert(id) => (Part::Alerts, self.alert.point(&Self::alert_ids(shared), id)),
            Spot::Service(name) => (Part::Services, self.service.point(&service_names(shared), name)),
            Spot::Change(id) => (Part::Changes, self.change.point(&self.change_ids(), id)),
            _ => return false,
        };
        self.part = if found { part } else { self.part };
        found
    }

    fn travel(&mut self, shared: &Shared, travel: Travel) {
        let page = layout::body(shared.size).height as usize / 2;
        match self.part {
            Part::Alerts => self.alert.travel(&Self::alert_ids(shared), travel, page),
            Part::Services => self.service.travel(&service_names(shared), travel, page),
            Part::Changes => {
                let ids = self.change_ids();
                self.change.travel(&ids, travel, page);
            }
        }
    }

    fn focus(&mut self, _: &Shared, forward: bool) {
        let at = PARTS.iter().position(|part| *part == self.part).unwrap_or(0);
        self.part = PARTS[(at + if forward { 1 } else { PARTS.len() - 1 }) % PARTS.len()];
    }

    fn open(&mut self, shared: &Shared) -> Option<Call> {
        match self.part {
            Part::Alerts => {
                let id = self.alert.id(&Self::alert_ids(shared))?;
                Some(Call::with("alert", &id))
            }
            Part::Services => {
                let name = self.selected_service(shared)?;
                Some(Call::with("service", name.as_str()))
            }
            Part::Changes => self.open_change(shared),
        }
    }

    fn back(&mut self) -> bool {
        false
    }

    fn copy(&self, shared: &Shared) -> Option<String> {
        match self.part {
            Part::Alerts => {
                let id = self.alert.id(&Self::alert_ids(shared))?;
                Self::alerts(shared).into_iter().find(|r| r.id == id).map(|r| r.labels.to_string())
            }
            Part::Services => self.selected_service(shared).map(|name| name.to_string()),
            Part::Changes => self.selected_change().map(|change| change.what.words(shared)),
        }
    }
}
