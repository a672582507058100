//! Services: each is reached in its way and tells what midwatch asks of it.

use std::time::Duration;

use crate::adapters::health::HealthCheck;
use crate::adapters::http::Budget;
use crate::adapters::postgres::Postgres;
use crate::adapters::reach::Login;
use crate::adapters::redis::Redis;
use crate::domain::access::{Reach, Tls};
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::service::spec::ServiceSpec;
use crate::domain::service::{Facts, PostgresFacts, RedisFacts, Report, Role, ServiceKind};
use crate::runtime::check::methods;
use crate::runtime::check::{Finding, Subject, is_here};
use crate::runtime::connect::{self, Vault};

/// The longest a probe may take: longer than the console waits, for here it is asked once.
const DEADLINE: Duration = Duration::from_secs(10);

/// One service.
pub async fn check(subject: Subject, service: &ServiceSpec, vault: &Vault, budget: &Budget) -> Vec<Finding> {
    let login = connect::login(service, vault);
    let barred = login.is_err();
    let without = Login { user: service.access.user.clone(), password: None };
    match probe(service, &login.unwrap_or(without), budget).await {
        Ok(report) => {
            let mut found = answering(&subject, service, &report);
            found.extend(methods::check(&subject, service, &report).await);
            found
        }
        Err(fault) if barred && fault.kind == FaultKind::Denied => {
            vec![subject.note(format!("{} answers, but was asked nothing more without its password", service.access.reach), "")]
        }
        Err(fault) => vec![subject.missing(fault.to_string(), mend(service, &fault))],
    }
}

async fn probe(service: &ServiceSpec, login: &Login, budget: &Budget) -> Result<Report, Fault> {
    if service.kind != ServiceKind::Http && !connect::is_direct(&service.access) {
        return connect::afar(service, DEADLINE).probe().await;
    }
    let reach = || connect::reach(service);
    let expected = service.health.as_ref().and_then(|health| health.status);
    match service.kind {
        ServiceKind::Postgres => Postgres::new(reach()?, login, Some(database(service)), DEADLINE)?.probe().await,
        ServiceKind::Redis => Redis::new(reach()?, login, DEADLINE)?.probe().await,
        ServiceKind::Http => HealthCheck::new(&connect::health(service), expected, budget.clone())?.probe().await,
    }
}

fn database(service: &ServiceSpec) -> &str {
    service.access.database.as_deref().unwrap_or("postgres")
}

fn answering(subject: &Subject, service: &ServiceSpec, report: &Report) -> Vec<Finding> {
    let took = report.took.as_millis();
    let told = |what: &str| subject.good(format!("{}  {what}, {took} ms", service.access.reach));
    let mut found = match &report.facts {
        Facts::Postgres(facts) => of_postgres(subject, service, facts, told),
        Facts::Redis(RedisFacts { version, role, .. }) => vec![told(&format!("{version}, {}", word(role)))],
        Facts::Http(facts) if facts.healthy => vec![told(&facts.status.to_string())],
        Facts::Http(facts) => vec![of_unhealthy(subject, service, facts.status)],
    };
    found.extend(of_transport(subject, service));
    found
}

fn of_postgres(subject: &Subject, service: &ServiceSpec, facts: &PostgresFacts, told: impl Fn(&str) -> Finding) -> Vec<Finding> {
    let answers = told(&format!("{}, {}", facts.version, word(&facts.role)));
    // Only who may read all statistics is told of the oldest transaction: there always is an answer then.
    let blind = facts.oldest_transaction.is_none().then(|| {
        let role = role(service);
        let lacks = format!("{role} is no member of pg_monitor: transactions and sizes are not seen");
        subject.part("permission").missing(lacks, format!("GRANT pg_monitor TO {role};"))
    });
    std::iter::once(answers).chain(blind).collect()
}

fn of_unhealthy(subject: &Subject, service: &ServiceSpec, status: u16) -> Finding {
    let url = connect::health(service).url;
    let wanted = service.health.as_ref().and_then(|health| health.status).map_or("a 2xx".to_owned(), |status| status.to_string());
    let mend = format!("curl -v {url}; if {status} is right: health = {{ path = \"…\", status = {status} }}");
    subject.missing(format!("{url} answers {status}, not {wanted}"), mend)
}

