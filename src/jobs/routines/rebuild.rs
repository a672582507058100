//! `rebuild`: makes a server follow the one that takes writes again. The old data of a PostgreSQL is set aside by another name, never
//! removed: what it wrote and the primary does not have is only there. That of a [Redis](rejoin) is dropped, once that was said.

use std::path::Path;

use serde::Deserialize;

use crate::domain::access::Reach;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::plan::{Plan, StepId};
use crate::domain::service::ServiceKind;
use crate::domain::service::spec::ServiceSpec;
use crate::domain::time::Stamp;
use crate::domain::unit::Unit;
use crate::jobs::postgres::folder::{self, Control, Folder};
use crate::jobs::postgres::identity::{self, Server};
use crate::jobs::postgres::succession::{self, Primary};
use crate::jobs::routine::{Ask, Form, Param, Routine};
use crate::jobs::routines::target;
use crate::jobs::steps::rebuild::RebuildArgs;
use crate::jobs::target::{Target, told};
use crate::ports::Promise;

mod rejoin;

/// What a copy may weigh beyond the databases: WAL and what is written meanwhile.
const WAL: u64 = 256 << 20;

/// The routine.
pub const REBUILD: &Routine = &Routine {
    name: "rebuild",
    help: "Make an old primary follow the new one: a PostgreSQL from a fresh copy, its old data set aside; a Redis as it is",
    params: &[
        Param { name: "service", help: "What becomes a standby or a replica", form: Form::Positional },
        Param { name: "from", help: "The primary; the only one that takes writes where none is named", form: Form::Valued(&[]) },
        Param { name: "discard", help: "Of a Redis: what it has and the primary has not is dropped", form: Form::Flag },
    ],
    plan,
};

/// What is known of it before the plan.
struct Survey<'a> {
    service: &'a ServiceSpec,
    primary: &'a ServiceSpec,
    server: Server,
    /// Whether it answers as a standby, and streams.
    streams: Option<bool>,
    keys: Vec<String>,
    is_up: bool,
    data: String,
    folder: Folder,
    control: Option<Control>,
    bytes: u64,
}

fn plan<'a>(ask: &'a Ask<'a>) -> Promise<'a, Plan> {
    Box::pin(async move {
        let service = ask.site.service(ask.given.need("rebuild", "service")?)?;
        if service.kind == ServiceKind::Redis {
            return rejoin::plan(ask, service).await;
        }
        let survey = survey(ask, service).await?;
        let need = survey.bytes;
        if survey.folder.free < need {
            let (data, free) = (&survey.data, bytes(survey.folder.free));
            let what =
                format!("{free} are free beside {data}, and the copy needs {}: the old data stays where it is", bytes(need));
            return Err(Failure::new(FailureKind::Full, what).mend("make room on that disk"));
        }
        let args = args(ask, &survey);
        let steps = args.steps(survey.is_up.then(|| args.target.stop(StepId(0), false)));
        let mut keys = survey.keys.clone();
        keys.extend([
            survey.server.key(),
            format!("failover:postgres:{}", survey.server.system),
            format!("directory:{}", survey.data),
        ]);
        let words = format!("{} in {}, from {}", survey.service.name, survey.data, survey.server.words());
        let name = survey.service.name.clone();
        Ok(target::plan(ask, target::identity(name, keys, words), notes(&survey, &args), steps))
    })
}

