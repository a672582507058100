//! The choices that only a person makes, with what each costs: another server takes over, a backup is restored.

use futures_util::future::join_all;

use crate::domain::backup::catalogue::Standing;
use crate::domain::service::spec::ServiceSpec;
use crate::domain::service::{Facts, Role};
use crate::domain::time::human;
use crate::jobs::site::Site;
use crate::ports::World;

/// What is left for a service that does not come back, the cheapest first. One sentence each.
pub async fn left(world: &dyn World, site: &Site, service: &ServiceSpec) -> Vec<String> {
    let others = site.services.iter().filter(|other| other.kind == service.kind && other.name != service.name);
    let answers = join_all(others.map(async |other| takeover(service, other, world.probe(other).await.ok()?.facts)));
    let mut choices: Vec<String> = answers.await.into_iter().flatten().collect();
    choices.extend(restore(world, site, service).await);
    choices
}

/// A replica of the same kind that answers may take over.
fn takeover(service: &ServiceSpec, other: &ServiceSpec, facts: Facts) -> Option<String> {
    let (role, way) = match facts {
        Facts::Postgres(facts) => (facts.role, format!("midwatch promote {}", other.name)),
        Facts::Redis(facts) => (facts.role, format!("midwatch failover {}", other.name)),
        Facts::Http(_) => return None,
    };
    let Role::Replica { lag, .. } = role else { return None };
    let lag = lag.map_or_else(|| "an unknown time".to_owned(), human);
    Some(format!("where {} does not come back: {way}; the newest that {} has is {lag} old", service.name, other.name))
}

/// The last choice: the newest proved backup, with what it would lose and take.
async fn restore(world: &dyn World, site: &Site, service: &ServiceSpec) -> Option<String> {
    let policy = service.backup.as_ref()?;
    let spec = site.repositories.iter().find(|spec| spec.name == policy.repository)?;
    let catalogue = world.repository(spec).await.ok()?.catalogue().await.ok()?;
    let mut of_it = catalogue.of(&site.environment, &service.name);
    let Some(entry) = of_it.find(|entry| entry.standing() == Standing::Proved) else {
        return Some(format!("no backup of {} is proved: there is nothing that surely brings its data back", service.name));
    };
    let taken = &entry.manifest;
    let age = std::time::Duration::from_millis(
        u64::try_from(world.now().0.saturating_sub(taken.times.consistent.0)).unwrap_or_default(),
    );
    let duration = entry.restore().map_or_else(|| "an unknown time".to_owned(), human);
    Some(format!(
        "the last choice, never taken by itself: restore {} from {}; it loses the last {}, and took {duration} when it was proved",
        taken.id,
        spec.name,
        human(age)
    ))
}
