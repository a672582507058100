//! Which server a service is, asked of the server itself: what a plan confirms and its worker checks again.

use crate::domain::backup::Method;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::service::ServiceKind;
use crate::jobs::routine::Ask;
use crate::jobs::site::SiteService;
use crate::jobs::{postgres, redis};

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
pub async fn identify(ask: &Ask<'_>, service: &SiteService, method: Method) -> Result<Server, Failure> {
    match service.kind {
        ServiceKind::Postgres => {
            let server = postgres::identity::identify(&*ask.world.tools(&service.access)).await?;
            server.allows(method)?;
            let (keys, words, notes) = (vec![server.key()], server.words(), server.notes());
            Ok(Server { system: server.system, keys, words, notes })
        }
        ServiceKind::Redis => {
            let link = redis::link(ask.world, &service.access).await?;
            let server = redis::identity::Server::identify(&*link, &service.access, &ask.site.environment, &service.name).await?;
            Ok(Server { system: server.origin.system, keys: server.keys, words: server.words, notes: server.notes })
        }
        ServiceKind::Http => {
            let what = format!("{} is an HTTP service: there is nothing to back up", service.name);
            Err(Failure::new(FailureKind::Usage, what))
        }
    }
}
