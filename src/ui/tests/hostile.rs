//! Rule 4: text from outside is drawn in its clean form, wherever it comes from.

mod hands;

use std::sync::Arc;
use std::time::Duration;

use crate::app::command::Call;
use crate::app::effect::Wish;
use crate::app::message::{Fed, Message, Planned};
use crate::app::model::Model;
use crate::app::need::{DashboardFile, Data, Need, Source};
use crate::app::screens::jobs;
use crate::app::tests::fixtures::backups::{DAY, HOUR, backup, damaged, holds, orphan, policy, proved, repository};
use crate::app::tests::fixtures::changes::{changed, started, there};
use crate::app::tests::fixtures::chaos::missed;
use crate::app::tests::fixtures::jobs::{ended, job, ledger, moving, plan};
use crate::app::tests::fixtures::{alert, answer, members, model, press, series, target};
use crate::app::update::update;
use crate::domain::alert::{Alert, AlertSet, AlertState, MatchOp, Matcher, MemberStatus, Silence, Union};
use crate::domain::backup::Method;
use crate::domain::backup::catalogue::{Attestation, Entry};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::guard::Guard;
use crate::domain::job::{Event, Job, JobId, Log, Outcome, State};
use crate::domain::labels::Labels;
use crate::domain::plan::Identity;
use crate::domain::rule::{Alerting, Rule, RuleAlert, RuleGroup};
use crate::domain::series::{Answer, Series};
use crate::domain::service::{Facts, PostgresFacts, Replica, Report, Role, Service, ServiceKind};
use crate::domain::signal::Signal;
use crate::domain::target::TargetHealth;
use crate::domain::unit::Unit;
use crate::grafana;
use crate::ui::tests::hostile::hands::{cache, in_hand};
use crate::ui::tests::night::{SCREENS, draw, resize};
use crate::ui::tests::picture::text;
use crate::ui::theme::{Charset, Look};

/// What somebody who can name a label would like the terminal to read.
const TEXTS: [&str; 4] = [
    "\u{1b}]52;c;ZXZpbA==\u{7}\u{1b}[2J\u{1b}[31mred\u{9b}0m",
    "safe\u{202e}live\u{2066}\u{feff}\u{200b}",
    "one\r\ntwo\tthree\u{0}\u{7f}\u{85}\u{2028}",
    "e\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}日本語👩‍👩‍👧‍👦",
];

const BOTH: [Method; 2] = [Method::Logical, Method::Physical];

/// A console that hears one text everywhere.
fn console(evil: &str) -> Model {
    let mut model = model(&[evil]);
    let env = &mut Arc::make_mut(&mut model.shared.setup).environments[0];
    env.services = ["reached", "lost", "other"]
        .map(|n| Service {
            name: (*format!("{n}{evil}")).into(),
            kind: if n == "other" { ServiceKind::Redis } else { ServiceKind::Postgres },
            place: evil.into(),
            backup: Some(policy(&BOTH)),
            control: Some(evil.into()),
            labels: std::collections::BTreeMap::new(),
        })
        .into();
    env.repositories = vec![repository("local"), repository(evil)];
    env.signals =
        vec![Signal { name: evil.into(), query: "up".into(), unit: Some(Unit(evil.into())), warning: None, critical: None }];
    services(&mut model, evil);
    alerts(&mut model, evil);
    dashboards(&mut model, evil);
    recorded(&mut model, evil);
    stored(&mut model, evil);
    let named = [("alertname", evil), ("job", evil), ("instance", evil), ("version", evil)];
    let before = there(&[("job", evil), ("version", "1")], -3480..=-120, 60, 1.0);
    let since = || there(&named, -120..=0, 60, 1.0);
    changed(&mut model, vec![before.clone(), since()], vec![started(evil, &named, -60)], vec![before, since()]);
    model
}

fn fault(model: &mut Model, source: Source, evil: &str) {
    let need = Need { env: model.shared.epoch, source, every: model.shared.environment().refresh };
    let reply = Err(Fault::new(FaultKind::Garbled, evil));
    update(model, Message::Fed(Fed { need, reply, at: model.shared.now, skew: None }));
}

