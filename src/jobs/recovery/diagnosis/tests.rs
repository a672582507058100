#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::time::Duration;

use super::*;
use crate::domain::access::{Access, Reach, Tls, ToolPlace};
use crate::domain::control::{ControlSpec, Way};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::recovery::Requires;
use crate::domain::service::spec::ServiceSpec;
use crate::domain::service::{HttpFacts, Persistence, PostgresFacts, ServiceKind};

/// A service that is controlled, and needs another.
pub fn service(kind: ServiceKind) -> ServiceSpec {
    let reach = Reach::Tcp { host: "127.0.0.1".into(), port: 1 };
    let (ssh, tools, tls) = (None, ToolPlace::Here, Tls::Disable);
    let access = Access { reach, ssh, tools, user: None, password: None, database: None, tls };
    let way = Way::Docker { container: "db".into() };
    let control = Some(ControlSpec { way, ssh: None, grace: Duration::from_secs(1) });
    let (health, backup, depends_on, labels) = (None, None, vec!["other".into()], BTreeMap::new());
    let (name, requires) = ("it".into(), Requires::default());
    ServiceSpec { name, kind, access, health, backup, control, depends_on, requires, labels }
}

#[expect(clippy::unnecessary_wraps, reason = "the form in which it is seen")]
fn phases(all: &[Phase]) -> Result<Condition, Failure> {
    let one = |(n, phase): (usize, &Phase)| Instance {
        name: format!("it-{}", n + 1),
        phase: *phase,
        since: None,
        restarts: None,
        image: None,
        healthy: None,
        usage: None,
        detail: None,
    };
    Ok(Condition { instances: all.iter().enumerate().map(one).collect() })
}

#[expect(clippy::unnecessary_wraps, reason = "the form in which it is seen")]
fn facts(facts: Facts) -> Result<Report, Fault> {
    Ok(Report { took: Duration::ZERO, facts })
}

fn http(status: u16) -> Result<Report, Fault> {
    facts(Facts::Http(HttpFacts { status, healthy: status == 200 }))
}

fn fault(kind: FaultKind, detail: &str) -> Result<Report, Fault> {
    Err(Fault::new(kind, detail))
}

fn redis(used_memory: u64, eviction: &str, healthy: bool) -> Result<Report, Fault> {
    let persistence = Persistence { loading: false, aof: true, healthy, last_save: None, unsaved_changes: 0 };
    facts(Facts::Redis(RedisFacts {
        version: "7.0.15".into(),
        role: Role::Primary { replicas: vec![] },
        clients: 1,
        used_memory,
        max_memory: Some(100),
        eviction: eviction.into(),
        keys: 1,
        persistence,
    }))
}

fn standby(linked: bool) -> Result<Report, Fault> {
    facts(Facts::Postgres(PostgresFacts {
        version: "15.18".into(),
        role: Role::Replica { linked: Some(linked), lag: None },
        connections: 1,
        max_connections: 100,
        bytes: None,
        oldest_transaction: None,
        archiving: None,
    }))
}

fn found(kind: ServiceKind, condition: Result<Condition, Failure>, report: Result<Report, Fault>, ill: &[Name]) -> Finding {
    judge(&Seen { service: &service(kind), condition: Some(condition), report }, ill)
}

#[test]
fn what_is_down_is_started_and_what_is_paused_goes_on() {
    use Phase::{Failed, Paused, Running, Stopped};
    let refused = || fault(FaultKind::Unreachable, "connection refused");
    for (all, repair) in [
        (&[Stopped][..], Repair::Start),
        (&[Failed, Stopped], Repair::Start),
        (&[], Repair::Start),
        (&[Running, Paused], Repair::Unpause),
    ] {
        let finding = found(ServiceKind::Http, phases(all), refused(), &[]);
        assert!(matches!(&finding, Finding::Repair(is, _) if *is == repair), "{all:?}: {finding:?}");
    }
    assert_eq!(
        found(ServiceKind::Http, phases(&[Running, Stopped]), http(200), &[]),
        Finding::Well,
        "one may be down on purpose"
    );
}

#[test]
fn what_runs_and_does_not_answer_is_restarted_but_not_for_what_another_suffers_from() {
    let hangs = || fault(FaultKind::Timeout, "no answer within 5s");
    let alone = found(ServiceKind::Http, phases(&[Phase::Running]), hangs(), &[]);
    assert!(matches!(alone, Finding::Repair(Repair::Restart, _)), "{alone:?}");
    let other = found(ServiceKind::Http, phases(&[Phase::Running]), http(503), &["other".into()]);
    assert!(matches!(&other, Finding::Waits(on, _) if *on == ["other".into()]), "{other:?}");
    assert!(other.words().contains("it answers 503, while other is ill, which it needs"), "{}", other.words());
}

#[test]
fn what_a_restart_would_not_mend_or_would_make_worse_is_for_a_person() {
    let running = || phases(&[Phase::Running]);
    let crowded = fault(FaultKind::Refused, "FATAL: sorry, too many clients already");
    for (kind, condition, report, says) in [
        (ServiceKind::Redis, running(), redis(100, "noeviction", true), "it is full"),
        (ServiceKind::Redis, running(), redis(10, "noeviction", false), "It must not be restarted before"),
        (ServiceKind::Postgres, running(), crowded, "no connection left"),
        (ServiceKind::Postgres, running(), standby(false), "does not follow its primary"),
        (ServiceKind::Http, phases(&[Phase::Restarting]), http(200), "over and over"),
        (ServiceKind::Http, phases(&[Phase::Absent]), fault(FaultKind::Unreachable, "refused"), "is not there"),
    ] {
        let finding = found(kind, condition, report, &[]);
        assert!(matches!(finding, Finding::Person(_)) && finding.words().contains(says), "{says}: {finding:?}");
    }
    assert_eq!(
        found(ServiceKind::Redis, running(), redis(100, "allkeys-lru", true), &[]),
        Finding::Well,
        "it makes room by itself"
    );
    assert_eq!(found(ServiceKind::Postgres, running(), standby(true), &[]), Finding::Well);
}

#[test]
fn what_is_missing_is_no_reason_to_restart_anything() {
    let running = || phases(&[Phase::Running]);
    let silent = Err(Failure::new(FailureKind::Denied, "no right on /var/run/docker.sock").mend("usermod -aG docker ann"));
    for (condition, report, says) in [
        (running(), fault(FaultKind::Denied, "password authentication failed"), "does not let midwatch in"),
        (running(), fault(FaultKind::Tls, "certificate has expired"), "TLS cannot be agreed on: certificate has expired"),
        (silent, http(200), "no right on /var/run/docker.sock — usermod -aG docker ann"),
    ] {
        let finding = found(ServiceKind::Postgres, condition, report, &[]);
        assert!(matches!(finding, Finding::Lacks(_)) && finding.words().contains(says), "{says}: {finding:?}");
    }
}

#[test]
fn without_a_control_a_person_is_told_what_to_configure() {
    let service = ServiceSpec { control: None, ..service(ServiceKind::Http) };
    let seen = Seen { service: &service, condition: None, report: http(500) };
    assert!(judge(&seen, &[]).words().contains("add a control to [services.it]"));
}
