//! Who has taken over from a server that is down: started again as it is, that would take writes beside its heir, and two that
//! take writes are worse than none.
//!
//! The data directory of a PostgreSQL tells, where it is on this host: whose system it is of, and whether it would follow. Of the
//! others the configuration tells: a replica needs its primary (`depends_on`). Where neither does, [`rival`] sees it afterwards.

use futures_util::future::join_all;

use crate::domain::failure::Failure;
use crate::domain::name::Name;
use crate::domain::recovery::Lack;
use crate::domain::service::spec::ServiceSpec;
use crate::domain::service::{Facts, Role, ServiceKind};
use crate::jobs::postgres::identity::{self, Server};
use crate::jobs::postgres::succession::Primary;
use crate::jobs::postgres::{self, folder};
use crate::jobs::redis;
use crate::jobs::redis::succession::Other;
use crate::jobs::steps::redis_failover::came_back;
use crate::ports::World;

/// The services that may take over from another: all that speak as it does.
pub fn kin(services: &[ServiceSpec], service: &ServiceSpec) -> Vec<ServiceSpec> {
    let is_kin = |other: &&ServiceSpec| other.kind == service.kind && other.name != service.name;
    if service.kind == ServiceKind::Http { Vec::new() } else { services.iter().filter(is_kin).cloned().collect() }
}

/// Those that take writes now.
pub async fn writers<'a>(world: &dyn World, kin: &'a [ServiceSpec]) -> Vec<&'a ServiceSpec> {
    let writes = join_all(kin.iter().map(async |other| takes_writes(world, other).await.then_some(other))).await;
    writes.into_iter().flatten().collect()
}

async fn takes_writes(world: &dyn World, service: &ServiceSpec) -> bool {
    let role = match world.probe(service).await.map(|report| report.facts) {
        Ok(Facts::Postgres(facts)) => facts.role,
        Ok(Facts::Redis(facts)) => facts.role,
        _ => return false,
    };
    matches!(role, Role::Primary { .. })
}

/// Why a server that is down must not be started as it is.
pub async fn of(world: &dyn World, kin: &[ServiceSpec], service: &ServiceSpec) -> Option<Lack> {
    let writers = writers(world, kin).await;
    let by_data = by_data(world, service, &writers).await;
    let is_known = by_data.is_ok();
    let needs_it = || writers.iter().copied().find(|other| other.depends_on.contains(&service.name));
    let heir = by_data.unwrap_or_else(|Unread| needs_it())?;
    let (old, new) = (&service.name, &heir.name);
    let rebuild = match service.kind {
        ServiceKind::Redis => came_back(old.as_str(), new.as_str()),
        _ => format!("midwatch rebuild {old} --from {new} makes it a standby"),
    };
    let mend = if is_known {
        rebuild
    } else {
        format!("{rebuild}; where its configuration has it follow {new}: midwatch start {old} --follows")
    };
    Some(Lack { what: format!("{new} has taken over from {old}: if that is started as it is, two servers take writes"), mend })
}

/// Refuses what has an heir.
pub async fn must_have_none(world: &dyn World, kin: &[ServiceSpec], service: &ServiceSpec) -> Result<(), Failure> {
    of(world, kin, service).await.map_or(Ok(()), |lack| Err(Failure::refused(lack.what).mend(lack.mend)))
}

/// A data directory that could not be asked, or whose rivals do not say what they are.
struct Unread;

/// Who takes writes of the system that a data directory is of; none where it would follow, or is of another.
async fn by_data<'a>(
    world: &dyn World,
    service: &ServiceSpec,
    writers: &[&'a ServiceSpec],
) -> Result<Option<&'a ServiceSpec>, Unread> {
    let is_readable = service.kind == ServiceKind::Postgres && folder::is_here(service);
    let path = folder::of(service).filter(|_| is_readable).ok_or(Unread)?;
    let asked = writers.iter().map(async |other| identity::identify(&*world.tools(&other.access)).await.map_err(|_| Unread));
    let servers: Vec<Server> = join_all(asked).await.into_iter().collect::<Result<_, _>>()?;
    let tools = world.tools(&service.access);
    let major = (servers.first().ok_or(Unread)?.number / 10_000) as u16;
    let control = folder::control(&*tools, &path, major).await.map_err(|_| Unread)?;
    if folder::follows(&*tools, &path).await.map_err(|_| Unread)? {
        return Ok(None);
    }
    Ok(servers.iter().position(|server| server.system == control.system).map(|found| writers[found]))
}

/// What a server that was just started is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stand {
    /// It does not say.
    Unknown,
    /// It follows another.
    Follows,
    /// It takes writes; what tells the histories apart that it has.
    Writes(Vec<String>),
}

/// Asks it.
pub async fn stand(world: &dyn World, environment: &Name, service: &ServiceSpec) -> Stand {
    match service.kind {
        ServiceKind::Postgres => match postgres::succession::primary(world, service).await {
            Primary::Writes { server, .. } => Stand::Writes(vec![server.system]),
            Primary::Follows => Stand::Follows,
            Primary::Mute(_) | Primary::Silent(_) => Stand::Unknown,
        },
        ServiceKind::Redis => match redis::succession::other(world, environment, service).await {
            Other::Writes(asked) => Stand::Writes([asked.following.history].into_iter().chain(asked.following.earlier).collect()),
            Other::Follows(_) => Stand::Follows,
            Other::Mute(_) | Other::Silent(_) => Stand::Unknown,
        },
        ServiceKind::Http => Stand::Unknown,
    }
}

/// Who else takes writes with one of these histories.
pub async fn rival<'a>(world: &dyn World, environment: &Name, kin: &'a [ServiceSpec], histories: &[String]) -> Option<&'a Name> {
    let shares = async |other: &'a ServiceSpec| match stand(world, environment, other).await {
        Stand::Writes(theirs) if theirs.iter().any(|one| histories.contains(one)) => Some(&other.name),
        _ => None,
    };
    join_all(kin.iter().map(shares)).await.into_iter().flatten().next()
}