fn services(model: &mut Model, evil: &str) {
    let names: Vec<_> = model.shared.environment().services.iter().map(|s| s.name.clone()).collect();
    let facts = PostgresFacts {
        version: evil.into(),
        role: Role::Primary { replicas: vec![Replica { name: evil.into(), state: evil.into(), lag_bytes: None }] },
        connections: 1,
        max_connections: 2,
        bytes: None,
        oldest_transaction: None,
        archiving: None,
    };
    let report = Report { took: Duration::ZERO, facts: Facts::Postgres(facts) };
    answer(model, Source::Probe(names[0].clone()), Data::Report(report));
    fault(model, Source::Probe(names[1].clone()), evil);
    in_hand(model, names[0].as_str(), evil);
    fault(model, Source::Triage(names[1].clone()), evil);
    fault(model, Source::Condition(names[1].clone()), evil);
    cache(model, names[2].as_str(), evil);
}

fn alerts(model: &mut Model, evil: &str) {
    let labels: Labels = [("alertname", "a"), ("instance", evil), (evil, evil)].into_iter().collect();
    let annotations: Labels = [("summary", evil), ("description", evil), (evil, evil)].into_iter().collect();
    let hidden = Alert {
        labels: labels.clone(),
        annotations: annotations.clone(),
        state: AlertState::Suppressed,
        silenced_by: vec!["s".into()],
        inhibited_by: vec![evil.into()],
        receivers: vec![evil.into()],
        generator_url: evil.into(),
        ..alert(evil)
    };
    let named: Labels = [("alertname", evil), ("severity", evil)].into_iter().collect();
    let mut members = members(&[true, false]);
    for member in &mut members {
        member.url = evil.into();
        member.state = match &member.state {
            Ok(status) => Ok(MemberStatus { version: evil.into(), ..status.clone() }),
            Err(_) => Err(Fault::new(FaultKind::Unreachable, evil)),
        };
    }
    answer(model, Source::Alerts, Data::Alerts(AlertSet { alerts: vec![hidden], members: members.clone() }));
    let silence = Silence {
        id: "s".into(),
        state: evil.into(),
        matchers: vec![Matcher { name: evil.into(), op: MatchOp::Regex, value: evil.into() }],
        starts_at: model.shared.now.wall,
        ends_at: model.shared.now.wall,
        updated_at: model.shared.now.wall,
        created_by: evil.into(),
        comment: evil.into(),
        members: vec![0],
        dissent: vec![],
    };
    answer(model, Source::Silences, Data::Silences(Union { known: vec![silence], members: members.clone() }));
    let pending = RuleAlert { labels: named, annotations, firing: false, active_at: model.shared.now.wall, value: evil.into() };
    let rule = |name: &str, alerts| Rule {
        name: name.into(),
        expr: format!("up{{job=\"{evil}\"}} > 1 # {evil}").into(),
        health: "err".into(),
        last_error: evil.into(),
        evaluated_at: None,
        took: Duration::ZERO,
        alerting: Some(Alerting {
            hold: Duration::ZERO,
            labels: [(evil, evil)].into_iter().collect(),
            annotations: [(evil, evil)].into_iter().collect(),
            alerts,
        }),
    };
    let rules = vec![rule("a", vec![]), rule(evil, vec![pending])];
    let group = RuleGroup { name: evil.into(), file: evil.into(), interval: Duration::ZERO, rules };
    answer(model, Source::Rules, Data::Rules(vec![group]));
}

fn dashboards(model: &mut Model, evil: &str) {
    let quoted = serde_json::to_string(evil).unwrap();
    let panel = |n: usize, kind: &str| {
        format!(
            r#"{{"id":{n},"type":"{kind}","title":{quoted},"description":{quoted},"gridPos":{{"x":{},"y":{},"w":12,"h":5}},
               "fieldConfig":{{"defaults":{{"unit":{quoted},"displayName":{quoted}}}}},
               "targets":[{{"refId":"A","expr":"app_{n}","legendFormat":{quoted},"format":"table"}}]}}"#,
            n % 2 * 12,
            n / 2 * 5
        )
    };
    let kinds = ["timeseries", "stat", "gauge", "bargauge", "table", "row", "timeseries"];
    let panels: Vec<String> = kinds.iter().enumerate().map(|(n, kind)| panel(n, kind)).collect();
    let variable = format!(r#"{{"type":"custom","name":"v","label":{quoted},"query":{quoted}}}"#);
    let json = format!(
        r#"{{"title":{quoted},"tags":[{quoted}],"schemaVersion":39,"templating":{{"list":[{variable}]}},"panels":[{}]}}"#,
        panels.join(",")
    );
    let good = DashboardFile { path: evil.into(), dashboard: Ok(Arc::new(grafana::read(&json).unwrap())) };
    let bad = DashboardFile { path: format!("{evil}2"), dashboard: Err(evil.into()) };
    answer(model, Source::Dashboards, Data::Dashboards(vec![good, bad]));
    let down = target("db", TargetHealth::Down, evil);
    answer(model, Source::Targets, Data::Targets(vec![down]));
}

