//! Prometheus as teams put it behind things: a prefix, a password, a token, a tenant's name, certificates. Each is let through with
//! what it asks for; without, or with the wrong one, the fault says what is wrong and what mends it.

use std::path::PathBuf;
use std::time::Duration;

use midwatch::adapters::alertmanager::Alertmanagers;
use midwatch::adapters::http::{Auth, Budget, Endpoint};
use midwatch::adapters::prometheus::{Prometheus, RangeQuery};
use midwatch::adapters::tls::Tls;
use midwatch::domain::fault::{Fault, FaultKind};
use midwatch::domain::range::Window;
use midwatch::domain::time::Stamp;

use crate::gates::{Authority, Nginx};
use crate::monitoring::now;
use crate::servers::{Alertmanager, PASSWORD, Prometheus as Server, eventually};

fn endpoint(url: &str) -> Endpoint {
    Endpoint { timeout: Duration::from_secs(30), ..Endpoint::new(url) }
}

async fn ask(endpoint: &Endpoint) -> Result<usize, Fault> {
    let prometheus = Prometheus::new(endpoint, Budget::default())?;
    Ok(prometheus.query("vector(1)", now(), &[]).await?.series.len())
}

/// What refuses a question, and with which words and advice.
async fn refused(endpoint: &Endpoint, kind: FaultKind, words: &str, mend: &str) {
    let fault = ask(endpoint).await.unwrap_err();
    let advice = fault.mend.unwrap_or_default();
    assert!(
        fault.kind == kind && fault.detail.contains(words) && advice.contains(mend),
        "not ({kind:?}, {words}, {mend}): {fault:?}"
    );
    assert!(!fault.to_string().contains(PASSWORD), "{fault}");
}

/// Everything is handed on to `to`, as it is.
fn hand_on(to: &str) -> String {
    format!("location / {{ proxy_pass {to}; }}")
}

#[tokio::test]
async fn a_prefix_is_part_of_the_url() {
    let server = Server::start_with(&[], "/team/prom", &[]);
    assert_eq!(ask(&endpoint(&server.url)).await, Ok(1));
    assert_eq!(ask(&endpoint(&format!("{}/", server.url))).await, Ok(1));
    let bare = server.url.trim_end_matches("/team/prom");
    refused(&endpoint(bare), FaultKind::Refused, "404 Not Found", "with the prefix").await;
    let moved = format!("listen 127.0.0.1:PORT; location /watch/ {{ proxy_pass {}/; }}", server.url);
    let nginx = Nginx::start(&moved, &[]);
    let url = |path: &str| format!("http://127.0.0.1:{}{path}", nginx.port);
    assert_eq!(ask(&endpoint(&url("/watch"))).await, Ok(1));
    refused(&endpoint(&url("/wrong")), FaultKind::Refused, "404 Not Found", "with the prefix").await;
}

#[tokio::test]
async fn a_password_a_token_and_a_tenant_are_asked_for() {
    let server = Server::start(&[]);
    let basic = format!("listen 127.0.0.1:PORT; auth_basic watch; auth_basic_user_file FOLDER/users; {}", hand_on(&server.url));
    let basic = Nginx::start(&basic, &[("users", &format!("anna:{{PLAIN}}{PASSWORD}\n"))]);
    let open = endpoint(&format!("http://127.0.0.1:{}", basic.port));
    let who = |password: &str| Auth::Basic { user: "anna".into(), password: password.into() };
    assert_eq!(ask(&Endpoint { auth: who(PASSWORD), ..open.clone() }).await, Ok(1));
    refused(&open, FaultKind::Denied, "401 Authorization Required", "set basic").await;
    refused(&Endpoint { auth: who("wrong"), ..open }, FaultKind::Denied, "401 Authorization Required", "renew its user").await;

    let asks = |header: &str, value: &str, says: &str| {
        let handed = hand_on(&server.url);
        format!(
            "listen 127.0.0.1:PORT; default_type text/plain; if (${header} != \"{value}\") {{ return 401 \"{says}\\n\"; }} {handed}"
        )
    };
    let bearer = Nginx::start(&asks("http_authorization", &format!("Bearer {PASSWORD}"), "who?"), &[]);
    let open = endpoint(&format!("http://127.0.0.1:{}", bearer.port));
    assert_eq!(ask(&Endpoint { auth: Auth::Bearer(PASSWORD.into()), ..open.clone() }).await, Ok(1));
    refused(&open, FaultKind::Denied, "who?", "bearer = ").await;
    refused(&Endpoint { auth: Auth::Bearer("wrong".into()), ..open }, FaultKind::Denied, "who?", "renew the token").await;

    let tenant = Nginx::start(&asks("http_x_scope_orgid", "team-a", "no org id"), &[]);
    let open = endpoint(&format!("http://127.0.0.1:{}", tenant.port));
    let named = vec![("X-Scope-OrgID".to_owned(), "team-a".into())];
    assert_eq!(ask(&Endpoint { headers: named, ..open.clone() }).await, Ok(1));
    refused(&open, FaultKind::Denied, "no org id", "X-Scope-OrgID").await;
}

