//! Which server a service is, asked of the server itself: what a plan confirms and its worker checks again.

use std::time::Duration;

use crate::domain::backup::Method;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::name::Name;
use crate::domain::service::ServiceKind;
use crate::domain::service::spec::ServiceSpec;
use crate::jobs::{postgres, redis};
use crate::ports::World;

/// How long a server that has just answered a probe may take to say who it is.
const PATIENCE: Duration = Duration::from_secs(10);

/// A server, as a plan needs to know it.
pub struct Server {
    /// What tells it from others.
    pub system: String,
    /// What is locked while a job works on it.
    pub keys: Vec<String>,
    /// For people.
    pub words: String,
    /// What they should know before they say yes.
    pub notes: Vec<String>,
}

/// Asks a service which server it is, and whether it can be backed up like that.
pub async fn identify(world: &dyn World, environment: &Name, service: &ServiceSpec, method: Method) -> Result<Server, Failure> {
    ask(world, environment, service, method).await.map_err(|failure| denied(failure, &service.name))
}

/// A login that a server refuses, with what finds out why: a check looks at every part of it.
fn denied(failure: Failure, service: &Name) -> Failure {
    if failure.kind != FailureKind::Denied || failure.mend.is_some() {
        return failure;
    }
    failure.mend(format!("midwatch check says what the login at {service} lacks, and what mends it"))
}

async fn ask(world: &dyn World, environment: &Name, service: &ServiceSpec, method: Method) -> Result<Server, Failure> {
    match service.kind {
        ServiceKind::Postgres => {
            let server = postgres::identity::identify(&*world.tools(&service.access)).await?;
            server.allows(method)?;
            let (keys, words, notes) = (vec![server.key()], server.words(), server.notes());
            Ok(Server { system: server.system, keys, words, notes })
        }
        ServiceKind::Redis => {
            let link = redis::link(world, &service.access).await?;
            let server = redis::identity::Server::identify(&*link, &service.access, environment, &service.name).await?;
            Ok(Server { system: server.origin.system, keys: server.keys, words: server.words, notes: server.notes })
        }
        ServiceKind::Http => {
            let what = format!("{} is an HTTP service: there is nothing to back up", service.name);
            Err(Failure::new(FailureKind::Usage, what))
        }
    }
}

/// The same of one that is about to be stopped: none where it does not say, for whoever is stopped is often ill. Bounded. To be
/// asked only of one that has just answered its probe.
pub async fn told(world: &dyn World, environment: &Name, service: &ServiceSpec) -> Option<Server> {
    if service.kind == ServiceKind::Http {
        return None;
    }
    let method = if service.kind == ServiceKind::Redis { Method::Rdb } else { Method::Logical };
    tokio::time::timeout(PATIENCE, identify(world, environment, service, method)).await.ok()?.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_that_is_refused_leads_to_the_check_and_what_is_known_better_stays() {
        let refused = Failure::new(FailureKind::Denied, "password authentication failed");
        let mend = denied(refused.clone(), &"orders".into()).mend.unwrap_or_default();
        assert!(mend.contains("midwatch check says what the login at orders lacks"), "{mend}");
        let known = refused.mend("GRANT pg_monitor TO midwatch;");
        assert_eq!(denied(known.clone(), &"orders".into()), known);
        let other = Failure::new(FailureKind::Unavailable, "nobody answers");
        assert_eq!(denied(other.clone(), &"orders".into()), other);
    }
}