/// A Redis password goes over the wire as it is.
fn of_transport(subject: &Subject, service: &ServiceSpec) -> Option<Finding> {
    let Reach::Tcp { host, .. } = &service.access.reach else { return None };
    let bare = service.access.password.is_some() && service.access.tls == Tls::Disable && !is_here(host);
    bare.then(|| subject.part("tls").note("its password is sent over the network without encryption", "tls = \"verify-full\""))
}

fn word(role: &Role) -> &'static str {
    match role {
        Role::Primary { .. } => "primary",
        Role::Replica { .. } => "replica",
    }
}

fn mend(service: &ServiceSpec, fault: &Fault) -> String {
    let is_afar = service.kind != ServiceKind::Http && !connect::is_direct(&service.access);
    let way = methods::mend_place(&fault.detail, &service.access);
    if is_afar && matches!(fault.kind, FaultKind::Unreachable | FaultKind::Timeout) && !way.is_empty() {
        return way;
    }
    match (service.kind, fault.kind) {
        (ServiceKind::Http, _) => format!("curl -v {}", connect::health(service).url),
        (_, FaultKind::Timeout) if service.access.tls != Tls::Disable => {
            "a server without TLS keeps silent when asked for it: then tls = \"disable\"".to_owned()
        }
        (_, FaultKind::Tls) => {
            "for a private authority: ca = \"/path/to/ca.pem\"; for a server without TLS: tls = \"disable\"".to_owned()
        }
        (ServiceKind::Redis, FaultKind::Denied) => mend_redis_login(service, &fault.detail),
        (ServiceKind::Redis, _) => format!("{} ping", redis_cli(&service.access.reach)),
        (ServiceKind::Postgres, FaultKind::Denied) => mend_postgres_login(service, &fault.detail),
        (ServiceKind::Postgres, FaultKind::Refused) => "database = \"…\": psql -l lists them".to_owned(),
        (ServiceKind::Postgres, _) => pg_isready(service),
    }
}

fn mend_redis_login(service: &ServiceSpec, said: &str) -> String {
    if said.contains("no permissions") {
        return format!("ACL SETUSER {} +info +ping", service.access.user.as_deref().unwrap_or("default"));
    }
    mend_password(service)
}

fn mend_postgres_login(service: &ServiceSpec, said: &str) -> String {
    let role = role(service);
    match said {
        said if said.contains("not permitted to log in") => format!("ALTER ROLE {role} LOGIN;"),
        said if said.contains("does not exist") => format!("CREATE ROLE {role} LOGIN IN ROLE pg_monitor;"),
        said if said.contains("pg_hba.conf") => format!("a line in pg_hba.conf that lets {role} in from this host"),
        _ => mend_password(service),
    }
}

fn mend_password(service: &ServiceSpec) -> String {
    match &service.access.password {
        Some(from) => format!("renew what {from} names"),
        None => "password = \"file:…\"".to_owned(),
    }
}

/// The role's name as SQL reads it.
fn role(service: &ServiceSpec) -> String {
    format!("\"{}\"", service.access.user.as_deref().unwrap_or_default().replace('"', "\"\""))
}

fn redis_cli(reach: &Reach) -> String {
    match reach {
        Reach::Tcp { host, port } => format!("redis-cli -h {host} -p {port}"),
        Reach::Unix(path) => format!("redis-cli -s {}", path.display()),
        Reach::Docker { container } => format!("docker exec {container} redis-cli"),
        Reach::Network { network, .. } => format!("docker network inspect {network}; redis-cli"),
    }
}

fn pg_isready(service: &ServiceSpec) -> String {
    let database = database(service);
    match &service.access.reach {
        Reach::Tcp { host, port } => format!("pg_isready -h {host} -p {port} -d {database}"),
        Reach::Unix(path) => format!("ls -l {}: the socket, or its folder", path.display()),
        Reach::Docker { container } => format!("docker exec {container} pg_isready"),
        Reach::Network { network, .. } => format!("docker network inspect {network}"),
    }
}
