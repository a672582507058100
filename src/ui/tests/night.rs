//! A bad night: alerts and services in all states, a dashboard, on every screen.

use std::sync::Arc;
use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::message::{Input, Message};
use crate::app::model::{Model, needs};
use crate::app::need::{DashboardFile, Data, Source};
use crate::app::screens::jobs::known;
use crate::app::screens::overview::signal_source;
use crate::app::tests::fixtures::backups::{DAY, HOUR, backup, damaged, holds, orphan, policy, proved, repository};
use crate::app::tests::fixtures::changes::{changed, started, there};
use crate::app::tests::fixtures::chaos::{armed, drill_job, drills, faults, offers, on, over};
use crate::app::tests::fixtures::jobs::{ended, job, ledger, moving, wrote};
use crate::app::tests::fixtures::{START, alert, answer, fail, matrix, members, model, press, rules, series, target, wait};
use crate::app::update::update;
use crate::domain::alert::{Alert, AlertSet, AlertState, MatchOp, Matcher, Silence, Union};
use crate::domain::backup::Method;
use crate::domain::backup::catalogue::{Attestation, Entry};
use crate::domain::backup::policy::Policy;
use crate::domain::chaos::Injected;
use crate::domain::colour::Colour;
use crate::domain::fault::FaultKind;
use crate::domain::guard::Guard;
use crate::domain::job::{Outcome, State};
use crate::domain::service::{
    Facts, HttpFacts, Persistence, PostgresFacts, RedisFacts, Replica, Report, Role, Service, ServiceKind,
};
use crate::domain::signal::Signal;
use crate::domain::target::{Target, TargetHealth};
use crate::domain::unit::Unit;
use crate::grafana;
use crate::ui::theme::Look;
use crate::ui::{Drawn, view};

/// How to come to each screen from any other.
pub const SCREENS: [&str; 36] = [
    "esc esc esc 1",
    "esc esc esc 1 tab",
    "esc esc esc 1 tab",
    "esc esc esc 3 ]",
    "esc esc esc 3 enter",
    "esc esc esc 3 ]",
    "esc esc esc 3 j enter",
    "esc esc esc 3 ]",
    "esc esc esc 3 enter",
    "esc esc esc 3 ]",
    "esc esc esc 3",
    "esc esc esc 3 enter",
    "esc esc esc 2",
    "esc esc esc 2 enter",
    "esc esc esc 2 enter enter",
    "esc esc esc 2 ?",
    "esc esc esc 3 :",
    "esc esc esc 5",
    "esc esc esc 5 enter",
    "esc esc esc 5 enter tab tab",
    "esc esc esc 5 c",
    "esc esc esc 6",
    "esc esc esc 6 enter enter",
    "esc esc esc 6 j v",
    "esc esc esc 8",
    "esc esc esc 8 ]",
    "esc esc esc 8 ]",
    "esc esc esc 8 enter",
    "esc esc esc 1 tab tab tab tab enter",
    "esc esc esc 1 tab enter ] ]",
    "esc esc esc 1 tab enter ] ] ]",
    "esc esc esc 1 tab enter ] ] ] ]",
    "esc esc esc 1 tab enter [",
    "esc esc esc 1 tab G enter ] ]",
    "esc esc esc 1 tab enter L",
    "esc esc esc",
];

/// The console, two minutes into the night.
pub fn night() -> Model {
    let mut model = model(&["production"]);
    let env = &mut Arc::make_mut(&mut model.shared.setup).environments[0];
    (env.colour, env.guard, env.alertmanagers) = (Colour::of("red"), Guard::Strict, 2);
    env.services = services();
    env.signals = signals();
    probes(&mut model);
    measure(&mut model);
    alerts(&mut model);
    dashboards(&mut model);
    jobs(&mut model);
    backups(&mut model);
    chaos(&mut model);
    changes(&mut model);
    model
}

/// A storm: ten alerts that nobody has taken, two of which have waited too long.
pub fn storm() -> Model {
    let mut model = night();
    let names = ["HighErrorRate", "OrdersFailing", "PostgresDown", "ProxyErrorRate", "QueueStuck", "RedisDown", "DiskFull"];
    let critical = names.iter().enumerate().map(|(n, name)| labelled(name, "critical", &format!("host-{n}:9100")));
    let warning = ["HighLatency", "LowDisk"].iter().map(|name| labelled(name, "P2", "edge:443"));
    let mut alerts: Vec<Alert> = critical.chain(warning).collect();
    alerts.push(Alert { starts_at: START.before(Duration::from_secs(1500)), ..labelled("CheckoutDown", "P0", "shop") });
    alerts[2].starts_at = START.before(Duration::from_secs(1200));
    alerts.push(labelled("Watchdog", "none", "prometheus"));
    answer(&mut model, Source::Alerts, Data::Alerts(AlertSet { alerts, members: members(&[true, true]) }));
    model
}

