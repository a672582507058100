//! Prometheus and Alertmanager, alone and together.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use midwatch::adapters::alertmanager::Alertmanagers;
use midwatch::adapters::http::{Budget, Endpoint};
use midwatch::adapters::prometheus::{Prometheus, RangeQuery};
use midwatch::domain::alert::AlertState;
use midwatch::domain::fault::FaultKind;
use midwatch::domain::range::Window;
use midwatch::domain::target::TargetHealth;
use midwatch::domain::time::Stamp;

use crate::servers;
use crate::until;

pub fn now() -> Stamp {
    Stamp(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as i64)
}

pub fn recent() -> Window {
    Window { start: now().before(Duration::from_secs(300)), end: now() }
}

fn client(server: &servers::Prometheus) -> Prometheus {
    Prometheus::new(&Endpoint { timeout: Duration::from_secs(30), ..Endpoint::new(&server.url) }, Budget::default()).unwrap()
}

async fn scraped(prometheus: &Prometheus) {
    let up = || async { prometheus.query("up == 1 and on () count(up) == 2", now(), &[]).await };
    until("a first scrape of both", up, |a| a.as_ref().is_ok_and(|a| !a.series.is_empty())).await.unwrap();
}

#[tokio::test]
async fn prometheus_answers_queries() {
    let server = servers::Prometheus::start(&[]);
    let prometheus = client(&server);
    scraped(&prometheus).await;
    assert!(prometheus.skew().unwrap().abs() < 60_000);
    let range = |expr| RangeQuery { expr, window: recent(), step: Duration::from_secs(1), points: 20 };
    let answer = prometheus.query_range(range("sum by (job) (up)")).await.unwrap();
    assert_eq!(answer.series.len(), 2);
    assert!(answer.newest().is_some_and(|at| now().since(at) < Duration::from_secs(60)));
    assert_eq!(answer.step, Some(Duration::from_millis(15_001)), "300 steps in 20 columns");
    let scalar = prometheus.query("scalar(vector(42))", now(), &[]).await.unwrap();
    assert_eq!(scalar.series[0].last().unwrap().value.to_bits(), 42f64.to_bits());
    let text = prometheus.query(r#""hello""#, now(), &[]).await.unwrap();
    assert_eq!(text.infos, ["the answer is a string: hello"]);
    let raw = prometheus.query("up[1m]", now(), &[]).await.unwrap();
    assert!(!raw.series[0].samples.is_empty());
    let fault = prometheus.query("up{", now(), &[]).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Refused);
    assert!(fault.detail.contains("parse error"), "{fault}");
    let many = prometheus.query("up * on() group_left() {job=~\".+\"}", now(), &[]).await.unwrap_err();
    assert_eq!(many.kind, FaultKind::Refused, "{many}");
    let long = format!("up{{job!~\"{}\"}}", "x|".repeat(20_000));
    prometheus.query(&long, now(), &[]).await.unwrap();
}

#[tokio::test]
async fn rule_01_an_instant_query_tells_how_old_its_samples_are() {
    let server = servers::Prometheus::start(&[]);
    let prometheus = client(&server);
    scraped(&prometheus).await;
    // Asked for a minute from now, the newest sample is about a minute old; the answer's own stamp does not show it.
    let ahead = now().after(Duration::from_secs(60));
    let answer = prometheus.query("count(up)", ahead, &["up".into(), "prometheus_build_info".into()]).await.unwrap();
    assert_eq!(answer.newest(), Some(ahead));
    let age = ahead.since(answer.sampled_at.unwrap());
    assert!(age > Duration::from_secs(50) && age < Duration::from_secs(120), "{age:?}");
    let unknown = prometheus.query("count(up)", ahead, &["nothing_like_this".into()]).await.unwrap();
    assert_eq!(unknown.sampled_at, None);
}