async fn survey<'a>(ask: &'a Ask<'a>, service: &'a ServiceSpec) -> Result<Survey<'a>, Failure> {
    if service.kind != ServiceKind::Postgres {
        let what = format!("{} is neither PostgreSQL nor Redis (kind {})", service.name, service.kind.word());
        return Err(Failure::new(FailureKind::Usage, what));
    }
    must_be_here(ask, service)?;
    let (primary, server) = primary(ask, service).await?;
    let streams = standing(ask, service).await?;
    let control = ask.world.control(service.controlled(&ask.site.environment)?)?;
    let condition = control.condition().await?;
    let is_up = condition.instances.iter().any(|one| one.phase.is_up());
    if is_up && streams.is_none() {
        let how: Vec<String> = condition.instances.iter().map(told).collect();
        let what = format!("{} does not answer, but is {}", service.name, how.join(", "));
        return Err(Failure::refused(what).mend(format!("midwatch stop {} --force", service.name)));
    }
    let mut keys = control.keys().await?;
    keys.push(format!("control:{}", service.controlled(&ask.site.environment)?));
    let tools = ask.world.tools(&service.access);
    let data = directory(ask, service).await?;
    let folder = folder::survey(&*tools, &data).await?;
    let control =
        if folder.bytes.is_some() { folder::control(&*tools, &data, (server.number / 10_000) as u16).await.ok() } else { None };
    if let Some(other) = control.as_ref().filter(|control| control.system != server.system) {
        let what = format!("{data} is of the system {}, and {} is {}", other.system, primary.name, server.system);
        return Err(Failure::refused(what).mend("look what lies there: it is no standby of this primary"));
    }
    let bytes = weight(ask, primary).await?;
    Ok(Survey { service, primary, server, streams, keys, is_up, data, folder, control, bytes })
}

/// A data directory is moved and copied by programs of this host only.
fn must_be_here(ask: &Ask<'_>, service: &ServiceSpec) -> Result<(), Failure> {
    let control = service.controlled(&ask.site.environment)?;
    if folder::is_here(service) {
        return Ok(());
    }
    let what = format!("the data directory of {} ({control}) is not on this host, or in a container", service.name);
    Err(Failure::refused(what).mend("run midwatch where that server runs; or there: pg_basebackup -R -X stream -C -S NAME"))
}

/// Who is followed: it answers and takes writes, and nobody else does.
async fn primary<'a>(ask: &'a Ask<'a>, service: &ServiceSpec) -> Result<(&'a ServiceSpec, Server), Failure> {
    let others = ask.site.services.iter().filter(|other| other.kind == ServiceKind::Postgres && other.name != service.name);
    let wanted: Vec<&ServiceSpec> = match ask.given.get("from") {
        Some(name) => vec![ask.site.service(name)?],
        None => others.collect(),
    };
    let mut found = Vec::new();
    for other in wanted.iter().filter(|other| other.name != service.name) {
        if let Primary::Writes { server, .. } = succession::primary(ask.world, other).await {
            found.push((*other, *server));
        }
    }
    let (Some((primary, server)), true) = (found.pop(), found.is_empty()) else {
        let names: Vec<&str> = wanted.iter().map(|other| other.name.as_str()).collect();
        let what = format!("not one of {} is the one that takes writes", names.join(", "));
        return Err(Failure::refused(what).mend("name it: --from NAME"));
    };
    if !matches!(primary.access.reach, Reach::Tcp { .. }) || primary.access.ssh.is_some() {
        let what = format!("{} is not reached by tcp from here: a standby could not connect to it so", primary.name);
        return Err(Failure::refused(what));
    }
    if !server.tablespaces.is_empty() {
        let what = format!("{} has tablespaces: their copies would lie where the old ones do", primary.name);
        return Err(Failure::refused(what).mend("pg_basebackup with --tablespace-mapping, by hand"));
    }
    Ok((primary, server))
}

/// Whether it answers as a standby, and whether that streams; one that takes writes is refused.
async fn standing(ask: &Ask<'_>, service: &ServiceSpec) -> Result<Option<bool>, Failure> {
    match succession::primary(ask.world, service).await {
        Primary::Silent(_) => Ok(None),
        Primary::Follows => {
            let (_, following) = succession::following(ask.world, service).await?;
            Ok(Some(following.is_streaming()))
        }
        Primary::Writes { .. } => {
            let what = format!("{} takes writes itself: what it is given would be set aside with its data", service.name);
            Err(Failure::refused(what).mend(format!("midwatch stop {} first, where it is the wrong one", service.name)))
        }
        Primary::Mute(words) => {
            let what = format!("{} answers, but does not say what it is: {words}", service.name);
            Err(Failure::refused(what).mend(format!("midwatch stop {} first", service.name)))
        }
    }
}