/// A deployment, a restart, and the alerts that followed.
fn changes(model: &mut Model) {
    let firing = |name, severity, seconds| there(&[("alertname", name), ("severity", severity)], seconds, 15, 1.0);
    let alerts = vec![
        there(&[], -3480..=120, 15, 7.0),
        firing("DatabaseDown", "critical", 0..=120),
        firing("HighLatency", "warning", -60..=120),
        firing("QueueGrows", "warning", -1800..=-1155),
    ];
    let process = |instance, second| started("process_start_time_seconds", &[("job", "app"), ("instance", instance)], second);
    let starts = vec![process("app-1", -120), process("app-2", -110)];
    let version = |version, seconds| there(&[("job", "app"), ("version", version)], seconds, 60, 1.0);
    changed(model, alerts, starts, vec![version("1.8.2", -3480..=-120), version("1.9.0", -120..=120)]);
}

/// The whole screen at its size.
pub fn draw(model: &Model, look: &Look) -> Buffer {
    let (width, height) = model.shared.size;
    let mut buf = Buffer::empty(Rect::new(0, 0, width, height));
    view(model, look, &mut Drawn::default(), &mut buf);
    buf
}

/// The terminal becomes another size.
pub fn resize(model: &mut Model, width: u16, height: u16) {
    update(model, Message::Input(Input::Resize(width, height)));
    answer_graphs(model);
}

fn services() -> Vec<Service> {
    let service = |(name, kind): (&str, _)| Service {
        name: name.into(),
        kind,
        place: format!("{name}.internal"),
        backup: None,
        control: None,
        labels: std::collections::BTreeMap::new(),
    };
    let kinds = [
        ("orders", ServiceKind::Postgres),
        ("orders-replica", ServiceKind::Postgres),
        ("cache", ServiceKind::Redis),
        ("sessions", ServiceKind::Redis),
        ("shop", ServiceKind::Http),
        ("admin", ServiceKind::Http),
    ];
    let mut services: Vec<Service> = kinds.into_iter().map(service).collect();
    services[0].backup = Some(policy(&[Method::Logical, Method::Physical]));
    services[2].backup = Some(Policy { rto: None, ..policy(&[Method::Rdb]) });
    services[3].backup = Some(policy(&[Method::Rdb]));
    services
}

/// One job in every state, and what the first wrote down.
fn jobs(model: &mut Model) {
    let jobs = [
        moving(14, "backup orders", 45),
        job(13, "verify 20261121T031500Z-orders-logical-7f3a", State::Lost, 700),
        ended(12, "backup orders --method physical", Outcome::Done, 3 * HOUR),
        ended(11, "backup cache", Outcome::Failed, DAY),
        ended(10, "prune local", Outcome::Cancelled, 2 * DAY),
        ended(9, "verify --all", Outcome::Stuck, 3 * DAY),
    ];
    ledger(model, &jobs);
    wrote(model, 14, 40);
}

fn backups(model: &mut Model) {
    let env = &mut Arc::make_mut(&mut model.shared.setup).environments[0];
    env.repositories = vec![repository("local"), repository("offsite")];
    let mut entries = vec![backup("orders", 3 * HOUR), proved(backup("orders", 27 * HOUR), 26 * HOUR)];
    entries.extend((2..20).map(|day| match day {
        4 => damaged(backup("orders", day * DAY), HOUR),
        6 => Entry { attestation: Attestation::Unattested("old-bastion".into()), ..backup("orders", day * DAY) },
        9 => Entry { attestation: Attestation::Forged, ..backup("orders", day * DAY) },
        _ => proved(backup("orders", day * DAY), day * DAY - HOUR),
    }));
    entries.push(proved(backup("cache", 5 * HOUR), HOUR));
    holds(model, "local", entries, vec![orphan("orders", 25 * HOUR)]);
    fail(model, Source::Catalogue("offsite".into()), FaultKind::Unreachable);
}

/// Two drills that found nothing, one whose alert did not fire and after which nothing came back.
fn chaos(model: &mut Model) {
    Arc::make_mut(&mut model.shared.setup).environments[0].offers = offers();
    let past = vec![
        over(9, "postgres-paused", 60, Some(9), 3 * HOUR),
        over(8, "postgres-down", 15, None, DAY),
        over(7, "postgres-paused", 60, Some(14), 9 * DAY),
    ];
    drills(model, past);
}

