//! Bad days, at the level of the adapters: whatever the other side does, a call ends in time, within its memory, and says why.
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "hostile/memory.rs"]
mod memory;
#[path = "hostile/server.rs"]
mod server;

use std::time::{Duration, Instant};

use midwatch::adapters::alertmanager::Alertmanagers;
use midwatch::adapters::health::HealthCheck;
use midwatch::adapters::http::{Auth, Budget, Endpoint};
use midwatch::adapters::prometheus::{Prometheus, RangeQuery};
use midwatch::domain::fault::{Fault, FaultKind};
use midwatch::domain::range::Window;
use midwatch::domain::series::Answer;
use midwatch::domain::time::Stamp;
use server::{Behaviour, Server};

/// Long enough for a busy machine to connect, short enough to wait for.
const TIMEOUT: Duration = Duration::from_millis(1500);
/// A limit that is soon reached, MiB.
const FEW: usize = 4 << 20;
/// What a call may take beyond its timeout on a busy machine; far less than the forever of a hang.
const SLACK: Duration = Duration::from_secs(20);

fn endpoint(server: &Server) -> Endpoint {
    Endpoint { timeout: TIMEOUT, ..Endpoint::new(&server.url) }
}

fn patient(server: &Server) -> Endpoint {
    Endpoint { timeout: Duration::from_secs(120), ..Endpoint::new(&server.url) }
}

fn window() -> Window {
    Window { start: Stamp(0), end: Stamp(3_600_000) }
}

async fn range(endpoint: &Endpoint) -> Result<Answer, Fault> {
    let prometheus = Prometheus::new(endpoint, Budget::default()).unwrap();
    let query = RangeQuery { expr: "up", window: window(), step: Duration::from_secs(15), points: 200 };
    prometheus.query_range(query).await
}

async fn fault(behaviour: Behaviour) -> Fault {
    let server = Server::start(behaviour).await;
    let started = Instant::now();
    let fault = range(&endpoint(&server)).await.unwrap_err();
    assert!(started.elapsed() < TIMEOUT + SLACK, "it hung: {fault}");
    assert!(!fault.detail.contains('\n') && fault.detail.contains("/api/v1/query_range"), "{fault}");
    fault
}

macro_rules! bad_day {
    ($($name:ident: $behaviour:expr => $kind:ident, $words:literal;)*) => {$(
        #[tokio::test]
        async fn $name() {
            let fault = fault($behaviour).await;
            assert_eq!(fault.kind, FaultKind::$kind, "{fault}");
            assert!(fault.detail.contains($words), "{fault}");
        }
    )*};
}

