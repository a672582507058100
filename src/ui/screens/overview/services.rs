//! The services: how each is, its role, and the few numbers that matter at night.

use ratatui::layout::Rect;

use crate::app::model::Shared;
use crate::app::need::Source;
use crate::app::screens::backups::shelf;
use crate::app::screens::overview::{Health, health};
use crate::app::selection::{Selection, first_row};
use crate::app::store::Freshness;
use crate::domain::clean::Clean;
use crate::domain::name::Name;
use crate::domain::service::{Facts, PostgresFacts, RedisFacts, Report, Role as Side, Service};
use crate::domain::time::human;
use crate::ui::pen::{Pen, Words};
use crate::ui::prose::bytes;
use crate::ui::screens::backups::clock;
use crate::ui::theme::Role;

/// Longer names are not waited for by the others.
const LONGEST_NAME: usize = 24;

/// Draws them.
pub fn draw(shared: &Shared, selection: &Selection<Name>, focused: bool, area: Rect, pen: &mut Pen<'_>) {
    let services = &shared.environment().services;
    if services.is_empty() || area.height == 0 {
        return;
    }
    pen.heading(area, 0, "Services, probed directly", focused);
    let list = Rect { y: area.y + 1, height: area.height - 1, ..area };
    let names: Vec<Name> = services.iter().map(|s| s.name.clone()).collect();
    let selected = selection.row(&names);
    let name_width = services.iter().map(|s| s.name.as_str().len().min(LONGEST_NAME)).max().unwrap_or(0);
    let first = first_row(selected, services.len(), usize::from(list.height));
    for (n, service) in services.iter().enumerate().skip(first).take(usize::from(list.height)) {
        let row = (n - first) as u16;
        let clock: Vec<Words> = clock(shared, service, pen).into_iter().collect();
        let rest = pen.right(list, row, &clock);
        pen.line(rest, row, &line(shared, service, name_width, pen));
        if focused && Some(n) == selected {
            pen.mark(list, row, Role::Selection);
        }
    }
}

/// The age of the last backup that was proved, for a service that is backed up.
fn clock(shared: &Shared, service: &Service, pen: &Pen<'_>) -> Option<Words> {
    let shelf = shelf::of_service(shared, &service.name)?;
    let freshness = shared.freshness(&Source::Catalogue(shelf.repository.clone()));
    let (role, text) = clock::short(shelf::rpo(shared, &shelf), &freshness, pen);
    Some((role, format!("  {text} ")))
}

fn line(shared: &Shared, service: &Service, name_width: usize, pen: &Pen<'_>) -> Vec<Words> {
    let (health, report, freshness) = health(shared, &service.name);
    let (role, unicode, ascii) = match health {
        Health::Up => (Role::Good, "● up      ", "o up      "),
        Health::Impaired => (Role::Warning, "▲ impaired", "! impaired"),
        Health::Down => (Role::Critical, "✖ down    ", "X down    "),
        Health::Unknown => (Role::Unknown, "? unknown ", "? unknown "),
    };
    let name = format!(" {:<name_width$}  ", Clean::new(service.name.as_str()));
    let mut words = vec![(role, format!(" {}", pen.look.pick(unicode, ascii))), (Role::Text, name)];
    words.extend(trouble(shared, service, &freshness));
    words.extend(report.map(|r| (if health == Health::Up { Role::Dim } else { Role::Text }, facts(r))));
    words
}

/// Why it is not known to be well, before the last that was known of it.
fn trouble(shared: &Shared, service: &Service, freshness: &Freshness) -> Option<Words> {
    let source = Source::Probe(service.name.clone());
    let known = shared.store.get(&source)?;
    let fault = known.fault.as_ref()?;
    let age = match freshness {
        Freshness::Stale { age, .. } => format!(", last seen {} ago", human(*age)),
        _ => String::new(),
    };
    Some((Role::Critical, format!("{}{age}: {}  ", fault.kind.word(), Clean::new(&fault.detail))))
}

fn facts(report: &Report) -> String {
    match &report.facts {
        Facts::Postgres(p) => postgres(p),
        Facts::Redis(r) => redis(r),
        Facts::Http(http) => format!("HTTP {}", http.status),
    }
}

fn side(side: &Side) -> String {
    match side {
        Side::Primary { replicas } if replicas.is_empty() => "primary".into(),
        Side::Primary { replicas } => {
            let worst = replicas.iter().filter_map(|r| r.lag_bytes).max();
            let lag = worst.map_or_else(|| "?".to_owned(), bytes);
            format!("primary, {} following {lag} behind", replicas.len())
        }
        Side::Replica { linked: Some(false), .. } => "replica, link down".into(),
        Side::Replica { lag: Some(lag), .. } => format!("replica, {} behind", human(*lag)),
        Side::Replica { .. } => "replica".into(),
    }
}

fn postgres(p: &PostgresFacts) -> String {
    let mut parts = vec![side(&p.role), format!("{}/{} connections", p.connections, p.max_connections)];
    if p.archiving == Some(false) {
        parts.push("WAL archiving fails".into());
    }
    parts.extend(p.oldest_transaction.filter(|t| t.as_secs() >= 60).map(|t| format!("transaction open {}", human(t))));
    parts.push(format!("PostgreSQL {}", Clean::new(&p.version)));
    parts.join(", ")
}

fn redis(r: &RedisFacts) -> String {
    let limit = r.max_memory.map_or_else(String::new, |max| format!(" of {}", bytes(max)));
    let mut parts = vec![side(&r.role), format!("{}{limit}", bytes(r.used_memory)), format!("{} keys", r.keys)];
    if r.persistence.loading {
        parts.push("loading".into());
    }
    if !r.persistence.healthy {
        parts.push("last save failed".into());
    }
    parts.push(format!("Redis {}", Clean::new(&r.version)));
    parts.join(", ")
}