/// The night with a drill on for 34 seconds, its end armed.
pub fn drilling() -> Model {
    let mut model = night();
    let mut jobs = known(&model.shared).to_vec();
    jobs.insert(0, drill_job(15, 40));
    ledger(&mut model, &jobs);
    let mut live = on(15, "postgres-paused", 34);
    let now = model.shared.now.wall;
    live.report.injected = Some(Injected { at: now.before(Duration::from_secs(34)) });
    live.submitted = now.before(Duration::from_secs(40));
    let past = [live, over(9, "postgres-paused", 60, Some(9), 3 * HOUR)];
    drills(&mut model, past.into());
    faults(&mut model, vec![armed(15, 120 + 36)]);
    model
}

fn signals() -> Vec<Signal> {
    let signal = |(name, unit, warning, critical): (&str, Option<&str>, _, _)| Signal {
        name: name.into(),
        query: name.into(),
        unit: unit.map(|u| Unit(u.into())),
        warning,
        critical,
    };
    [
        ("requests", Some("reqps"), None, None),
        ("errors", Some("percentunit"), Some(0.01), Some(0.05)),
        ("p95 latency", Some("s"), Some(0.5), Some(2.0)),
        ("saturation", None, Some(80.0), Some(95.0)),
    ]
    .map(signal)
    .into()
}

fn probes(model: &mut Model) {
    let report = |facts| Data::Report(Report { took: Duration::from_millis(2), facts });
    let postgres = PostgresFacts {
        version: "15.18".into(),
        role: Role::Primary { replicas: vec![Replica { name: "b".into(), state: "streaming".into(), lag_bytes: Some(1 << 20) }] },
        connections: 41,
        max_connections: 100,
        bytes: Some(7 << 30),
        oldest_transaction: None,
        archiving: None,
    };
    let unlinked = PostgresFacts { role: Role::Replica { linked: Some(false), lag: None }, ..postgres.clone() };
    let redis = RedisFacts {
        version: "7.0.15".into(),
        role: Role::Primary { replicas: vec![] },
        clients: 12,
        used_memory: 80 << 20,
        max_memory: Some(100 << 20),
        eviction: "noeviction".into(),
        keys: 90_210,
        persistence: Persistence { loading: false, aof: true, healthy: true, last_save: None, unsaved_changes: 0 },
    };
    answer(model, Source::Probe("cache".into()), report(Facts::Redis(redis.clone())));
    wait(model, 120);
    answer(model, Source::Probe("orders".into()), report(Facts::Postgres(postgres)));
    answer(model, Source::Probe("orders-replica".into()), report(Facts::Postgres(unlinked)));
    fail(model, Source::Probe("cache".into()), FaultKind::Timeout);
    answer(model, Source::Probe("sessions".into()), report(Facts::Redis(redis)));
    answer(model, Source::Probe("shop".into()), report(Facts::Http(HttpFacts { status: 503, healthy: false })));
}

fn measure(model: &mut Model) {
    let sources: Vec<Source> = signals().iter().map(signal_source).collect();
    for source in &sources[..2] {
        answer(model, source.clone(), matrix(vec![series("app", 120)]));
    }
    fail(model, sources[2].clone(), FaultKind::Refused);
}

fn labelled(name: &str, severity: &str, instance: &str) -> Alert {
    let labels = [("alertname", name), ("severity", severity), ("instance", instance)].into_iter().collect();
    let summary = format!("{name} on {instance}");
    let annotations = [("summary", summary.as_str()), ("runbook_url", "https://runbooks.example/a")].into_iter().collect();
    Alert { labels, annotations, starts_at: START, receivers: vec!["pager".into()], members: vec![0, 1], ..alert(name) }
}

fn alerts(model: &mut Model) {
    let suppressed = |alert| Alert { state: AlertState::Suppressed, ..alert };
    let alerts = vec![
        labelled("DatabaseDown", "critical", "db-1:9187"),
        Alert { members: vec![0], ..labelled("DiskFull", "critical", "db-2:9100") },
        labelled("HighLatency", "warning", "app-1:8080"),
        labelled("CertificateExpires", "info", "edge:443"),
        labelled("Strange", "purple", "somewhere"),
        suppressed(Alert { silenced_by: vec!["s1".into()], ..labelled("BackupOld", "warning", "db-1:9187") }),
        suppressed(Alert { inhibited_by: vec!["DatabaseDown".into()], ..labelled("QueueGrows", "warning", "app-1:8080") }),
        labelled("Watchdog", "none", "prometheus"),
    ];
    let heard = |alerts, answering: &[bool]| Data::Alerts(AlertSet { alerts, members: members(answering) });
    let before = [alerts.clone(), vec![labelled("Vanished", "critical", "app-2:8080")]].concat();
    answer(model, Source::Alerts, heard(before, &[true, true]));
    rules(model, &[("DatabaseDown", true), ("Counting", false)]);
    fail(model, Source::Rules, FaultKind::Failing);
    answer(model, Source::Alerts, heard(alerts, &[true, false]));
    rules(model, &[("DatabaseDown", true), ("Counting", false), ("BackupOld", false), ("RedisDown", false), ("Slow", false)]);
    not_all_well(model);
    answer(model, Source::Silences, Data::Silences(Union { known: vec![silence()], members: members(&[true]) }));
}