/// A server's and a client's certificates of one authority, and what does not belong there.
fn papers() -> Authority {
    let papers = Authority::new();
    papers.sign("server", "IP:127.0.0.1");
    papers.sign("elsewhere", "DNS:elsewhere.example");
    papers.sign("client", "DNS:midwatch");
    papers.self_signed("alone");
    papers
}

fn behind_tls(server: &Server, papers: &Authority, name: &str, more: &str) -> Nginx {
    let read = |file: &str| std::fs::read_to_string(papers.path(file)).unwrap();
    let server = format!(
        "listen 127.0.0.1:PORT ssl; ssl_certificate FOLDER/server.pem; ssl_certificate_key FOLDER/server.key; {more} {}",
        hand_on(&server.url)
    );
    let [certificate, key] = ["pem", "key"].map(|kind| read(&format!("{name}.{kind}")));
    Nginx::start(&server, &[("server.pem", &certificate), ("server.key", &key), ("ca.pem", &read("ca.pem"))])
}

fn trusting(nginx: &Nginx, ca: Option<PathBuf>) -> Endpoint {
    Endpoint { tls: Tls { ca, client: None }, ..endpoint(&format!("https://127.0.0.1:{}", nginx.port)) }
}

#[tokio::test]
async fn a_server_is_trusted_by_its_authority_or_by_itself() {
    let (server, papers) = (Server::start(&[]), papers());
    let ca = || Some(papers.path("ca.pem"));
    let nginx = behind_tls(&server, &papers, "server", "");
    assert_eq!(ask(&trusting(&nginx, ca())).await, Ok(1));
    refused(&trusting(&nginx, None), FaultKind::Tls, "UnknownIssuer", "ca = ").await;
    refused(&trusting(&nginx, Some(papers.path("alone.pem"))), FaultKind::Tls, "UnknownIssuer", "ca = ").await;
    let plain = endpoint(&format!("http://127.0.0.1:{}", nginx.port));
    refused(&plain, FaultKind::Refused, "400 Bad Request", "https://").await;
    let to_plain = endpoint(&server.url.replace("http://", "https://"));
    refused(&to_plain, FaultKind::Tls, "InvalidContentType", "begin url with http://").await;

    let elsewhere = behind_tls(&server, &papers, "elsewhere", "");
    refused(&trusting(&elsewhere, ca()), FaultKind::Tls, "not valid for", "as its certificate does").await;

    let alone = behind_tls(&server, &papers, "alone", "");
    assert_eq!(ask(&trusting(&alone, Some(papers.path("alone.pem")))).await, Ok(1));
    refused(&trusting(&alone, ca()), FaultKind::Tls, "certificate", "").await;
    let other_name =
        Endpoint { url: format!("https://localhost:{}", alone.port), ..trusting(&alone, Some(papers.path("alone.pem"))) };
    refused(&other_name, FaultKind::Tls, "not valid for", "as its certificate does").await;
}