/// Jobs whose every word comes from outside.
fn recorded(model: &mut Model, evil: &str) {
    let failure = Failure::new(FailureKind::Damaged, evil).mend(evil);
    let evil_plan = || {
        let mut plan = plan("backup lost", Guard::Confirm);
        plan.call.push(evil.into());
        plan.target = Identity { name: evil.into(), keys: vec![evil.into()], words: evil.into() };
        plan.notes = vec![evil.into()];
        plan.steps.iter_mut().for_each(|step| step.title = evil.into());
        Arc::new(plan)
    };
    let changed = |job: Job| {
        let history = job.history.iter().map(|(at, event)| match event {
            Event::Failed { step, .. } => (*at, Event::Failed { step: *step, failure: failure.clone() }),
            Event::Done { step, .. } => (*at, Event::Done { step: *step, output: serde_json::json!({ "words": evil }) }),
            Event::Unknown { step, .. } => (*at, Event::Unknown { step: *step, words: evil.into() }),
            Event::Asked { control, .. } => (*at, Event::Asked { control: *control, operator: evil.into() }),
            other => (*at, other.clone()),
        });
        Job { plan: evil_plan(), operator: evil.into(), host: evil.into(), history: history.collect(), ..job }
    };
    let jobs = [
        moving(5, "backup a", 60),
        ended(4, "backup a", Outcome::Failed, 60),
        ended(3, "backup a", Outcome::Stuck, 60),
        ended(2, "backup a", Outcome::Done, 60),
        job(1, "backup a", State::Lost, 60),
    ];
    ledger(model, &jobs.map(changed));
    let log = Log { skipped: 0, lines: vec![evil.into(), format!("pg_dump: {evil}")] };
    (1..=5).for_each(|id| answer(model, Source::JobLog(JobId(id)), Data::Log(log.clone())));
}

fn stored(model: &mut Model, evil: &str) {
    let changed = |entry: Entry| {
        let mut entry = entry;
        let manifest = &mut entry.manifest;
        manifest.id.0 = format!("{}{evil}", manifest.id.0);
        manifest.source.service = (*format!("reached{evil}")).into();
        manifest.source.environment = evil.into();
        (manifest.source.system, manifest.source.address, manifest.source.version) = (evil.into(), evil.into(), evil.into());
        (manifest.made.operator, manifest.made.host) = (evil.into(), evil.into());
        manifest.made.tools.insert(evil.into(), evil.into());
        manifest.files.iter_mut().for_each(|file| (file.name, file.role, file.sha256) = (evil.into(), evil.into(), evil.into()));
        for proof in &mut entry.proofs {
            (proof.server, proof.made.operator) = (evil.into(), evil.into());
            proof.checks.iter_mut().for_each(|check| (check.name, check.detail) = (evil.into(), evil.into()));
        }
        entry
    };
    let unattested = Entry { attestation: Attestation::Unattested(evil.into()), ..backup("reached", HOUR) };
    let entries = [unattested, damaged(backup("reached", DAY), HOUR), proved(backup("reached", 2 * DAY), HOUR)].map(changed);
    let mut left = orphan("lost", HOUR);
    (left.id.0, left.why) = (format!("1-lost{evil}-logical-7f3a"), Some(evil.into()));
    holds(model, "local", entries.into(), vec![left]);
    fault(model, Source::Catalogue(evil.into()), evil);
}

/// Answers what the open dashboard's panels ask: one by a fault, one in part, one by a dark target, the rest well.
fn ask_panels(model: &mut Model, evil: &str) {
    let Some(board) = &model.screens.dashboards.board else { return };
    let sources: Vec<Source> = board.prepared.shown.iter().flat_map(|s| s.sources.iter().flatten().cloned()).collect();
    let labels: Labels = [("job", evil), (evil, evil)].into_iter().collect();
    for (n, source) in sources.into_iter().enumerate() {
        let warnings = if n == 1 { vec![evil.to_owned()] } else { vec![] };
        let series = if n == 2 { series("db", 0) } else { Series { labels: labels.clone(), ..series("app", 0) } };
        match n {
            5 => fault(model, source, evil),
            _ => answer(model, source, Data::Answer(Answer { series: vec![series], warnings, ..Answer::default() })),
        }
    }
}

