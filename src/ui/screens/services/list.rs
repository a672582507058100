//! All services: how each is and what holds it up, what it uses, which side of a replication it is on.

use ratatui::layout::Rect;

use crate::app::model::{Model, Shared};
use crate::app::need::Source;
use crate::app::screens::overview::{Health, health};
use crate::app::screens::services::{condition, phase};
use crate::app::spot::Spot;
use crate::app::store::Freshness;
use crate::domain::clean::Clean;
use crate::domain::control::{Condition, Instance, Phase};
use crate::domain::service::{Facts, Role as Side, Service};
use crate::domain::time::human;
use crate::ui::pen::{Pen, Words};
use crate::ui::prose::{bytes, coarse, counted};
use crate::ui::screens::services::table::{self, Column, Row};
use crate::ui::theme::Role;

const COLUMNS: &[Column] = &[
    Column::text("HEALTH", 10),
    Column::text("SERVICE", 16),
    Column::text("STATE", 14),
    Column::number("UP", 7),
    Column::number("CPU", 5),
    Column::number("MEMORY", 9),
    Column::number("RESTARTS", 8).from(100),
    Column::text("KIND", 8).from(110),
    Column::text("IMAGE", 30).from(160),
    Column::text("WHERE", 30).from(130),
    Column::text("ROLE", 60),
];

/// Draws it.
pub fn draw(model: &Model, area: Rect, pen: &mut Pen<'_>) {
    let (shared, screen) = (&model.shared, &model.screens.services);
    let listed = screen.listed(shared);
    let all = shared.environment().services.len();
    let mut head = vec![(Role::Title, format!(" Services {}", listed.len()))];
    head.extend((listed.len() < all).then(|| (Role::Warning, format!(" of {all}"))));
    if !screen.filter.is_empty() {
        head.push((Role::Accent, format!("  filter: {}", Clean::new(&screen.filter))));
    }
    pen.line(area, 0, &head);
    let below = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    if listed.is_empty() {
        let words = if all == 0 {
            " no service is configured: add [environments.NAME.services.NAME] to midwatch.toml"
        } else {
            " nothing passes the filter; Esc clears it"
        };
        return pen.words(below, 1, Role::Dim, words);
    }
    let rows: Vec<Row> = listed.iter().map(|service| row(model, service, pen)).collect();
    let names: Vec<_> = listed.iter().map(|service| service.name.clone()).collect();
    table::draw(COLUMNS, &rows, screen.selected.row(&names), below, pen);
}

fn row(model: &Model, service: &Service, pen: &Pen<'_>) -> Row {
    let shared = &model.shared;
    let told = condition(shared, &service.name);
    let fresh = shared.freshness(&Source::Condition(service.name.clone())).is_fresh();
    let role = if fresh { Role::Text } else { Role::Stale };
    let instances = told.map_or(&[][..], |condition| &condition.instances);
    let (one, several) = (instances.first(), |text: Option<String>| text.unwrap_or_default());
    let images = one.and_then(|one| one.image.as_deref()).map(|image| Clean::new(image).into_string());
    let cells = vec![
        sign(shared, service, pen),
        (Role::Text, Clean::new(service.name.as_str()).into_string()),
        state(shared, service, told),
        (role, several(oldest(shared, instances))),
        (role, several(cpu(model, service, instances))),
        (role, several(memory(instances))),
        (role, several(restarts(instances))),
        (Role::Dim, service.kind.word().to_owned()),
        (Role::Dim, several(images)),
        (Role::Dim, Clean::new(&service.place).into_string()),
        trouble(shared, service).unwrap_or_else(|| (Role::Dim, side(shared, service))),
    ];
    Row { cells, spot: Spot::Service(service.name.clone()) }
}

/// How it answers: its sign and its word.
pub fn sign(shared: &Shared, service: &Service, pen: &Pen<'_>) -> Words {
    let (role, unicode, ascii, word) = match health(shared, &service.name).0 {
        Health::Up => (Role::Good, "●", "o", "up"),
        Health::Impaired => (Role::Warning, "▲", "!", "impaired"),
        Health::Down => (Role::Critical, "✖", "X", "down"),
        Health::Unknown => (Role::Unknown, "?", "?", "unknown"),
    };
    (role, format!("{} {word}", pen.look.pick(unicode, ascii)))
}

