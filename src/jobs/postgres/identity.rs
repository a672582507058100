//! Who a PostgreSQL is: what tells it from every other, whatever name it was reached by.
//!
//! Standbys and base backups share a system identifier, so the instance belongs to the key: its role, its timeline and its data
//! directory. A managed database keeps its identifier to itself; then it is known by its address, and that is said.

use serde::Deserialize;

use crate::domain::backup::{Method, Origin};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::name::Name;
use crate::domain::plan::Identity;
use crate::jobs::postgres::session::Session;
use crate::ports::tools::Tools;

/// What a server says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// What [`Origin::system`] becomes: the system identifier, or `at ADDRESS` where the server does not tell it.
    pub system: String,
    /// What tells it from others with that identifier: `primary/1/var/lib/postgresql/15/main`.
    pub instance: String,
    /// `15.14`.
    pub version: String,
    /// The same as a number: 150014.
    pub number: u32,
    /// Whether it follows another.
    pub standby: bool,
    /// The timeline, where it tells it.
    pub timeline: Option<u32>,
    /// Where it was reached.
    pub address: String,
    /// The databases that can be copied: neither templates nor closed, by name.
    pub databases: Vec<String>,
    /// The tablespaces beside the two that every cluster has, by their object identifiers.
    pub tablespaces: Vec<u32>,
    /// What we may do there.
    pub rights: Rights,
}

/// What a role may do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Rights {
    /// Everything.
    pub superuser: bool,
    /// Copy the cluster's files.
    pub replication: bool,
    /// Whether the server can compress a base backup by zstd, as far as we may know.
    #[serde(skip)]
    pub zstd: bool,
}

#[derive(Deserialize)]
struct Facts {
    number: u32,
    version: String,
    standby: bool,
    address: Option<String>,
    port: Option<u16>,
    folder: Option<String>,
    control: bool,
    built: bool,
    rights: Rights,
    databases: Vec<String>,
    tablespaces: Vec<u32>,
}

const FACTS: &str = "\
SELECT current_setting('server_version_num')::int AS number, current_setting('server_version') AS version,
  pg_is_in_recovery() AS standby, host(inet_server_addr()) AS address, inet_server_port() AS port,
  (SELECT setting FROM pg_settings WHERE name = 'data_directory') AS folder,
  has_function_privilege('pg_catalog.pg_control_system()', 'execute')
    AND has_function_privilege('pg_catalog.pg_control_checkpoint()', 'execute') AS control,
  json_build_object('superuser', me.rolsuper, 'replication', me.rolsuper OR me.rolreplication) AS rights,
  has_function_privilege('pg_catalog.pg_config()', 'execute') AS built,
  (SELECT coalesce(json_agg(datname::text ORDER BY datname), '[]') FROM pg_database
    WHERE datallowconn AND NOT datistemplate) AS databases,
  (SELECT coalesce(json_agg(oid::bigint ORDER BY oid), '[]') FROM pg_tablespace
    WHERE spcname NOT IN ('pg_default', 'pg_global')) AS tablespaces
FROM pg_roles AS me WHERE me.rolname = current_user";

#[derive(Deserialize)]
struct Control {
    system: String,
    timeline: u32,
}

const CONTROL: &str = "\
SELECT system_identifier::text AS system, timeline_id AS timeline FROM pg_control_system(), pg_control_checkpoint()";

#[derive(Deserialize)]
struct Built {
    zstd: bool,
}

const BUILT: &str =
    "SELECT coalesce(bool_or(setting LIKE '%--with-zstd%'), false) AS zstd FROM pg_config WHERE name = 'CONFIGURE'";

/// Asks a service's server who it is.
pub async fn identify(tools: &dyn Tools) -> Result<Server, Failure> {
    let mut session = maintenance(tools).await?;
    let server = ask(&mut session, &tools.access().reach.to_string()).await?;
    session.close().await?;
    Ok(server)
}

/// A session with the database that every bastion would choose, so that all of them meet at its advisory locks: `postgres`, or
/// the configured one where there is none.
pub async fn maintenance(tools: &dyn Tools) -> Result<Session, Failure> {
    const EVERYWHERE: &str = "postgres";
    let ours = tools.access().database.as_deref().filter(|ours| *ours != EVERYWHERE);
    match (Session::open(tools, EVERYWHERE).await, ours) {
        (Err(failure), Some(ours)) if failure.what.contains(EVERYWHERE) => Session::open(tools, ours).await,
        (session, _) => session,
    }
}

async fn ask(session: &mut Session, reached: &str) -> Result<Server, Failure> {
    let facts: Facts = session.row(FACTS).await?;
    let control: Option<Control> = if facts.control { Some(session.row(CONTROL).await?) } else { None };
    let zstd = facts.built && session.row::<Built>(BUILT).await?.zstd;
    let address = match (&facts.address, facts.port) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        _ => reached.to_owned(),
    };
    let role = if facts.standby { "standby" } else { "primary" };
    let timeline = control.as_ref().map(|control| control.timeline);
    let place = facts.folder.unwrap_or_else(|| format!("/{address}"));
    Ok(Server {
        system: control.map_or_else(|| format!("at {address}"), |control| control.system),
        instance: format!("{role}/{}{place}", timeline.unwrap_or_default()),
        version: facts.version.split_whitespace().next().unwrap_or_default().to_owned(),
        number: facts.number,
        standby: facts.standby,
        timeline,
        address: reached.to_owned(),
        databases: facts.databases,
        tablespaces: facts.tablespaces,
        rights: Rights { zstd: zstd && facts.number >= 150_000, ..facts.rights },
    })
}