#[tokio::test]
async fn who_asks_must_show_a_certificate_where_one_is_wanted() {
    let (papers, others) = (papers(), Authority::new());
    others.sign("client", "DNS:midwatch");
    let ours = |from: &Authority| Some((from.path("client.pem"), from.path("client.key")));
    let ca = Some(papers.path("ca.pem"));

    let server = Server::start(&[]);
    let nginx = behind_tls(&server, &papers, "server", "ssl_client_certificate FOLDER/ca.pem; ssl_verify_client on;");
    let open = trusting(&nginx, ca.clone());
    let showing = |client, open: &Endpoint| Endpoint { tls: Tls { ca: ca.clone(), client }, ..open.clone() };
    assert_eq!(ask(&showing(ours(&papers), &open)).await, Ok(1));
    refused(&open, FaultKind::Tls, "No required SSL certificate was sent", "client = ").await;
    refused(&showing(ours(&others), &open), FaultKind::Tls, "SSL certificate error", "that it trusts").await;

    // Prometheus itself ends the connection instead of telling.
    let web = format!(
        "tls_server_config:\n  cert_file: {0}/server.pem\n  key_file: {0}/server.key\n  client_ca_file: {0}/ca.pem\n  \
         client_auth_type: RequireAndVerifyClientCert\n",
        papers.path("").display()
    );
    std::fs::write(papers.path("web.yml"), web).unwrap();
    let server = Server::start_with(&[], "", &[&format!("--web.config.file={}", papers.path("web.yml").display())]);
    let open = Endpoint { url: server.url.replace("http://", "https://"), ..open };
    assert_eq!(ask(&showing(ours(&papers), &open)).await, Ok(1));
    // Its alert and the end of its connection overtake each other, so the kind of the fault is not always the same.
    for (client, mend) in [(None, "client = "), (ours(&others), "that it trusts")] {
        let fault = ask(&showing(client, &open)).await.unwrap_err();
        assert!(fault.mend.is_some_and(|advice| advice.contains(mend)), "{fault:?}");
    }
}

/// What nginx was asked for as it handed answers on at this rate (nginx's spelling), one after the other.
async fn encodings(server: &Server, rate: &str) -> Vec<String> {
    let limited = format!(
        "listen 127.0.0.1:PORT; limit_rate {rate}; access_log FOLDER/asked asked; location / {{ proxy_pass {}; proxy_buffers 64 64k; }}",
        server.url
    );
    let nginx = Nginx::start(&limited, &[("asked", "")]);
    let prometheus = Prometheus::new(&endpoint(&format!("http://127.0.0.1:{}", nginx.port)), Budget::default()).unwrap();
    let many = (0..4).map(|n| format!(r#"label_replace(vector(time()), "n", "{n}", "", "")"#)).collect::<Vec<_>>().join(" or ");
    let window = Window { start: Stamp(0), end: Stamp(9_999_000) };
    for _ in 0..2 {
        let query = RangeQuery { expr: &many, window, step: Duration::from_secs(1), points: 100 };
        assert_eq!(prometheus.query_range(query).await.unwrap().series.len(), 4);
    }
    let asked = || std::fs::read_to_string(nginx.folder().join("asked")).unwrap().lines().map(str::to_owned).collect::<Vec<_>>();
    eventually("both are logged", || asked().len() == 2);
    asked()
}

#[tokio::test]
async fn answers_are_compressed_where_the_link_is_slow() {
    let server = Server::start(&[]);
    assert_eq!(encodings(&server, "0").await, ["identity", "identity"]);
    // The answer has half a megabyte, and nginx counts in whole seconds: two seconds' worth may come at once, the rest never does.
    assert_eq!(encodings(&server, "200k").await, ["identity", "gzip"]);
}

#[tokio::test]
async fn an_alertmanager_is_reached_the_same_way() {
    let (members, papers) = (Alertmanager::strangers(1), papers());
    let [certificate, key] = ["server.pem", "server.key"].map(|file| std::fs::read_to_string(papers.path(file)).unwrap());
    let server = format!(
        "listen 127.0.0.1:PORT ssl; ssl_certificate FOLDER/server.pem; ssl_certificate_key FOLDER/server.key; auth_basic watch; \
         auth_basic_user_file FOLDER/users; location /am/ {{ proxy_pass {}/; }}",
        members[0].url
    );
    let users = format!("anna:{{PLAIN}}{PASSWORD}\n");
    let nginx = Nginx::start(&server, &[("users", &users), ("server.pem", &certificate), ("server.key", &key)]);
    let asked = |password: &str| {
        let auth = Auth::Basic { user: "anna".into(), password: password.into() };
        let tls = Tls { ca: Some(papers.path("ca.pem")), client: None };
        Endpoint { auth, tls, ..endpoint(&format!("https://127.0.0.1:{}/am", nginx.port)) }
    };
    let managers = |password| Alertmanagers::new(&[asked(password)], &Budget::default()).unwrap();
    assert_eq!(managers(PASSWORD).alerts().await.unwrap().answered(), 1);
    let fault = managers("wrong").silences().await.unwrap_err();
    assert!(fault.kind == FaultKind::Denied && fault.mend.is_some_and(|mend| mend.contains("basic")), "{fault:?}");
}
