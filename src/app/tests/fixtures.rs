//! Plain values for tests of the core, and what happens to a console in a line each.

pub mod backups;
pub mod changes;
pub mod chaos;
pub mod jobs;
pub mod services;

use std::sync::Arc;
use std::time::Duration;

use crate::app::effect::Effect;
use crate::app::key::Key;
use crate::app::keymap::{DEFAULT, Keymap};
use crate::app::message::{Fed, Input, Message};
use crate::app::model::Model;
use crate::app::need::{DashboardFile, Data, Need, Source};
use crate::app::setup::{Environment, Setup};
use crate::app::update::update;
use crate::domain::alert::{Alert, AlertSet, AlertState, Member, MemberStatus};
use crate::domain::bell::Bell;
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::guard::Guard;
use crate::domain::labels::Labels;
use crate::domain::response::Response;
use crate::domain::rule::{Alerting, Rule, RuleAlert, RuleGroup};
use crate::domain::series::{Answer, Sample, Series};
use crate::domain::target::{Target, TargetHealth};
use crate::domain::time::{Moment, Stamp};
use crate::grafana;

/// 2026-11-22 03:00 UTC: when every test begins.
pub const START: Stamp = Stamp(1_795_316_400_000);

/// So many seconds after the test began.
pub fn at(seconds: u64) -> Moment {
    let since = Duration::from_secs(seconds);
    Moment { wall: START.after(since), mono: since }
}

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
    let status = || MemberStatus { version: "0.25.0".into(), ..MemberStatus::default() };
    let state = |answers: &bool| if *answers { Ok(status()) } else { Err(Fault::new(FaultKind::Unreachable, "refused")) };
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
        repositories: vec![],
        offers: vec![],
        gamedays: vec![],
    }
}

/// A console of 80 by 24 on these environments.
pub fn model(environments: &[&str]) -> Model {
    let environments = environments.iter().map(|name| environment(name)).collect();
    let setup = Setup {
        environments,
        keymap: Keymap::load(DEFAULT, &[]).unwrap(),
        bell: Bell::default(),
        demo: false,
        response: Response::default(),
        shared_ledger: true,
    };
    Model::new(setup, 0, (80, 24), at(0))
}

/// Presses keys, one after the other: `g g`.
pub fn press(model: &mut Model, keys: &str) -> Vec<Effect> {
    let press = |key: &str| update(model, Message::Input(Input::Key(Key::parse(key).unwrap())));
    keys.split(' ').flat_map(press).collect()
}

/// Types a text.
pub fn write(model: &mut Model, text: &str) {
    for c in text.chars() {
        let key = if c == ' ' { "space".to_owned() } else { c.to_string() };
        press(model, &key);
    }
}

/// A source answers, now.
pub fn answer(model: &mut Model, source: Source, data: Data) {
    hear(model, source, Ok(Arc::new(data)));
}

/// A source fails, now.
pub fn fail(model: &mut Model, source: Source, kind: FaultKind) {
    hear(model, source, Err(Fault::new(kind, "as the test wants it")));
}

fn hear(model: &mut Model, source: Source, reply: Result<Arc<Data>, Fault>) {
    let need = Need { env: model.shared.epoch, source, every: model.shared.environment().refresh };
    update(model, Message::Fed(Fed { need, reply, at: model.shared.now, skew: None }));
}

/// So many seconds after the test began.
pub fn wait(model: &mut Model, seconds: u64) {
    update(model, Message::Tick(at(seconds)));
}

/// Alertmanager reports these alerts.
pub fn report(model: &mut Model, alerts: Vec<Alert>) {
    answer(model, Source::Alerts, Data::Alerts(AlertSet { alerts, members: members(&[true]) }));
}

/// Prometheus has one alerting rule of each name, active as told.
pub fn rules(model: &mut Model, active: &[(&str, bool)]) {
    let rules = active.iter().map(|(name, firing)| rule(name, *firing)).collect();
    let group = RuleGroup { name: "all".into(), file: "all.yml".into(), interval: Duration::from_secs(15), rules };
    answer(model, Source::Rules, Data::Rules(vec![group]));
}

fn rule(name: &str, firing: bool) -> Rule {
    let labels: Labels = [("alertname", name), ("severity", "critical")].into_iter().collect();
    let alert = RuleAlert { labels, annotations: Labels::default(), firing, active_at: START, value: "1e+00".into() };
    Rule {
        name: name.into(),
        expr: "up == 0".into(),
        health: "ok".into(),
        last_error: String::new(),
        evaluated_at: Some(START),
        took: Duration::from_millis(1),
        alerting: Some(Alerting {
            hold: Duration::from_secs(60),
            labels: Labels::default(),
            annotations: Labels::default(),
            alerts: vec![alert],
        }),
    }
}

/// A target of a job, `job:9100`, scraped every five seconds.
pub fn target(job: &str, health: TargetHealth, last_error: &str) -> Target {
    Target {
        labels: [("job", job), ("instance", &format!("{job}:9100"))].into_iter().collect(),
        pool: job.into(),
        url: format!("http://{job}:9100/metrics"),
        health,
        last_error: last_error.into(),
        last_scrape: Some(START),
        took: Duration::from_millis(3),
        interval: Duration::from_secs(5),
    }
}

/// One series of a target of a job, its samples a second apart and the newest taken so many seconds after the test began.
pub fn series(job: &str, newest: u64) -> Series {
    let samples = (0..=60).map(|n| Sample { at: at(newest).wall.before(Duration::from_secs(60 - n)), value: n as f64 });
    Series { labels: target(job, TargetHealth::Up, "").labels, samples: samples.collect() }
}

/// An answer of these series.
pub fn matrix(series: Vec<Series>) -> Data {
    Data::Answer(Answer { series, step: Some(Duration::from_secs(1)), ..Answer::default() })
}

/// A dashboard of graphs one below the other, each as high as half a screen.
pub fn dashboard(title: &str, exprs: &[&str]) -> DashboardFile {
    let panel = |(n, expr): (usize, &&str)| {
        format!(
            r#"{{"id":{n},"type":"timeseries","title":"{expr}","gridPos":{{"x":0,"y":{},"w":12,"h":8}},
               "targets":[{{"refId":"A","expr":"{expr}"}}]}}"#,
            n * 8
        )
    };
    let panels: Vec<String> = exprs.iter().enumerate().map(panel).collect();
    let json = format!(r#"{{"title":"{title}","schemaVersion":39,"panels":[{}]}}"#, panels.join(","));
    DashboardFile { path: format!("{title}.json"), dashboard: Ok(Arc::new(grafana::read(&json).unwrap())) }
}