bad_day! {
    a_server_that_stalls_times_out: Behaviour::Stall => Timeout, "no answer within";
    an_answer_that_stops_times_out: Behaviour::StallInside => Timeout, "bytes read";
    an_answer_that_drips_times_out: Behaviour::Drip => Timeout, "not complete in time";
    an_answer_that_is_reset_is_broken: Behaviour::Reset => Broken, "";
    an_answer_shorter_than_announced_is_broken: Behaviour::Short => Broken, "";
    a_refused_query_has_prometheus_words:
        Behaviour::status(400, r#"{"status":"error","errorType":"bad_data","error":"1:2: parse error"}"#) => Refused, "1:2: parse error";
    a_query_that_fails_has_prometheus_words:
        Behaviour::status(422, r#"{"status":"error","errorType":"execution","error":"many-to-many"}"#) => Refused, "many-to-many";
    a_query_that_times_out_there_says_so:
        Behaviour::status(503, r#"{"status":"error","errorType":"timeout","error":"query timed out in expression evaluation"}"#)
        => Failing, "query timed out in expression evaluation";
    a_missing_page_is_refused: Behaviour::status(404, "404 page not found\n") => Refused, "404 Not Found: 404 page not found";
    a_missing_login_is_denied: Behaviour::status(401, "Unauthorized") => Denied, "401 Unauthorized";
    a_forbidden_page_is_denied: Behaviour::status(403, "<title>No entry</title>") => Denied, "No entry";
    a_broken_gateway_is_failing: Behaviour::status(502, "<html><head><title>502 Bad Gateway</title>") => Failing, "502 Bad Gateway";
    a_page_instead_of_json_is_garbled: Behaviour::ok("<!DOCTYPE html><title>Sign in</title>") => Garbled, "a web page instead of JSON: Sign in";
    cut_json_is_garbled: Behaviour::ok(r#"{"status":"success","data":{"resultType":"matrix","result":[{"met"#) => Garbled, "cut off";
    no_answer_at_all_is_garbled: Behaviour::ok("") => Garbled, "cut off";
    json_of_another_kind_is_garbled: Behaviour::ok(r#"["status"]"#) => Garbled, "not the JSON expected";
    more_behind_the_answer_is_garbled: Behaviour::ok(r#"{"status":"success","data":{"result":[]}}x"#) => Garbled, "not the JSON expected";
    deep_nesting_is_garbled: Behaviour::Deep => Garbled, "not the JSON expected";
    an_announced_gigabyte_is_too_large: Behaviour::AnnouncedGigabyte => TooLarge, "1024 MiB announced";
    a_redirect_to_elsewhere_is_refused: Behaviour::Redirect => Refused, "302 Found";
    no_http_at_all_is_broken: Behaviour::Raw("SSH-2.0-OpenSSH_9.2\r\n") => Broken, "";
}

#[tokio::test]
async fn nobody_listening_is_unreachable() {
    let server = Server::start(Behaviour::Stall).await;
    let endpoint = endpoint(&server);
    server.stop().await;
    let fault = range(&endpoint).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Unreachable, "{fault}");
    assert!(fault.detail.contains("refused"), "{fault}");
}

#[tokio::test]
async fn an_unknown_name_is_unreachable() {
    let fault =
        range(&Endpoint { timeout: Duration::from_secs(15), ..Endpoint::new("http://nowhere.invalid:9090") }).await.unwrap_err();
    assert!(matches!(fault.kind, FaultKind::Unreachable | FaultKind::Timeout), "{fault}");
}

#[tokio::test]
async fn tls_with_a_plain_server_is_a_tls_fault() {
    let server = Server::start(Behaviour::Raw("HTTP/1.1 400 Bad Request\r\n\r\n")).await;
    let endpoint = Endpoint { url: server.url.replace("http://", "https://"), ..endpoint(&server) };
    let fault = range(&endpoint).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Tls, "{fault}");
}

#[tokio::test]
async fn rule_12_no_fault_tells_a_secret() {
    for behaviour in
        [Behaviour::status(401, "who?"), Behaviour::Stall, Behaviour::Reset, Behaviour::ok("<p>"), Behaviour::Redirect]
    {
        let server = Server::start(behaviour).await;
        let auth = Auth::Basic { user: "anna".into(), password: "hunter2".into() };
        let headers = vec![("X-Token".to_owned(), "hunter2".into())];
        let url = format!("{}/?token=hunter2", server.url);
        let fault = range(&Endpoint { url, auth, headers, ..endpoint(&server) }).await.unwrap_err();
        let said = format!("{fault} {fault:?}");
        assert!(!said.contains("hunter2") && !said.contains("YW5uYTpodW50ZXIy"), "{said}");
        assert!(server.heard().contains("authorization: Basic YW5uYTpodW50ZXIy"), "the password was sent: {}", server.heard());
    }
}

#[tokio::test]
async fn special_values_warnings_and_foreign_bytes_arrive() {
    let body = r#"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"x":"\u001b]52;c;AA\u0007\u202e"},
        "values":[[0,"NaN"],[15,"+Inf"],[30,"-Inf"],[45,"1e308"]]}]},"warnings":["partial: store-3 \u001b[31m"]}"#;
    let server = Server::start(Behaviour::ok(body)).await;
    let answer = range(&endpoint(&server)).await.unwrap();
    let values: Vec<_> = answer.series[0].samples.iter().map(|s| s.value.to_string()).collect();
    assert_eq!(values[..3], ["NaN", "inf", "-inf"]);
    assert_eq!(answer.series[0].labels.get("x"), Some("\u{1b}]52;c;AA\u{7}\u{202e}"), "bytes are kept for matching");
    assert_eq!(answer.warnings, ["partial: store-3 \u{1b}[31m"]);
}

#[tokio::test]
async fn a_million_series_are_counted_not_kept() {
    let server = Server::start(Behaviour::Series(1_000_000)).await;
    let answer = range(&patient(&server)).await.unwrap();
    assert_eq!(answer.series.len(), 2_000);
    assert_eq!(answer.warnings, ["showing 2000 of 1000000 series"]);
}