#[derive(Deserialize)]
struct Place {
    folder: Option<String>,
}

/// Where its data is: beside its PID file, or where it says itself.
async fn directory(ask: &Ask<'_>, service: &ServiceSpec) -> Result<String, Failure> {
    if let Some(folder) = folder::of(service) {
        return Ok(folder);
    }
    let unknown = || {
        let what = format!("where the data of {} is cannot be told", service.name);
        Failure::refused(what).mend("give its control the file postmaster.pid in its data directory as process")
    };
    let mut session = identity::maintenance(&*ask.world.tools(&service.access)).await.map_err(|_| unknown())?;
    let sql = "SELECT (SELECT setting FROM pg_settings WHERE name = 'data_directory') AS folder";
    session.row::<Place>(sql).await?.folder.filter(|folder| Path::new(folder).is_absolute()).ok_or_else(unknown)
}

#[derive(Deserialize)]
struct Weight {
    bytes: Option<u64>,
}

/// What a copy will weigh, with room for what is written meanwhile.
async fn weight(ask: &Ask<'_>, primary: &ServiceSpec) -> Result<u64, Failure> {
    let mut session = identity::maintenance(&*ask.world.tools(&primary.access)).await?;
    let sql = "SELECT sum(CASE WHEN has_database_privilege(oid, 'CONNECT') THEN pg_database_size(oid) ELSE 0 END)::bigint AS bytes \
       FROM pg_database";
    let weight: Weight = session.row(sql).await?;
    session.close().await?;
    Ok(weight.bytes.unwrap_or_default() / 10 * 11 + WAL)
}

fn args(ask: &Ask<'_>, survey: &Survey<'_>) -> RebuildArgs {
    let stamp = stamp(ask.world.now());
    let name: String = survey
        .service
        .name
        .as_str()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' })
        .collect();
    RebuildArgs {
        target: Target::of(&ask.site.environment, survey.service),
        primary: survey.primary.clone(),
        system: survey.server.system.clone(),
        data: survey.data.clone(),
        aside: format!("{}.set-aside-{stamp}", survey.data),
        copy: format!("{}.copy-{stamp}", survey.data),
        slot: format!("midwatch_{name}").chars().take(63).collect(),
        owner: (survey.folder.owner.clone(), survey.folder.mode.clone()),
        bytes: survey.bytes,
    }
}

/// `20261122T031500Z`.
fn stamp(now: Stamp) -> String {
    jiff::Timestamp::from_millisecond(now.0).unwrap_or_default().strftime("%Y%m%dT%H%M%SZ").to_string()
}

fn notes(survey: &Survey<'_>, args: &RebuildArgs) -> Vec<String> {
    let (name, primary) = (&survey.service.name, &survey.primary.name);
    let mut notes = Vec::new();
    match survey.streams {
        Some(true) => notes.push(format!("{name} streams now: a rebuild is needed only where its data is wrong")),
        Some(false) => {
            notes.push(format!("{name} is a standby that does not follow: the WAL it needs may be gone from {primary}"));
        }
        None => notes.push(format!("{name} does not run")),
    }
    if let Some(size) = survey.folder.bytes {
        notes.push(format!("its data ({}) is set aside as {}; midwatch never removes it", bytes(size), args.aside));
    }
    if let Some(control) = &survey.control {
        notes.push(format!(
            "it was {} on timeline {}, last checkpoint {}: what it wrote and {primary} does not have is only there",
            control.state, control.timeline, control.checkpoint
        ));
    }
    if survey.control.is_none() && survey.folder.bytes.is_some() {
        notes.push(format!("whose data {} is could not be read from it", survey.data));
    }
    let free = bytes(survey.folder.free);
    notes.push(format!("the copy needs about {} beside it; {free} are free", bytes(survey.bytes)));
    notes.push(format!("the slot {} of {primary} keeps WAL for it from then on, also while it is down", args.slot));
    notes.push("a failure puts the old data back".to_owned());
    notes
}

fn bytes(count: u64) -> String {
    Unit("bytes".to_owned()).format(count as f64, None).to_string()
}
