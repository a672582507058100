//! Plain values for tests of the core.

use std::time::Duration;

use crate::app::keymap::Keymap;
use crate::app::model::Model;
use crate::app::setup::{Environment, Setup};
use crate::domain::alert::{Alert, AlertState, Member, MemberStatus};
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::guard::Guard;
use crate::domain::labels::Labels;
use crate::domain::time::{Moment, Stamp};

/// A firing alert whose name is its fingerprint, known to the first member alone.
pub fn alert(name: &str) -> Alert {
    Alert {
        fingerprint: name.into(),
        labels: [("alertname", name), ("severity", "critical")].into_iter().collect(),
        annotations: Labels::default(),
        state: AlertState::Active,
        silenced_by: vec![],
        inhibited_by: vec![],
        receivers: vec![],
        starts_at: Stamp(0),
        updated_at: Stamp(0),
        generator_url: String::new(),
        members: vec![0],
        dissent: vec![],
    }
}

/// Members that answer or don't.
pub fn members(answering: &[bool]) -> Vec<Member> {
    let state =
        |answers: &bool| if *answers { Ok(MemberStatus::default()) } else { Err(Fault::new(FaultKind::Unreachable, "refused")) };
    answering.iter().map(|answers| Member { url: "http://am".into(), state: state(answers) }).collect()
}

/// An environment with a Prometheus and an Alertmanager, polled every five seconds.
pub fn environment(name: &str) -> Environment {
    Environment {
        name: name.into(),
        colour: None,
        guard: Guard::Open,
        refresh: Duration::from_secs(5),
        prometheus: Some("http://prometheus".into()),
        alertmanagers: 1,
        services: vec![],
        signals: vec![],
    }
}

/// A console of 80 by 24 on these environments.
pub fn model(environments: &[&str]) -> Model {
    let environments = environments.iter().map(|name| environment(name)).collect();
    let setup = Setup { environments, keymap: Keymap::load(&[]).unwrap(), breakages: vec![] };
    Model::new(setup, 0, (80, 24), Moment::default())
}
