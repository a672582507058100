//! An environment: `[environments.NAME]`.

use std::sync::Arc;
use std::time::Duration;

use crate::config::model::{Environment, Files, Pattern, Upstream};
use crate::config::order;
use crate::config::reader::{Complaint, Field, Table};
use crate::config::repository::repository;
use crate::config::service::service;
use crate::config::upstream::upstream;
use crate::config::value;
use crate::domain::colour::Colour;
use crate::domain::guard::Guard;
use crate::domain::name::Name;
use crate::domain::repository::RepositorySpec;
use crate::domain::service::spec::ServiceSpec;
use crate::domain::signal::Signal;
use crate::domain::unit::Unit;

const COLOR: Colour = Colour::Ansi(4);
const REFRESH: Duration = Duration::from_secs(15);

/// Reads one environment.
pub fn environment(name: &str, field: &Field<'_>) -> Option<Environment> {
    field.check(value::name(name));
    let table = field.table()?;
    let repositories = repositories(&table);
    Some(Environment {
        name: Name::from(name),
        color: table.take("color").and_then(|field| color(&field)).unwrap_or(COLOR),
        guard: table.take("guard").and_then(|field| field.word(&Guard::ALL.map(Guard::word), Guard::of)).unwrap_or_default(),
        refresh: table.take("refresh").and_then(|field| field.parse(refresh)).unwrap_or(REFRESH),
        files: Files {
            dashboards: patterns(&table, "dashboards"),
            runbooks: patterns(&table, "runbooks"),
            gamedays: patterns(&table, "gamedays"),
        },
        prometheus: table.take("prometheus").and_then(|field| upstream(&field)),
        alertmanagers: alertmanagers(&table),
        services: services(&table, &repositories),
        signals: signals(&table),
        repositories,
        unattended: unattended(&table),
    })
}

fn color(field: &Field<'_>) -> Option<Colour> {
    let text = field.text()?;
    if !text.starts_with('#') {
        return field.word(&Colour::NAMES, Colour::of);
    }
    field.parse(|text| Colour::of(text).ok_or_else(|| Complaint::new(format!("cannot be {text:?}"), "written like \"#ff8800\"")))
}

fn refresh(text: &str) -> Result<Duration, Complaint> {
    value::duration(text, Duration::from_secs(1), Duration::from_secs(3600))
}

fn patterns(table: &Table<'_>, key: &'static str) -> Vec<Pattern> {
    let fields = table.take(key).map(|field| field.list()).unwrap_or_default();
    fields.iter().filter_map(pattern).collect()
}

/// The folder in front is a path, not a glob: its `[` and `*` mean themselves.
fn pattern(field: &Field<'_>) -> Option<Pattern> {
    let written = field.parse(|text| match glob::Pattern::new(text) {
        Ok(_) if !text.is_empty() => Ok(text),
        Ok(_) => Err(Complaint::new("names no file", "a path, a folder or a glob, like \"dashboards/*.json\"")),
        Err(error) => {
            Err(Complaint::new(format!("is no glob: {}", error.msg), "* is any name, ** any folders, [ab] one of some letters"))
        }
    })?;
    let folder = glob::Pattern::escape(&field.folder().to_string_lossy());
    let glob = if written.starts_with('/') { written.to_owned() } else { format!("{folder}/{written}") };
    Some(Pattern { written: written.to_owned(), glob, place: field.mark().place() })
}

fn alertmanagers(table: &Table<'_>) -> Vec<Upstream> {
    let mut read: Vec<Upstream> = Vec::new();
    for field in table.take("alertmanagers").map(|field| field.list()).unwrap_or_default() {
        let Some(one) = upstream(&field) else { continue };
        if read.iter().any(|other| other.url == one.url) {
            field.misplaced(
                format!("a second Alertmanager at {}", one.url),
                "each member of the cluster has an address of its own",
            );
        }
        read.push(one);
    }
    read
}

fn repositories(table: &Table<'_>) -> Vec<RepositorySpec> {
    let named = table.take("repositories").and_then(|field| field.table()).map(Table::named).unwrap_or_default();
    let mut read: Vec<RepositorySpec> = Vec::new();
    for (name, field) in &named {
        let Some(one) = repository(name, field) else { continue };
        if let Some(other) = read.iter().find(|other| other.place == one.place) {
            field.misplaced(format!("{name} is in the same place as {}", other.name), "each repository has a place of its own");
        }
        read.push(one);
    }
    read
}

fn services(table: &Table<'_>, repositories: &[RepositorySpec]) -> Vec<ServiceSpec> {
    let named = table.take("services").and_then(|field| field.table()).map(Table::named).unwrap_or_default();
    let repositories: Vec<_> = repositories.iter().map(|repository| repository.name.clone()).collect();
    let mut read = Vec::new();
    for (name, field) in named {
        read.extend(service(name, &field, &repositories).map(|service| (service, field)));
    }
    order::judge(&read);
    read.into_iter().map(|(service, _)| service).collect()
}

fn unattended(table: &Table<'_>) -> Vec<String> {
    let fields = table.take("unattended").map(|field| field.list()).unwrap_or_default();
    fields.iter().filter_map(|field| field.parse(value::call)).map(str::to_owned).collect()
}

fn signals(table: &Table<'_>) -> Vec<Signal> {
    let mut read: Vec<Signal> = Vec::new();
    for field in table.take("signals").map(|field| field.list()).unwrap_or_default() {
        let Some(one) = signal(&field) else { continue };
        if read.iter().any(|other| other.name == one.name) {
            field.misplaced(format!("a second signal {:?}", one.name), "each signal has a name of its own");
        }
        read.push(one);
    }
    read
}

fn signal(field: &Field<'_>) -> Option<Signal> {
    let table = field.table()?;
    let filled =
        |text: &str| if text.trim().is_empty() { Err(Complaint::new("must not be empty", "")) } else { Ok(Arc::from(text)) };
    let name = table.need("name", "\"error ratio\"").and_then(|field| field.parse(filled));
    let query =
        table.need("query", "'sum(rate(http_requests_total{status=~\"5..\"}[5m]))'").and_then(|field| field.parse(filled));
    let unit = table.take("unit").and_then(|field| field.text()).map(|id| Unit(id.to_owned()));
    let warning = table.take("warning").and_then(|field| field.number());
    let critical = table.take("critical").and_then(|field| field.number());
    Some(Signal { name: name?, query: query?, unit, warning, critical })
}
