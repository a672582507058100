//! The services: how each is, its role, and the few numbers that matter at night.

use ratatui::layout::Rect;

use crate::app::model::Shared;
use crate::app::need::Source;
use crate::app::screens::backups::shelf;
use crate::app::screens::overview::{Health, health, misses_rpo, services};
use crate::app::selection::Selection;
use crate::app::spot::Spot;
use crate::app::store::Freshness;
use crate::domain::clean::Clean;
use crate::domain::name::Name;
use crate::domain::service::{Facts, PostgresFacts, RedisFacts, Report, Role as Side, Service};
use crate::domain::time::human;
use crate::ui::pen::{Pen, Words};
use crate::ui::prose::bytes;
use crate::ui::screens::backups::clock;
use crate::ui::screens::overview::key_to;
use crate::ui::screens::overview::room::{List, list};
use crate::ui::theme::Role;

/// Longer names are not waited for by the others.
const LONGEST_NAME: usize = 24;
/// From this width on, the clock is told in words.
const ROOMY: u16 = 100;

/// Draws them.
pub fn draw(shared: &Shared, selection: &Selection<Name>, focused: bool, clocks: bool, area: Rect, pen: &mut Pen<'_>) {
    let services = services(shared);
    if services.is_empty() || area.height == 0 {
        return;
    }
    let names: Vec<Name> = services.iter().map(|s| s.name.clone()).collect();
    let name_width = services.iter().map(|s| s.name.as_str().len().min(LONGEST_NAME)).max().unwrap_or(0);
    let at = selection.row(&names);
    let (title, key) = ("Services, probed directly", key_to(shared, focused));
    let drawn = List { title, rows: &services, at, focused, key, of: &|hidden| by_health(shared, hidden) };
    list(&drawn, area, pen, |service, area, y, pen| {
        let clock = if clocks { clock(shared, service, area.width, pen) } else { None };
        pen.spot(area, y, Spot::Service(service.name.clone()));
        let rest = pen.right(area, y, clock.as_slice());
        pen.line(rest, y, &line(shared, service, name_width, pen));
    });
}

/// `1 impaired, 2 past RPO, 3 up`.
fn by_health(shared: &Shared, hidden: &[&&Service]) -> String {
    let of = |wanted: Health| hidden.iter().filter(|service| health(shared, &service.name).0 == wanted).count();
    let late = hidden.iter().filter(|service| misses_rpo(shared, service)).count();
    let counts = [
        (of(Health::Down), "down"),
        (of(Health::Unknown), "unknown"),
        (of(Health::Impaired), "impaired"),
        (late, "past RPO"),
        (of(Health::Up), "up"),
    ];
    counts.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}")).collect::<Vec<_>>().join(", ")
}

/// The age of the last backup that was proved, for a service that is backed up.
fn clock(shared: &Shared, service: &Service, width: u16, pen: &Pen<'_>) -> Option<Words> {
    let shelf = shelf::of_service(shared, &service.name)?;
    let freshness = shared.freshness(&Source::Catalogue(shelf.repository.clone()));
    let rpo = shelf::rpo(shared, &shelf);
    let (role, text) = if width < ROOMY { clock::rpo(rpo, &freshness, pen) } else { clock::short(rpo, &freshness, pen) };
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
            let following = if replicas.len() == 1 { "replica".to_owned() } else { format!("{} replicas", replicas.len()) };
            format!("primary, {following} {lag} behind")
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
