//! Alerts and certificates, told of the services that they are about and of no others.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::domain::rule::Alerting;
use crate::domain::series::{Answer, Sample};
use crate::domain::target::Target;
use crate::jobs::recovery::diagnosis::tests::service;

const NOW: Stamp = Stamp(1_000_000_000);

fn alert(instance: &str, firing: bool) -> RuleAlert {
    let labels = [("alertname", "Down"), ("severity", "critical"), ("instance", instance)].into_iter().collect();
    let annotations = [("summary", "it does not answer")].into_iter().collect();
    RuleAlert { labels, annotations, firing, active_at: NOW.before(Duration::from_secs(90)), value: "0".to_owned() }
}

fn groups(alerts: Vec<RuleAlert>) -> Vec<RuleGroup> {
    let (labels, annotations) = (Labels::default(), Labels::default());
    let rule = Rule {
        name: "Down".into(),
        expr: "up < 1".into(),
        health: "ok".to_owned(),
        last_error: String::new(),
        evaluated_at: None,
        took: Duration::ZERO,
        alerting: Some(Alerting { hold: Duration::ZERO, labels, annotations, alerts }),
    };
    vec![RuleGroup { name: "g".into(), file: "f".into(), interval: Duration::ZERO, rules: vec![rule] }]
}

fn two() -> [ServiceSpec; 2] {
    ["db", "cache"].map(|name| ServiceSpec { name: name.into(), ..service(crate::domain::service::ServiceKind::Postgres) })
}

#[test]
fn what_rings_is_told_of_those_it_is_about_the_firing_first() {
    let (all, db) = (two(), Name::from("db"));
    let found = ringing(&groups(vec![alert("db", false), alert("db:9187", true), alert("cache", true)]), &all, &[&db], NOW);
    let words: Vec<&str> = found.iter().map(|one| one.words.as_str()).collect();
    assert_eq!(
        words,
        [
            "db: Down (critical) fires, for 1m 30s: it does not answer",
            "db: Down (critical) is about to fire, for 1m 30s: it does not answer"
        ]
    );
    assert_eq!(found[0].expr, "up", "what is drawn is what is compared");
}

struct Blackbox;

impl Metrics for Blackbox {
    fn query<'a>(&'a self, expr: &'a str) -> Told<'a, Answer> {
        assert_eq!(expr, CERTIFICATES);
        let series = |instance: &str, seconds: f64| Series {
            labels: [("instance", instance)].into_iter().collect(),
            samples: vec![Sample { at: NOW, value: NOW.seconds() + seconds }],
        };
        let series = vec![series("db", 86_400.0), series("cache", -3600.0), series("db", 90.0 * 86_400.0), series("other", 1.0)];
        Box::pin(async { Ok(Answer { series, ..Answer::default() }) })
    }

    fn rules(&self) -> Told<'_, Vec<RuleGroup>> {
        Box::pin(async { Ok(vec![]) })
    }

    fn targets(&self) -> Told<'_, Vec<Target>> {
        Box::pin(async { Ok(vec![]) })
    }
}

#[tokio::test]
async fn a_certificate_is_spoken_of_before_it_ends() {
    let all = two();
    let of: Vec<&Name> = all.iter().map(|service| &service.name).collect();
    let told = certificates(&Blackbox, &all, &of, NOW).await;
    assert_eq!(told, ["db: its certificate ends in 1d", "cache: its certificate has ended 1h ago"]);
}
