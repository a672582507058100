//! `VictoriaMetrics`, which speaks Prometheus's language: what it leaves out is told as absent, never as nothing.

use std::time::Duration;

use midwatch::adapters::http::{Budget, Endpoint};
use midwatch::adapters::prometheus::{Prometheus, RangeQuery};
use midwatch::domain::fault::FaultKind;
use midwatch::domain::rule::RuleGroup;
use midwatch::domain::target::TargetHealth;

use crate::gates::Victoria;
use crate::monitoring::{now, recent};
use crate::servers::free_port;
use crate::until;

fn client(server: &Victoria) -> Prometheus {
    Prometheus::new(&Endpoint { timeout: Duration::from_secs(30), ..Endpoint::new(&server.url) }, Budget::default()).unwrap()
}

#[tokio::test]
async fn victoria_metrics_answers_queries_and_tells_what_it_knows() {
    let server = Victoria::start("/vm", None);
    let victoria = client(&server);
    let up = || async { victoria.query("up == 1", now(), &["up".into()]).await };
    let answer = until("a first scrape", up, |a| a.as_ref().is_ok_and(|a| !a.series.is_empty())).await.unwrap();
    // It holds the last half minute back, unless asked not to.
    let age = now().since(answer.sampled_at.unwrap());
    assert!(age < Duration::from_secs(25), "{age:?}");

    let targets = || async { victoria.targets().await.unwrap() };
    let targets = until("both scraped", targets, |all| all.len() == 2 && all.iter().all(|t| t.last_scrape.is_some())).await;
    let health = |pool: &str| targets.iter().find(|t| t.pool == pool).unwrap().health;
    assert_eq!((health("victoria"), health("nobody")), (TargetHealth::Up, TargetHealth::Down));
    assert!(targets.iter().all(|t| t.interval == Duration::from_secs(1)), "{targets:?}");

    assert!(victoria.labels(None, recent()).await.unwrap().contains(&"job".to_owned()));
    assert_eq!(victoria.label_values("job", Some("up"), recent()).await.unwrap(), ["nobody", "victoria"]);
    assert_eq!(victoria.series("up", recent(), 100).await.unwrap().len(), 2);
    let fault = victoria.query("up{", now(), &[]).await.unwrap_err();
    assert!(fault.kind == FaultKind::Refused && fault.detail.contains("labelFilterExpr"), "{fault}");

    assert_eq!(victoria.build_info().await.unwrap().version, "", "it tells none of Prometheus's versions");
    assert_eq!(victoria.rules().await.unwrap(), []);
    assert_eq!(victoria.metadata().await.unwrap(), []);
    assert_eq!(victoria.alertmanagers().await.unwrap_err().kind, FaultKind::Refused);
    assert_eq!(victoria.target_metadata(r#"{job="victoria"}"#).await.unwrap_err().kind, FaultKind::Refused);
    let range = || async {
        let query = RangeQuery { expr: "sum by (job) (up)", window: recent(), step: Duration::from_secs(15), points: 20 };
        victoria.query_range(query).await.unwrap()
    };
    until("two series", range, |answer| answer.series.len() == 2).await;
}

#[tokio::test]
async fn rules_that_vmalert_evaluates_are_seen_and_its_end_is_a_fault() {
    let port = free_port();
    let server = Victoria::start("", Some(port));
    let victoria = client(&server);
    let mut vmalert = server.vmalert(port);
    let firing = |groups: &Result<Vec<RuleGroup>, _>| {
        let rules = groups.as_ref().is_ok_and(|groups| !groups.is_empty()).then(|| &groups.as_ref().unwrap()[0].rules);
        rules.is_some_and(|rules| rules[0].alerting.as_ref().is_some_and(|a| a.alerts.iter().any(|a| a.firing)))
    };
    let groups = until("the watchdog", || victoria.rules(), firing).await.unwrap();
    let [watchdog, never] = &groups[0].rules[..] else { panic!("{groups:?}") };
    assert_eq!((&*watchdog.name, &*watchdog.health, groups[0].interval), ("Watchdog", "ok", Duration::from_secs(1)));
    assert_eq!(watchdog.alerting.as_ref().unwrap().alerts[0].labels.get("severity"), Some("none"));
    assert_eq!(never.alerting.as_ref().unwrap().hold, Duration::from_secs(60));
    vmalert.kill();
    assert_eq!(victoria.rules().await.unwrap_err().kind, FaultKind::Failing);
}