impl Server {
    /// What is locked while a job acts on it.
    pub fn key(&self) -> String {
        format!("postgres:{}/{}", self.system, self.instance)
    }

    /// What a plan acts on.
    pub fn identity(&self, name: &Name) -> Identity {
        Identity { name: name.clone(), keys: vec![self.key()], words: self.words() }
    }

    /// `PostgreSQL 15.14, primary, system 7312…, /var/lib/postgresql/15/main`.
    pub fn words(&self) -> String {
        let mut place = self.instance.splitn(3, '/');
        let role = place.next().unwrap_or_default();
        let folder = place.nth(1).unwrap_or_default();
        format!("PostgreSQL {}, {role}, system {}, /{}", self.version, self.system, folder.trim_start_matches('/'))
    }

    /// What a manifest says of it.
    pub fn origin(&self, environment: &Name, service: &Name) -> Origin {
        Origin {
            environment: environment.clone(),
            service: service.clone(),
            flavour: "postgresql".to_owned(),
            version: self.version.clone(),
            system: self.system.clone(),
            address: self.address.clone(),
        }
    }

    /// What a person should know before they say yes.
    pub fn notes(&self) -> Vec<String> {
        let anonymous = self.system.starts_with("at ");
        let mut notes = Vec::new();
        if anonymous {
            notes.push(format!("{} does not tell its system identifier: it is known by its address only", self.address));
        }
        if self.standby {
            notes.push("it is a standby: what its primary has not sent yet is not in the backup".to_owned());
        }
        notes
    }

    /// Whether it can be copied by a method; a managed database allows the logical one only.
    pub fn allows(&self, method: Method) -> Result<(), Failure> {
        if method != Method::Physical || self.rights.replication {
            return Ok(());
        }
        let what = format!("the role that midwatch has at {} may not copy the cluster's files (REPLICATION)", self.address);
        Err(Failure::new(FailureKind::Denied, what)
            .mend("ALTER ROLE … REPLICATION, where the provider allows it; else use the method \"logical\""))
    }

    /// Refuses a server that is not the one that was confirmed. Called right before the effect.
    pub fn confirmed(&self, system: &str, target: &Identity) -> Result<(), Failure> {
        let postgres: Vec<&String> = target.keys.iter().filter(|key| key.starts_with("postgres:")).collect();
        let is_same = self.system == system && (postgres.is_empty() || postgres.contains(&&self.key()));
        if is_same {
            return Ok(());
        }
        let expected = postgres.first().map_or_else(|| format!("system {system}"), |key| (*key).clone());
        let what =
            format!("{} is another server than was confirmed: it is {}, confirmed was {expected}", self.address, self.key());
        Err(Failure::new(FailureKind::Refused, what).mend("look which server answers there now, and ask again"))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn server() -> Server {
        Server {
            system: "7312".to_owned(),
            instance: "primary/1/var/lib/postgresql/15/main".to_owned(),
            version: "15.14".to_owned(),
            number: 150_014,
            standby: false,
            timeline: Some(1),
            address: "db:5432".to_owned(),
            databases: vec![],
            tablespaces: vec![],
            rights: Rights::default(),
        }
    }

    #[test]
    fn people_read_its_role_system_and_folder() {
        assert_eq!(server().words(), "PostgreSQL 15.14, primary, system 7312, /var/lib/postgresql/15/main");
    }

    #[test]
    fn rule_10_a_standby_has_another_key_than_its_primary() {
        let standby = Server { instance: "standby/1/var/lib/postgresql/15/main".to_owned(), standby: true, ..server() };
        assert_eq!(standby.system, server().system);
        assert_ne!(standby.key(), server().key());
    }

    #[test]
    fn rule_11_another_server_than_was_confirmed_is_refused() {
        let target = server().identity(&Name::from("shop-db"));
        assert_eq!(server().confirmed("7312", &target), Ok(()));
        let other = Server { system: "7313".to_owned(), ..server() };
        assert_eq!(other.confirmed("7312", &target).unwrap_err().kind, FailureKind::Refused);
        let promoted = Server { instance: "primary/2/var/lib/postgresql/15/main".to_owned(), ..server() };
        let refused = promoted.confirmed("7312", &target).unwrap_err();
        assert!(refused.what.contains("primary/2"), "{refused}");
    }

    #[test]
    fn a_managed_database_allows_the_logical_method_only() {
        assert_eq!(server().allows(Method::Logical), Ok(()));
        assert_eq!(server().allows(Method::Physical).unwrap_err().kind, FailureKind::Denied);
    }
}
