//! How a service is controlled: `control` of `[environments.NAME.services.NAME]`.

use std::path::PathBuf;
use std::time::Duration;

use crate::config::access::host;
use crate::config::reader::{Complaint, Field, Table};
use crate::config::upstream::path;
use crate::config::value;
use crate::domain::control::{ControlSpec, ProcessSpec, StopSignal, Way};
use crate::domain::service::ServiceKind;

/// What may hold a service up, of which one does.
const WAYS: [&str; 4] = ["process", "systemd", "docker", "compose"];
/// Docker waits 10 s before it kills; databases write their last pages.
const GRACE: Duration = Duration::from_secs(30);

/// Reads `control` of a service of this kind; `ssh` is the host that its reach goes through, which it shares unless it says so.
pub fn control(field: &Field<'_>, kind: Option<ServiceKind>, ssh: Option<&str>) -> Option<ControlSpec> {
    let table = field.table()?;
    let ways = WAYS.map(|way| table.take(way));
    judge(&table, &ways);
    let own = |keys: [&'static str; 4]| keys.map(|key| table.take(key));
    let (of_process, user) = (own(["start", "env", "signal", "log"]), table.take("user"));
    let [process, systemd, docker, compose] = ways;
    let of_process = of_process.map(|field| only(field, "process", process.is_some()));
    let user = only(user, "systemd", systemd.is_some());
    let way = process
        .and_then(|field| process_of(&field, of_process, kind))
        .or_else(|| systemd.and_then(|field| systemd_of(&field, user.as_ref())))
        .or_else(|| docker.and_then(|field| field.parse(container)).map(|name| Way::Docker { container: name.to_owned() }))
        .or_else(|| compose.and_then(|field| field.parse(compose_of)));
    let own = table.take("ssh").and_then(|field| field.parse(host)).map(str::to_owned);
    let grace = table.take("grace").and_then(|field| field.parse(grace)).unwrap_or(GRACE);
    Some(ControlSpec { way: way?, ssh: own.or_else(|| ssh.map(str::to_owned)), grace })
}

/// A key that only one way has: beside another it is a problem.
fn only<'a>(field: Option<Field<'a>>, way: &str, is_way: bool) -> Option<Field<'a>> {
    let (mine, other) = if is_way { (field, None) } else { (None, field) };
    other.inspect(|field| field.misplaced("this is of no use here", format!("only a control by {way} has it")));
    mine
}

fn judge(table: &Table<'_>, ways: &[Option<Field<'_>>; 4]) {
    let told: Vec<usize> = (0..WAYS.len()).filter(|way| ways[*way].is_some()).collect();
    let Some((first, others)) = told.split_first() else {
        let hint = "with docker = \"shop-db\", compose = \"shop/worker\", systemd = \"postgresql@15-main\" or process = \"/run/app.pid\"";
        return table.complain("says not what holds the service up", hint);
    };
    for field in others.iter().filter_map(|other| ways[*other].as_ref()) {
        field.misplaced("a service has one control", format!("remove it, or {}", WAYS[*first]));
    }
}

fn process_of(field: &Field<'_>, own: [Option<Field<'_>>; 4], kind: Option<ServiceKind>) -> Option<Way> {
    let [start, env, signal, log] = own;
    let mut start: Vec<String> = items(start.as_ref()).iter().filter_map(Field::text).map(str::to_owned).collect();
    if let Some(program) = start.first_mut().filter(|program| program.contains('/')) {
        *program = field.folder().join(&*program).display().to_string();
    }
    let env = items(env.as_ref()).iter().filter_map(|field| field.parse(value::variable)).map(str::to_owned).collect();
    let words = StopSignal::ALL.map(StopSignal::word);
    let signal_of = |word: &str| StopSignal::ALL.into_iter().find(|signal| signal.word() == word);
    let usual = if kind == Some(ServiceKind::Postgres) { StopSignal::Int } else { StopSignal::Term };
    let signal = signal.and_then(|field| field.word(&words, signal_of)).unwrap_or(usual);
    let log: Option<PathBuf> = log.and_then(|field| path(&field));
    Some(Way::Process(ProcessSpec { pid_file: path(field)?, start, env, signal, log, seen: Vec::new() }))
}

fn items<'a>(field: Option<&Field<'a>>) -> Vec<Field<'a>> {
    field.map(Field::list).unwrap_or_default()
}

fn systemd_of(field: &Field<'_>, user: Option<&Field<'_>>) -> Option<Way> {
    let user = user.and_then(Field::flag).unwrap_or_default();
    let unit = field.parse(unit)?.to_owned();
    Some(Way::Systemd { unit, user })
}

/// The name of a unit: nothing that would be read as an option.
fn unit(text: &str) -> Result<&str, Complaint> {
    let plain = |c: char| c.is_ascii_alphanumeric() || ":-_.\\@{}".contains(c);
    let good = !text.is_empty() && !text.starts_with('-') && text.chars().all(plain);
    good.then_some(text).ok_or_else(|| Complaint::new("must be a unit of systemd", "systemctl list-units lists them"))
}

/// The name of a container, or a pattern of names.
fn container(text: &str) -> Result<&str, Complaint> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_.-{}".contains(c);
    let good = text.starts_with(|c: char| c.is_ascii_alphanumeric()) && text.chars().all(plain);
    good.then_some(text).ok_or_else(|| Complaint::new("must be a container's name", "docker ps --all lists them"))
}

fn compose_of(text: &str) -> Result<Way, Complaint> {
    let named = text.split_once('/').filter(|(project, service)| [project, service].iter().all(|name| value::name(name).is_ok()));
    let (project, service) = named
        .ok_or_else(|| Complaint::new("must be a project and a service", "like \"shop/worker\": docker compose ls lists them"))?;
    Ok(Way::Compose { project: project.to_owned(), service: service.to_owned() })
}

fn grace(text: &str) -> Result<Duration, Complaint> {
    value::duration(text, Duration::from_secs(1), Duration::from_secs(600))
}
