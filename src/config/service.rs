//! A service: `[environments.NAME.services.NAME]`.

use crate::config::backup;
use crate::config::model::{Health, ServiceConfig};
use crate::config::reader::{Complaint, Field, Table};
use crate::config::upstream::{path, secret};
use crate::config::value;
use crate::domain::access::{Access, Reach, Tls, ToolPlace};
use crate::domain::name::Name;
use crate::domain::service::ServiceKind;

const KINDS: [ServiceKind; 3] = [ServiceKind::Postgres, ServiceKind::Redis, ServiceKind::Http];

/// Reads one service, which is backed up into one of these repositories if it is.
pub fn service(name: &str, field: &Field<'_>, repositories: &[Name]) -> Option<ServiceConfig> {
    field.check(value::name(name));
    let table = field.table()?;
    let kind = table.need("kind", "\"postgres\"").and_then(|field| field.word(&KINDS.map(ServiceKind::word), kind_of));
    let only = |key, kinds: &[ServiceKind]| particular(&table, key, kinds, kind);
    let reach = table.need("reach", "{ tcp = \"db-1:5432\" }").and_then(|field| reach(&field, kind));
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
    let tls = tls(&table, kind);
    let access = Access { reach: reach?, ssh: None, tools: ToolPlace::Here, user, password, database, tls };
    Some(ServiceConfig { name: Name::from(name), kind: kind?, access, health, backup })
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

fn reach(field: &Field<'_>, kind: Option<ServiceKind>) -> Option<Reach> {
    let table = field.table()?;
    let tcp = table.take("tcp");
    let unix = table.take("unix");
    match (&tcp, &unix, kind) {
        (Some(_), Some(unix), _) => unix.misplaced("a service has one reach", "remove tcp or unix"),
        (None, Some(unix), Some(ServiceKind::Http)) => {
            unix.misplaced("a service of kind \"http\" is reached by tcp", "like { tcp = \"app-1:8080\" }");
        }
        (None, None, _) if table.is_empty() => {
            table.complain("says not how the service is reached", "with tcp = \"db-1:5432\" or unix = \"/run/…/socket\"");
        }
        _ => {}
    }
    let tcp = tcp.and_then(|field| field.parse_hidden(value::tcp));
    tcp.or_else(|| unix.and_then(|field| path(&field)).map(Reach::Unix))
}

/// A health check knows no encryption that is not verified.
fn tls(table: &Table<'_>, kind: Option<ServiceKind>) -> Tls {
    let modes: &[&str] = match kind {
        Some(ServiceKind::Http) => &["disable", "verify-full"],
        _ => &["disable", "require", "verify-full"],
    };
    let mode = table.take("tls").and_then(|field| field.word(modes, |word| mode_of(word).filter(|_| modes.contains(&word))));
    let ca = table.take("ca");
    match (mode.unwrap_or_default(), ca) {
        (Tls::VerifyFull { .. }, ca) => Tls::VerifyFull { ca: ca.and_then(|field| path(&field)) },
        (mode, ca) => {
            ca.inspect(|ca| ca.misplaced("ca is of no use here", "it is trusted with tls = \"verify-full\" alone"));
            mode
        }
    }
}

fn mode_of(word: &str) -> Option<Tls> {
    match word {
        "disable" => Some(Tls::Disable),
        "require" => Some(Tls::Require),
        "verify-full" => Some(Tls::VerifyFull { ca: None }),
        _ => None,
    }
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