/// Of the rules one fails and one is slow.
fn not_all_well(model: &mut Model) {
    let Some(Data::Rules(groups)) = model.shared.store.data(&Source::Rules) else { panic!("no rules") };
    let mut groups = groups.clone();
    for rule in groups.iter_mut().flat_map(|group| &mut group.rules) {
        if let Some(alerting) = rule.alerting.as_mut().filter(|_| !["DatabaseDown", "Counting"].contains(&&*rule.name)) {
            alerting.alerts.clear();
            alerting.annotations = [("summary", "{{ $labels.instance }} is not well")].into_iter().collect();
        }
        rule.evaluated_at = Some(model.shared.now.wall);
        match &*rule.name {
            "BackupOld" => {
                rule.health = "err".into();
                rule.last_error = "found duplicate series for the match group {instance=\"db-1\"} on the right side".into();
            }
            "Slow" => rule.took = Duration::from_millis(9200),
            _ => {}
        }
    }
    answer(model, Source::Rules, Data::Rules(groups));
}

pub fn silence() -> Silence {
    Silence {
        id: "s1".into(),
        state: "active".into(),
        matchers: vec![
            Matcher { name: "alertname".into(), op: MatchOp::Equal, value: "BackupOld".into() },
            Matcher { name: "instance".into(), op: MatchOp::Regex, value: "db-.*".into() },
        ],
        starts_at: START,
        ends_at: START.after(Duration::from_secs(3600)),
        updated_at: START,
        created_by: "ada".into(),
        comment: "known, see the ticket".into(),
        members: vec![0],
        dissent: vec![],
    }
}

const BOARD: &str = r#"{"title":"Shop","tags":["demo"],"schemaVersion":39,"panels":[
  {"id":1,"type":"timeseries","title":"Requests","gridPos":{"x":0,"y":0,"w":12,"h":8},"targets":[{"refId":"A","expr":"app_requests"}]},
  {"id":2,"type":"stat","title":"Users","gridPos":{"x":12,"y":0,"w":6,"h":4},"targets":[{"refId":"A","expr":"app_users"}]},
  {"id":3,"type":"gauge","title":"Memory","gridPos":{"x":18,"y":0,"w":6,"h":4},"targets":[{"refId":"A","expr":"db_memory"}]},
  {"id":4,"type":"nodeGraph","title":"Durations","gridPos":{"x":12,"y":4,"w":12,"h":4},"targets":[{"refId":"A","expr":"app_buckets"}]},
  {"id":5,"type":"row","title":"Details","gridPos":{"x":0,"y":8,"w":24,"h":1},"collapsed":false,"panels":[]},
  {"id":6,"type":"table","title":"Instances","gridPos":{"x":0,"y":9,"w":24,"h":6},"targets":[{"refId":"A","expr":"app_up","format":"table","instant":true}]}]}"#;

fn dashboards(model: &mut Model) {
    let board = DashboardFile { path: "shop.json".into(), dashboard: Ok(Arc::new(grafana::read(BOARD).unwrap())) };
    let broken = DashboardFile { path: "broken.json".into(), dashboard: Err("line 3: a comma is missing".into()) };
    answer(model, Source::Dashboards, Data::Dashboards(vec![board, broken]));
    let down = target("db", TargetHealth::Down, "dial tcp: connection refused");
    let slow = Target { took: Duration::from_millis(3100), ..target("edge", TargetHealth::Up, "") };
    let late = Target { last_scrape: Some(START), ..target("stuck", TargetHealth::Up, "") };
    let mut targets = vec![target("app", TargetHealth::Up, ""), down, slow];
    for target in &mut *targets {
        target.last_scrape = Some(model.shared.now.wall);
    }
    targets.push(late);
    answer(model, Source::Targets, Data::Targets(targets));
    press(model, "2 enter");
    answer_graphs(model);
    press(model, "esc 1");
}

/// Answers what panels and graphs ask at this size, as far as they were not answered before.
pub fn answer_graphs(model: &mut Model) {
    let sources = needs(model).into_iter().map(|need| need.source);
    let graphs = sources.filter(|source| matches!(source, Source::Range(_) | Source::Instant(_)));
    let unknown: Vec<Source> = graphs.filter(|source| model.shared.store.get(source).is_none()).collect();
    for source in unknown {
        let is_of_db = matches!(&source, Source::Range(query) if query.expr.starts_with("db"));
        let told = if is_of_db { series("db", 60) } else { series("app", 120) };
        answer(model, source, matrix(vec![told]));
    }
}
