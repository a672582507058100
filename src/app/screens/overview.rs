//! Screen 1, Overview: what fires, the golden signals, how each service is.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::app::command::Call;
use crate::app::layout;
use crate::app::model::Shared;
use crate::app::need::{Data, RangeQuery, Source};
use crate::app::rows::{self, Row};
use crate::app::screen::{Screen, Travel};
use crate::app::screens::backups::{self, shelf};
use crate::app::selection::Selection;
use crate::app::store::Freshness;
use crate::domain::alert::Fingerprint;
use crate::domain::name::Name;
use crate::domain::range::TimeRange;
use crate::domain::service::{Facts, Report, Service};
use crate::domain::signal::Signal;

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
}

/// The state of the Overview.
#[derive(Clone, Debug, Default)]
pub struct Overview {
    /// Which part has the focus.
    pub part: Part,
    /// Which alert is selected.
    pub alert: Selection<Fingerprint>,
    /// Which service is selected.
    pub service: Selection<Name>,
}

/// How a service is, in one word. Unknown is never healthy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Health {
    /// It does not answer, or says that it is not well.
    Down,
    /// It answers, but something about it is wrong.
    Impaired,
    /// Not asked yet, or asked too long ago.
    Unknown,
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

fn judge(facts: &Facts) -> Health {
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
    pub fn alerts(shared: &Shared) -> Vec<Row> {
        rows::rows(shared).iter().filter(|r| r.standing != rows::Standing::Suppressed && !rows::is_watchdog(r)).cloned().collect()
    }

    fn alert_ids(shared: &Shared) -> Vec<Fingerprint> {
        Self::alerts(shared).into_iter().map(|row| row.id).collect()
    }
}

impl Overview {
    /// The selected service.
    pub fn selected_service(&self, shared: &Shared) -> Option<Name> {
        self.service.id(&service_names(shared))
    }
}

fn service_names(shared: &Shared) -> Vec<Name> {
    shared.environment().services.iter().map(|s: &Service| s.name.clone()).collect()
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
        probes.chain(prometheus).map(|source| (source, env.refresh)).chain(catalogues).collect()
    }

    fn settle(&mut self, shared: &mut Shared) {
        self.alert.hold(&Self::alert_ids(shared));
    }

    fn travel(&mut self, shared: &Shared, travel: Travel) {
        let page = layout::body(shared.size).height as usize / 2;
        match self.part {
            Part::Alerts => self.alert.travel(&Self::alert_ids(shared), travel, page),
            Part::Services => self.service.travel(&service_names(shared), travel, page),
        }
    }

    fn focus(&mut self, _: &Shared, _: bool) {
        self.part = match self.part {
            Part::Alerts => Part::Services,
            Part::Services => Part::Alerts,
        };
    }

    fn open(&mut self, shared: &Shared) -> Option<Call> {
        match self.part {
            Part::Alerts => {
                let id = self.alert.id(&Self::alert_ids(shared))?;
                Some(Call::with("alert", &id))
            }
            Part::Services => {
                let name = self.selected_service(shared)?;
                shelf::of_service(shared, &name).map(|_| Call::with("backups", name.as_str()))
            }
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
        }
    }
}