/// What its control says; that it is old, or that there is none.
fn state(shared: &Shared, service: &Service, told: Option<&Condition>) -> Words {
    if service.control.is_none() {
        return (Role::Dim, "no control".to_owned());
    }
    let freshness = shared.freshness(&Source::Condition(service.name.clone()));
    let Some(condition) = told else {
        return match freshness {
            Freshness::Failed(fault) => (Role::Critical, fault.kind.word().to_owned()),
            _ => (Role::Unknown, "?".to_owned()),
        };
    };
    let words = match (phase(condition), condition.instances.len()) {
        (None, _) => "absent".to_owned(),
        (Some(phase), 1) => phase.word().to_owned(),
        (Some(Phase::Running), all) => format!("{all} running"),
        (Some(phase), all) => {
            let like = condition.instances.iter().filter(|instance| instance.phase == phase).count();
            format!("{like}/{all} {}", phase.word())
        }
    };
    if freshness.is_fresh() { (phase_role(phase(condition)), words) } else { (Role::Stale, format!("was {words}")) }
}

/// The colour of a phase; its word stands beside it.
pub fn phase_role(phase: Option<Phase>) -> Role {
    match phase {
        Some(Phase::Running) => Role::Text,
        Some(Phase::Starting | Phase::Stopping | Phase::Paused) => Role::Warning,
        Some(Phase::Restarting | Phase::Stopped | Phase::Failed | Phase::Absent) | None => Role::Critical,
    }
}

/// Since when the youngest of its instances runs: that is the one that was restarted.
fn oldest(shared: &Shared, instances: &[Instance]) -> Option<String> {
    let youngest = instances.iter().filter(|one| one.phase.is_up()).filter_map(|one| one.since).max()?;
    Some(coarse(shared.now.wall.since(youngest)))
}

fn cpu(model: &Model, service: &Service, instances: &[Instance]) -> Option<String> {
    let meters = &model.screens.services.meters;
    let used = instances.iter().filter_map(|one| meters.cpu(&service.name, &one.name));
    used.reduce(|sum, one| sum + one).map(processors)
}

/// `12%` of one processor, `2.4x` where it is several.
pub fn processors(used: f64) -> String {
    if used < 0.995 { format!("{:.0}%", used * 100.0) } else { format!("{used:.1}x") }
}

fn memory(instances: &[Instance]) -> Option<String> {
    instances.iter().filter_map(|one| one.usage).map(|usage| usage.memory_bytes).reduce(u64::saturating_add).map(bytes)
}

fn restarts(instances: &[Instance]) -> Option<String> {
    instances.iter().filter_map(|one| one.restarts).reduce(u64::saturating_add).map(|n| n.to_string())
}

/// Why it is not known to be well.
pub fn trouble(shared: &Shared, service: &Service) -> Option<Words> {
    let source = Source::Probe(service.name.clone());
    let fault = shared.store.get(&source)?.fault.as_ref()?;
    let age = match shared.freshness(&source) {
        Freshness::Stale { age, .. } => format!(", last seen {} ago", human(age)),
        _ => String::new(),
    };
    Some((Role::Critical, format!("{}{age}: {}", fault.kind.word(), Clean::new(&fault.detail))))
}

/// Which side of a replication it is on, and how far behind.
fn side(shared: &Shared, service: &Service) -> String {
    let Some(report) = health(shared, &service.name).1 else { return String::new() };
    let role = match &report.facts {
        Facts::Postgres(facts) => &facts.role,
        Facts::Redis(facts) => &facts.role,
        Facts::Http(http) => return format!("HTTP {}", http.status),
    };
    match role {
        Side::Primary { replicas } if replicas.is_empty() => "primary".to_owned(),
        Side::Primary { replicas } => {
            let worst = replicas.iter().filter_map(|replica| replica.lag_bytes).max();
            format!("primary, {} {} behind", counted(replicas.len(), "replica"), worst.map_or_else(|| "?".to_owned(), bytes))
        }
        Side::Replica { linked: Some(false), .. } => "replica, link down".to_owned(),
        Side::Replica { lag: Some(lag), .. } => format!("replica, {} behind", human(*lag)),
        Side::Replica { .. } => "replica".to_owned(),
    }
}