#[tokio::test]
async fn an_endless_string_is_garbled() {
    let server = Server::start(Behaviour::EndlessString).await;
    let fault = range(&patient(&server)).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Garbled, "{fault}");
    assert!(fault.detail.contains("string without end"), "{fault}");
}

#[tokio::test]
async fn a_gigabyte_is_too_large() {
    let server = Server::start(Behaviour::Gigabyte).await;
    let fault = range(&Endpoint { largest: FEW, ..patient(&server) }).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::TooLarge, "{fault}");
}

#[tokio::test]
async fn a_gzip_bomb_stops_at_the_limit_of_what_it_unpacks_to() {
    let server = Server::start(Behaviour::gzip_bomb()).await;
    let fault = range(&Endpoint { largest: FEW, ..patient(&server) }).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::TooLarge, "{fault}");
}

#[tokio::test]
async fn post_refused_falls_back_to_get_for_good() {
    let server = Server::start(Behaviour::OnlyGet(r#"{"status":"success","data":{"result":[1,"2"]}}"#)).await;
    let prometheus = Prometheus::new(&endpoint(&server), Budget::default()).unwrap();
    for _ in 0..2 {
        let answer = prometheus.query("scalar(up)", Stamp(1_000), &[]).await.unwrap();
        assert_eq!(answer.series.len(), 1);
    }
    let heard = server.heard();
    assert_eq!(heard.matches("POST /").count(), 1, "{heard}");
    assert_eq!(heard.matches("GET /api/v1/query?query=scalar").count(), 2, "{heard}");
}

#[tokio::test]
async fn rule_01_a_clock_an_hour_off_is_noticed() {
    let server = Server::start(Behaviour::ok(r#"{"status":"success","data":{"result":[]}}"#)).await;
    server.set_clock(3_600);
    let prometheus = Prometheus::new(&endpoint(&server), Budget::default()).unwrap();
    assert_eq!(prometheus.skew(), None);
    prometheus.query("up", Stamp(0), &[]).await.unwrap();
    let skew = prometheus.skew().unwrap();
    assert!((skew - 3_600_000).abs() < 60_000, "{skew}");
}

#[tokio::test]
async fn rule_03_an_alertmanager_that_hangs_keeps_nobody_waiting() {
    let good = Server::start(Behaviour::Alertmanager).await;
    let hangs = Server::start(Behaviour::Stall).await;
    let endpoints = [patient(&hangs), patient(&good)];
    let started = Instant::now();
    let set = Alertmanagers::new(&endpoints, &Budget::default()).unwrap().alerts().await.unwrap();
    assert!(started.elapsed() < Duration::from_secs(60), "it waited for the one that hangs");
    assert_eq!((set.alerts.len(), set.answered()), (1, 1));
    assert_eq!(set.members[0].state.as_ref().unwrap_err().kind, FaultKind::Timeout);
    assert_eq!(set.alerts[0].members, [1]);
}

#[tokio::test]
async fn rule_03_no_alertmanager_answering_is_a_fault() {
    let (one, two) = (Server::start(Behaviour::status(500, "boom")).await, Server::start(Behaviour::Reset).await);
    let managers = Alertmanagers::new(&[endpoint(&one), endpoint(&two)], &Budget::default()).unwrap();
    let fault = managers.alerts().await.unwrap_err();
    assert!(fault.detail.contains("none of 2 Alertmanagers answered"), "{fault}");
    assert!(managers.silences().await.is_err() && managers.receivers().await.is_err() && managers.groups().await.is_err());
}

#[tokio::test]
async fn a_health_check_tells_a_bad_status_from_no_answer() {
    let sick = Server::start(Behaviour::status(503, "draining")).await;
    let report = HealthCheck::new(&endpoint(&sick), None, Budget::default()).unwrap().probe().await.unwrap();
    let midwatch::domain::service::Facts::Http(facts) = report.facts else { panic!("{report:?}") };
    assert_eq!((facts.status, facts.healthy), (503, false));
    let dead = Server::start(Behaviour::Stall).await;
    let fault = HealthCheck::new(&endpoint(&dead), None, Budget::default()).unwrap().probe().await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Timeout);
}
