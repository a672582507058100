//! A service: `[environments.NAME.services.NAME]`.

use std::collections::BTreeMap;

use crate::config::access;
use crate::config::reader::{Complaint, Field, Table};
use crate::config::upstream::{path, secret};
use crate::config::value;
use crate::config::{backup, control};
use crate::domain::access::Access;
use crate::domain::name::Name;
use crate::domain::recovery::Requires;
use crate::domain::service::ServiceKind;
use crate::domain::service::spec::{Health, ServiceSpec};

const KINDS: [ServiceKind; 3] = [ServiceKind::Postgres, ServiceKind::Redis, ServiceKind::Http];

/// Reads one service, which is backed up into one of these repositories if it is.
pub fn service(name: &str, field: &Field<'_>, repositories: &[Name]) -> Option<ServiceSpec> {
    field.check(value::name(name));
    let table = field.table()?;
    let kind = table.need("kind", "\"postgres\"").and_then(|field| field.word(&KINDS.map(ServiceKind::word), kind_of));
    let only = |key, kinds: &[ServiceKind]| particular(&table, key, kinds, kind);
    let reach = table.need("reach", "{ tcp = \"db-1:5432\" }").and_then(|field| access::reach(&field, kind));
    let tools = only("tools", &[ServiceKind::Postgres, ServiceKind::Redis]);
    let tools = access::tools(&table, tools.as_ref(), reach.as_ref().map(|(reach, _)| reach));
    let user = match kind {
        Some(ServiceKind::Postgres) => table.need("user", "\"midwatch\""),
        _ => only("user", &[ServiceKind::Postgres, ServiceKind::Redis]),
    };
    let user = user.and_then(|field| field.text()).map(str::to_owned);
    let password = only("password", &[ServiceKind::Postgres, ServiceKind::Redis]).and_then(|field| secret(&field));
    let database = only("database", &[ServiceKind::Postgres]).and_then(|field| field.text()).map(str::to_owned);
    let health = only("health", &[ServiceKind::Http]).and_then(|field| self::health(&field));
    let backup = only("backup", &[ServiceKind::Postgres, ServiceKind::Redis]);
    let backup = backup.zip(kind).and_then(|(field, kind)| backup::backup(&field, kind, repositories));
    let tls = access::tls(&table, kind);
    let ssh = reach.as_ref().and_then(|(_, ssh)| ssh.as_deref());
    let control = table.take("control").and_then(|field| control::control(&field, kind, ssh));
    let depends_on = depends_on(&table, name);
    let requires = table.take("requires").and_then(|field| requires(&field)).unwrap_or_default();
    let labels = table.take("labels").and_then(|field| labels(&field)).unwrap_or_default();
    let (reach, ssh) = reach?;
    let access = Access { reach, ssh, tools, user, password, database, tls };
    Some(ServiceSpec { name: Name::from(name), kind: kind?, access, health, backup, control, depends_on, requires, labels })
}

/// That they exist and make no circle is judged when all services are read.
fn depends_on(table: &Table<'_>, itself: &str) -> Vec<Name> {
    let fields = table.take("depends_on").map(|field| field.list()).unwrap_or_default();
    let other = |text| {
        if text == itself { Err(Complaint::new("cannot be itself", "name what it cannot do without")) } else { value::name(text) }
    };
    fields.iter().filter_map(|field| field.parse(other)).map(Name::from).collect()
}

fn requires(field: &Field<'_>) -> Option<Requires> {
    let table = field.table()?;
    let list = |key| table.take(key).map(|field| field.list()).unwrap_or_default();
    Some(Requires {
        mounts: list("mounts").iter().filter_map(path).collect(),
        programs: list("programs").iter().filter_map(Field::text).map(str::to_owned).collect(),
        files: list("files").iter().filter_map(path).collect(),
    })
}

/// Which labels there are is Prometheus's business.
fn labels(field: &Field<'_>) -> Option<BTreeMap<String, String>> {
    let named = field.table()?.named().into_iter();
    Some(named.filter_map(|(name, value)| Some((name.to_owned(), value.text()?.to_owned()))).collect())
}

/// A key that only some kinds have: on another kind it is a problem.
fn particular<'a>(table: &Table<'a>, key: &'static str, kinds: &[ServiceKind], kind: Option<ServiceKind>) -> Option<Field<'a>> {
    let field = table.take(key)?;
    let Some(kind) = kind.filter(|kind| !kinds.contains(kind)) else { return Some(field) };
    let owners: Vec<_> = kinds.iter().map(|kind| format!("{:?}", kind.word())).collect();
    field.misplaced(
        format!("a service of kind {:?} has no {key:?}", kind.word()),
        format!("only kind {} has it", owners.join(" and ")),
    );
    None
}

fn kind_of(word: &str) -> Option<ServiceKind> {
    KINDS.into_iter().find(|kind| kind.word() == word)
}

fn health(field: &Field<'_>) -> Option<Health> {
    let table = field.table()?;
    let path = table.take("path").and_then(|field| field.parse(health_path)).unwrap_or("/");
    let status = table.take("status").and_then(|field| field.whole(100, 599));
    Some(Health { path: path.to_owned(), status })
}

fn health_path(text: &str) -> Result<&str, Complaint> {
    let plain = text.starts_with('/') && !text.chars().any(|c| c.is_whitespace() || c.is_control());
    plain.then_some(text).ok_or_else(|| Complaint::new("must be a path", "like \"/healthz\""))
}