/// What comes from outside without being asked as data. A plan was asked for before.
fn arrivals(model: &Model, evil: &str) -> Vec<Message> {
    let failure = || Failure::new(FailureKind::Locked, evil).mend(evil);
    let wish = Wish { env: model.shared.epoch, call: vec!["verify".into(), evil.into()] };
    let plan = jobs::known(&model.shared)[0].plan.clone();
    vec![
        Message::Planned(wish, Ok(Planned { plan, unlocked: None })),
        Message::Unlocked(evil.into(), Err(failure())),
        Message::Told(Err(evil.to_owned())),
        Message::Submitted(Err(failure())),
        Message::Away(jobs::known(&model.shared).iter().cloned().map(missed).collect()),
    ]
}

/// What leads where the common screens do not.
const KEYS: &[&str] = &[
    "esc esc esc 2 enter v",
    "esc esc esc 3 o",
    "esc esc esc 3 y",
    "esc esc esc e",
    "esc esc esc 3 end enter",
    "esc esc esc 5 j enter tab",
    "esc esc esc 5 j enter tab tab",
    "esc esc esc 5 j j enter tab",
    "esc esc esc 5 c",
    "esc esc esc 6 enter enter",
    "esc esc esc 6 enter j enter",
    "esc esc esc 6 j",
    "esc esc esc : s e r v i c e s enter / o t h e r enter enter",
    "]",
    "]",
    "]",
    "]",
    "]",
    "esc esc esc",
    "/ r e a c h e d enter enter",
    "]",
    "k",
    "]",
    "]",
    "]",
    "]",
    "esc esc esc / l o s t enter enter ] ]",
    "esc esc esc",
];

/// Every screen and what can lie over it.
fn pictures(evil: &str, look: &Look) -> Vec<String> {
    let mut model = console(evil);
    resize(&mut model, 120, 40);
    let mut drawn = Vec::new();
    for keys in SCREENS.iter().chain(KEYS) {
        press(&mut model, keys);
        ask_panels(&mut model, evil);
        drawn.push(text(&draw(&model, look)));
    }
    for command in [
        "alert",
        "rule",
        "tab",
        "dashboard",
        "environment",
        "filter",
        "break",
        "group",
        "range",
        "job",
        "stored",
        "cancel",
        "backup",
        "verify",
        "service",
        "logs",
        "cancel-query",
        "restart",
        "scale",
    ] {
        update(&mut model, Message::Call(Call::with(command, evil)));
        drawn.push(text(&draw(&model, look)));
    }
    for message in arrivals(&model, evil) {
        update(&mut model, message);
        drawn.push(text(&draw(&model, look)));
    }
    drawn
}

/// What would do something to a terminal, or to the eyes of who reads it.
fn is_harmful(c: char) -> bool {
    c.is_control() && c != '\n'
        || matches!(c, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[test]
fn rule_04_no_text_from_outside_reaches_the_terminal_as_it_is() {
    for evil in TEXTS {
        for (n, picture) in pictures(evil, &Look::default()).iter().enumerate() {
            assert!(!picture.contains(is_harmful), "{evil:?} on picture {n}:\n{}", picture.escape_debug());
        }
    }
}

/// A buffer drops what is not printed; what was cleaned shows it instead. So a text that lost its escapes was drawn uncleaned.
#[test]
fn rule_04_every_text_from_outside_shows_what_was_in_it() {
    let [evil, ..] = TEXTS;
    let pictures = pictures(evil, &Look::default());
    let mut seen = 0;
    for (n, picture) in pictures.iter().enumerate() {
        let count = |text: &str| picture.matches(text).count();
        let (drawn, cleaned) = (count("]52;c;"), count("\\x1b]52;c;") + count("\\u{1b}]52;c;"));
        assert_eq!(drawn, cleaned, "picture {n}:\n{picture}");
        seen += cleaned;
    }
    assert!(seen > pictures.len() * 3, "{seen} in {} pictures", pictures.len());
}

#[test]
fn rule_04_where_only_ascii_is_drawn_nothing_else_is_drawn() {
    let look = Look { charset: Charset::Ascii, ..Look::default() };
    for evil in TEXTS {
        for (n, picture) in pictures(evil, &look).iter().enumerate() {
            assert!(picture.is_ascii() && !picture.contains(is_harmful), "{evil:?} on picture {n}:\n{picture}");
        }
    }
}

#[test]
fn rule_04_a_text_of_ten_kilobytes_is_cut_to_its_place() {
    let long = "x".repeat(10_000);
    for picture in pictures(&long, &Look::default()) {
        assert!(picture.lines().all(|line| line.chars().count() <= 120));
    }
}