#[tokio::test]
async fn prometheus_tells_of_itself() {
    let managers = servers::Alertmanager::cluster(1);
    let server = servers::Prometheus::start(&managers);
    let prometheus = client(&server);
    scraped(&prometheus).await;
    assert!(prometheus.build_info().await.unwrap().version.starts_with(|c: char| c.is_ascii_digit()));
    let targets =
        until("both scraped", || async { prometheus.targets().await.unwrap() }, |t| t.iter().all(|t| t.last_scrape.is_some()))
            .await;
    let health = |job: &str| targets.iter().find(|t| t.pool == job).unwrap().health;
    assert_eq!((health("prometheus"), health("nobody")), (TargetHealth::Up, TargetHealth::Down));
    assert!(targets.iter().all(|t| t.interval == Duration::from_secs(1)));
    assert!(prometheus.metadata().await.unwrap().iter().any(|m| &*m.metric == "go_goroutines" && m.kind == "gauge"));
    assert!(!prometheus.target_metadata(r#"{job="prometheus"}"#).await.unwrap().is_empty());
    assert!(prometheus.labels(None, recent()).await.unwrap().contains(&"job".to_owned()));
    assert_eq!(prometheus.label_values("job", Some("up"), recent()).await.unwrap(), ["nobody", "prometheus"]);
    assert_eq!(prometheus.series("up", recent(), 100).await.unwrap().len(), 2);
    let firing = |groups: &Vec<midwatch::domain::rule::RuleGroup>| {
        let rule = groups[0].rules[0].alerting.as_ref().unwrap();
        rule.alerts.iter().any(|a| a.firing && a.labels.get("severity") == Some("none"))
    };
    let groups = until("the watchdog", || async { prometheus.rules().await.unwrap() }, firing).await;
    assert_eq!(groups[0].rules[1].alerting.as_ref().unwrap().hold, Duration::from_secs(60));
    assert_eq!(groups[0].rules[2].alerting, None);
    let known = until("its Alertmanager", || async { prometheus.alertmanagers().await.unwrap() }, |m| !m.is_empty()).await;
    assert_eq!(known, [managers[0].url.clone()]);
}

#[tokio::test]
async fn rule_03_two_of_three_alertmanagers_still_know_every_alert() {
    let mut members = servers::Alertmanager::cluster(3);
    let prometheus = servers::Prometheus::start(&members);
    let endpoints: Vec<_> =
        members.iter().map(|m| Endpoint { timeout: Duration::from_secs(20), ..Endpoint::new(&m.url) }).collect();
    let managers = Alertmanagers::new(&endpoints, &Budget::default()).unwrap();
    let everywhere = |set: &Result<midwatch::domain::alert::AlertSet, _>| {
        set.as_ref().is_ok_and(|set| set.alerts.iter().any(|a| a.members.len() == 3 && a.state == AlertState::Active))
    };
    let set = until("the watchdog on all three", || managers.alerts(), everywhere).await.unwrap();
    assert_eq!((set.alerts.len(), set.answered()), (1, 3));
    assert!(set.members.iter().all(|m| !m.state.as_ref().unwrap().version.is_empty()));
    assert_eq!(set.alerts[0].labels.get("alertname"), Some("Watchdog"));
    assert_eq!(set.alerts[0].receivers, ["nobody"]);
    assert_eq!(managers.receivers().await.unwrap(), ["nobody"]);
    assert!(managers.silences().await.unwrap().known.is_empty());
    until("a group", || async { managers.groups().await.unwrap() }, |g| g.known.iter().any(|g| g.alerts.len() == 1)).await;

    members[1].process.kill();
    let set = managers.alerts().await.unwrap();
    assert_eq!((set.alerts.len(), set.answered()), (1, 2));
    assert_eq!(set.members[1].state.as_ref().unwrap_err().kind, FaultKind::Unreachable);
    assert!(!set.alerts[0].members.contains(&1));
    drop((members, prometheus));
    assert_eq!(managers.alerts().await.unwrap_err().kind, FaultKind::Unreachable);
}
