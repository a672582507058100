//! How services are: unknown is never up.

use std::time::Duration;

use crate::app::model::Model;
use crate::app::need::{Data, Source};
use crate::app::screens::overview::{Health, health};
use crate::app::tests::fixtures::{answer, fail, model, wait};
use crate::domain::fault::FaultKind;
use crate::domain::service::{Facts, HttpFacts, Persistence, PostgresFacts, RedisFacts, Report, Role};

fn now(model: &Model) -> Health {
    health(&model.shared, &"orders".into()).0
}

fn probed(model: &mut Model, facts: Facts) -> Health {
    let report = Report { took: Duration::from_millis(2), facts };
    answer(model, Source::Probe("orders".into()), Data::Report(report));
    now(model)
}

pub fn postgres() -> PostgresFacts {
    PostgresFacts {
        version: "15.18".into(),
        role: Role::Primary { replicas: vec![] },
        connections: 12,
        max_connections: 100,
        bytes: None,
        oldest_transaction: None,
        archiving: None,
    }
}

fn redis() -> RedisFacts {
    RedisFacts {
        version: "7.0.15".into(),
        role: Role::Primary { replicas: vec![] },
        clients: 3,
        used_memory: 10,
        max_memory: Some(100),
        eviction: "noeviction".into(),
        keys: 4,
        persistence: Persistence { loading: false, aof: true, healthy: true, last_save: None, unsaved_changes: 0 },
    }
}

#[test]
fn rule_02_a_service_that_was_not_asked_yet_is_unknown() {
    assert_eq!(now(&model(&["production"])), Health::Unknown);
}

#[test]
fn rule_02_a_service_that_was_up_is_unknown_once_its_answer_is_old() {
    let mut model = model(&["production"]);
    assert_eq!(probed(&mut model, Facts::Postgres(postgres())), Health::Up);
    wait(&mut model, 11);
    assert_eq!(now(&model), Health::Up);
    wait(&mut model, 12);
    assert_eq!(now(&model), Health::Unknown);
    let (_, report, freshness) = health(&model.shared, &"orders".into());
    assert!(report.is_some() && !freshness.is_fresh());
}

#[test]
fn rule_02_a_service_that_does_not_answer_is_down_at_once() {
    let mut model = model(&["production"]);
    probed(&mut model, Facts::Postgres(postgres()));
    fail(&mut model, Source::Probe("orders".into()), FaultKind::Timeout);
    assert_eq!(now(&model), Health::Down);
    wait(&mut model, 3600);
    assert_ne!(now(&model), Health::Up);
}

#[test]
fn a_service_that_answers_may_still_not_be_well() {
    let mut model = model(&["production"]);
    let broken = Role::Replica { linked: Some(false), lag: None };
    let full = RedisFacts { used_memory: 100, ..redis() };
    let loading = Persistence { loading: true, ..redis().persistence };
    let cases = [
        (Facts::Postgres(PostgresFacts { connections: 100, ..postgres() }), Health::Impaired),
        (Facts::Postgres(PostgresFacts { archiving: Some(false), ..postgres() }), Health::Impaired),
        (Facts::Postgres(PostgresFacts { role: broken.clone(), ..postgres() }), Health::Impaired),
        (Facts::Redis(redis()), Health::Up),
        (Facts::Redis(RedisFacts { role: broken, ..redis() }), Health::Impaired),
        (Facts::Redis(RedisFacts { eviction: "allkeys-lru".into(), ..full.clone() }), Health::Up),
        (Facts::Redis(full), Health::Impaired),
        (Facts::Redis(RedisFacts { persistence: loading, ..redis() }), Health::Impaired),
        (Facts::Http(HttpFacts { status: 200, healthy: true }), Health::Up),
        (Facts::Http(HttpFacts { status: 503, healthy: false }), Health::Down),
    ];
    for (facts, expected) in cases {
        assert_eq!(probed(&mut model, facts.clone()), expected, "{facts:?}");
    }
}
