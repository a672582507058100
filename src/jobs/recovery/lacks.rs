//! What is missing for a repair, found before anything is changed.

use futures_util::future::join_all;

use crate::domain::control::Way;
use crate::domain::recovery::{Lack, Prerequisite};
use crate::domain::service::spec::ServiceSpec;
use crate::jobs::recovery::disk;
use crate::jobs::site::Site;
use crate::ports::World;

/// Everything that these services need and do not have, in their order.
pub async fn missing(world: &dyn World, site: &Site, services: &[&ServiceSpec]) -> Vec<Lack> {
    let here = join_all(services.iter().map(|service| of_service(world, site, service))).await;
    let mut all: Vec<Lack> = Vec::new();
    for lack in here.into_iter().flatten().chain(of_repositories(world, site, services).await) {
        if !all.contains(&lack) {
            all.push(lack);
        }
    }
    all
}

async fn of_service(world: &dyn World, site: &Site, service: &ServiceSpec) -> Vec<Lack> {
    let needs = prerequisites(service);
    let lacks = join_all(needs.iter().map(|need| world.lack(need))).await;
    let with_name = |lack: Lack| Lack { what: format!("{} (for {})", lack.what, service.name), ..lack };
    let full = disk::full(world, site, service).await;
    lacks.into_iter().flatten().chain(full).map(with_name).collect()
}

/// What a service's configuration implies, and what it names. Behind `ssh` only what this host must have.
pub fn prerequisites(service: &ServiceSpec) -> Vec<Prerequisite> {
    let mut needs: Vec<Prerequisite> = service.access.password.iter().cloned().map(Prerequisite::Secret).collect();
    let control = service.control.as_ref().filter(|control| control.ssh.is_none());
    if let Some(Way::Process(process)) = control.map(|control| &control.way) {
        needs.extend(process.start.first().cloned().map(Prerequisite::Program));
        needs.extend(process.env.iter().cloned().map(Prerequisite::Variable));
    }
    if service.access.ssh.is_some() || service.control.as_ref().is_some_and(|control| control.ssh.is_some()) {
        needs.push(Prerequisite::Program("ssh".to_owned()));
    }
    let requires = &service.requires;
    needs.extend(requires.programs.iter().cloned().map(Prerequisite::Program));
    needs.extend(requires.mounts.iter().cloned().map(Prerequisite::Mount));
    needs.extend(requires.files.iter().cloned().map(Prerequisite::File));
    needs
}

/// Where the last choice would come from: a bucket that cannot be reached is better known now than later.
async fn of_repositories(world: &dyn World, site: &Site, services: &[&ServiceSpec]) -> Vec<Lack> {
    let named = |name| site.repositories.iter().find(move |spec| spec.name == name);
    let mut specs: Vec<_> = services.iter().filter_map(|service| named(service.backup.as_ref()?.repository.clone())).collect();
    specs.dedup_by_key(|spec| spec.name.clone());
    let each = join_all(specs.iter().map(|spec| async {
        let failure = match world.repository(spec).await {
            Ok(repository) => repository.catalogue().await.err()?,
            Err(failure) => failure,
        };
        let mend = failure.mend.unwrap_or_else(|| "midwatch check".to_owned());
        Some(Lack { what: format!("the backups in {} cannot be reached: {}", spec.name, failure.what), mend })
    }));
    each.await.into_iter().flatten().collect()
}
